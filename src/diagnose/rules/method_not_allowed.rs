//! The preflight's answer does not allow the method.

use super::refused_in_silence::{self, Refused, What as Unsaid};
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn};
use crate::diagnose::fixes::{Fixes, List, What};
use crate::diagnose::layers::{self, Change, Names, Setting, listed};
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
        layers::all_fixes(Change { setting: Setting::Methods, names: Names::lacking(&["PUT"]) })
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        if let Some((refused, method)) = refused_method(case) {
            return Some(unsaid(&refused, &method));
        }
        let seen = case.failed_with(&[
            Error::MethodDisallowedByPreflightResponse,
            Error::InvalidAllowMethodsPreflightResponse,
            Error::PreflightInvalidStatus,
        ])?;
        let method = &case.judgement.asked.method;
        let is_refused = is_said(seen.body(), "method") || is_unlisted(seen, method);
        if case.failure()?.error == Error::PreflightInvalidStatus && !is_refused {
            return None;
        }
        let allowed = seen.answered("access-control-allow-methods").unwrap_or_default();
        let there = listed(allowed);
        Some(Diagnosis {
            story: format!("The page wants to send {method}; {}.", what_is_allowed(allowed, &there, method)),
            evidence: vec![
                seen.request_evidence("access-control-request-method"),
                seen.response_evidence("access-control-allow-methods"),
            ],
            fixes: fixes(seen, &there, method),
        })
    }
}

/// A refusal without a word, where the method is what was refused.
fn refused_method<'a>(case: &'a Case<'_>) -> Option<(Refused<'a>, String)> {
    let refused = refused_in_silence::refused(case)?;
    let Unsaid::Method(method) = &refused.what else { return None };
    let method = method.clone();
    Some((refused, method))
}

fn unsaid(refused: &Refused<'_>, method: &str) -> Diagnosis {
    let seen = refused.seen;
    let there: Vec<&str> = refused.granted.iter().map(String::as_str).collect();
    let upper = method.to_ascii_uppercase();
    let names = Names { there: &there, wanted: &[&upper] };
    Diagnosis {
        story: refused.story(method),
        evidence: vec![
            seen.request_evidence("access-control-request-method"),
            seen.status_evidence(),
            refused.shared.clone(),
        ],
        fixes: List::of(seen, refused.server(), What::Setting(Setting::Methods), names).into(),
    }
}

fn what_is_allowed(allowed: &str, there: &[&str], method: &str) -> String {
    if lacks_commas(allowed, there) {
        return format!("the preflight's answer lists '{allowed}' without commas, which browsers cannot read");
    }
    let upper = method.to_ascii_uppercase();
    if upper != method && there.contains(&upper.as_str()) {
        return format!("the preflight's answer allows {allowed}, and {method} is not {upper}: {NORMALISED}");
    }
    format!("the preflight's answer allows {}", if allowed.is_empty() { "no method by name" } else { allowed })
}

/// What the Fetch standard calls normalising a method.
const NORMALISED: &str =
    "browsers write DELETE, GET, HEAD, OPTIONS, POST and PUT in upper case by themselves, and no other method";

/// Whether several names stand in a list and no comma parts them.
pub(super) fn lacks_commas(allowed: &str, there: &[&str]) -> bool {
    there.len() > 1 && !allowed.contains(',')
}

/// Methods are written in upper case: where the page did not, it is the page that has to change.
fn fixes(seen: &SeenHop<'_>, there: &[&str], method: &str) -> Fixes {
    let upper = method.to_ascii_uppercase();
    let mut fixes = Fixes::default();
    if upper != method {
        fixes = fixes.then(upper_case(&upper));
        if there.contains(&upper.as_str()) {
            return fixes;
        }
    }
    let server = Server::of(&seen.response.headers);
    fixes.then(List::of(seen, server, What::Setting(Setting::Methods), Names { there, wanted: &[&upper] }))
}

fn upper_case(method: &str) -> Fix {
    Fix {
        server: "client",
        change: format!("fetch(url, {{ method: \"{method}\" }})"),
        caution: Some(format!("In upper case: {NORMALISED}.")),
    }
}

/// Whether the answer lists methods, and this one not among them: a CORS layer that refuses by its
/// status, where the body that says so was not kept. Browsers need no leave for a GET, HEAD or POST;
/// Starlette refuses them all the same, by 400.
pub(super) fn is_unlisted(seen: &SeenHop<'_>, method: &str) -> bool {
    let needs_leave = !matches!(method, "GET" | "HEAD" | "POST") || seen.response.status == 400;
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

    #[test]
    fn starlette_refuses_even_a_post_that_is_not_listed() {
        let preflight = |status: u16| {
            exchange("OPTIONS", "https://request.example/x")
                .page("https://client.example")
                .header("Access-Control-Request-Method", "POST")
                .status(status)
                .shared_with("https://client.example")
                .answer("Access-Control-Allow-Methods", "GET")
        };
        assert_eq!(diagnosed([preflight(400)]).by_chain, [["method-not-allowed-by-cors"]]);
        assert_eq!(diagnosed([preflight(404)]).by_chain, [["preflight-not-handled"]]);
    }

    #[test]
    fn the_page_has_to_write_its_method_in_upper_case() {
        let preflight = |methods: &str| {
            exchange("OPTIONS", "https://request.example/x")
                .page("https://client.example")
                .header("Access-Control-Request-Method", "patch")
                .shared_with("https://client.example")
                .answer("Access-Control-Allow-Methods", methods)
        };
        let changes = |methods: &str| -> Vec<String> {
            diagnosed([preflight(methods)]).findings[0].fixes.iter().map(|fix| fix.change.clone()).collect()
        };
        assert_eq!(changes("GET, PATCH"), ["fetch(url, { method: \"PATCH\" })"]);
        assert_eq!(changes("GET"), ["fetch(url, { method: \"PATCH\" })", "allow_methods=[\"GET\", \"PATCH\"]"]);
    }

    #[test]
    fn a_list_without_commas_is_said_to_be_none() {
        let preflight = exchange("OPTIONS", "https://request.example/x")
            .page("https://client.example")
            .header("Access-Control-Request-Method", "PUT")
            .shared_with("https://client.example")
            .answer("Access-Control-Allow-Methods", "GET PUT POST");
        let found = diagnosed([preflight]);
        assert!(found.findings[0].story.contains("without commas"), "{}", found.findings[0].story);
        assert_eq!(found.findings[0].fixes[0].change, "allow_methods=[\"GET\", \"PUT\", \"POST\"]");
    }
}
