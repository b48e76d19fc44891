//! A recorded call as it would have gone with a fix in place: the recorded answers, changed as the
//! fix changes them, go through the very machine that judged the recording. What the mended server
//! would have answered to a request that was never recorded is unknown, and said to be.

mod remedy;

use std::collections::HashMap;
use std::sync::Arc;

use super::trust::Subnets;
use crate::balancer::Balancer;
use crate::chain::{Chain, Link, Role};
use crate::cors::{AnsweredBy, Asserted, Browser, Hop, Judgement, Outcome, judge};
use crate::http::{Exchange, Few, Id, Response, WebUrl, asked_text, asked_url};

pub use remedy::{Proposal, Remedy};

/// Requests that are kept to answer a call that goes another way: a hostile capture could name a
/// new URL in every request.
const MAX_RECORDED: usize = 1 << 16;

/// A call goes on no longer than this: twenty redirects, each with a preflight, and some room.
const MAX_STEPS: usize = 64;

/// What would have come of a call.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// With which fix.
    pub remedy: Remedy,
    /// What the fix would have changed in recorded answers; empty: nothing here.
    pub changes: Vec<Change>,
    /// Exchanges of other calls that show what was answered to a request of this one.
    pub borrowed: Vec<Id>,
    /// What the browser would have decided.
    pub judgement: Judgement,
    /// All of it in a few sentences.
    pub said: String,
}

/// One change to a recorded answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The exchange whose answer it is.
    pub exchange: Id,
    /// The header's name in lower case, or `status`.
    pub what: &'static str,
    /// As recorded; `None`: it was not there.
    pub before: Option<String>,
    /// As it would be; `None`: it would not be there, or is not known.
    pub after: Option<String>,
}

/// All that was recorded, to look an answer up in.
#[derive(Debug, Default)]
pub struct Recorded {
    by_request: HashMap<Asking, Arc<Exchange>>,
}

/// What makes two requests the same to a CORS layer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asking {
    method: String,
    url: String,
    origin: Option<String>,
    /// For a preflight, the method that it asks for.
    request_method: Option<String>,
}

impl Recorded {
    /// The answered requests of these chains; of equal ones the first.
    #[must_use]
    pub fn of<'a>(chains: impl IntoIterator<Item = &'a Chain>) -> Self {
        let mut recorded = Self::default();
        for exchange in chains.into_iter().flat_map(|chain| &chain.links).map(|link| &link.exchange) {
            if recorded.by_request.len() >= MAX_RECORDED {
                break;
            }
            if let Some(asking) = asking(exchange).filter(|_| exchange.response.is_some()) {
                recorded.by_request.entry(asking).or_insert_with(|| Arc::clone(exchange));
            }
        }
        recorded
    }

    fn answer_to(&self, hop: &Hop, asked_method: &str) -> Option<&Arc<Exchange>> {
        let request_method = (hop.role == Role::Preflight).then(|| asked_method.to_owned());
        let (method, origin) = (hop.method.clone(), hop.origin.clone());
        self.by_request.get(&Asking { method, url: hop.url.clone(), origin, request_method })
    }
}

fn asking(exchange: &Exchange) -> Option<Asking> {
    let request = exchange.request.as_ref()?;
    let field = |name: &str| request.headers.first(name).map(str::to_owned);
    Some(Asking {
        method: request.method.to_string(),
        url: asked_text(exchange)?.into_owned(),
        origin: field("origin"),
        request_method: field("access-control-request-method").filter(|_| exchange.is_preflight()),
    })
}

/// The world that a call is judged in.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The load balancer.
    pub balancer: &'a Balancer,
    /// Whose rules decide.
    pub browser: Browser,
    /// All that was recorded.
    pub recorded: &'a Recorded,
}

/// What would have come of a call; `None` where no cross-origin sharing is at stake.
#[must_use]
pub fn what_if(chain: &Chain, before: &Judgement, remedy: Remedy, world: World<'_>) -> Option<WhatIf> {
    if before.verdict.outcome == Outcome::NotCors {
        return None;
    }
    let mut trial = Trial { remedy, before, links: Vec::new(), changes: Vec::new(), borrowed: Vec::new() };
    for link in &chain.links {
        // What came after an answer that the fix changes may not come again.
        if trial.take(link) {
            break;
        }
    }
    let asserted = asserted(before);
    let joined = |links: &[Link]| Chain { links: links.to_vec().into(), joins: Few::new() };
    let mut judgement = judge(&joined(&trial.links), world.balancer, &asserted, world.browser)?;
    for _ in 0..MAX_STEPS {
        let Some(link) = trial.next(&judgement, world.recorded) else { break };
        trial.take(&link);
        judgement = judge(&joined(&trial.links), world.balancer, &asserted, world.browser)?;
    }
    let said = trial.said(&judgement, world.balancer);
    Some(WhatIf { remedy, changes: trial.changes, borrowed: trial.borrowed, judgement, said })
}

