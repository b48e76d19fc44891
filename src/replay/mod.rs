//! A recorded call made again, without sockets: it says what to send to the server, is told what
//! came back, and ends with what the browser makes of it.
//!
//! The answers are judged by the very machine that judged the recording. As long as that machine
//! asks for a request that nobody has answered yet, the request is sent.

mod compare;
mod request;

use std::sync::Arc;

use url::Url;

use crate::analyzer::ChainReport;
use crate::balancer::Balancer;
use crate::chain::{Chain, Link, Role};
use crate::cors::{AnsweredBy, Asserted, Browser, Hop, Judgement, Outcome, judge};
use crate::http::{
    Carrier, Context, End, Exchange, Extra, Few, Frames, Origin, Request, Response, State, Time, Vantage,
};

pub use compare::{Difference, Replayed, Run, Sender, Verdict, compare, skipped};

/// What may be sent, and whose rules decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whose rules decide.
    pub browser: Browser,
    /// Send methods that change things: all but GET, HEAD and OPTIONS (RFC 9110 section 9.2.1).
    pub allow_unsafe: bool,
}

/// What is to be done next.
#[derive(Clone, Debug)]
pub enum Next {
    /// Send this to the server, and tell what came back.
    Send(Box<Request>),
    /// Nothing more is to be sent.
    Done(Done),
}

/// How a replay ends.
#[derive(Clone, Debug)]
pub enum Done {
    /// The browser has decided.
    Judged(Box<Judgement>),
    /// It cannot be said what the browser would decide.
    Undecided {
        /// Why.
        why: String,
        /// What was seen so far.
        judgement: Option<Box<Judgement>>,
    },
    /// As far as it may be sent all went well; what comes next may change things on the server.
    Withheld {
        /// What that is.
        why: String,
        /// What was seen so far.
        judgement: Option<Box<Judgement>>,
    },
}

/// One call under way.
#[derive(Debug)]
pub struct Replay<'a> {
    recorded: &'a ChainReport,
    balancer: &'a Balancer,
    options: Options,
    /// What was asked, so that the new answers are judged by it.
    context: Context,
    /// What was sent and what came back.
    made: Vec<Link>,
}

/// Why a call is not replayed at all, where it is not.
#[must_use]
pub fn reason_to_skip(call: &ChainReport, options: Options) -> Option<String> {
    if matches!(call.judgement.verdict.outcome, Outcome::NotCors) {
        return Some("no cross-origin sharing is at stake".to_owned());
    }
    let first = call.chain.links.first()?.exchange.request.as_ref()?;
    (!is_safe(&first.method) && !options.allow_unsafe)
        .then(|| format!("{} may change things on the server: --allow-unsafe sends it", first.method))
}

impl<'a> Replay<'a> {
    /// Begins to make a call again.
    #[must_use]
    pub fn new(recorded: &'a ChainReport, balancer: &'a Balancer, options: Options) -> Self {
        Self { recorded, balancer, options, context: context(recorded), made: Vec::new() }
    }

    /// What is to be done next. `trace` gives the load balancer's trace id for a request.
    #[must_use]
    pub fn next(&self, trace: &str) -> Next {
        let judgement = self.judgement();
        let wanted = match &judgement {
            None => self.recorded.judgement.hops.first().cloned(),
            Some(judgement) => judgement.hops.last().filter(|hop| is_awaited(hop)).cloned(),
        };
        let judgement = judgement.map(Box::new);
        let Some(hop) = wanted else {
            return Next::Done(judgement.map_or_else(|| undecided("there is nothing to send", None), Done::Judged));
        };
        match self.request(&hop, trace) {
            Ok(request) => Next::Send(Box::new(request)),
            Err(Unsent::Impossible(why)) => Next::Done(undecided(&why, judgement)),
            Err(Unsent::Withheld(why)) => Next::Done(Done::Withheld { why, judgement }),
        }
    }

    /// Takes what came back for a request.
    pub fn answered(&mut self, request: Request, response: Option<Response>, end: End) {
        let exchange = Exchange {
            id: format!("{}/{}", self.recorded.chain.id(), self.made.len()).into(),
            carrier: Arc::new(Carrier {
                source: "replay".into(),
                protocol: "HTTP/1.1".into(),
                connection: self.made.len() as u64,
                client: None,
                server: None,
            }),
            vantage: Vantage::Backend,
            frames: Frames::default(),
            request: Some(request),
            state: if response.is_some() { State::Complete } else { State::NoResponse },
            response,
            end,
            warnings: Few::new(),
            extras: Extra { context: Some(self.context.clone()), ..Extra::default() }.into(),
        };
        let role = if exchange.is_preflight() { Role::Preflight } else { Role::Actual };
        self.made.push(Link { role, exchange: Arc::new(exchange), also_seen: Few::new() });
    }

