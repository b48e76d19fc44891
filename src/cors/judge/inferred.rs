//! Who answered a request that no source shows answered: the browser's own cache, the load balancer, or nobody.

use std::borrow::Cow;
use std::time::Duration;

use super::stored::is_fresh;
use super::walk::{Walk, hop};
use crate::balancer::{OwnAnswer, bad_gateway, gateway_timeout, redirect_to_https};
use crate::chain::{Link, Role};
use crate::cors::fetch::{Ask, Step};
use crate::cors::preflight_cache::Cached;
use crate::cors::{AnsweredBy, Assumption, Check, Error, Hop, Outcome, network};
use crate::http::{End, Exchange, Peer, Response, State, Time, Vantage, WebUrl, is_redirect_status};

/// The idle timeout that AWS load balancers have by default.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// So near to it a connection was closed because of it.
const NEAR: Duration = Duration::from_secs(2);

impl<'a> Walk<'a> {
    /// The fetch asks for something that the capture does not show.
    pub(super) fn inferred(&mut self, ask: Ask<'_>) -> Result<Step<'a>, String> {
        if self.is_remembered_with_preflight(&ask) {
            return Ok(self.fetch.preflight_is_cached());
        }
        let url = ask.url.clone();
        let mut hop = hop(ask);
        if let Some(response) = self.remembered_redirect(&hop.method, &hop.url, hop.origin.as_deref()) {
            hop.answered_by = AnsweredBy::Browser;
            hop.inferred_because =
                Some("the browser answers a redirect that it has met before, and may keep, from its cache".to_owned());
            return Ok(self.answered(hop, &response));
        }
        if let Some(error) = self.denied(&url) {
            return Ok(self.fetch.is_denied(error));
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

    /// A redirect of the same request that was met earlier in this chain and is still good.
    fn remembered_redirect(&self, method: &str, url: &str, origin: Option<&str>) -> Option<Response> {
        if method != "GET" {
            return None;
        }
        let earlier = self.hops.iter().find(|earlier| earlier.url == url && earlier.method == method)?;
        let response = earlier.exchange.as_ref()?.response.as_ref()?;
        let varies = || response.headers.all("vary").flat_map(|line| line.split(','));
        let is_for_another =
            earlier.origin.as_deref() != origin && varies().any(|name| name.trim().eq_ignore_ascii_case("origin"));
        let is_good = is_redirect_status(response.status) && is_fresh(response) && !is_for_another;
        (is_good && self.fetch.rules().remembers_redirects()).then(|| response.clone())
    }

    /// Whether a request is met again whose preflight and whose redirect are both remembered.
    fn is_remembered_with_preflight(&self, ask: &Ask<'_>) -> bool {
        let Some(method) = ask.request_method else { return false };
        let is_known = self.hops.iter().any(|hop| {
            hop.role == Role::Preflight && hop.check == Check::Pass && hop.url == ask.url.without_fragment()
        });
        is_known && self.remembered_redirect(method, ask.url.without_fragment(), ask.origin).is_some()
    }

    /// A redirect by http leads into a local network, where a page may not go without its user's permission.
    fn denied(&mut self, url: &WebUrl<'_>) -> Option<Error> {
        if self.hops.is_empty() || url.scheme() != "http" {
            return None;
        }
        let page = self.intent.origin.as_ref()?;
        let error = network::refused(page, page.as_str().starts_with("https:"), url)?;
        if !self.fetch.rules().asks_the_user_for_local_networks() {
            return None;
        }
        self.assumptions.push(Assumption {
            about: "local network",
            assumed: "no permission".into(),
            because:
                "Chromium asks its user before a public page may reach a local address, and no source shows that it did"
                    .into(),
            otherwise: Some(Outcome::Undetermined("what answers at a local address was not captured".to_owned())),
        });
        Some(error)
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

    /// When the last request that was seen was sent, for want of an own time.
    fn time(&self) -> Time {
        let requests = self.hops.iter().rev().filter_map(|hop| hop.exchange.as_ref()?.request.as_ref());
        requests.map(|request| request.time).next().unwrap_or(Time::from_nanoseconds(0, 0))
    }

    /// A request was seen without the preflight that it needs: the browser had a good answer to one.
    pub(super) fn cached_preflight(&mut self, ask: &Ask<'_>, link: &Link) -> Step<'a> {
        let preflights = self.around.preflights;
        let known = preflights.and_then(|all| all.look_up(self.fetch.rules(), &link.exchange, &ask.request_headers));
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

    /// The request was captured, its answer was not.
    pub(super) fn unanswered(&mut self, mut hop: Hop, exchange: &Exchange) -> Result<Step<'a>, String> {
        // Where bytes of the answer were lost, an answer was sent; where the request was broken off,
        // none was due.
        let is_whole = exchange.request.as_ref().is_some_and(|request| request.headers.is_complete());
        let was_due = is_whole && exchange.state == State::NoResponse;
        let gave_up = gave_up(exchange).filter(|_| was_due);
        let is_over = matches!(exchange.end, End::Reset | End::Closed | End::Timeout);
        if was_due && is_over && gave_up.is_none() {
            if let Some(response) = in_place_of_backend(exchange) {
                return Ok(self.gateway_error(hop, exchange, &response));
            }
            hop.check = Check::NotMade;
            self.hops.push(hop);
            return Ok(self.fetch.no_answer());
        }
        hop.check = Check::Unknown;
        let missing = gave_up.unwrap_or_else(|| format!("the answer to {} {} was not captured", hop.method, hop.url));
        self.hops.push(hop);
        Err(missing)
    }

    /// The load balancer answered a request that the backend left open.
    fn gateway_error(&mut self, mut hop: Hop, exchange: &Exchange, response: &Response) -> Step<'a> {
        let because = format!(
            "the backend never answered; the load balancer then answers {} by itself, without CORS headers",
            response.status
        );
        let gave_up = "the browser may have given up first, and nobody waited for an answer";
        // Where the backend closed first, nobody had given up.
        let may_have_given_up = !is_closed_by(exchange, Peer::Server);
        self.assumptions.push(Assumption {
            about: "load balancer",
            assumed: format!("{} {}", response.status, response.reason).into(),
            because: because.clone().into(),
            otherwise: may_have_given_up.then(|| Outcome::Undetermined(gave_up.to_owned())),
        });
        hop.answered_by = AnsweredBy::LoadBalancer;
        hop.inferred_because = Some(because);
        self.answered(hop, response)
    }
}

/// What the load balancer answers by itself when a backend has left a request open, if there is a load balancer.
fn in_place_of_backend(exchange: &Exchange) -> Option<Response> {
    let time = exchange.request.as_ref().map_or(Time::from_nanoseconds(0, 0), |request| request.time);
    match (exchange.vantage, exchange.end) {
        (Vantage::Backend, End::Reset | End::Closed) if !is_closed_by(exchange, Peer::Client) => {
            Some(bad_gateway(time))
        }
        // It closes the connection itself when it has waited for too long.
        (Vantage::Backend, _) => Some(gateway_timeout(time)),
        _ => None,
    }
}

/// Why nobody waited for the answer: whoever asked closed the connection first, and not because the
/// load balancer's time was over, which then answers 504.
fn gave_up(exchange: &Exchange) -> Option<String> {
    let closed = exchange.extras.closed.as_ref().filter(|closed| closed.by == Peer::Client)?;
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

fn is_closed_by(exchange: &Exchange, peer: Peer) -> bool {
    exchange.extras.closed.as_ref().is_some_and(|closed| closed.by == peer)
}

/// A request that the browser refused to send.
pub(super) fn unsent_hop(ask: Ask<'_>, error: Error) -> Hop {
    let because = match error {
        Error::MixedContent => "a page loaded by https may not load this by http: the browser sends nothing",
        Error::BlockedByContentSecurityPolicy => "the page's Content-Security-Policy does not let it connect there",
        Error::LocalNetworkAccessPermissionDenied | Error::InsecureLocalNetwork => {
            "a public page may not reach a local address without its user's permission: the browser sends nothing"
        }
        _ => "the browser refuses to send this request",
    };
    Hop { answered_by: AnsweredBy::Browser, inferred_because: Some(because.to_owned()), ..hop(ask) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::Browser;
    use crate::cors::judge::testing::*;
    use crate::http::testing::exchange;

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
    fn into_a_local_network_goes_who_may() {
        let leaking = |page: &str, to: &str| {
            let asked = exchange("GET", ITEMS).page(page).behind_balancer();
            asked.status(302).answer("Location", to).shared_with(page)
        };
        for (page, to, expected) in [
            (PAGE, "http://10.0.1.5:8000/items/", Error::LocalNetworkAccessPermissionDenied),
            (PAGE, "http://localhost:8000/items/", Error::LocalNetworkAccessPermissionDenied),
            (PAGE, "http://203.0.113.12/items/", Error::MixedContent),
            ("http://client.example", "http://10.0.1.5:8000/items/", Error::InsecureLocalNetwork),
        ] {
            let judgement = judged([leaking(page, to)]);
            assert_eq!(error(&judgement), Some(expected), "{page} to {to}");
            assert_eq!(judgement.hops[1].answered_by, AnsweredBy::Browser);
        }
        let judgement = judged([leaking(PAGE, "http://10.0.1.5:8000/items/")]);
        assert!(judgement.verdict.message.chromium.unwrap().contains("to access the `local` address space."));
        assert!(judgement.verdict.assumptions.iter().any(|assumption| assumption.about == "local network"));
        let from_local = judged([leaking("http://localhost:3000", "http://localhost:8000/items/")]);
        assert!(matches!(from_local.verdict.outcome, Outcome::Undetermined(_)), "such a page may go there");
        let firefox = judged_by(Browser::Firefox, [leaking(PAGE, "http://10.0.1.5:8000/items/")]);
        assert_eq!(error(&firefox), Some(Error::MixedContent));
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
    fn what_the_load_balancer_is_assumed_to_do_may_be_otherwise() {
        for (judgement, about) in [
            (judged([downgrade("http://client.example")]), "port 80"),
            (judged([get(ITEMS).no_response(End::Closed)]), "load balancer"),
            (judged([get(ITEMS).header("If-None-Match", "\"1\"").status(304)]), "cache"),
        ] {
            let assumed = judgement.verdict.assumptions.iter().find(|assumption| assumption.about == about).unwrap();
            assert!(assumed.otherwise.is_some(), "{about}");
        }
    }

    #[test]
    fn what_a_redirect_says_of_caches_counts() {
        let redirect = |status, value: &str| {
            judged([get(SLASH)
                .status(status)
                .answer("Location", SLASH)
                .answer("Cache-Control", value)
                .shared_with(PAGE)])
        };
        assert_eq!(error(&redirect(302, "max-age=600")), Some(Error::TooManyRedirects));
        assert!(matches!(redirect(301, "max-age=0").verdict.outcome, Outcome::Undetermined(_)));
        let preflight = exchange("OPTIONS", SLASH).page(PAGE).header("Access-Control-Request-Method", "GET");
        let preflight = preflight.header("Access-Control-Request-Headers", "x-a").behind_balancer().status(200);
        let allowed = preflight.answer("Access-Control-Allow-Headers", "x-a").shared_with(PAGE);
        let again = get(SLASH).at(1).header("X-A", "1").status(301).answer("Location", SLASH).shared_with(PAGE);
        assert_eq!(error(&judged([allowed, again])), Some(Error::TooManyRedirects), "preflight and redirect are kept");
    }

    #[test]
    fn a_permanent_redirect_is_remembered_by_chromium() {
        let redirect = || get(SLASH).status(301).answer("Location", SLASH).shared_with(PAGE);
        assert_eq!(error(&judged([redirect()])), Some(Error::TooManyRedirects));
        let firefox = judged_by(Browser::Firefox, [redirect()]);
        assert!(matches!(firefox.verdict.outcome, Outcome::Undetermined(_)));
    }
}
