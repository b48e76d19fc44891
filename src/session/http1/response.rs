//! Responses, as the server's side brings them.

use super::exchanges::Exchanges;
use super::framing::{self, Framing};
use super::head;
use super::open::{Message, Open, time};
use super::reader::{Listener, Span};
use crate::http::{Body, Response};
use crate::session::desk::Desk;
use crate::session::sniff::Look;
use crate::wire::http1::{split_line, status_line};

/// A server that gives up waiting for a request may say so before it closes (RFC 9110 section 15.5.9).
const UNASKED: &str = "no request waited for it: the server sent it by itself";

/// Turns the server's messages into responses.
pub(super) struct Responses<'a> {
    pub(super) exchanges: &'a mut Exchanges,
    pub(super) desk: &'a mut Desk,
}

impl Responses<'_> {
    fn with(&mut self, change: impl FnOnce(&mut Message<Response>, &mut Vec<String>)) {
        if let Some(open) = self.exchanges.answering()
            && let Some(response) = open.response.as_mut().filter(|response| !response.done)
        {
            change(response, &mut open.warnings);
        }
    }
}

impl Listener for Responses<'_> {
    const LOOK: Look = Look::Response;

    fn head(&mut self, bytes: &[u8], whole: bool, span: Span) -> Framing {
        let (line, section) = split_line(bytes);
        let Some(line) = status_line(line) else { return Framing::NoBody };
        if self.exchanges.answer().is_none() {
            let all_were_seen = self.exchanges.all_were_seen();
            let mut unasked = Open::new(self.exchanges.number(), self.desk.word(line.version));
            if all_were_seen {
                unasked.warnings.push(UNASKED.to_owned());
            }
            self.exchanges.answer_unasked(unasked);
        }
        let Some(open) = self.exchanges.answering() else { return Framing::NoBody };
        let headers = head::read(section, whole, "response", &mut open.warnings, &mut self.desk.lines);
        open.weigh(bytes.len() - section.len(), &headers);
        let method = open.request.as_ref().map(|request| request.value.method.as_str());
        let framing = framing::of_response(line, method, &headers, &mut open.warnings);
        let mut response = Response {
            time: time(span.first),
            end_time: None,
            status: line.status,
            reason: self.desk.word(line.reason),
            headers,
            body: Body::default(),
        };
        // RFC 9110 section 15.2: the final response is still to come. 101 is the last in HTTP.
        if matches!(line.status, 100..=199) && line.status != 101 {
            response.end_time = Some(time(span.last));
            open.interim.push(response);
        } else {
            open.response = Some(Message::new(response, span));
        }
        framing
    }

    /// An unseen request may have been HEAD.
    fn doubts_body(&self) -> bool {
        self.exchanges.is_answer_unasked()
    }

    fn awaits_next(&self) -> bool {
        self.exchanges.is_answer_awaited()
    }

    fn body(&mut self, bytes: &[u8]) {
        if let Some(open) = self.exchanges.answering()
            && let Some(response) = open.response.as_mut().filter(|response| !response.done)
        {
            response.add(bytes, self.desk.keep.bytes(Some(response.value.status)));
        }
    }

    fn missing(&mut self, len: u64, cut: bool, in_body: bool) {
        self.with(|response, _| response.miss(len, cut, in_body));
    }

    fn trailers(&mut self, section: &[u8]) {
        let mut lines = std::mem::take(&mut self.desk.lines);
        self.with(|response, warnings| response.trail(section, warnings, &mut lines));
        self.desk.lines = lines;
    }

    fn odd(&mut self, what: &str) {
        self.with(|_, warnings| warnings.push(format!("the response {what}")));
    }

    fn end(&mut self, whole: bool, span: Span) {
        self.with(|response, warnings| response.finish(whole, span, warnings));
        self.exchanges.settle(self.desk);
    }

    fn broken_off(&mut self, span: Span) {
        self.with(|response, warnings| response.break_off(span, warnings));
    }

    fn lost(&mut self) {
        self.exchanges.lose_responses();
    }

    fn skipped(&mut self, bytes: usize) {
        // They may have been one that could not be read.
        self.exchanges.lose_responses();
        self.desk.counters.skipped_bytes += bytes as u64;
    }
}