    /// What the browser makes of what came back so far.
    fn judgement(&self) -> Option<Judgement> {
        let chain = Chain { links: self.made.clone().into(), joins: Few::new() };
        judge(&chain, self.balancer, &Asserted::default(), self.options.browser)
    }

    /// The request that the browser and the load balancer make of this hop, if it may be sent.
    fn request(&self, hop: &Hop, trace: &str) -> Result<Request, Unsent> {
        let impossible = |why: String| Unsent::Impossible(why);
        let url = Url::parse(&hop.url).map_err(|_| impossible(format!("{} is no URL", hop.url)))?;
        if !self.is_for_the_target(&url) {
            return Err(impossible(format!(
                "it leads to {}, which is not the server that is replayed against",
                hop.url
            )));
        }
        if !is_safe(&hop.method) && !self.options.allow_unsafe {
            let why = format!("needs --allow-unsafe: {} may change things on the server", hop.method);
            return Err(Unsent::Withheld(why));
        }
        let request = request::made_of(&self.recorded.chain, hop, &url, trace)
            .ok_or_else(|| impossible(format!("the recording has no request to make {} {} of", hop.method, hop.url)))?;
        if request.body.kept().len() as u64 != request.body.bytes {
            let lacks =
                format!("the recording lacks the body of {} {} (extract --bodies keeps it)", hop.method, hop.url);
            return Err(impossible(lacks));
        }
        Ok(request)
    }

    /// Whether the load balancer of the recording would forward it to the server: it goes to the
    /// same host and port, by https or, where the recording has that, by http.
    fn is_for_the_target(&self, url: &Url) -> bool {
        let Some(first) = self.recorded.judgement.hops.first().and_then(|hop| Url::parse(&hop.url).ok()) else {
            return false;
        };
        first.host() == url.host() && (first.scheme(), first.port()) == (url.scheme(), url.port())
    }
}

/// Why a request is not sent.
enum Unsent {
    Impossible(String),
    /// Nobody allowed it.
    Withheld(String),
}

/// A hop that the browser asked for and nobody has answered.
fn is_awaited(hop: &Hop) -> bool {
    hop.exchange.is_none() && hop.answer.is_none() && hop.answered_by == AnsweredBy::Unknown
}

fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

fn undecided(why: &str, judgement: Option<Box<Judgement>>) -> Done {
    Done::Undecided { why: why.to_owned(), judgement }
}

/// What is known of the page, by the recording's own judgement.
fn context(recorded: &ChainReport) -> Context {
    let told = recorded.chain.links.iter().find_map(|link| link.exchange.extras.context.clone()).unwrap_or_default();
    let asked = &recorded.judgement.asked;
    Context {
        page_origin: asked.page_origin.clone().or_else(|| Some(Origin::opaque().as_str().to_owned())),
        mode: Some(asked.mode.name().to_owned()),
        credentials: Some(asked.credentials.name().to_owned()),
        fetch: None,
        ..told
    }
}

