//! `*` for a call with credentials.

use super::credentials_not_allowed::{ways, ways_for};
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, ShowsIn, path};
use crate::diagnose::{Fix, Severity};

pub(super) struct WildcardWithCredentials;

/// When the page may do without them.
const WITHOUT: &str = "Where the call needs no cookies: then '*' is enough.";

static GENERAL: General = General {
    id: "wildcard-with-credentials",
    severity: Severity::Error,
    title: "the server answers '*' to a call with credentials",
    what: "A page that sends cookies (credentials: 'include', withCredentials) gets an answer only from a server that names the page's origin. Access-Control-Allow-Origin: * is refused there, on purpose: it would let every site read what the user is logged in to.",
    recognise: "A request with a Cookie from another origin is answered with Access-Control-Allow-Origin: *.",
    disproof: "the call carries no credentials: then '*' is fine.",
    links: &[
        "https://fetch.spec.whatwg.org/#cors-protocol-and-credentials",
        "https://github.com/Kludex/starlette/pull/3137",
    ],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

impl Rule for WildcardWithCredentials {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        ways(WITHOUT)
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::WildcardOriginNotAllowed, Error::PreflightWildcardOriginNotAllowed])?;
        let proof =
            if seen.request.headers.has("cookie") { "it carries a Cookie" } else { "credentials mode 'include'" };
        Some(Diagnosis {
            story: format!(
                "The call to {} goes with credentials ({proof}), and the answer allows '*' instead of {}.",
                path(&seen.hop.url),
                case.page_origin()
            ),
            evidence: vec![
                seen.request_evidence("cookie"),
                seen.response_evidence("access-control-allow-origin"),
                seen.response_evidence("access-control-allow-credentials"),
            ],
            fixes: ways_for(case, seen, WITHOUT),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn an_asterisk_is_fine_without_credentials_only() {
        let call = || {
            exchange("GET", "https://request.example/items")
                .page("https://client.example")
                .behind_balancer()
                .shared_with("*")
        };
        assert_eq!(diagnosed([call().header("Cookie", "s=1")]).by_chain, [["wildcard-with-credentials"]]);
        assert!(diagnosed([call()]).by_chain[0].is_empty());
    }
}
