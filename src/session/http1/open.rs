//! An exchange that is under way.

use std::sync::Arc;

use crate::flow::Stamp;
use crate::http::{
    Body, Carrier, Closed, End, Exchange, Extra, FrameSpan, Frames, HeaderLines, Headers, Request, Response, State,
    Text, Time, vantage,
};

use super::head;
use super::reader::Span;

/// A message that is being read, or was.
#[derive(Debug)]
pub(super) struct Message<M> {
    pub(super) value: M,
    span: Span,
    /// Nothing more comes of it.
    pub(super) done: bool,
    /// Bytes of it that are not in the capture, by the capture's loss and by its snapshot length.
    lost: u64,
    cut: u64,
}

/// What requests and responses have in common.
pub(super) trait Parts {
    /// What to call it.
    const NAME: &str;
    fn set_end_time(&mut self, time: Time);
    fn headers(&self) -> &Headers;
    fn set_trailers(&mut self, lines: Headers);
    fn body(&mut self) -> &mut Body;
    fn body_is_complete(&self) -> bool;
}

macro_rules! parts {
    ($message:ty, $name:literal) => {
        impl Parts for $message {
            const NAME: &str = $name;

            fn set_end_time(&mut self, time: Time) {
                self.end_time = Some(time);
            }

            fn headers(&self) -> &Headers {
                &self.headers
            }

            fn set_trailers(&mut self, lines: Headers) {
                self.body.set_trailers(lines);
            }

            fn body(&mut self) -> &mut Body {
                &mut self.body
            }

            fn body_is_complete(&self) -> bool {
                self.body.complete
            }
        }
    };
}

parts!(Request, "request");
parts!(Response, "response");

impl<M: Parts> Message<M> {
    pub(super) fn new(value: M, span: Span) -> Self {
        Self { value, span, done: false, lost: 0, cut: 0 }
    }

    /// Takes bytes of the body, of which the first `keep` are kept.
    pub(super) fn add(&mut self, bytes: &[u8], keep: usize) {
        let body = self.value.body();
        body.bytes += bytes.len() as u64;
        let kept = if body.complete { keep.saturating_sub(body.kept().len()).min(bytes.len()) } else { 0 };
        body.keep(bytes.get(..kept).unwrap_or_default());
    }

    /// Takes note of bytes that are not in the capture. Nothing is kept of the body behind them,
    /// since what is kept is its beginning.
    pub(super) fn miss(&mut self, len: u64, cut: bool, in_body: bool) {
        *(if cut { &mut self.cut } else { &mut self.lost }) += len;
        let body = self.value.body();
        body.complete = false;
        if in_body {
            body.bytes = body.bytes.saturating_add(len);
        }
    }

    pub(super) fn trail(&mut self, section: &[u8], warnings: &mut Vec<String>, lines: &mut HeaderLines) {
        self.value.set_trailers(head::read(section, true, M::NAME, warnings, lines));
    }

    /// Nothing more comes; says what to say of it.
    pub(super) fn finish(&mut self, whole: bool, span: Span, warnings: &mut Vec<String>) {
        self.done = true;
        self.span = span;
        self.value.set_end_time(time(span.last));
        if !whole {
            self.value.body().complete = false;
        }
        for (bytes, why) in [(self.lost, ""), (self.cut, ": the snapshot length cut them off")] {
            if bytes > 0 {
                warnings.push(format!("{bytes} bytes of the {} were not captured{why}", M::NAME));
            }
        }
    }

    /// Nothing more comes, since the connection has ended.
    pub(super) fn break_off(&mut self, span: Span, warnings: &mut Vec<String>) {
        self.finish(false, span, warnings);
        warnings.push(format!("the {} was broken off", M::NAME));
        self.done = false;
    }

    fn is_whole(&self) -> bool {
        self.done && self.value.headers().is_complete() && self.value.body_is_complete()
    }

    fn frames(&self) -> FrameSpan {
        FrameSpan { first: self.span.first.frame, last: self.span.last.frame }
    }
}

pub(super) fn time(stamp: Stamp) -> Time {
    let (second, nanosecond) = stamp.time.second_and_nanosecond();
    Time::new(second, nanosecond, stamp.time.digits)
}

/// An exchange that is under way.
#[derive(Debug)]
pub(super) struct Open {
    /// Which of its connection, counted from 0.
    pub(super) number: u64,
    /// As the request's first line has it; the response's where the request was not seen.
    pub(super) version: Text,
    pub(super) request: Option<Message<Request>>,
    pub(super) interim: Vec<Response>,
    pub(super) response: Option<Message<Response>>,
    /// No other request is missing that its response could belong to.
    pub(super) certain: bool,
    /// There may have been a response.
    pub(super) response_lost: bool,
    pub(super) warnings: Vec<String>,
    /// What there is to say of the request's URL, after all else.
    pub(super) of_url: Vec<String>,
    /// The memory that its heads take, about.
    pub(super) weight: usize,
}

/// How an exchange ended, and who ended the connection, where that is how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) end: End,
    pub(super) closed: Option<Closed>,
}

impl Ended {
    /// With its last byte.
    pub(super) const COMPLETE: Self = Self { end: End::Complete, closed: None };
}

/// The memory that an exchange takes beside its messages, about.
const OPEN_COST: usize = 1024;

/// The memory that a message takes beside its head, about.
const MESSAGE_COST: usize = size_of::<Response>();

impl Open {
    /// One that nothing is known of yet but the first line of its first message.
    pub(super) fn new(number: u64, version: Text) -> Self {
        Self {
            number,
            version,
            request: None,
            interim: Vec::new(),
            response: None,
            certain: true,
            response_lost: false,
            warnings: Vec::new(),
            of_url: Vec::new(),
            weight: OPEN_COST,
        }
    }

    /// Adds what a message takes that begins with a line of so many bytes, which a request keeps as its target
    /// and as the URL that this stands for.
    pub(super) fn weigh(&mut self, line: usize, headers: &Headers) {
        self.weight += MESSAGE_COST + 2 * line + headers.memory();
    }

    pub(super) fn is_done(&self) -> bool {
        let asked = self.request.as_ref().is_none_or(|request| request.done);
        asked && self.response.as_ref().is_some_and(|response| response.done)
    }

    /// Whether a response may belong to it.
    pub(super) fn is_waiting(&self) -> bool {
        self.response.is_none()
    }

    fn state(&self) -> State {
        match (&self.request, &self.response) {
            (None, _) => State::NoRequest,
            (Some(_), None) if self.response_lost => State::Truncated,
            (Some(_), None) => State::NoResponse,
            (Some(request), Some(response)) if request.is_whole() && response.is_whole() => State::Complete,
            (Some(_), Some(_)) => State::Truncated,
        }
    }

    /// The exchange as it is now.
    pub(super) fn into_exchange(mut self, carrier: Arc<Carrier>, ended: Ended) -> Exchange {
        let state = self.state();
        let frames =
            Frames::new(self.request.as_ref().map(Message::frames), self.response.as_ref().map(Message::frames));
        let request = self.request.map(|message| message.value);
        let response = self.response.map(|message| message.value);
        self.warnings.append(&mut self.of_url);
        Exchange {
            id: carrier.id(self.number),
            carrier,
            vantage: vantage(request.as_ref().map(|it| &it.headers), response.as_ref().map(|it| &it.headers)),
            frames,
            request,
            response,
            state,
            end: ended.end,
            warnings: self.warnings.into(),
            extras: Extra { interim: self.interim, closed: ended.closed, ..Extra::default() }.into(),
        }
    }
}
