//! Which response belongs to which request.
//!
//! Responses come in the order of their requests (RFC 9112 section 9.3), so as long as all was
//! captured, the oldest request that waits is meant. Where messages may have been missed, a wrong
//! pair would be a wrong accusation, so a response is then only paired when there can be no doubt.
//! Taken for granted is that a client sends nothing on top of an unanswered request, unless it
//! sends several at once: none pipelines without end.

use std::collections::VecDeque;

use crate::http::End;
use crate::session::desk::Desk;
use crate::wire::Endpoint;

use super::open::Open;

/// Requests of one connection that may wait for their responses. Clients that pipeline send some
/// ten at once.
const MAX_WAITING: usize = 512;

const LOST: &str = "its response was not captured, or could not be read";
const UNCERTAIN: &str = "which response is its own cannot be told: requests before it were not captured";

/// The exchanges of one connection.
#[derive(Debug)]
pub(super) struct Exchanges {
    connection: u64,
    client: Endpoint,
    server: Endpoint,
    /// Exchanges so far.
    count: u64,
    /// Those under way, oldest first.
    open: VecDeque<Open>,
    /// The one whose request is being read.
    uploading: Option<u64>,
    /// The one whose response is being read.
    answering: Option<u64>,
    /// Requests may have been missed since the last that is certain.
    requests_lost: bool,
    /// The server has been heard since. A gap does not do: it may belong to what it said before.
    server_spoke: bool,
    /// Responses may have been missed since the last request.
    responses_lost: bool,
    weight: usize,
}

impl Exchanges {
    pub(super) fn new(connection: u64, client: Endpoint, server: Endpoint) -> Self {
        Self {
            connection,
            client,
            server,
            count: 0,
            open: VecDeque::new(),
            uploading: None,
            answering: None,
            requests_lost: false,
            server_spoke: false,
            responses_lost: false,
            weight: 0,
        }
    }

    /// The memory that those under way take, about.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn server_speaks(&mut self) {
        self.server_spoke = true;
    }

    pub(super) fn lose_requests(&mut self) {
        (self.requests_lost, self.server_spoke) = (true, false);
    }

    pub(super) fn lose_responses(&mut self) {
        self.responses_lost = true;
    }

    /// Takes a request that begins.
    pub(super) fn ask(&mut self, mut open: Open, desk: &mut Desk) {
        if std::mem::take(&mut self.responses_lost) {
            self.give_up(LOST, |_| true, desk);
        }
        if self.open.len() >= MAX_WAITING {
            self.give_up_all(desk);
        }
        open.certain = !self.requests_lost || self.server_spoke;
        if open.certain {
            self.requests_lost = false;
            self.give_up(UNCERTAIN, |open| !open.certain, desk);
        }
        self.uploading = Some(open.number);
        self.weight += open.weight;
        self.open.push_back(open);
    }

    /// Takes a response that begins: to the oldest request that waits, if there is no doubt.
    pub(super) fn answer(&mut self) -> Option<&mut Open> {
        let oldest = self.open.iter_mut().find(|open| open.is_waiting())?;
        if !oldest.certain || self.responses_lost {
            return None;
        }
        self.answering = Some(oldest.number);
        Some(oldest)
    }

    /// Takes a response whose request was not seen.
    pub(super) fn answer_unasked(&mut self, open: Open) {
        self.answering = Some(open.number);
        self.weight += open.weight;
        self.open.push_front(open);
    }

    /// The number of the next exchange.
    pub(super) fn number(&mut self) -> u64 {
        self.count += 1;
        self.count - 1
    }

    /// The exchange whose request is being read.
    pub(super) fn uploading(&mut self) -> Option<&mut Open> {
        let number = self.uploading?;
        self.open.iter_mut().rfind(|open| open.number == number)
    }

    /// The exchange whose response is being read.
    pub(super) fn answering(&mut self) -> Option<&mut Open> {
        let number = self.answering?;
        self.open.iter_mut().find(|open| open.number == number)
    }

    /// Whether the request of the response that is being read was not seen.
    pub(super) fn is_answer_unasked(&self) -> bool {
        self.answering.is_some_and(|number| {
            self.open.iter().find(|open| open.number == number).is_some_and(|open| open.request.is_none())
        })
    }

    /// Whether a request waits for its response to begin.
    pub(super) fn is_answer_awaited(&self) -> bool {
        self.open.iter().any(Open::is_waiting)
    }

    pub(super) fn add_weight(&mut self, bytes: usize) {
        self.weight += bytes;
    }

    /// Hands on what is done.
    pub(super) fn settle(&mut self, desk: &mut Desk) {
        self.close(Open::is_done, End::Complete, desk);
    }

    /// Hands on all, because there is no room for them.
    pub(super) fn give_up_all(&mut self, desk: &mut Desk) {
        desk.counters.given_up += 1;
        self.give_up("too many requests waited: it was given up", |_| true, desk);
        // Which responses are theirs can no longer be told from those to the next ones.
        self.lose_requests();
    }

    /// The connection has ended, and with it all that is under way.
    pub(super) fn finish(&mut self, end: End, desk: &mut Desk) {
        let responses_lost = self.responses_lost;
        for open in self.open.iter_mut().filter(|open| open.is_waiting()) {
            if responses_lost {
                open.response_lost = true;
                open.warnings.push(LOST.to_owned());
            } else if !open.certain {
                open.response_lost = true;
                open.warnings.push(UNCERTAIN.to_owned());
            }
        }
        self.close(|_| true, end, desk);
    }

    /// Goes on without the responses of some that wait.
    fn give_up(&mut self, why: &str, which: impl Fn(&Open) -> bool, desk: &mut Desk) {
        let is_given_up = |open: &Open| open.is_waiting() && which(open);
        for open in self.open.iter_mut().filter(|open| is_given_up(open)) {
            open.response_lost = true;
            open.warnings.push(why.to_owned());
        }
        self.close(is_given_up, End::Complete, desk);
    }

    fn close(&mut self, which: impl Fn(&Open) -> bool, end: End, desk: &mut Desk) {
        while let Some(open) = self.open.iter().position(&which).and_then(|position| self.open.remove(position)) {
            let exchange = open.into_exchange(self.connection, (self.client, self.server), end, desk);
            desk.put(exchange);
        }
        if self.open.is_empty() {
            self.weight = 0;
        }
    }
}
