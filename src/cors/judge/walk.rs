//! One browser's way through a chain, each request answered as it was recorded, or as it must have been.

use std::sync::Arc;

use super::Surroundings;
use super::inferred::unsent_hop;
use crate::chain::{Chain, Link, Role};
use crate::cors::fetch::{Ask, Ending, Fetch, Step, Trail};
use crate::cors::{
    Answer, AnsweredBy, Assumption, Browser, Check, Clause, Error, Failure, Hop, Intent, Mode, Outcome, ResponseType,
    filter,
};
use crate::http::{Few, Headers, Response, Vantage, WebUrl, asked_url};

/// What came of it.
pub(super) struct Walked {
    pub(super) hops: Vec<Hop>,
    pub(super) outcome: Outcome,
    pub(super) response_type: Option<ResponseType>,
    pub(super) visible_headers: Vec<String>,
    pub(super) assumptions: Vec<Assumption>,
    pub(super) trail: Vec<Clause>,
    /// Another browser may go another way, or come to another end.
    pub(super) is_one_browsers: bool,
}

impl Walked {
    pub(super) fn undetermined(self, missing: &str) -> Self {
        let outcome = Outcome::Undetermined(missing.to_owned());
        Self { outcome, response_type: None, visible_headers: Vec::new(), ..self }
    }
}

/// Runs the fetch until it ends, or until what it asks for is answered nowhere.
pub(super) fn walk(
    chain: &Chain,
    around: Surroundings<'_>,
    intent: &Intent<'_>,
    browser: Browser,
    trail: Trail,
) -> Walked {
    let (fetch, mut step) = Fetch::start(intent, browser, trail);
    let mut walk = Walk {
        fetch,
        trail,
        visible: Vec::new(),
        intent,
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

/// The way so far.
pub(super) struct Walk<'a> {
    pub(super) fetch: Fetch<'a>,
    trail: Trail,
    /// What the page may read of the last answer, where that is told.
    visible: Vec<String>,
    pub(super) intent: &'a Intent<'a>,
    pub(super) around: Surroundings<'a>,
    /// The first link.
    first: Option<&'a Link>,
    /// The links that are not yet a hop.
    links: &'a [Link],
    pub(super) hops: Vec<Hop>,
    pub(super) assumptions: Vec<Assumption>,
}

impl<'a> Walk<'a> {
    /// Answers one request of the fetch, from the capture or by inference; `Err` says what is
    /// missing to go on.
    fn next(&mut self, ask: Ask<'a>) -> Result<Step<'a>, String> {
        if let Some((link, rest)) = self.links.split_first()
            && is_for(link, &ask.url)
        {
            if is_asked_again(link, rest) {
                self.links = rest;
                return Ok(self.misdirected(ask, link));
            }
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

    /// The server does not answer for that host on this connection: the same is asked on another (Fetch 4.8.1,
    /// "HTTP-network-or-cache fetch", step 15).
    fn misdirected(&mut self, ask: Ask<'a>, link: &Link) -> Step<'a> {
        let mut hop = hop(ask.clone());
        hop.exchange = Some(Arc::clone(&link.exchange));
        hop.answered_by = AnsweredBy::Backend;
        hop.answer = link.exchange.response.as_ref().map(|answer| Answer { status: answer.status, location: None });
        hop.check = Check::NotNeeded;
        self.hops.push(hop);
        Step::Ask(ask)
    }

    /// The capture shows this request.
    fn observed(&mut self, ask: Ask<'_>, link: &Link) -> Result<Step<'a>, String> {
        let exchange = &link.exchange;
        let mut hop = hop(ask);
        hop.exchange = Some(Arc::clone(exchange));
        // What was captured stands as it was, whatever is known of the page otherwise.
        hop.origin = exchange.request.as_ref().and_then(|request| request.headers.first("origin")).map(str::to_owned);
        hop.also_seen.clone_from(&link.also_seen);
        if let Some(request) = &exchange.request {
            self.fetch.sent(&request.headers);
        }
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

    /// Hands an answer to the fetch and keeps the hop.
    pub(super) fn answered(&mut self, mut hop: Hop, response: &Response) -> Step<'a> {
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
            is_one_browsers: self.fetch.rules().are_its_own(),
            visible_headers: if response_type.is_some() { self.visible } else { Vec::new() },
            trail: self.fetch.into_trail(),
            hops: self.hops,
            assumptions: self.assumptions,
        }
    }
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

/// Whether a request that was answered 421 was made again.
fn is_asked_again(link: &Link, rest: &[Link]) -> bool {
    let is_misdirected = link.exchange.response.as_ref().is_some_and(|response| response.status == 421);
    let asked = |link: &Link| {
        let request = link.exchange.request.as_ref()?;
        Some((link.role, request.method.clone(), asked_url(&link.exchange)?.as_str().to_owned()))
    };
    is_misdirected && rest.first().is_some_and(|next| asked(next).is_some() && asked(next) == asked(link))
}

fn is_own_answer(response: &Response) -> bool {
    response.headers.first("server").is_some_and(|server| server.starts_with("awselb/"))
}

pub(super) fn hop(ask: Ask<'_>) -> Hop {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::DropOffKind;
    use crate::cors::judge::testing::*;
    use crate::http::testing::exchange;
    use crate::http::{Context, End};

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
    fn a_captured_request_was_sent_whatever_its_port() {
        let tool = exchange("GET", "http://request.example:22/");
        assert_eq!(judged([tool]).verdict.outcome, Outcome::NotCors);
        let location = "https://request.example:22/";
        let redirect = get(ITEMS).status(307).answer("location", location).shared_with(PAGE);
        assert_eq!(error(&judged([redirect])), Some(Error::UnsafePort));
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
    fn browsers_guard_pages_on_https_only() {
        let page = "http://localhost:3000";
        let told = Context { page_url: Some("http://localhost:3000/app".to_owned()), ..Context::default() };
        let call = || exchange("GET", "http://api.example/x").page(page).shared_with(page).context(told.clone());
        assert_eq!(judged([call()]).verdict.outcome, Outcome::Allowed);
        assert_eq!(judged_by(Browser::Firefox, [call()]).verdict.outcome, Outcome::Allowed);
        assert_eq!(error(&judged_by(Browser::Standard, [call()])), Some(Error::MixedContent));
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
