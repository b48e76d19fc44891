//! A captured chain judged: the fetch is run again with the recorded answers. A request that the
//! fetch asks for and no link of the chain shows is an inferred hop.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::fetch::{Ask, Ending, Fetch, Step, Trail};
use super::preflight_cache::{Cached, PreflightCache};
use super::{
    Answer, AnsweredBy, Asked, Asserted, Assumption, Browser, Check, Clause, Credentials, Differs, DropOff,
    DropOffKind, Error, Failure, Hop, Intent, Judgement, Messages, Mode, Outcome, RedirectMode, ResponseType, Verdict,
    console, filter, intent,
};
use crate::balancer::{Balancer, OwnAnswer, bad_gateway, gateway_timeout, redirect_to_https};
use crate::chain::{Chain, Link, Role};
use crate::http::{End, Exchange, Few, Headers, Origin, Peer, Response, State, Time, Vantage, WebUrl, asked_url};

/// What the browser decided of a chain; `None` when the URL of its request is unknown. Left out is what
/// nothing is decided by: the clauses that led there, what the page may read, the console's words, the
/// other browsers, and what the call would have come to if an assumption is wrong.
#[must_use]
pub fn decide<'a>(
    chain: &Chain,
    surroundings: impl Into<Surroundings<'a>>,
    asserted: &Asserted,
    browser: Browser,
) -> Option<Judgement> {
    let intent = intent(chain, asserted)?;
    let walked = walk_as_seen(chain, surroundings.into(), &intent, browser, Trail::Untold);
    let told = Told { message: Messages::default(), differs: Vec::new(), assumptions: intent.assumptions.clone() };
    Some(judgement(&intent, walked, browser, told))
}

/// What the browser made of a chain; `None` when the URL of its request is unknown.
#[must_use]
pub fn judge<'a>(
    chain: &Chain,
    surroundings: impl Into<Surroundings<'a>>,
    asserted: &Asserted,
    browser: Browser,
) -> Option<Judgement> {
    let around = surroundings.into();
    let intent = intent(chain, asserted)?;
    let walked = walk_as_seen(chain, around, &intent, browser, Trail::Told);
    let others: Vec<(Browser, Walked)> = Browser::ALL
        .into_iter()
        .filter(|other| *other != browser)
        .map(|other| (other, walk_as_seen(chain, around, &intent, other, Trail::Untold)))
        .collect();
    let seen_by = |wanted: Browser| {
        if wanted == browser { Some(&walked) } else { others.iter().find(|(it, _)| *it == wanted).map(|(_, it)| it) }
    };
    let message = Messages {
        chromium: seen_by(Browser::Chromium).and_then(|it| console::chromium(&intent, &it.hops, &it.outcome)),
        firefox: seen_by(Browser::Firefox)
            .map(|it| console::firefox(&intent, &it.hops, &it.outcome))
            .unwrap_or_default(),
        safari: seen_by(Browser::Standard)
            .map(|it| console::safari(&intent, &it.hops, &it.outcome))
            .unwrap_or_default(),
    };
    let differs = others
        .iter()
        .filter(|(_, other)| !decides_alike(&other.outcome, &walked.outcome))
        .map(|(browser, other)| Differs { browser: *browser, outcome: other.outcome.clone() })
        .collect();
    let mut assumptions = intent.assumptions.clone();
    weigh(&mut assumptions, &walked.outcome, |about| {
        let other = otherwise(&intent, about)?;
        Some(walk(chain, around, &other, browser, Trail::Untold).outcome)
    });
    Some(judgement(&intent, walked, browser, Told { message, differs, assumptions }))
}

/// What is told of a decision beside it.
struct Told {
    message: Messages,
    differs: Vec<Differs>,
    /// About what the page asked.
    assumptions: Vec<Assumption>,
}

fn judgement(intent: &Intent<'_>, walked: Walked, browser: Browser, told: Told) -> Judgement {
    let Told { message, differs, mut assumptions } = told;
    assumptions.extend(walked.assumptions);
    Judgement {
        asked: asked(intent),
        drop_off: drop_off(&walked.hops, &walked.outcome),
        hops: walked.hops,
        verdict: Verdict {
            browser,
            outcome: walked.outcome,
            message,
            response_type: walked.response_type,
            visible_headers: walked.visible_headers,
            differs,
            assumptions,
            trail: walked.trail,
        },
    }
}

/// What a chain is judged with besides its own exchanges.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The load balancer in front of the capture.
    pub balancer: &'a Balancer,
    /// The preflights of the capture; `None`: not gathered.
    pub preflights: Option<&'a PreflightCache>,
}

impl<'a> From<&'a Balancer> for Surroundings<'a> {
    fn from(balancer: &'a Balancer) -> Self {
        Self { balancer, preflights: None }
    }
}

/// One browser's way through a chain; open where the lost part of a request's head may have led it
/// another way.
fn walk_as_seen(
    chain: &Chain,
    around: Surroundings<'_>,
    intent: &Intent<'_>,
    browser: Browser,
    trail: Trail,
) -> Walked {
    let walked = walk(chain, around, intent, browser, trail);
    if !is_cut(chain) {
        return walked;
    }
    let mut assumptions = intent.assumptions.clone();
    weigh(&mut assumptions, &walked.outcome, |about| {
        let other = otherwise(intent, about)?;
        Some(walk(chain, around, &other, browser, Trail::Untold).outcome)
    });
    if may_be_preflight(chain) || turns_on_what_was_cut(intent, &assumptions, &walked.outcome) {
        return walked.undetermined("the head of a request was not captured whole");
    }
    walked
}

