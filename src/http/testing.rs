//! Exchanges made by hand, for tests.

use std::sync::Arc;
use std::time::Duration;

use super::{
    Body, Carrier, Closed, Context, End, Exchange, Extras, Few, Frames, Headers, Peer, Request, Response, State,
    Target, Time, Vantage,
};

/// Where the tests' clocks start.
const START: i128 = 1_795_417_200_000_000_000;

/// A moment `milliseconds` after the tests' clocks start.
pub(crate) fn at(milliseconds: u64) -> Time {
    Time::from_nanoseconds(START + i128::try_from(Duration::from_millis(milliseconds).as_nanos()).unwrap(), 6)
}

/// An exchange under construction: a 200 without headers until told otherwise.
pub(crate) struct Builder(Exchange);

/// Begins an exchange for `url`, which also gives the Host.
pub(crate) fn exchange(method: &str, url: &str) -> Builder {
    let parsed = url::Url::parse(url).unwrap();
    let authority = match parsed.port() {
        Some(port) => format!("{}:{port}", parsed.host_str().unwrap()),
        None => parsed.host_str().unwrap().to_owned(),
    };
    Builder(Exchange {
        id: "0.0".into(),
        carrier: Arc::new(Carrier {
            source: "test.pcap".into(),
            protocol: "HTTP/1.1".into(),
            connection: 0,
            client: "10.0.1.5:41022".parse().ok(),
            server: "10.0.2.9:8000".parse().ok(),
        }),
        vantage: Vantage::Direct,
        frames: Frames::default(),
        request: Some(Request {
            time: at(0),
            end_time: None,
            method: method.into(),
            target: Target::new(&parsed[url::Position::BeforePath..url::Position::AfterQuery], Some(url.to_owned())),
            headers: [("Host", authority.as_str())].into_iter().collect(),
            body: Body::default(),
        }),
        response: Some(Response {
            time: at(1),
            end_time: None,
            status: 200,
            reason: "".into(),
            headers: Headers::default(),
            body: Body::default(),
        }),
        state: State::Complete,
        end: End::Complete,
        warnings: Few::new(),
        extras: Extras::default(),
    })
}

impl From<Exchange> for Builder {
    fn from(exchange: Exchange) -> Self {
        Self(exchange)
    }
}

impl Builder {
    pub(crate) fn id(mut self, id: &str) -> Self {
        self.0.id = id.into();
        self
    }

    /// The request is sent `milliseconds` after the clocks start, and answered a millisecond later.
    pub(crate) fn at(mut self, milliseconds: u64) -> Self {
        self.0.request.as_mut().unwrap().time = at(milliseconds);
        if let Some(response) = &mut self.0.response {
            response.time = at(milliseconds + 1);
        }
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.0.request.as_mut().unwrap().headers.push(name, value);
        self
    }

    /// Made by a page of that origin with `fetch()` in Chromium.
    pub(crate) fn page(self, origin: &str) -> Self {
        self.header("Origin", origin).header("User-Agent", "Chromium").header("Sec-Fetch-Mode", "cors")
    }

    /// Seen between load balancer and backend.
    pub(crate) fn behind_balancer(mut self) -> Self {
        self.0.vantage = Vantage::Backend;
        let scheme = if self.0.url().unwrap().starts_with("https") { "https" } else { "http" };
        self.header("X-Forwarded-For", "203.0.113.50").header("X-Forwarded-Proto", scheme)
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.0.response.as_mut().unwrap().status = status;
        self
    }

    pub(crate) fn answer(mut self, name: &str, value: &str) -> Self {
        self.0.response.as_mut().unwrap().headers.push(name, value);
        self
    }

    /// The answer's body, kept whole.
    pub(crate) fn body(mut self, text: &str) -> Self {
        let body = &mut self.0.response.as_mut().unwrap().body;
        *body = Body::whole(text);
        self
    }

    /// The answer lets pages of that origin read it.
    pub(crate) fn shared_with(self, origin: &str) -> Self {
        self.answer("Access-Control-Allow-Origin", origin)
    }

    pub(crate) fn no_response(mut self, end: End) -> Self {
        self.0.response = None;
        self.0.state = State::NoResponse;
        self.0.end = end;
        self
    }

    /// The first FIN or RST came from that side, `milliseconds` after the clocks start.
    pub(crate) fn closed(mut self, by: Peer, milliseconds: u64) -> Self {
        self.0.extras.closed = Some(Closed { by, time: at(milliseconds) });
        self
    }

    /// Part of the response's head was lost.
    pub(crate) fn lost_head(mut self) -> Self {
        let response = self.0.response.as_mut().unwrap();
        response.headers = response.headers.clone().into_partial();
        self.0.state = State::Truncated;
        self
    }

    /// Part of the request's head was lost.
    pub(crate) fn lost_request_head(mut self) -> Self {
        let request = self.0.request.as_mut().unwrap();
        request.headers = request.headers.clone().into_partial();
        self.0.state = State::Truncated;
        self
    }

    pub(crate) fn vantage(mut self, vantage: Vantage) -> Self {
        self.0.vantage = vantage;
        self
    }

    pub(crate) fn context(mut self, context: Context) -> Self {
        self.0.extras.context = Some(context);
        self
    }

    pub(crate) fn build(self) -> Exchange {
        self.0
    }

    pub(crate) fn shared(self) -> Arc<Exchange> {
        Arc::new(self.0)
    }
}
