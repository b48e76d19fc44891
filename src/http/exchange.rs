//! A request with its response: the waist of the hourglass.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use ecow::EcoString;

use super::{Extras, Few, Request, Response, Text, Time};

/// What an exchange is called. Those of captures are so short that they need no memory beside the value itself.
pub type Id = EcoString;

/// A request, its interim and final responses, how it ended, and the packets behind each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Opaque, unique in one run, the same for the same input.
    pub id: Id,
    /// What carried it, which the exchanges of one connection share: a capture holds millions of exchanges. Its
    /// fields can be read as if they were the exchange's own.
    pub carrier: Arc<Carrier>,
    /// Where between browser and backend it was seen.
    pub vantage: Vantage,
    /// The packets that carry it; empty where the source is no capture.
    pub frames: Frames,
    /// None when only the response was captured.
    pub request: Option<Request>,
    /// The final response; `None` when none was seen.
    pub response: Option<Response>,
    /// How much of it was seen.
    pub state: State,
    /// How it ended.
    pub end: End,
    /// What was odd, in plain words: a gap of N bytes, a conflicting length, a bare LF …
    pub warnings: Few<String>,
    /// What few exchanges have.
    pub extras: Extras,
}

/// Where an exchange was seen, and between whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// The capture or file it was read from.
    pub source: Arc<str>,
    /// As the request line has it (`HTTP/1.1`).
    pub protocol: Text,
    /// The TCP connection within the source, counted from 0 in order of the first packet that opens it or brings
    /// bytes.
    pub connection: u64,
    /// The side that sends requests.
    pub client: Option<SocketAddr>,
    /// The side that answers.
    pub server: Option<SocketAddr>,
}

impl Carrier {
    /// The name of the exchange of that number on the connection, such as `12.0`.
    #[must_use]
    pub fn id(&self, number: u64) -> Id {
        let mut id = Id::new();
        id.push_str(itoa::Buffer::new().format(self.connection));
        id.push('.');
        id.push_str(itoa::Buffer::new().format(number));
        id
    }
}

impl Deref for Exchange {
    type Target = Carrier;

    fn deref(&self) -> &Carrier {
        &self.carrier
    }
}

impl Exchange {
    /// What carried it, to be changed for this exchange alone.
    pub fn carrier_mut(&mut self) -> &mut Carrier {
        Arc::make_mut(&mut self.carrier)
    }

    /// The absolute URL as the client used it, where it is known.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.request.as_ref()?.url()
    }

    /// Whether the request is a CORS preflight (Fetch, "CORS-preflight request").
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        self.request.as_ref().is_some_and(|request| {
            request.method == "OPTIONS"
                && request.headers.has("origin")
                && request.headers.has("access-control-request-method")
        })
    }
}

/// Where between browser and backend an exchange was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vantage {
    /// The browser's side of the load balancer.
    Client,
    /// Between load balancer and backend, known by the headers that the load balancer adds.
    Backend,
    /// There is no load balancer to be seen.
    Direct,
}

/// First and last frame that carry a message, counted from 1 as Wireshark counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSpan {
    /// The first frame with a byte of the message.
    pub first: u64,
    /// The last frame with a byte of the message.
    pub last: u64,
}

/// The packets behind an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frames(Spans);

/// The same in little room: a capture holds millions of them, and what is of one exchange lies close together.
/// There is one way to write each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Spans {
    #[default]
    None,
    Request(FrameSpan),
    Response(FrameSpan),
    /// From one place to the next.
    Near {
        first: u64,
        to_last: u32,
        to_response: u32,
        to_last_of_response: u32,
    },
    /// A file of exchanges may say anything.
    Far(Box<(FrameSpan, FrameSpan)>),
}

impl Frames {
    /// Those of the request, and those of the final response.
    #[must_use]
    pub fn new(request: Option<FrameSpan>, response: Option<FrameSpan>) -> Self {
        Self(match (request, response) {
            (None, None) => Spans::None,
            (Some(request), None) => Spans::Request(request),
            (None, Some(response)) => Spans::Response(response),
            (Some(request), Some(response)) => {
                Spans::near(request, response).unwrap_or_else(|| Spans::Far(Box::new((request, response))))
            }
        })
    }

