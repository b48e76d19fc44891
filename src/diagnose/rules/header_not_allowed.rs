//! The preflight's answer does not allow a header.

use super::method_not_allowed::{is_said, lacks_commas};
use super::refused_in_silence::{self, Refused, What as Unsaid};
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn};
use crate::diagnose::fixes::{List, What};
use crate::diagnose::layers::{self, Change, Names, Setting, listed};
use crate::diagnose::server::Server;
use crate::diagnose::{Fix, Severity};

pub(super) struct HeaderNotAllowed;

static GENERAL: General = General {
    id: "header-not-allowed-by-cors",
    severity: Severity::Error,
    title: "the preflight's answer does not allow a header that the page sends",
    what: "The page's request carries a header that needs permission (Authorization, Content-Type: application/json, any X-…, tracing headers that a library adds), and the answer to its preflight does not list it in Access-Control-Allow-Headers. With credentials an asterisk allows nothing; by the standard it never covers Authorization.",
    recognise: "Access-Control-Allow-Headers lacks a name that Access-Control-Request-Headers asks for; Starlette answers 400 'Disallowed CORS headers'.",
    disproof: "every name that was asked for is listed.",
    links: &["https://fetch.spec.whatwg.org/#cors-preflight-fetch"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

impl Rule for HeaderNotAllowed {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        let names = Names::lacking(&["authorization", "content-type"]);
        layers::all_fixes(Change { setting: Setting::Headers, names })
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        if let Some(refused) = refused_in_silence::refused(case) {
            return unsaid(&refused);
        }
        let seen = case.failed_with(&[
            Error::HeaderDisallowedByPreflightResponse,
            Error::InvalidAllowHeadersPreflightResponse,
            Error::PreflightInvalidStatus,
        ])?;
        let asked = seen.request.headers.first("access-control-request-headers").unwrap_or_default();
        let allowed = seen.answered("access-control-allow-headers").unwrap_or_default();
        let there = listed(allowed);
        let missing: Vec<&str> = asked
            .split(',')
            .map(str::trim)
            .filter(|name| !there.iter().any(|other| other.eq_ignore_ascii_case(name)))
            .collect();
        let is_refused = is_said(seen.body(), "headers") || is_unlisted(seen, &there, &missing);
        if case.failure()?.error == Error::PreflightInvalidStatus && !is_refused {
            return None;
        }
        Some(Diagnosis {
            story: if lacks_commas(allowed, &there) {
                format!("The preflight's answer lists '{allowed}' without commas, which browsers cannot read.")
            } else {
                format!(
                    "The page wants to send {}; the preflight's answer allows {}.",
                    missing.join(", "),
                    if allowed.is_empty() { "no header by name" } else { allowed }
                )
            },
            evidence: vec![
                seen.request_evidence("access-control-request-headers"),
                seen.response_evidence("access-control-allow-headers"),
            ],
            fixes: List::of(
                seen,
                Server::of(&seen.response.headers),
                What::Setting(Setting::Headers),
                Names { there: &there, wanted: &missing },
            )
            .into(),
        })
    }
}

/// Whether the answer lists headers, and these not among them: Starlette refuses them by 400, and
/// the body that says so was not kept.
fn is_unlisted(seen: &SeenHop<'_>, there: &[&str], missing: &[&str]) -> bool {
    let is_missing = missing.iter().any(|name| !name.is_empty());
    seen.response.status == 400 && is_missing && !there.is_empty() && !there.contains(&"*")
}

/// A refusal without a word, where a header is what was refused.
fn unsaid(refused: &Refused<'_>) -> Option<Diagnosis> {
    let Unsaid::Headers(names) = &refused.what else { return None };
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let seen = refused.seen;
    let names = Names { there: &[], wanted: &wanted };
    Some(Diagnosis {
        story: refused.story(&wanted.join(", ")),
        evidence: vec![
            seen.request_evidence("access-control-request-headers"),
            seen.status_evidence(),
            refused.shared.clone(),
        ],
        fixes: List::of(seen, refused.server(), What::Setting(Setting::Headers), names).into(),
    })
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn a_header_that_is_not_listed_is_named() {
        let preflight = |allowed: &str| {
            exchange("OPTIONS", "https://request.example/items")
                .page("https://client.example")
                .behind_balancer()
                .header("Access-Control-Request-Method", "GET")
                .header("Access-Control-Request-Headers", "authorization,x-a")
                .shared_with("https://client.example")
                .answer("Access-Control-Allow-Headers", allowed)
        };
        let found = diagnosed([preflight("Authorization")]);
        assert_eq!(found.by_chain, [["header-not-allowed-by-cors"]]);
        assert_eq!(found.findings[0].fixes[0].change, "allow_headers=[\"Authorization\", \"x-a\"]");
        assert!(diagnosed([preflight("Authorization, X-A")]).by_chain[0].is_empty());
    }

    #[test]
    fn a_list_without_the_header_says_it_where_the_body_was_not_kept() {
        let preflight = |status: u16, allowed: &str| {
            exchange("OPTIONS", "https://request.example/x")
                .page("https://client.example")
                .header("Access-Control-Request-Method", "GET")
                .header("Access-Control-Request-Headers", "x-a")
                .status(status)
                .shared_with("https://client.example")
                .answer("Access-Control-Allow-Headers", allowed)
        };
        assert_eq!(diagnosed([preflight(400, "Accept, X-Known")]).by_chain, [["header-not-allowed-by-cors"]]);
        for (status, allowed) in [(400, "Accept, X-A"), (400, "*"), (400, ""), (503, "Accept, X-Known")] {
            assert!(diagnosed([preflight(status, allowed)]).by_chain[0].is_empty(), "{status} {allowed}");
        }
    }

    #[test]
    fn what_several_calls_need_is_one_list() {
        // As Flask-CORS answers: of what is allowed, what was asked for.
        let preflight = |at: u64, asked: &str, allowed: &str| {
            exchange("OPTIONS", "https://request.example/items")
                .page("https://client.example")
                .behind_balancer()
                .at(at)
                .header("Access-Control-Request-Method", "GET")
                .header("Access-Control-Request-Headers", asked)
                .answer("Server", "gunicorn")
                .shared_with("https://client.example")
                .answer("Access-Control-Allow-Headers", allowed)
        };
        let calls = [preflight(0, "authorization,x-a", "authorization"), preflight(9_000, "x-b,x-c", "x-b")];
        let found = diagnosed(calls);
        let changes: Vec<&str> = found.findings[0].fixes.iter().map(|fix| fix.change.as_str()).collect();
        assert_eq!(changes[0], "CORS(app, allow_headers=[\"authorization\", \"x-b\", \"x-a\", \"x-c\"])");
        assert_eq!(changes.len(), 2, "{changes:?}");
    }
}
