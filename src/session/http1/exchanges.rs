//! Which response belongs to which request.
//!
//! Responses come in the order of their requests (RFC 9112 section 9.3), so as long as all was
//! captured, the oldest request that waits is meant. Where messages may have been missed, a wrong
//! pair would be a wrong accusation, so a response is then only paired when there can be no doubt.
//! Taken for granted is that a client sends nothing on top of an unanswered request, unless it
//! sends several at once: none pipelines without end.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::http::{Carrier, Closed, End, Text, Time};
use crate::session::desk::Desk;
use crate::wire::Endpoint;

use super::open::{Ended, Open};
use super::rest::ExchangesAtRest;

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
    /// What those that have ended share, as long as nothing differs.
    carrier: Option<Arc<Carrier>>,
    /// Exchanges so far.
    count: u64,
    /// Those under way, oldest first. They are large, a queue has room for several, and a capture may have a
    /// hundred thousand connections open.
    open: VecDeque<Box<Open>>,
    /// The one whose request is being read.
    uploading: Option<u64>,
    /// The one whose response is being read.
    answering: Option<u64>,
    /// Requests since the last that is certain, responses since the last request.
    missed: Missed,
    /// Requests since the response began that is being read, responses since the request did.
    missed_meanwhile: Missed,
    /// The server has been heard since a request was missed. A gap does not do: it may belong to what it said before.
    server_spoke: bool,
    /// The first bytes of a request are there, and not yet all of its head: it was sent before what comes meanwhile.
    request_begun: bool,
}

/// What may have been missed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Missed {
    requests: bool,
    responses: bool,
}

impl Exchanges {
    pub(super) fn new(connection: u64, client: Endpoint, server: Endpoint) -> Self {
        Self {
            connection,
            client,
            server,
            carrier: None,
            count: 0,
            open: VecDeque::new(),
            uploading: None,
            answering: None,
            missed: Missed::default(),
            missed_meanwhile: Missed::default(),
            server_spoke: false,
            request_begun: false,
        }
    }

    /// What is left to know while none is under way and none was missed.
    pub(super) fn at_rest(&self) -> Option<ExchangesAtRest> {
        let any_missed = self.missed != Missed::default() || self.missed_meanwhile != Missed::default();
        let rests = self.open.is_empty() && !any_missed && !self.request_begun;
        let count = u32::try_from(self.count).ok().filter(|_| rests)?;
        Some(ExchangesAtRest { count, server_spoke: self.server_spoke })
    }

    /// Those of a connection that rested.
    pub(super) fn woken(connection: u64, client: Endpoint, server: Endpoint, rest: ExchangesAtRest) -> Self {
        let ExchangesAtRest { count, server_spoke } = rest;
        Self { count: u64::from(count), server_spoke, ..Self::new(connection, client, server) }
    }

    /// The memory that those under way take, about.
    pub(super) fn weight(&self) -> usize {
        self.open.iter().map(|open| open.weight).sum()
    }

