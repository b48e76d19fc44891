//! A captured chain judged: the fetch is run again with the recorded answers. A request that the
//! fetch asks for and no link of the chain shows is an inferred hop.

mod inferred;
mod stored;
#[cfg(test)]
pub(crate) mod testing;
mod walk;

use super::fetch::Trail;
use super::preflight_cache::PreflightCache;
use super::{
    Asked, Asserted, Assumption, Browser, Check, Credentials, Differs, DropOff, DropOffKind, Error, Failure, Hop,
    Intent, Judgement, Messages, Mode, Outcome, RedirectMode, Verdict, console, intent,
};
use crate::balancer::Balancer;
use crate::chain::{Chain, Role};
use crate::http::Origin;
use walk::{Walked, walk};

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
        .filter(|other| *other != browser && walked.is_one_browsers)
        .map(|other| (other, walk_as_seen(chain, around, &intent, other, Trail::Untold)))
        .collect();
    let seen_by = |wanted: Browser| others.iter().find(|(it, _)| *it == wanted).map_or(&walked, |(_, it)| it);
    let (chromium, firefox, safari) =
        (seen_by(Browser::Chromium), seen_by(Browser::Firefox), seen_by(Browser::Standard));
    let message = Messages {
        chromium: console::chromium(&intent, &chromium.hops, &chromium.outcome),
        firefox: console::firefox(&intent, &firefox.hops, &firefox.outcome),
        safari: console::safari(&intent, &safari.hops, &safari.outcome),
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

fn asked(intent: &Intent<'_>) -> Asked {
    Asked {
        page_origin: intent.origin.as_ref().map(|origin| origin.as_str().to_owned()),
        method: intent.method.to_owned(),
        url: intent.url.as_str().to_owned(),
        mode: intent.mode,
        credentials: intent.credentials,
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
    // The ways that it might have gone otherwise may be this browser's own.
    let walked = Walked { is_one_browsers: true, ..walked };
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

/// Says what the call would have come to, where an assumption about what the page asked is wrong.
fn weigh(assumptions: &mut [Assumption], outcome: &Outcome, other: impl Fn(&str) -> Option<Outcome>) {
    for assumption in assumptions {
        assumption.otherwise = other(assumption.about).filter(|other| !decides_alike(outcome, other));
    }
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

/// Whether two outcomes would look the same to a page.
fn decides_alike(a: &Outcome, b: &Outcome) -> bool {
    a.name() == b.name() && a.failure().map(|it| it.error) == b.failure().map(|it| it.error)
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;
    use crate::http::testing::exchange;

    #[test]
    fn a_cookie_that_may_have_been_lost_leaves_it_open() {
        let star = || get(SLASH).shared_with("*");
        assert_eq!(judged([star()]).verdict.outcome, Outcome::Allowed);
        assert!(matches!(judged([star().lost_request_head()]).verdict.outcome, Outcome::Undetermined(_)));
        let missing = judged([get(SLASH).lost_request_head()]);
        assert_eq!(error(&missing), Some(Error::MissingAllowOriginHeader), "no cookie would have helped");
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
    fn where_no_rule_differed_all_browsers_go_one_way() {
        let star = || get(SLASH).shared_with("*");
        let redirect = |to: &str| get(ITEMS).status(307).answer("Location", to).shared_with(PAGE);
        let calls = [
            (vec![get(SLASH).shared_with(PAGE)], false),
            (vec![get(SLASH)], false),
            (vec![star().header("Cookie", "s=1")], false),
            (vec![star().shared_with(PAGE)], true),
            (vec![star().lost_request_head()], true),
            (vec![redirect("/items/"), get(SLASH).at(5).shared_with(PAGE)], true),
            (vec![redirect("http://request.example/items/")], true),
        ];
        for (call, is_one_browsers) in calls {
            let (chains, balancer) = joined(call);
            let chain = &chains[0];
            let intent = intent(chain, &Asserted::default()).unwrap();
            let ways = Browser::ALL
                .map(|browser| walk_as_seen(chain, Surroundings::from(&balancer), &intent, browser, Trail::Untold));
            let [chromium, firefox, standard] = ways.each_ref().map(|way| format!("{:?} {:?}", way.outcome, way.hops));
            assert!(ways.iter().all(|way| way.is_one_browsers == is_one_browsers), "{chromium}");
            assert!(is_one_browsers || (chromium == firefox && firefox == standard), "{chromium} {firefox} {standard}");
        }
    }

    #[test]
    fn a_wrong_value_is_no_missing_header() {
        let star = get(SLASH).header("Cookie", "s=1").shared_with("*");
        assert_eq!(judged([star]).drop_off, None);
        let missing = judged([get(SLASH)]).drop_off.unwrap();
        assert_eq!(missing.headers, ["access-control-allow-origin"]);
    }

    #[test]
    fn a_redirect_that_nobody_followed_may_have_been_asked_for() {
        let redirect = get(ITEMS).status(302).answer("Location", "/items/").shared_with(PAGE);
        let verdict = judged([redirect]).verdict;
        let assumed = verdict.assumptions.iter().find(|assumption| assumption.about == "redirect").unwrap();
        assert_eq!(assumed.otherwise, Some(Outcome::Allowed));
    }
}