/// Whether part of a request's head is missing: a Cookie may have been in it.
fn is_cut(chain: &Chain) -> bool {
    let mut requests = chain.links.iter().filter_map(|link| link.exchange.request.as_ref());
    requests.any(|request| !request.headers.is_complete())
}

/// Whether an OPTIONS request may have asked for another: the lost part of its head would say so.
fn may_be_preflight(chain: &Chain) -> bool {
    chain.links.iter().any(|link| {
        let request = link.exchange.request.as_ref().filter(|_| link.role == Role::Actual);
        request.is_some_and(|request| request.method == "OPTIONS" && !request.headers.is_complete())
    })
}

/// Whether the lost part of a request's head could have turned the outcome: by a Cookie, by
/// `Sec-Fetch-Mode`, or by `X-Forwarded-Proto`.
fn turns_on_what_was_cut(intent: &Intent<'_>, assumptions: &[Assumption], outcome: &Outcome) -> bool {
    let of_page = |about: &str| matches!(about, "credentials" | "mode");
    let has_other = assumptions.iter().any(|one| of_page(one.about) && one.otherwise.is_some());
    let mode_is_guessed = assumptions.iter().any(|one| one.about == "mode");
    let is_decided = matches!(outcome, Outcome::Allowed | Outcome::Blocked(_));
    has_other
        || (mode_is_guessed && outcome.failure().is_some())
        || (is_decided && intent.url.scheme() == "http" && intent.origin.is_some())
}

fn asked(intent: &Intent<'_>) -> Asked {
    Asked {
        page_origin: intent.origin.as_ref().map(|origin| origin.as_str().to_owned()),
        method: intent.method.to_owned(),
        url: intent.url.as_str().to_owned(),
        mode: intent.mode,
        credentials: intent.credentials,
    }
}

/// Whether two outcomes would look the same to a page.
fn decides_alike(a: &Outcome, b: &Outcome) -> bool {
    a.name() == b.name() && a.failure().map(|it| it.error) == b.failure().map(|it| it.error)
}

/// What the page asked if an assumption about it is wrong.
fn otherwise<'a>(intent: &Intent<'a>, about: &str) -> Option<Intent<'a>> {
    match about {
        "credentials" => Some(Intent { credentials: Credentials::Include, ..intent.clone() }),
        "mode" => Some(Intent { mode: Mode::NoCors, ..intent.clone() }),
        "redirect" => Some(Intent { redirect: RedirectMode::Manual, ..intent.clone() }),
        "page origin" => Some(Intent { origin: Some(Origin::opaque()), origin_is_null: false, ..intent.clone() }),
        "scheme" => Some(Intent { url: intent.url.by_http()?, ..intent.clone() }),
        _ => None,
    }
}

/// Says what the call would have come to, where an assumption about what the page asked is wrong.
fn weigh(assumptions: &mut [Assumption], outcome: &Outcome, other: impl Fn(&str) -> Option<Outcome>) {
    for assumption in assumptions {
        assumption.otherwise = other(assumption.about).filter(|other| !decides_alike(outcome, other));
    }
}

/// Where the headers that the browser needs are first not there.
fn drop_off(hops: &[Hop], outcome: &Outcome) -> Option<DropOff> {
    if matches!(outcome, Outcome::Allowed | Outcome::NotCors) || outcome.failure().is_some_and(is_about_a_value) {
        return None;
    }
    hops.iter().enumerate().find_map(|(index, hop)| {
        let kind = match hop.check {
            _ if hop.needed.is_empty() => return None,
            _ if !hop.missing.is_empty() => DropOffKind::HeaderMissing,
            Check::NotMade => DropOffKind::NotSent,
            Check::Unknown => DropOffKind::Unseen,
            _ => return None,
        };
        let headers = if hop.missing.is_empty() { hop.needed.clone() } else { hop.missing.clone() };
        Some(DropOff { hop: index, kind, headers, answered_by: hop.answered_by })
    })
}

/// Whether the header that decided is there, with a value that will not do.
fn is_about_a_value(failure: &Failure) -> bool {
    matches!(
        failure.error,
        Error::WildcardOriginNotAllowed
            | Error::PreflightWildcardOriginNotAllowed
            | Error::AllowOriginMismatch
            | Error::PreflightAllowOriginMismatch
            | Error::MultipleAllowOriginValues
            | Error::PreflightMultipleAllowOriginValues
            | Error::InvalidAllowOriginValue
            | Error::PreflightInvalidAllowOriginValue
    )
}

/// One browser's way through a chain.
struct Walked {
    hops: Vec<Hop>,
    outcome: Outcome,
    response_type: Option<ResponseType>,
    visible_headers: Vec<String>,
    assumptions: Vec<Assumption>,
    trail: Vec<Clause>,
}

