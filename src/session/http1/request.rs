//! Requests, as the client's side brings them.

use super::exchanges::Exchanges;
use super::framing::{self, Framing};
use super::head;
use super::open::{Message, Open, time};
use super::reader::{Listener, Span};
use crate::http::{Body, Request, Target, client_url, latin1};
use crate::session::desk::Desk;
use crate::session::sniff::Look;
use crate::wire::http1::{request_line, split_line};

/// Turns the client's messages into requests.
pub(super) struct Requests<'a> {
    pub(super) exchanges: &'a mut Exchanges,
    pub(super) desk: &'a mut Desk,
}

impl Requests<'_> {
    fn with(&mut self, change: impl FnOnce(&mut Message<Request>, &mut Vec<String>)) {
        if let Some(open) = self.exchanges.uploading()
            && let Some(request) = open.request.as_mut().filter(|request| !request.done)
        {
            change(request, &mut open.warnings);
        }
    }
}

impl Listener for Requests<'_> {
    const LOOK: Look = Look::Request;

    fn head(&mut self, bytes: &[u8], whole: bool, span: Span) -> Framing {
        let (line, section) = split_line(bytes);
        let Some(line) = request_line(line) else { return Framing::NoBody };
        let mut open = Open::new(self.exchanges.number(), self.desk.word(line.version));
        let headers = head::read(section, whole, "request", &mut open.warnings, &mut self.desk.lines);
        open.weigh(bytes.len() - section.len(), &headers);
        if line.target.contains(&b' ') {
            open.warnings.push("the request target holds spaces".to_owned());
        }
        let framing = framing::of_request(line.version, &headers, &mut open.warnings);
        let target = latin1(line.target);
        let method = self.desk.word(line.method);
        let told = client_url(&method, &target, &headers);
        open.of_url = told.warnings;
        let request = Request {
            time: time(span.first),
            end_time: None,
            method,
            target: Target::new(&target, told.url),
            headers,
            body: Body::default(),
        };
        open.request = Some(Message::new(request, span));
        self.exchanges.ask(open, self.desk);
        framing
    }

    /// RFC 9110 section 10.1.1: who has its answer before it was told to go on need not send the body.
    fn may_lack_body(&self) -> bool {
        self.exchanges.is_upload_withheld()
    }

    fn body(&mut self, bytes: &[u8]) {
        let keep = self.desk.keep.bytes(None);
        self.with(|request, _| request.add(bytes, keep));
    }

    fn missing(&mut self, len: u64, cut: bool, in_body: bool) {
        self.with(|request, _| request.miss(len, cut, in_body));
    }

    fn trailers(&mut self, section: &[u8]) {
        let mut lines = std::mem::take(&mut self.desk.lines);
        self.with(|request, warnings| request.trail(section, warnings, &mut lines));
        self.desk.lines = lines;
    }

    fn odd(&mut self, what: &str) {
        self.with(|_, warnings| warnings.push(format!("the request {what}")));
    }

    fn end(&mut self, whole: bool, span: Span) {
        self.with(|request, warnings| request.finish(whole, span, warnings));
        self.exchanges.settle(self.desk);
    }

    fn broken_off(&mut self, span: Span) {
        self.with(|request, warnings| request.break_off(span, warnings));
    }

    fn lost(&mut self) {
        self.exchanges.lose_requests();
    }

    fn skipped(&mut self, bytes: usize) {
        // They may have been one that could not be read.
        self.exchanges.lose_requests();
        self.desk.counters.skipped_bytes += bytes as u64;
    }
}
