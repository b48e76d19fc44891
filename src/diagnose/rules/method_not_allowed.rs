//! The preflight's answer does not allow the method.

use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn};
use crate::diagnose::layers::{self, Change, Names, listed};
use crate::diagnose::server::Server;
use crate::diagnose::{Fix, Severity};

pub(super) struct MethodNotAllowed;

static GENERAL: General = General {
    id: "method-not-allowed-by-cors",
    severity: Severity::Error,
    title: "the preflight's answer does not allow the method",
    what: "The page wants to send a method other than GET, HEAD or POST, and the answer to its preflight does not list it in Access-Control-Allow-Methods. The comparison minds letter case, and with credentials an asterisk allows nothing.",
    recognise: "Access-Control-Allow-Methods lacks what Access-Control-Request-Method asks for; Starlette answers 400 'Disallowed CORS method'.",
    disproof: "the method is listed, letter for letter.",
    links: &["https://fetch.spec.whatwg.org/#cors-preflight-fetch"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

impl Rule for MethodNotAllowed {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        layers::all_fixes(Change::Methods(Names { there: &[], wanted: &["PUT"] }))
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[
            Error::MethodDisallowedByPreflightResponse,
            Error::InvalidAllowMethodsPreflightResponse,
            Error::PreflightInvalidStatus,
        ])?;
        let method = &case.judgement.asked.method;
        let is_refused = is_said(&seen.body(), "method") || is_unlisted(seen, method);
        if case.failure()?.error == Error::PreflightInvalidStatus && !is_refused {
            return None;
        }
        let allowed = seen.answered("access-control-allow-methods");
        Some(Diagnosis {
            story: format!(
                "The page wants to send {method}; the preflight's answer allows {}.",
                allowed.unwrap_or("no method by name")
            ),
            evidence: vec![
                seen.request_evidence("access-control-request-method"),
                seen.response_evidence("access-control-allow-methods"),
            ],
            fixes: layers::fixes(
                Server::of(&seen.response.headers),
                Change::Methods(Names { there: &listed(allowed.unwrap_or_default()), wanted: &[method] }),
            ),
        })
    }
}

/// Whether the answer lists methods, and this one not among them: a CORS layer that refuses by its
/// status, where the body that says so was not kept.
fn is_unlisted(seen: &SeenHop<'_>, method: &str) -> bool {
    let needs_leave = !matches!(method, "GET" | "HEAD" | "POST");
    let listed = seen.answered("access-control-allow-methods").filter(|_| needs_leave);
    listed.is_some_and(|listed| listed.split(',').all(|other| !matches!(other.trim(), "*") && other.trim() != method))
}

/// Whether Starlette's refusal names this: `Disallowed CORS origin, method`.
pub(super) fn is_said(body: &str, what: &str) -> bool {
    body.strip_prefix("Disallowed CORS ").is_some_and(|named| named.split(", ").any(|name| name == what))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn a_method_that_is_not_listed_is_named() {
        let preflight = |methods: &str| {
            exchange("OPTIONS", "https://request.example/items")
                .page("https://client.example")
                .behind_balancer()
                .header("Access-Control-Request-Method", "PUT")
                .shared_with("https://client.example")
                .answer("Access-Control-Allow-Methods", methods)
        };
        let found = diagnosed([preflight("DELETE, GET")]);
        assert_eq!(found.by_chain, [["method-not-allowed-by-cors"]]);
        assert_eq!(found.findings[0].fixes[0].change, "allow_methods=[\"DELETE\", \"GET\", \"PUT\"]");
        assert!(diagnosed([preflight("GET, PUT")]).by_chain[0].is_empty());
    }

    #[test]
    fn a_list_without_the_method_says_it_where_the_body_was_not_kept() {
        let preflight = |methods: &str| {
            exchange("OPTIONS", "https://request.example/x")
                .page("https://client.example")
                .header("Access-Control-Request-Method", "PUT")
                .status(400)
                .shared_with("https://client.example")
                .answer("Access-Control-Allow-Methods", methods)
        };
        assert_eq!(diagnosed([preflight("GET, POST")]).by_chain, [["method-not-allowed-by-cors"]]);
        assert!(diagnosed([preflight("GET, PUT")]).by_chain[0].is_empty());
    }
}