/// What the page asked is the same, whatever of it the changed call still shows.
fn asserted(before: &Judgement) -> Asserted {
    let asked = &before.asked;
    Asserted {
        page_origin: asked.page_origin.as_deref().and_then(|origin| crate::http::Origin::parse(origin).ok()),
        mode: Some(asked.mode),
        credentials: Some(asked.credentials),
        redirect: None,
    }
}

/// A call on its changed way.
struct Trial<'a> {
    remedy: Remedy,
    before: &'a Judgement,
    links: Vec<Link>,
    changes: Vec<Change>,
    borrowed: Vec<Id>,
}

impl Trial<'_> {
    /// Takes a recorded exchange into the call, changed as the fix changes it; says whether it was.
    fn take(&mut self, link: &Link) -> bool {
        let applied = self.remedy.apply(&link.exchange, self.before.asked.credentials);
        let Some(applied) = applied else {
            self.links.push(link.clone());
            return false;
        };
        self.changes.extend(applied.changes);
        self.links.push(Link { exchange: Arc::new(applied.exchange), ..link.clone() });
        true
    }

    /// An answer that was recorded for the request that the browser would send next.
    fn next(&mut self, judgement: &Judgement, recorded: &Recorded) -> Option<Link> {
        let hop = judgement.hops.last().filter(|hop| is_awaited(hop))?;
        let exchange = Arc::clone(recorded.answer_to(hop, &judgement.asked.method)?);
        self.borrowed.push(exchange.id.clone());
        Some(Link { role: hop.role, exchange, also_seen: Few::new() })
    }

    fn said(&self, judgement: &Judgement, balancer: &Balancer) -> String {
        let with = match self.remedy {
            Remedy::TrustProxy => format!("{} trusted", Subnets::of(balancer).list()),
            other => other.with().to_owned(),
        };
        if self.changes.is_empty() {
            return format!("With {with}, nothing in the recorded answers of this call would be other than it was.");
        }
        let mut said = vec![format!("With {with}, {}.", told(&self.changes))];
        if let Some(id) = self.borrowed.first() {
            said.push(format!("What comes next was recorded elsewhere (exchange {id})."));
        }
        said.push(outcome(judgement));
        said.join(" ")
    }
}

/// The changes in words; those to one answer after another.
fn told(changes: &[Change]) -> String {
    let told = changes.iter().map(|change| match (&change.after, change.what) {
        (Some(after), "status") => format!("the answer would be {after}"),
        (None, "status") => "the server would not answer with this redirect".to_owned(),
        (Some(after), what) => format!("{what} would be {after}"),
        (None, what) => format!("{what} would not be there"),
    });
    let mut told: Vec<String> = told.collect();
    told.dedup();
    told.join(", ")
}

/// What the browser would then decide.
fn outcome(judgement: &Judgement) -> String {
    match &judgement.verdict.outcome {
        Outcome::Allowed => "The browser would allow the call.".to_owned(),
        Outcome::NotCors => "No cross-origin sharing would be at stake.".to_owned(),
        Outcome::Blocked(failure) => {
            format!("The browser would still block the call: {} at hop {}.", failure.error.name(), failure.hop + 1)
        }
        Outcome::Undetermined(reason) => match judgement.hops.last() {
            Some(hop) if hop.answer.is_none() => format!(
                "What the mended server answers to {} {} was never recorded, so what comes of the call is unknown.",
                hop.method, hop.url
            ),
            _ => format!("What comes of the call is unknown: {reason}."),
        },
    }
}

/// A hop that the browser would make and no link shows.
fn is_awaited(hop: &Hop) -> bool {
    hop.exchange.is_none() && hop.answer.is_none() && hop.answered_by == AnsweredBy::Unknown
}