    /// Those of the request.
    #[must_use]
    pub fn request(&self) -> Option<FrameSpan> {
        match &self.0 {
            Spans::None | Spans::Response(_) => None,
            Spans::Request(request) => Some(*request),
            Spans::Near { first, to_last, .. } => Some(FrameSpan { first: *first, last: first + u64::from(*to_last) }),
            Spans::Far(both) => Some(both.0),
        }
    }

    /// Those of the final response.
    #[must_use]
    pub fn response(&self) -> Option<FrameSpan> {
        match &self.0 {
            Spans::None | Spans::Request(_) => None,
            Spans::Response(response) => Some(*response),
            Spans::Near { first, to_response, to_last_of_response, .. } => {
                let first = first + u64::from(*to_response);
                Some(FrameSpan { first, last: first + u64::from(*to_last_of_response) })
            }
            Spans::Far(both) => Some(both.1),
        }
    }

    /// Those of the message that came first, or is the only one.
    #[must_use]
    pub fn any(&self) -> Option<FrameSpan> {
        self.request().or_else(|| self.response())
    }
}

impl Spans {
    fn near(request: FrameSpan, response: FrameSpan) -> Option<Self> {
        let distance = |from: u64, to: u64| u32::try_from(to.checked_sub(from)?).ok();
        Some(Self::Near {
            first: request.first,
            to_last: distance(request.first, request.last)?,
            to_response: distance(request.first, response.first)?,
            to_last_of_response: distance(response.first, response.last)?,
        })
    }
}

/// How much of an exchange was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Both messages, whole.
    Complete,
    /// No final response.
    NoResponse,
    /// A response whose request was not captured.
    NoRequest,
    /// Part of a message is missing from the capture.
    Truncated,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With the last byte of the response.
    Complete,
    /// With a TCP reset.
    Reset,
    /// The connection was closed before the response was whole.
    Closed,
    /// The connection fell silent and was given up.
    Timeout,
    /// It was still under way when the capture ended.
    CaptureEnded,
}

/// The first FIN or RST that was seen of a connection. A client that closes before it has an answer
/// has given up; a server that does owes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Who sent it.
    pub by: Peer,
    /// When. It may be before the request: then the two crossed on the way.
    pub time: Time,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// It sends requests.
    Client,
    /// It answers them.
    Server,
}

/// What only the client knows of a request, as an exchange file may tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The page's serialized origin; `null` for an opaque one.
    pub page_origin: Option<String>,
    /// The page's URL.
    pub page_url: Option<String>,
    /// The page's Content-Security-Policy.
    pub page_csp: Option<String>,
    /// `cors`, `no-cors`, `same-origin`, `navigate`.
    pub mode: Option<String>,
    /// `omit`, `same-origin`, `include`.
    pub credentials: Option<String>,
    /// `follow`, `error`, `manual`.
    pub redirect: Option<String>,
    /// `fetch`, `xhr`, `img`, `script`, `eventsource`, `nav` …
    pub api: Option<String>,
    /// The request's destination (`image`, `font` …), where the API does not say it.
    pub destination: Option<String>,
    /// Exchanges that share it belong to one call of the page.
    pub fetch: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_capture_holds_millions_of_is_small() {
        // With the two counts of its `Arc` it takes 320 bytes; for one more the allocator gives it 384.
        assert!(size_of::<Exchange>() <= 304, "{} bytes", size_of::<Exchange>());
    }

    #[test]
    fn frames_are_as_they_were_given() {
        let span = |(first, last)| FrameSpan { first, last };
        for (request, response) in [
            (None, None),
            (Some((1, 2)), None),
            (None, Some((3, 9))),
            (Some((1, 2)), Some((2, 2))),
            (Some((5, 4)), Some((2, 2))),
            (Some((1, 1 << 40)), Some((u64::MAX, 0))),
        ] {
            let (request, response) = (request.map(span), response.map(span));
            let frames = Frames::new(request, response);
            assert_eq!((frames.request(), frames.response()), (request, response));
        }
    }
}
