//! The Fetch standard as a machine without sockets: it says what the browser asks next, is told
//! what came back, and ends with what the page gets. Fed the recorded answers it judges; fed a
//! live server's answers it replays.
//!
//! Sections are those of <https://fetch.spec.whatwg.org/>, as of July 2026.

mod answer;
mod main_fetch;
mod request;

use super::hsts::Hsts;
use super::{Browser, Check, Clause, Error, Intent, ResponseType, Rules};
use crate::chain::Role;
use crate::http::{Headers, WebUrl};

/// A fetch under way.
#[derive(Clone, Debug)]
pub struct Fetch<'a> {
    rules: Rules,
    intent: &'a Intent<'a>,
    /// A preflight is sent whatever the request looks like.
    uses_preflight: bool,
    /// The request's current URL.
    url: WebUrl<'a>,
    /// The URL before it, where a redirect led here.
    previous: Option<WebUrl<'a>>,
    removed: Removed,
    tainting: Tainting,
    /// The request's redirect-taint is not `same-origin`: `Origin` is `null` from here on.
    origin_is_null: bool,
    redirects: u32,
    waiting_for: Role,
    /// Asks that were answered: the index of the next hop.
    answered: usize,
    /// What the answers of this call taught of hosts that want https.
    hsts: Hsts,
    /// How the last request was sent.
    sent: Sent,
    /// Whether a 304 was taken for the browser's own revalidation.
    trusted_stored_response: bool,
    /// `None`: nobody will read it.
    trail: Option<Vec<Clause>>,
}

/// Whether a fetch tells which clauses led it: working that out takes longer than following them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trail {
    /// It does.
    Told,
    /// It does not.
    Untold,
}

/// Whether a request asked for a change only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    OnCondition,
    Unconditionally,
    /// The part of it that was captured does not tell.
    InPart,
    /// Nobody said.
    Untold,
}

/// What redirects removed from the request.
#[derive(Clone, Copy, Debug, Default)]
struct Removed {
    /// The body and its headers: the method is GET then.
    body: bool,
    /// `Authorization`, since an origin was left.
    authorization: bool,
}

/// Fetch, "response tainting".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tainting {
    Basic,
    Opaque,
    Cors,
}

/// What the browser does next.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// It sends this request.
    Ask(Ask<'a>),
    /// The page has its answer.
    Done(Ending<'a>),
}

/// A request that the browser sends.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Preflight or the request itself.
    pub role: Role,
    /// The method on the wire.
    pub method: &'a str,
    /// Where it goes.
    pub url: WebUrl<'a>,
    /// Its Origin field; `None`: it carries none.
    pub origin: Option<&'a str>,
    /// The fields that the answer must carry, in lower case.
    pub needed: Vec<&'static str>,
    /// For a preflight, the method that it asks for (Access-Control-Request-Method).
    pub request_method: Option<&'a str>,
    /// For a preflight, the names that it asks for (Access-Control-Request-Headers).
    pub request_headers: Vec<&'a str>,
}

/// How a fetch ends.
#[derive(Clone, Debug)]
pub enum Ending<'a> {
    /// The page gets the last response, as what this says.
    Response(ResponseType),
    /// The page gets a network error.
    Failed {
        /// Which check failed.
        error: Error,
        /// What it is about.
        parameter: String,
        /// The request that the browser refused to send, where it came to that.
        unsent: Option<Box<Ask<'a>>>,
    },
    /// It depends on bytes that were not captured.
    Unseen(&'static str),
}

/// What an answer led to.
#[derive(Clone, Debug)]
pub struct Answered<'a> {
    /// What became of the hop's CORS check.
    pub check: Check,
    /// What the browser does next.
    pub next: Step<'a>,
}

impl<'a> Fetch<'a> {
    /// Begins a fetch; the first step says what the browser sends.
    #[must_use]
    pub fn start(intent: &'a Intent<'a>, browser: Browser, trail: Trail) -> (Self, Step<'a>) {
        let mut fetch = Self {
            rules: Rules::of(browser),
            url: intent.url.clone(),
            previous: None,
            removed: Removed::default(),
            tainting: Tainting::Basic,
            origin_is_null: intent.origin_is_null,
            redirects: 0,
            waiting_for: Role::Actual,
            answered: 0,
            hsts: Hsts::default(),
            sent: Sent::Untold,
            trusted_stored_response: false,
            trail: (trail == Trail::Told).then(Vec::new),
            uses_preflight: intent.uses_preflight,
            intent,
        };
        let step = fetch.main_fetch();
        (fetch, step)
    }

    /// The clauses applied on the way, where they are told.
    #[must_use]
    pub fn into_trail(self) -> Vec<Clause> {
        self.trail.unwrap_or_default()
    }

    /// Whose rules decide, and whether it came to one in which browsers differ.
    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether a 304 without CORS headers was taken to confirm a stored response that has them.
    #[must_use]
    pub fn trusted_stored_response(&self) -> bool {
        self.trusted_stored_response
    }

    /// The browser already knows the preflight's answer (CORS-preflight cache): on to the request.
    #[must_use]
    pub fn preflight_is_cached(&mut self) -> Step<'a> {
        self.note("Fetch 4.8 HTTP fetch, step 4.2", |_| "the preflight's answer was in the cache".to_owned());
        self.ask(Role::Actual)
    }

    /// The browser is known to send a preflight here although the request as seen needs none, as
    /// for an upload that is watched (Fetch, "use-CORS-preflight flag").
    #[must_use]
    pub fn insist_on_preflight(&mut self) -> Step<'a> {
        self.uses_preflight = true;
        self.note("Fetch 4.1 main fetch, step 12", |_| {
            "a preflight was sent although the request needs none".to_owned()
        });
        self.ask(Role::Preflight)
    }

    /// The next request got no answer at all.
    #[must_use]
    pub fn no_answer(&mut self) -> Step<'a> {
        self.fail("Fetch 4.8 HTTP fetch", Error::NoResponse, "")
    }

    /// The browser asks its user before a page may go there, and without a permission sends nothing.
    #[must_use]
    pub fn is_denied(&mut self, error: Error) -> Step<'a> {
        self.note("Local Network Access", |fetch| format!("{} is not sent: {}", fetch.url.as_str(), error.name()));
        let unsent = Some(Box::new(self.request(self.waiting_for)));
        Step::Done(Ending::Failed { error, parameter: String::new(), unsent })
    }

    /// The fields of the last request asked, as it was sent: a browser that revalidates what it has stored
    /// says so in them.
    pub fn sent(&mut self, headers: &Headers) {
        let has_condition = headers.has("if-none-match") || headers.has("if-modified-since");
        self.sent = match (has_condition, headers.is_complete()) {
            (true, _) => Sent::OnCondition,
            (false, true) => Sent::Unconditionally,
            (false, false) => Sent::InPart,
        };
    }

    fn fail(&mut self, section: &'static str, error: Error, parameter: &str) -> Step<'a> {
        self.note(section, |_| error.name().to_owned());
        Step::Done(Ending::Failed { error, parameter: parameter.to_owned(), unsent: None })
    }

    fn note(&mut self, section: &'static str, said: impl FnOnce(&Self) -> String) {
        let Some(mut trail) = self.trail.take() else { return };
        trail.push(Clause { hop: self.answered, section, said: said(self) });
        self.trail = Some(trail);
    }
}