/// The URL of a request as the browser asked for it, and where its answer redirects to.
fn redirect_of<'a>(exchange: &'a Exchange, response: &'a Response) -> Option<(WebUrl<'a>, &'a str)> {
    let location = response.headers.first("location").filter(|_| response.is_redirect())?;
    Some((asked_url(exchange)?, location))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::testing::joined;
    use crate::http::testing::{Builder, exchange};

    const PAGE: &str = "https://client.example";
    const ITEMS: &str = "https://request.example/items";

    fn tried(remedy: Remedy, exchanges: impl IntoIterator<Item = Builder>) -> WhatIf {
        let (chains, balancer) = joined(exchanges);
        let recorded = Recorded::of(&chains);
        let before = judge(&chains[0], &balancer, &Asserted::default(), Browser::Chromium).unwrap();
        let world = World { balancer: &balancer, browser: Browser::Chromium, recorded: &recorded };
        what_if(&chains[0], &before, remedy, world).unwrap()
    }

    fn get(url: &str) -> Builder {
        exchange("GET", url).page(PAGE).behind_balancer()
    }

    fn downgrade() -> Builder {
        get(ITEMS).status(307).answer("location", "http://request.example/items/").shared_with(PAGE)
    }

    #[test]
    fn a_trusted_proxy_makes_the_location_https() {
        let tried = tried(Remedy::TrustProxy, [downgrade()]);
        assert_eq!(tried.changes.len(), 1);
        assert_eq!(tried.changes[0].after.as_deref(), Some("https://request.example/items/"));
        assert!(matches!(tried.judgement.verdict.outcome, Outcome::Undetermined(_)));
        assert!(tried.said.contains("GET https://request.example/items/ was never recorded"), "{}", tried.said);
    }

    #[test]
    fn what_another_call_recorded_is_an_answer() {
        let other = get("https://request.example/items/").at(9_000).shared_with(PAGE);
        let allowed = tried(Remedy::TrustProxy, [downgrade(), other]);
        assert_eq!(allowed.judgement.verdict.outcome, Outcome::Allowed);
        assert_eq!(allowed.borrowed.len(), 1);
        let refused = get("https://request.example/items/").at(9_000);
        let blocked = tried(Remedy::TrustProxy, [downgrade(), refused]);
        assert!(matches!(blocked.judgement.verdict.outcome, Outcome::Blocked(_)));
    }

    #[test]
    fn trust_does_not_help_against_a_list() {
        let doubled = downgrade().header("X-Forwarded-Proto", "https,http");
        let tried = tried(Remedy::TrustProxy, [doubled]);
        assert!(tried.changes.is_empty(), "{:?}", tried.changes);
        assert!(tried.said.contains("nothing"));
    }

    #[test]
    fn a_loop_that_would_end_has_an_unknown_end() {
        let looped = get(ITEMS).status(301).answer("Location", ITEMS).shared_with(PAGE);
        let tried = tried(Remedy::TrustProxy, [looped]);
        assert!(matches!(tried.judgement.verdict.outcome, Outcome::Undetermined(_)));
        assert!(tried.said.contains("would not answer with this redirect"), "{}", tried.said);
    }

    #[test]
    fn an_origin_that_is_allowed_lets_the_call_through() {
        assert_eq!(tried(Remedy::AllowOrigin, [get(ITEMS)]).judgement.verdict.outcome, Outcome::Allowed);
        let with_cookie = || get(ITEMS).header("Cookie", "s=1").shared_with("*");
        let outcome = |remedy| tried(remedy, [with_cookie()]).judgement.verdict.outcome;
        assert!(matches!(outcome(Remedy::AllowOrigin), Outcome::Blocked(_)), "credentials need more");
        assert_eq!(outcome(Remedy::AllowCredentials), Outcome::Allowed);
    }

    #[test]
    fn a_preflight_that_is_answered_leaves_the_request_unknown() {
        let preflight =
            exchange("OPTIONS", ITEMS).page(PAGE).behind_balancer().header("Access-Control-Request-Method", "PUT");
        let tried = tried(Remedy::AnswerPreflight, [preflight.status(405)]);
        assert!(tried.said.contains("PUT https://request.example/items was never recorded"), "{}", tried.said);
        let hops: Vec<_> = tried.judgement.hops.iter().map(|hop| hop.method.as_str()).collect();
        assert_eq!(hops, ["OPTIONS", "PUT"]);
    }
}