impl Walked {
    fn undetermined(self, missing: &str) -> Self {
        let outcome = Outcome::Undetermined(missing.to_owned());
        Self { outcome, response_type: None, visible_headers: Vec::new(), ..self }
    }
}

fn walk(chain: &Chain, around: Surroundings<'_>, intent: &Intent<'_>, browser: Browser, trail: Trail) -> Walked {
    let (fetch, mut step) = Fetch::start(intent, browser, trail);
    let mut walk = Walk {
        fetch,
        trail,
        visible: Vec::new(),
        intent,
        browser,
        around,
        first: chain.links.first(),
        links: &chain.links,
        hops: Vec::new(),
        assumptions: Vec::new(),
    };
    loop {
        step = match step {
            Step::Ask(ask) => match walk.next(ask) {
                Ok(next) => next,
                Err(missing) => return walk.undetermined(missing),
            },
            Step::Done(ending) => return walk.done(ending),
        }
    }
}

struct Walk<'a> {
    fetch: Fetch<'a>,
    trail: Trail,
    /// What the page may read of the last answer, where that is told.
    visible: Vec<String>,
    intent: &'a Intent<'a>,
    browser: Browser,
    around: Surroundings<'a>,
    /// The first link.
    first: Option<&'a Link>,
    /// The links that are not yet a hop.
    links: &'a [Link],
    hops: Vec<Hop>,
    assumptions: Vec<Assumption>,
}