/// The moment that requests are stamped with: a replay is judged by its order, not by its clock.
pub(crate) fn moment(recorded: &Chain) -> Time {
    let first = recorded.links.first().and_then(|link| link.exchange.request.as_ref());
    first.map_or(Time::from_nanoseconds(0, 0), |request| request.time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyzer::{Glances, Options as Judging, Read, SourceKind, SourceSummary, Unread, analyze};
    use crate::http::testing::{Builder, exchange};

    const PAGE: &str = "https://client.example";

    fn call(method: &str, url: &str) -> Builder {
        exchange(method, url).page(PAGE).behind_balancer().header("X-Amzn-Trace-Id", "Root=1-old")
    }

    fn redirect(location: &str) -> Builder {
        call("GET", "https://request.example/items").status(307).answer("location", location).shared_with(PAGE)
    }

    fn recorded(exchanges: impl IntoIterator<Item = Builder>) -> ChainReport {
        let summary = SourceSummary {
            path: "test".into(),
            kind: SourceKind::Exchanges,
            packets: 0,
            bytes: 0,
            connections: 0,
            exchanges: 0,
            unread: Unread::default(),
            lost_bytes: 0,
            damage: None,
            warnings: Vec::new(),
        };
        let exchanges = exchanges.into_iter().map(Builder::shared).collect();
        let analysis = analyze(vec![Read { summary, exchanges, glances: Glances::default() }], &Judging::default());
        analysis.report(&analysis.chains[0])
    }

    /// Replays a call against answers made by hand; says what was sent and how it ended.
    fn replayed(
        call: &ChainReport,
        options: Options,
        answers: impl IntoIterator<Item = Builder>,
    ) -> (Vec<Request>, Done) {
        let mut balancer = Balancer::default();
        call.chain.links.iter().for_each(|link| balancer.observe(&link.exchange));
        let mut replay = Replay::new(call, &balancer, options);
        let mut answers = answers.into_iter();
        let mut sent = Vec::new();
        loop {
            match replay.next("Root=1-new") {
                Next::Done(done) => return (sent, done),
                Next::Send(request) => {
                    sent.push((*request).clone());
                    replay.answered(*request, answers.next().unwrap().build().response, End::Complete);
                }
            }
        }
    }

    #[test]
    fn a_mended_redirect_is_followed_to_its_end() {
        let call_ = recorded([redirect("http://request.example/items/")]);
        let mended = redirect("https://request.example/items/");
        let answers = [mended, call("GET", "https://request.example/items/").shared_with(PAGE)];
        let (sent, done) = replayed(&call_, Options::default(), answers);
        let targets: Vec<&str> = sent.iter().map(|request| request.target.as_str()).collect();
        assert_eq!(targets, ["/items", "/items/"]);
        assert_eq!(sent[1].headers.first("x-amzn-trace-id"), Some("Root=1-new"), "a fresh one each");
        assert!(matches!(done, Done::Judged(judgement) if judgement.verdict.outcome == Outcome::Allowed));
    }

    #[test]
    fn what_is_still_broken_sends_nothing_to_http() {
        let call = recorded([redirect("http://request.example/items/")]);
        let (sent, done) = replayed(&call, Options::default(), [redirect("http://request.example/items/")]);
        assert_eq!(sent.len(), 1);
        assert!(matches!(done, Done::Judged(judgement) if judgement.verdict.outcome.failure().is_some()));
    }

    #[test]
    fn a_location_that_leads_elsewhere_ends_the_call() {
        let call = recorded([redirect("http://request.example/items/")]);
        for elsewhere in ["https://other.example/", "https://request.example:8443/", "https://127.0.0.1/"] {
            let (sent, done) = replayed(&call, Options::default(), [redirect(elsewhere)]);
            assert_eq!(sent.len(), 1, "{elsewhere}");
            assert!(matches!(done, Done::Undecided { .. }), "{elsewhere}");
        }
    }

    #[test]
    fn a_body_that_was_not_recorded_is_not_made_up() {
        let mut post = call("POST", "https://request.example/items").header("Content-Length", "7").build();
        post.request.as_mut().unwrap().body.bytes = 7;
        let call = recorded([Builder::from(post)]);
        let allowed = Options { allow_unsafe: true, ..Options::default() };
        let (sent, done) = replayed(&call, allowed, []);
        assert!(sent.is_empty());
        assert!(matches!(done, Done::Undecided { why, .. } if why.contains("--bodies")));
    }

    #[test]
    fn unsafe_methods_are_sent_when_allowed_only() {
        let preflight = || {
            call("OPTIONS", "https://request.example/items")
                .header("Access-Control-Request-Method", "PUT")
                .shared_with(PAGE)
                .answer("Access-Control-Allow-Methods", "PUT")
        };
        let put = || call("PUT", "https://request.example/items").at(5).shared_with(PAGE);
        let call_ = recorded([preflight(), put()]);
        let (sent, done) = replayed(&call_, Options::default(), [preflight()]);
        assert_eq!(sent.len(), 1, "the preflight is safe");
        assert!(matches!(done, Done::Withheld { why, .. } if why.starts_with("needs --allow-unsafe")));
        let allowed = Options { allow_unsafe: true, ..Options::default() };
        let (sent, _) = replayed(&call_, allowed, [preflight(), put()]);
        assert_eq!(sent.len(), 2);
        assert!(reason_to_skip(&recorded([put()]), Options::default()).is_some());
    }
}