    /// When each request came that is still without its answer.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Time> {
        self.open.iter().filter_map(|open| Some(open.request.as_ref()?.value.time))
    }

    pub(super) fn server_speaks(&mut self) {
        self.server_spoke |= !self.request_begun;
    }

    /// Takes note of whether some of a request has come, and not all of its head.
    pub(super) fn request_has_begun(&mut self, begun: bool) {
        self.request_begun = begun;
        self.missed_meanwhile.responses &= begun;
    }

    pub(super) fn lose_requests(&mut self) {
        (self.missed.requests, self.missed_meanwhile.requests, self.server_spoke) = (true, true, false);
    }

    pub(super) fn lose_responses(&mut self) {
        (self.missed.responses, self.missed_meanwhile.responses) = (true, self.request_begun);
    }

    /// Takes a request that begins.
    pub(super) fn ask(&mut self, mut open: Open, desk: &mut Desk) {
        if std::mem::take(&mut self.missed.responses) {
            self.give_up(LOST, |_| true, desk);
        }
        self.missed.responses = std::mem::take(&mut self.missed_meanwhile.responses);
        if self.open.len() >= MAX_WAITING {
            self.give_up_all(desk);
        }
        open.certain = !self.missed.requests || self.server_spoke;
        if open.certain {
            self.missed.requests = false;
            self.give_up(UNCERTAIN, |open| !open.certain, desk);
        }
        self.uploading = Some(open.number);
        self.open.push_back(Box::new(open));
    }

    /// Takes a response that begins: to the oldest request that waits, if there is no doubt.
    pub(super) fn answer(&mut self) -> Option<&mut Open> {
        let oldest = self.open.iter_mut().find(|open| open.is_waiting())?;
        if !oldest.certain || self.missed.responses {
            return None;
        }
        self.answering = Some(oldest.number);
        Some(oldest)
    }

    /// Whether every request is known, from one that was seen on, and none of them waits.
    pub(super) fn all_were_seen(&self) -> bool {
        let any_waits = self.open.iter().any(|open| open.is_waiting());
        self.count > 0 && !self.missed.requests && !self.missed.responses && !any_waits
    }

    /// Takes a response whose request was not seen.
    pub(super) fn answer_unasked(&mut self, open: Open) {
        (self.answering, self.missed_meanwhile.requests) = (Some(open.number), false);
        self.open.push_front(Box::new(open));
    }

    /// The number of the next exchange.
    pub(super) fn number(&mut self) -> u64 {
        self.count += 1;
        self.count - 1
    }

    /// The exchange whose request is being read.
    pub(super) fn uploading(&mut self) -> Option<&mut Open> {
        let number = self.uploading?;
        self.open.iter_mut().rfind(|open| open.number == number).map(AsMut::as_mut)
    }

    /// Whether the request that is being read was answered for good while its client still waited to be told to
    /// send the body.
    pub(super) fn is_upload_withheld(&self) -> bool {
        const CONTINUE: u16 = 100;
        let uploading = self.open.iter().rfind(|open| Some(open.number) == self.uploading);
        let Some(open) = uploading.filter(|open| open.response.is_some()) else { return false };
        let Some(request) = open.request.as_ref().map(|request| &request.value) else { return false };
        let was_told = open.interim.iter().any(|interim| interim.status == CONTINUE);
        let mut expects = request.headers.all("expect");
        !was_told && request.body.bytes == 0 && expects.any(|line| line.eq_ignore_ascii_case("100-continue"))
    }

    /// The exchange whose response is being read.
    pub(super) fn answering(&mut self) -> Option<&mut Open> {
        let number = self.answering?;
        self.open.iter_mut().find(|open| open.number == number).map(AsMut::as_mut)
    }

    /// Whether the request of the response that is being read was not seen.
    pub(super) fn is_answer_unasked(&self) -> bool {
        self.answering.is_some_and(|number| {
            self.open.iter().find(|open| open.number == number).is_some_and(|open| open.request.is_none())
        })
    }

    /// Whether a request waits for its response to begin, or one may that was not seen.
    pub(super) fn is_answer_awaited(&self) -> bool {
        self.missed_meanwhile.requests || self.open.iter().any(|open| open.is_waiting())
    }

    /// Hands on what is done.
    pub(super) fn settle(&mut self, desk: &mut Desk) {
        self.close(Open::is_done, Ended::COMPLETE, desk);
    }

    /// Hands on all, because there is no room for them.
    pub(super) fn give_up_all(&mut self, desk: &mut Desk) {
        desk.counters.given_up += 1;
        self.give_up("too many requests waited: it was given up", |_| true, desk);
        // Which responses are theirs can no longer be told from those to the next ones.
        self.lose_requests();
    }

    /// The connection has ended, and with it all that is under way.
    pub(super) fn finish(&mut self, end: End, closed: Option<Closed>, desk: &mut Desk) {
        let responses_lost = self.missed.responses;
        for open in self.open.iter_mut().filter(|open| open.is_waiting()) {
            if responses_lost {
                open.response_lost = true;
                open.warnings.push(LOST.to_owned());
            } else if !open.certain {
                open.response_lost = true;
                open.warnings.push(UNCERTAIN.to_owned());
            }
        }
        self.close(|_| true, Ended { end, closed }, desk);
    }

    /// Goes on without the responses of some that wait.
    fn give_up(&mut self, why: &str, which: impl Fn(&Open) -> bool, desk: &mut Desk) {
        let is_given_up = |open: &Open| open.is_waiting() && which(open);
        for open in self.open.iter_mut().filter(|open| is_given_up(open)) {
            open.response_lost = true;
            open.warnings.push(why.to_owned());
        }
        self.close(is_given_up, Ended::COMPLETE, desk);
    }

    fn close(&mut self, which: impl Fn(&Open) -> bool, ended: Ended, desk: &mut Desk) {
        while let Some(open) =
            self.open.iter().position(|open| which(open)).and_then(|position| self.open.remove(position))
        {
            let carrier = self.carrier(&open.version, desk);
            desk.put(open.into_exchange(carrier, ended));
        }
    }

    fn carrier(&mut self, version: &Text, desk: &Desk) -> Arc<Carrier> {
        if let Some(known) = self.carrier.as_ref().filter(|known| known.protocol == *version) {
            return Arc::clone(known);
        }
        let carrier = Arc::new(Carrier {
            source: desk.source(),
            protocol: version.clone(),
            connection: self.connection,
            client: Some((self.client.address, self.client.port).into()),
            server: Some((self.server.address, self.server.port).into()),
        });
        Arc::clone(self.carrier.insert(carrier))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may fail")]

    use super::*;
    use crate::flow::story::{Story, Who};
    use crate::http::State;
    use crate::session::story::{body, briefs, read};

    fn get(target: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
    }

    fn ok(body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn a_lost_request_takes_no_other_with_it() {
        let mut story = Story::opened();
        story.client(get("/a")).server(ok("a"));
        story.client(get("/b")).lost().server(ok("b"));
        story.client(get("/c")).server(ok("c"));
        let read = read(&story);
        let expected = [("/a", 200, State::Complete), ("-", 200, State::NoRequest), ("/c", 200, State::Complete)];
        assert_eq!(briefs(&read), expected);
        assert_eq!(body(&read[2]).2, b"c");
    }

    #[test]
    fn a_lost_response_is_not_said_to_be_missing() {
        let mut story = Story::opened();
        story.client(get("/a")).server(ok("a")).lost();
        story.client(get("/b")).server(ok("b"));
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 0, State::Truncated), ("/b", 200, State::Complete)]);
        assert_eq!(read[0].warnings, [LOST]);
        let mut story = Story::opened();
        story.client(get("/a")).server(ok("a")).lost().ack(Who::Client).fin(Who::Client).fin(Who::Server);
        assert_eq!(briefs(&crate::session::story::read(&story)), [("/a", 0, State::Truncated)]);
    }

    #[test]
    fn of_one_direction_alone_nothing_is_said_to_be_missing_that_was_sent() {
        let mut story = Story::opened();
        story.client(get("/a")).server(ok("a")).client(get("/b")).server(ok("b")).ack(Who::Client);
        story.fin(Who::Server).fin(Who::Client).ack(Who::Server);
        let only = |who| {
            let mut story = story.clone();
            story.sent.retain(|packet| packet.who == who);
            read(&story)
        };
        let (asked, answered) = (only(Who::Client), only(Who::Server));
        assert_eq!(briefs(&asked), [("/a", 0, State::Truncated), ("/b", 0, State::Truncated)]);
        assert_eq!(briefs(&answered), [("-", 200, State::NoRequest), ("-", 200, State::NoRequest)]);
        assert!(answered.iter().all(|exchange| exchange.warnings.is_empty()), "{answered:#?}");
        assert_eq!(body(&answered[1]), (1, true, &b"b"[..]));
    }

    #[test]
    fn of_several_at_once_none_is_mistaken_for_another() {
        let mut story = Story::opened();
        story.client(get("/a")).client(get("/b")).lost().client(get("/c"));
        story.server(ok("a")).server(ok("b")).server(ok("c"));
        story.client(get("/d")).server(ok("d"));
        let read = read(&story);
        let complete: Vec<_> = read.iter().filter(|exchange| exchange.state == State::Complete).collect();
        let complete: Vec<_> = complete.iter().map(|exchange| (exchange.url(), body(exchange).2)).collect();
        assert_eq!(complete, [(Some("http://a/a"), &b"a"[..]), (Some("http://a/d"), b"d")]);
        assert!(read.iter().any(|exchange| exchange.warnings == [UNCERTAIN]));
    }

    #[test]
    fn a_hole_within_a_known_length_costs_only_the_body() {
        let mut story = Story::opened();
        let whole = ok(&"x".repeat(30));
        story.client(get("/a")).server(&whole[..50]).server(&whole[50..60]).lost().server(&whole[60..]);
        story.client(get("/b")).server(ok("b"));
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 200, State::Truncated), ("/b", 200, State::Complete)]);
        assert_eq!((body(&read[0]).0, body(&read[0]).1), (30, false));
        assert_eq!(read[0].warnings, ["10 bytes of the response were not captured"]);
    }

    #[test]
    fn a_hole_within_a_chunk_costs_only_the_body() {
        let mut story = Story::opened();
        story
            .client(get("/a"))
            .server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n012")
            .server("345")
            .lost();
        story.server("678\r\n2\r\n9").server("a\r\n0\r\n").lost().server("\r\n");
        story.client(get("/b")).server(ok("b"));
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 200, State::Truncated), ("/b", 200, State::Complete)]);
        assert_eq!(body(&read[0]), (11, false, &b"012"[..]));
    }

    #[test]
    fn the_answer_to_an_unseen_request_may_have_no_body() {
        let mut story = Story::opened();
        story.client("HEAD /a HTTP/1.1\r\n\r\n").lost();
        story.server("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
        story.client(get("/b")).server(ok("b"));
        assert_eq!(briefs(&read(&story)), [("-", 200, State::NoRequest), ("/b", 200, State::Complete)]);
    }

    #[test]
    fn too_many_waiting_requests_are_given_up() {
        let mut story = Story::opened();
        for _ in 0..=MAX_WAITING {
            story.client(get("/a"));
        }
        let read = read(&story);
        assert_eq!(read.len(), MAX_WAITING + 1);
        assert!(read.iter().all(|exchange| exchange.state == State::Truncated));
    }
}