impl<'a> Walk<'a> {
    /// Answers one request of the fetch, from the capture or by inference; `Err` says what is
    /// missing to go on.
    fn next(&mut self, ask: Ask<'a>) -> Result<Step<'a>, String> {
        if let Some((link, rest)) = self.links.split_first()
            && is_for(link, &ask.url)
        {
            match (ask.role, link.role) {
                (Role::Preflight, Role::Actual) => return Ok(self.cached_preflight(&ask, link)),
                (Role::Actual, Role::Preflight) => return Ok(self.fetch.insist_on_preflight()),
                _ if is_same_method(link, &ask) => {
                    self.links = rest;
                    return self.observed(ask, link);
                }
                _ => {}
            }
        }
        self.inferred(ask)
    }

    fn cached_preflight(&mut self, ask: &Ask<'_>, link: &Link) -> Step<'a> {
        let preflights = self.around.preflights;
        let known = preflights.and_then(|all| all.look_up(self.browser, &link.exchange, &ask.request_headers));
        let because = match known {
            Some(Cached::Good(id, age, good_for)) => Cow::Owned(format!(
                "the answer of exchange {id} to its preflight was {} s old and is good for {} s",
                age.as_secs(),
                good_for.as_secs()
            )),
            Some(Cached::Stale(id, age, good_for)) => Cow::Owned(format!(
                "the request was sent, so the browser had a good answer to its preflight; that of exchange {id} was {} s old and good for {} s only, so another was not captured",
                age.as_secs(),
                good_for.as_secs()
            )),
            None => Cow::Borrowed(
                "the request was sent, so the browser had a good answer to its preflight: in its cache, or captured elsewhere",
            ),
        };
        self.assumptions.push(Assumption { about: "preflight", assumed: "allowed".into(), because, otherwise: None });
        self.fetch.preflight_is_cached()
    }

    /// The capture shows this request.
    fn observed(&mut self, ask: Ask<'_>, link: &Link) -> Result<Step<'a>, String> {
        let exchange = &link.exchange;
        let mut hop = hop(ask);
        hop.exchange = Some(Arc::clone(exchange));
        // What was captured stands as it was, whatever is known of the page otherwise.
        hop.origin = exchange.request.as_ref().and_then(|request| request.headers.first("origin")).map(str::to_owned);
        hop.also_seen.clone_from(&link.also_seen);
        match &exchange.response {
            Some(response) => {
                hop.answered_by = if exchange.vantage == Vantage::Client && is_own_answer(response) {
                    AnsweredBy::LoadBalancer
                } else {
                    AnsweredBy::Backend
                };
                Ok(self.answered(hop, response))
            }
            None => self.unanswered(hop, exchange),
        }
    }

    /// The request was captured, its answer was not.
    fn unanswered(&mut self, mut hop: Hop, exchange: &Exchange) -> Result<Step<'a>, String> {
        let time = exchange.request.as_ref().map_or(Time::from_nanoseconds(0, 0), |request| request.time);
        // Where bytes of the answer were lost, an answer was sent; where the request was broken off,
        // none was due.
        let asked = exchange.request.as_ref().is_some_and(|request| request.headers.is_complete());
        let unanswered = asked && exchange.state == State::NoResponse;
        if let Some(gave_up) = gave_up(exchange).filter(|_| unanswered) {
            hop.check = Check::Unknown;
            self.hops.push(hop);
            return Err(gave_up);
        }
        let own_answer = match (exchange.vantage, exchange.end) {
            (Vantage::Backend, End::Reset | End::Closed) if unanswered && !is_closed_by(exchange, Peer::Client) => {
                Some(bad_gateway(time))
            }
            // It closes the connection itself when it has waited for too long.
            (Vantage::Backend, End::Reset | End::Closed | End::Timeout) if unanswered => Some(gateway_timeout(time)),
            _ => None,
        };
        if let Some(response) = own_answer {
            hop.answered_by = AnsweredBy::LoadBalancer;
            let because = format!(
                "the backend never answered; the load balancer then answers {} by itself, without CORS headers",
                response.status
            );
            self.assumptions.push(Assumption {
                about: "load balancer",
                assumed: format!("{} {}", response.status, response.reason).into(),
                because: because.clone().into(),
                // Where the backend closed first, nobody had given up.
                otherwise: (!is_closed_by(exchange, Peer::Server)).then(|| {
                    Outcome::Undetermined(
                        "the browser may have given up first, and nobody waited for an answer".to_owned(),
                    )
                }),
            });
            hop.inferred_because = Some(because);
            return Ok(self.answered(hop, &response));
        }
        if unanswered && matches!(exchange.end, End::Reset | End::Closed | End::Timeout) {
            hop.check = Check::NotMade;
            self.hops.push(hop);
            return Ok(self.fetch.no_answer());
        }
        hop.check = Check::Unknown;
        let missing = format!("the answer to {} {} was not captured", hop.method, hop.url);
        self.hops.push(hop);
        Err(missing)
    }

    /// The fetch asks for something that the capture does not show.
    fn inferred(&mut self, ask: Ask<'_>) -> Result<Step<'a>, String> {
        let url = ask.url.clone();
        let mut hop = hop(ask);
        if let Some(response) = self.remembered_redirect(&hop) {
            hop.answered_by = AnsweredBy::Browser;
            hop.inferred_because =
                Some("the browser answers a permanent redirect that it has met before from its cache".to_owned());
            return Ok(self.answered(hop, &response));
        }
        if let Some(response) = self.own_redirect(&mut hop, &url) {
            return Ok(self.answered(hop, &response));
        }
        hop.check = if hop.needed.is_empty() { Check::NotNeeded } else { Check::Unknown };
        hop.inferred_because = Some("the browser must have asked this next, and no source shows it".to_owned());
        let missing = format!("the browser must have asked {} {} next, which was not captured", hop.method, hop.url);
        self.hops.push(hop);
        Err(missing)
    }

    /// The redirect that the load balancer's port-80 listener answers by itself.
    fn own_redirect(&mut self, hop: &mut Hop, url: &WebUrl<'_>) -> Option<Response> {
        let OwnAnswer::RedirectsToHttps { seen } = self.around.balancer.answer_to(url) else { return None };
        let because = if seen {
            "the load balancer's port-80 listener was seen to answer 301 to https by itself, without CORS headers"
        } else {
            "requests for this host reach the backend by https only: the load balancer's port-80 listener answers 301 to https by itself, without CORS headers"
        };
        if !seen {
            self.assumptions.push(Assumption {
                about: "port 80",
                assumed: "301 to https by the load balancer, without CORS headers".into(),
                because: "no http request for this host reached the backend".into(),
                otherwise: Some(Outcome::Undetermined("what answers http for this host was not captured".to_owned())),
            });
        }
        hop.answered_by = AnsweredBy::LoadBalancer;
        hop.inferred_because = Some(because.to_owned());
        Some(redirect_to_https(url, self.time()))
    }

    /// A permanent redirect of the same request, met earlier in this chain.
    fn remembered_redirect(&self, hop: &Hop) -> Option<Response> {
        if !self.browser.remembers_permanent_redirects() || hop.method != "GET" {
            return None;
        }
        let earlier = self.hops.iter().find(|earlier| earlier.url == hop.url && earlier.method == hop.method)?;
        let response = earlier.exchange.as_ref()?.response.as_ref()?;
        let may_be_stored = !response.headers.all("cache-control").any(|value| value.contains("no-store"));
        (matches!(response.status, 301 | 308) && may_be_stored).then(|| response.clone())
    }

    /// Hands an answer to the fetch and keeps the hop.
    fn answered(&mut self, mut hop: Hop, response: &Response) -> Step<'a> {
        let answered = self.fetch.answer(response);
        hop.answer =
            Some(Answer { status: response.status, location: response.headers.first("location").map(str::to_owned) });
        hop.check = answered.check;
        let is_refused_preflight =
            hop.role == Role::Preflight && matches!(answered.next, Step::Done(Ending::Failed { unsent: None, .. }));
        if answered.check == Check::Fail || is_refused_preflight {
            hop.missing = hop.needed.iter().copied().filter(|name| !response.headers.has(name)).collect();
        }
        self.hops.push(hop);
        if let (Step::Done(Ending::Response(kind)), Trail::Told) = (&answered.next, self.trail) {
            self.visible = filter::visible(*kind, &response.headers, self.intent.credentials);
        }
        answered.next
    }

    fn time(&self) -> Time {
        let requests = self.hops.iter().rev().filter_map(|hop| hop.exchange.as_ref()?.request.as_ref());
        requests.map(|request| request.time).next().unwrap_or(Time::from_nanoseconds(0, 0))
    }

    fn done(mut self, ending: Ending<'_>) -> Walked {
        match ending {
            Ending::Unseen(what) => self.undetermined(format!("{what} was not captured whole")),
            Ending::Response(kind) => self.allowed(kind),
            Ending::Failed { error, parameter, unsent } => {
                if let Some(ask) = unsent {
                    self.hops.push(unsent_hop(*ask, error));
                }
                if let Some(contradiction) = self.contradiction() {
                    return self.undetermined(contradiction);
                }
                let hop = self.hops.len().saturating_sub(1);
                self.finished(Outcome::Blocked(Failure { error, parameter, hop }), None)
            }
        }
    }

    fn allowed(mut self, kind: ResponseType) -> Walked {
        if self.page_is_unseen() {
            return self.undetermined("the head of the request was not captured whole".to_owned());
        }
        if self.fetch.trusted_stored_response() {
            self.assumptions.push(Assumption {
                about: "cache",
                assumed: "the stored response carries the CORS headers".into(),
                because: "a 304 that repeats none leaves those of the stored response in force".into(),
                otherwise: Some(Outcome::Blocked(Failure {
                    error: Error::MissingAllowOriginHeader,
                    parameter: String::new(),
                    hop: self.hops.len().saturating_sub(1),
                })),
            });
        }
        let outcome = if self.is_no_matter_of_cors() || kind == ResponseType::Basic {
            Outcome::NotCors
        } else {
            Outcome::Allowed
        };
        self.finished(outcome, Some(kind))
    }

    /// A navigation, or a client that is no page: nothing it may read hangs on CORS.
    fn is_no_matter_of_cors(&self) -> bool {
        (self.intent.mode == Mode::Navigate || self.intent.origin.is_none()) && !self.page_is_unseen()
    }

    /// What of the request was captured names no page, and what was not may.
    fn page_is_unseen(&self) -> bool {
        let told = ["origin", "sec-fetch-mode", "upgrade-insecure-requests"];
        let request = self.first.and_then(|link| link.exchange.request.as_ref());
        let is_open = |headers: &Headers| !headers.is_complete() && !told.iter().any(|name| headers.has(name));
        self.intent.origin.is_none() && request.is_some_and(|request| is_open(&request.headers))
    }

    /// The browser would have stopped, but the capture shows that it went on: then what reached it
    /// was not what was captured here.
    fn contradiction(&self) -> Option<String> {
        let next = self.links.first()?;
        let last = self.hops.last().filter(|last| last.exchange.is_some())?;
        let url = WebUrl::parse(&last.url)?;
        let location = last.answer.as_ref().and_then(|answer| answer.location.as_deref());
        let is_refused = last.check == Check::Fail || last.role == Role::Preflight;
        let target = location.filter(|_| is_refused).and_then(|to| url.resolve(to));
        let is_next = next.role == Role::Actual && is_for(next, &url) || target.is_some_and(|to| is_for(next, &to));
        let request = next.exchange.request.as_ref().filter(|_| is_next)?;
        Some(format!(
            "the browser went on to {} {} although the answer captured here would have stopped it: something between this capture and the browser changes the headers",
            request.method,
            asked_url(&next.exchange)?.as_str()
        ))
    }

    fn undetermined(self, missing: String) -> Walked {
        let outcome = if self.is_no_matter_of_cors() { Outcome::NotCors } else { Outcome::Undetermined(missing) };
        self.finished(outcome, None)
    }

    fn finished(mut self, outcome: Outcome, response_type: Option<ResponseType>) -> Walked {
        if outcome == Outcome::NotCors {
            // It stays that whatever was answered.
            self.assumptions.iter_mut().for_each(|assumption| assumption.otherwise = None);
        }
        Walked {
            outcome,
            response_type,
            visible_headers: if response_type.is_some() { self.visible } else { Vec::new() },
            trail: self.fetch.into_trail(),
            hops: self.hops,
            assumptions: self.assumptions,
        }
    }
}

/// The idle timeout that AWS load balancers have by default.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// So near to it a connection was closed because of it.
const NEAR: Duration = Duration::from_secs(2);

fn is_closed_by(exchange: &Exchange, peer: Peer) -> bool {
    exchange.closed.as_ref().is_some_and(|closed| closed.by == peer)
}

/// Why nobody waited for the answer: whoever asked closed the connection first, and not because the
/// load balancer's time was over, which then answers 504.
fn gave_up(exchange: &Exchange) -> Option<String> {
    let closed = exchange.closed.as_ref().filter(|closed| closed.by == Peer::Client)?;
    let waited = closed.time.since(exchange.request.as_ref()?.time);
    let is_timeout = waited + NEAR >= IDLE_TIMEOUT && waited <= IDLE_TIMEOUT + NEAR;
    if exchange.vantage == Vantage::Backend && is_timeout {
        return None;
    }
    let who = match exchange.vantage {
        Vantage::Backend => {
            "the load balancer closed the connection first: the browser gave up (460 in its log), or the load balancer's own time was over"
        }
        Vantage::Client | Vantage::Direct => "the browser closed the connection first: it gave up",
    };
    Some(format!("no answer came within {:.1} s, and {who}", waited.as_secs_f64()))
}

/// Whether a link's request went to that URL.
fn is_for(link: &Link, url: &WebUrl<'_>) -> bool {
    // What came by https was asked for by https, and nearly all URLs are plain.
    link.exchange.url().is_some_and(|seen| url.is_plain_https(seen))
        || asked_url(&link.exchange).is_some_and(|seen| seen.is_sent_as(url))
}

fn is_same_method(link: &Link, ask: &Ask<'_>) -> bool {
    link.role == ask.role && link.exchange.request.as_ref().is_some_and(|request| request.method == ask.method)
}

fn is_own_answer(response: &Response) -> bool {
    response.headers.first("server").is_some_and(|server| server.starts_with("awselb/"))
}

fn hop(ask: Ask<'_>) -> Hop {
    Hop {
        role: ask.role,
        method: ask.method.to_owned(),
        url: ask.url.without_fragment().to_owned(),
        origin: ask.origin.map(str::to_owned),
        exchange: None,
        also_seen: Few::new(),
        answered_by: AnsweredBy::Unknown,
        answer: None,
        needed: ask.needed,
        missing: Vec::new(),
        check: Check::NotMade,
        inferred_because: None,
    }
}

fn unsent_hop(ask: Ask<'_>, error: Error) -> Hop {
    let because = match error {
        Error::MixedContent => "a page loaded by https may not load this by http: the browser sends nothing",
        Error::BlockedByContentSecurityPolicy => "the page's Content-Security-Policy does not let it connect there",
        _ => "the browser refuses to send this request",
    };
    Hop { answered_by: AnsweredBy::Browser, inferred_because: Some(because.to_owned()), ..hop(ask) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Joiner;
    use crate::http::Context;
    use crate::http::testing::{Builder, exchange};

    const PAGE: &str = "https://client.example";
    const ITEMS: &str = "https://request.example/items";
    const SLASH: &str = "https://request.example/items/";

    fn judged_by(browser: Browser, exchanges: impl IntoIterator<Item = Builder>) -> Judgement {
        let mut balancer = Balancer::default();
        let mut joiner = Joiner::default();
        for (index, builder) in exchanges.into_iter().enumerate() {
            let exchange = builder.id(&format!("0.{index}")).shared();
            balancer.observe(&exchange);
            joiner.push(&exchange);
        }
        let chains = joiner.finish();
        assert_eq!(chains.len(), 1, "one call");
        judge(&chains[0], &balancer, &Asserted::default(), browser).unwrap()
    }

    fn judged(exchanges: impl IntoIterator<Item = Builder>) -> Judgement {
        judged_by(Browser::Chromium, exchanges)
    }

    fn error(judgement: &Judgement) -> Option<Error> {
        judgement.verdict.outcome.failure().map(|failure| failure.error)
    }

    fn get(url: &str) -> Builder {
        exchange("GET", url).page(PAGE).behind_balancer()
    }

    fn downgrade(page: &str) -> Builder {
        let location = "http://request.example/items/";
        exchange("GET", ITEMS).page(page).behind_balancer().status(307).answer("location", location).shared_with(page)
    }

    #[test]
    fn from_an_https_page_the_http_hop_is_never_sent() {
        let judgement = judged([downgrade(PAGE)]);
        assert_eq!(error(&judgement), Some(Error::MixedContent));
        let [redirect, inferred] = &judgement.hops[..] else { panic!("two hops") };
        assert_eq!((redirect.check, redirect.answered_by), (Check::Pass, AnsweredBy::Backend));
        assert_eq!((inferred.check, inferred.answered_by), (Check::NotMade, AnsweredBy::Browser));
        assert!(inferred.exchange.is_none() && inferred.inferred_because.is_some());
        let drop_off = judgement.drop_off.unwrap();
        assert_eq!((drop_off.hop, drop_off.kind), (1, DropOffKind::NotSent));
        assert_eq!(
            judgement.verdict.message.chromium.unwrap(),
            "Mixed Content: The page at 'https://client.example/' was loaded over HTTPS, but requested an insecure resource 'http://request.example/items/'. This request has been blocked; the content must be served over HTTPS."
        );
    }

    #[test]
    fn from_an_http_page_the_load_balancer_answers_the_http_hop() {
        let judgement = judged([downgrade("http://client.example")]);
        assert_eq!(error(&judgement), Some(Error::MissingAllowOriginHeader));
        let inferred = &judgement.hops[1];
        assert_eq!(inferred.answered_by, AnsweredBy::LoadBalancer);
        assert_eq!(inferred.origin.as_deref(), Some("null"), "the scheme changed, so the origin did");
        assert_eq!(inferred.answer.as_ref().unwrap().status, 301);
        assert!(
            judgement.verdict.message.chromium.unwrap().contains("(redirected from 'https://request.example/items')")
        );
    }

    #[test]
    fn a_later_hop_may_be_seen_again() {
        let nav = |url: &str| exchange("GET", url).header("Sec-Fetch-Mode", "navigate").behind_balancer();
        let first = nav(ITEMS).status(307).answer("location", "http://request.example/items/");
        let judgement = judged([first, nav(SLASH).at(10)]);
        assert_eq!(judgement.verdict.outcome, Outcome::NotCors);
        let seen: Vec<bool> = judgement.hops.iter().map(|hop| hop.exchange.is_some()).collect();
        assert_eq!(seen, [true, false, true]);
    }

    #[test]
    fn a_host_that_wants_https_is_not_asked_by_http() {
        let page = "http://client.example";
        let taught = || downgrade(page).answer("Strict-Transport-Security", "max-age=31536000");
        let detour = exchange("GET", SLASH).page("null").header("Referer", "http://client.example/");
        let chromium = judged([taught(), detour.behind_balancer().at(5).shared_with(page)]);
        let urls: Vec<&str> = chromium.hops.iter().map(|hop| hop.url.as_str()).collect();
        assert_eq!(urls, [ITEMS, SLASH], "port 80 is never asked");
        assert_eq!(error(&chromium), Some(Error::AllowOriginMismatch), "the browser's own redirect made Origin null");
        let standard = judged_by(Browser::Standard, [taught()]);
        assert_eq!(standard.hops[1].origin.as_deref(), Some(page), "the scheme changed in place");
    }

    #[test]
    fn a_redirect_that_nobody_followed_may_have_been_asked_for() {
        let redirect = get(ITEMS).status(302).answer("Location", "/items/").shared_with(PAGE);
        let verdict = judged([redirect]).verdict;
        let assumed = verdict.assumptions.iter().find(|assumption| assumption.about == "redirect").unwrap();
        assert_eq!(assumed.otherwise, Some(Outcome::Allowed));
    }

    #[test]
    fn a_cookie_that_may_have_been_lost_leaves_it_open() {
        let star = || get(SLASH).shared_with("*");
        assert_eq!(judged([star()]).verdict.outcome, Outcome::Allowed);
        assert!(matches!(judged([star().lost_request_head()]).verdict.outcome, Outcome::Undetermined(_)));
        let missing = judged([get(SLASH).lost_request_head()]);
        assert_eq!(error(&missing), Some(Error::MissingAllowOriginHeader), "no cookie would have helped");
    }

    #[test]
    fn what_was_not_captured_is_not_accused() {
        let cut = judged([get(ITEMS).lost_head()]);
        assert!(matches!(cut.verdict.outcome, Outcome::Undetermined(_)));
        assert_eq!(cut.drop_off.unwrap().kind, DropOffKind::Unseen);
        let unanswered = judged([get(ITEMS).no_response(End::CaptureEnded)]);
        assert!(matches!(unanswered.verdict.outcome, Outcome::Undetermined(_)));
        let elsewhere = judged([get(ITEMS).status(307).answer("location", "https://other.example/").shared_with(PAGE)]);
        assert!(matches!(elsewhere.verdict.outcome, Outcome::Undetermined(_)));
        let cut_request = exchange("GET", ITEMS).behind_balancer().lost_request_head();
        assert!(matches!(judged([cut_request]).verdict.outcome, Outcome::Undetermined(_)));
        let navigation = exchange("GET", ITEMS).header("Sec-Fetch-Mode", "navigate").lost_request_head();
        assert_eq!(judged([navigation]).verdict.outcome, Outcome::NotCors);
    }

    #[test]
    fn a_backend_that_resets_leaves_the_load_balancer_to_answer() {
        let judgement = judged([get(ITEMS).no_response(End::Reset)]);
        assert_eq!(error(&judgement), Some(Error::MissingAllowOriginHeader));
        assert_eq!(judgement.hops[0].answer.as_ref().unwrap().status, 502);
    }

    #[test]
    fn who_closed_first_tells_who_gave_up() {
        let closed = |by, after| judged([get(ITEMS).no_response(End::Closed).closed(by, after)]);
        assert_eq!(closed(Peer::Server, 20).hops[0].answer.as_ref().unwrap().status, 502);
        assert!(matches!(closed(Peer::Client, 3_000).verdict.outcome, Outcome::Undetermined(_)));
        assert_eq!(closed(Peer::Client, 60_010).hops[0].answer.as_ref().unwrap().status, 504);
        let direct = exchange("GET", ITEMS).page(PAGE).no_response(End::Reset).closed(Peer::Client, 100);
        assert!(matches!(judged([direct]).verdict.outcome, Outcome::Undetermined(_)));
    }

    #[test]
    fn a_request_without_its_preflight_had_a_cached_one() {
        let put = exchange("PUT", ITEMS).page(PAGE).behind_balancer().shared_with(PAGE);
        let judgement = judged([put]);
        assert_eq!(judgement.verdict.outcome, Outcome::Allowed);
        assert!(judgement.verdict.assumptions.iter().any(|assumption| assumption.about == "preflight"));
    }

    #[test]
    fn a_browser_that_went_on_contradicts_the_capture() {
        let preflight =
            exchange("OPTIONS", ITEMS).page(PAGE).behind_balancer().header("Access-Control-Request-Method", "PUT");
        let put = exchange("PUT", ITEMS).page(PAGE).behind_balancer().at(5).shared_with(PAGE);
        assert!(matches!(judged([preflight, put]).verdict.outcome, Outcome::Undetermined(_)));
    }

    #[test]
    fn so_does_one_that_followed_a_redirect_which_it_may_not_read() {
        let redirect = get(ITEMS).status(307).answer("Location", "/items/");
        let judgement = judged([redirect, get(SLASH).at(5).shared_with(PAGE)]);
        assert!(matches!(judgement.verdict.outcome, Outcome::Undetermined(_)));
    }

    #[test]
    fn a_page_on_https_did_not_ask_by_http_what_was_captured() {
        let unsaid = |url: &str| exchange("GET", url).page(PAGE).shared_with(PAGE);
        let judgement = judged([unsaid("http://request.example/items/")]);
        assert_eq!(judgement.verdict.outcome, Outcome::Allowed);
        assert_eq!(judgement.asked.url, SLASH);
        assert!(judgement.hops[0].exchange.is_some());
        let scheme = judgement.verdict.assumptions.iter().find(|assumption| assumption.about == "scheme").unwrap();
        assert_eq!(scheme.otherwise.as_ref().unwrap().failure().unwrap().error, Error::MixedContent);
        let redirect = unsaid("http://request.example/items").status(307);
        let followed = judged([redirect.answer("Location", "/items/"), unsaid("http://request.example/items/").at(5)]);
        assert_eq!((followed.verdict.outcome, followed.hops.len()), (Outcome::Allowed, 2));
        let home = judged([exchange("POST", "http://client.example/api").page(PAGE)]);
        assert_eq!(home.verdict.outcome, Outcome::NotCors);
    }

    #[test]
    fn what_the_load_balancer_is_assumed_to_do_may_be_otherwise() {
        for (judgement, about) in [
            (judged([downgrade("http://client.example")]), "port 80"),
            (judged([get(ITEMS).no_response(End::Closed)]), "load balancer"),
            (judged([get(ITEMS).status(304)]), "cache"),
        ] {
            let assumed = judgement.verdict.assumptions.iter().find(|assumption| assumption.about == about).unwrap();
            assert!(assumed.otherwise.is_some(), "{about}");
        }
    }

    #[test]
    fn a_permanent_redirect_is_remembered_by_chromium() {
        let redirect = || get(SLASH).status(301).answer("Location", SLASH).shared_with(PAGE);
        assert_eq!(error(&judged([redirect()])), Some(Error::TooManyRedirects));
        let firefox = judged_by(Browser::Firefox, [redirect()]);
        assert!(matches!(firefox.verdict.outcome, Outcome::Undetermined(_)));
    }

    #[test]
    fn the_other_browsers_and_the_other_credentials_are_weighed() {
        let bare = || exchange("GET", ITEMS).page(PAGE).status(307).answer("location", "http://request.example/items/");
        let judgement = judged([bare()]);
        assert_eq!(error(&judgement), Some(Error::MissingAllowOriginHeader));
        let firefox = judgement.verdict.differs.iter().find(|differs| differs.browser == Browser::Firefox).unwrap();
        assert_eq!(firefox.outcome.failure().unwrap().error, Error::MixedContent);
        let star = judged([get(SLASH).shared_with("*")]);
        let assumed = star.verdict.assumptions.iter().find(|assumption| assumption.about == "credentials").unwrap();
        let otherwise = assumed.otherwise.as_ref().unwrap();
        assert_eq!(otherwise.failure().unwrap().error, Error::WildcardOriginNotAllowed);
    }

    #[test]
    fn a_wrong_value_is_no_missing_header() {
        let star = get(SLASH).header("Cookie", "s=1").shared_with("*");
        assert_eq!(judged([star]).drop_off, None);
        let missing = judged([get(SLASH)]).drop_off.unwrap();
        assert_eq!(missing.headers, ["access-control-allow-origin"]);
    }

    #[test]
    fn redirects_end_after_twenty() {
        let hop = |index: u64| {
            let next = format!("https://request.example/{}", index + 1);
            get(&format!("https://request.example/{index}"))
                .at(index * 2)
                .status(302)
                .answer("Location", &next)
                .shared_with(PAGE)
        };
        let last = |index: u64| get(&format!("https://request.example/{index}")).at(index * 2).shared_with(PAGE);
        assert_eq!(judged((0..20).map(hop).chain([last(20)])).verdict.outcome, Outcome::Allowed);
        assert_eq!(error(&judged((0..21).map(hop))), Some(Error::TooManyRedirects));
    }

    #[test]
    fn what_only_the_page_knows_can_be_told() {
        let told = Context { redirect: Some("manual".to_owned()), ..Context::default() };
        let judgement = judged([downgrade(PAGE).context(told)]);
        assert_eq!(judgement.verdict.response_type, Some(ResponseType::OpaqueRedirect));
    }

    #[test]
    fn a_policy_that_is_known_is_obeyed() {
        let policy = |csp: &str| Context { page_csp: Some(csp.to_owned()), ..Context::default() };
        let redirect = || get(ITEMS).status(302).answer("location", "https://other.example/x").shared_with(PAGE);
        let judgement = judged([redirect().context(policy("connect-src https://request.example"))]);
        assert_eq!(error(&judgement), Some(Error::BlockedByContentSecurityPolicy));
        assert_eq!(judgement.hops[1].answered_by, AnsweredBy::Browser);
    }

    #[test]
    fn a_client_that_is_no_page_is_no_matter_of_cors() {
        let curl = exchange("GET", ITEMS).header("User-Agent", "curl/8").behind_balancer();
        assert_eq!(judged([curl]).verdict.outcome, Outcome::NotCors);
    }
}
