//! The origin is not on the server's list.

use super::EXAMPLE;
use super::https_redirect_loop::leads_to_itself;
use super::method_not_allowed::is_said;
use super::origin_null::is_tainted;
use super::refused_in_silence::refused;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn};
use crate::diagnose::fixes::{Fixes, List, What};
use crate::diagnose::layers::{self, Change, Names, Setting};
use crate::diagnose::server::{Server, is_refused_by_spring, refusal_of_origin};
use crate::diagnose::{Evidence, Fix, Severity};
use crate::http::Headers;

pub(super) struct OriginNotAllowed;

static GENERAL: General = General {
    id: "origin-not-allowed",
    severity: Severity::Error,
    title: "the server does not allow the page's origin",
    what: "The server's list of origins does not contain the page's, byte for byte: another scheme or port, a trailing slash, www, a pattern that does not match, or there is no list at all. The server answers as usual and leaves Access-Control-Allow-Origin out, or names another origin.",
    recognise: "The request carries Origin; the response has no Access-Control-Allow-Origin, or one of another origin. Starlette then still sends Access-Control-Allow-Credentials and Vary: Origin; django-cors-headers sends Vary: origin; Flask-CORS sends nothing. A preflight is refused with 'Disallowed CORS origin'; Express's cors as its documentation shows it throws 'Not allowed by CORS', with status 500; gin and others answer 403 to one origin and 204 to another.",
    disproof: "another answer of the same host allows this very origin: then something else answered here.",
    links: &[
        "https://fetch.spec.whatwg.org/#cors-check",
        "https://github.com/Kludex/starlette/issues/2560",
        "https://github.com/adamchainz/django-cors-headers/issues/862",
    ],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[
        "origin-null-after-redirect",
        "preflight-redirected",
        "preflight-needs-credentials",
        "preflight-not-handled",
        "error-without-cors",
        "response-outside-cors-layer",
        "load-balancer-answered",
        "origin-checked-on-internal-url",
        "login-redirect",
        "vary-origin-missing",
    ],
};

const ERRORS: [Error; 6] = [
    Error::MissingAllowOriginHeader,
    Error::AllowOriginMismatch,
    Error::InvalidAllowOriginValue,
    Error::PreflightMissingAllowOriginHeader,
    Error::PreflightAllowOriginMismatch,
    Error::PreflightInvalidAllowOriginValue,
];

impl Rule for OriginNotAllowed {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        let mut fixes = vec![no_layer()];
        fixes.extend(layers::all_fixes(Change { setting: Setting::Origins, names: Names::lacking(&[EXAMPLE]) }));
        fixes
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&ERRORS)?;
        let origin = seen.request.headers.first("origin")?;
        // No list is to blame for an origin that a redirect took, nor for what turns all away that it
        // takes for http, before any CORS layer.
        if is_tainted(case, seen) || refused(case).is_some() {
            return None;
        }
        let how_known = how_known(case, seen);
        if how_known.is_none() && leads_to_itself(seen) {
            return None;
        }
        let mut evidence = vec![seen.request_evidence("origin"), seen.response_evidence("access-control-allow-origin")];
        evidence.extend(tell(case, seen));
        Some(Diagnosis {
            story: format!("{} is not allowed: {}.", origin, how_known.as_deref().unwrap_or(NO_LAYER)),
            evidence,
            fixes: if origin == "null" { sandboxed().into() } else { allow(seen, origin, how_known.is_some()) },
        })
    }
}

/// An answer of the same path that allows another origin, where that shows a CORS layer that does not
/// allow this one.
pub(super) fn allows_another<'a>(case: &Case<'a>, seen: &SeenHop<'_>) -> Option<&'a Evidence> {
    case.siblings.refuses(&seen.url()?, seen.request.headers.first("origin")?)
}

/// Whether an answer says that it depends on Origin.
pub(super) fn varies_by_origin(headers: &Headers) -> bool {
    headers.all("vary").flat_map(|value| value.split(',')).any(|name| name.trim().eq_ignore_ascii_case("origin"))
}

/// What is said where nothing shows a CORS layer.
const NO_LAYER: &str =
    "no answer of this host in the capture carries a CORS header, so there may be no CORS layer at all";

/// How one knows that the list is the cause, and not a missing CORS layer; `None`: one does not.
fn how_known(case: &Case<'_>, seen: &SeenHop<'_>) -> Option<String> {
    if let Some(other) = seen.answered("access-control-allow-origin") {
        return Some(format!("the server names '{other}' instead"));
    }
    if is_said(seen.body(), "origin") {
        return Some("the CORS layer says so itself (Disallowed CORS origin)".to_owned());
    }
    if is_refused_by_spring(seen.response) {
        return Some("Spring says so itself (Invalid CORS request)".to_owned());
    }
    if let Some(words) = refusal_of_origin(seen.response) {
        return Some(format!("the CORS layer says so itself ({words})"));
    }
    if seen.response.headers.has("access-control-allow-credentials") {
        return Some("the CORS layer answered (Access-Control-Allow-Credentials is there) and left Access-Control-Allow-Origin out".to_owned());
    }
    if varies_by_origin(&seen.response.headers) {
        return Some("the CORS layer answered (Vary names Origin) and left Access-Control-Allow-Origin out".to_owned());
    }
    if let Some(sibling) = allows_another(case, seen) {
        return Some(format!(
            "the same path allows '{}' (exchange {}), and leaves this one out",
            sibling.value, sibling.exchange
        ));
    }
    let sibling = case.siblings.with_cors(&seen.url()?)?;
    Some(format!("the same host allows '{}' elsewhere in the capture", sibling.value))
}

/// What shows that the CORS layer did see the request.
fn tell(case: &Case<'_>, seen: &SeenHop<'_>) -> Option<Evidence> {
    let headers = &seen.response.headers;
    let mark = if headers.has("access-control-allow-credentials") {
        Some("access-control-allow-credentials")
    } else {
        varies_by_origin(headers).then_some("vary")
    };
    mark.map(|name| seen.response_evidence(name)).or_else(|| allows_another(case, seen).cloned())
}

/// Where nothing shows a CORS layer, a list of origins has nowhere to stand until there is one.
fn allow(seen: &SeenHop<'_>, origin: &str, has_layer: bool) -> Fixes {
    let server = if is_refused_by_spring(seen.response) { Server::Spring } else { Server::of(&seen.response.headers) };
    let names = Names::lacking(std::slice::from_ref(&origin));
    let list = List::of(seen, server, What::Setting(Setting::Origins), names);
    if has_layer {
        return list.into();
    }
    let layer = if server.runs_asgi() {
        List::of(seen, server, What::Middleware(NONE_SEEN), names).into()
    } else {
        Fixes::from(no_layer())
    };
    layer.then(list)
}

const NONE_SEEN: &str = "Where the application has no CORSMiddleware: nothing in the capture shows one. Added last, so that it is outermost.";

fn no_layer() -> Fix {
    Fix {
        server: "the backend",
        change: "add a CORS layer (a middleware), outside of routing and authentication".to_owned(),
        caution: Some(
            "Where there is none: nothing in the capture shows one. The list of origins is its configuration."
                .to_owned(),
        ),
    }
}

fn sandboxed() -> Fix {
    Fix {
        server: "client",
        change: "call from a page that has an origin (served by https, not sandboxed)".to_owned(),
        caution: Some("Do not allow the origin 'null': every sandboxed frame of every site has it.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn call() -> Builder {
        exchange("GET", "https://request.example/items").page("https://other.example").behind_balancer()
    }

    #[test]
    fn an_origin_that_is_not_on_the_list_is_named() {
        let starlette = call().answer("access-control-allow-credentials", "true").answer("vary", "Origin");
        let found = diagnosed([starlette]);
        assert_eq!(found.by_chain, [["origin-not-allowed"]]);
        assert_eq!(found.findings[0].fixes[0].change, "allow_origins=[\"https://other.example\"]");
        assert_eq!(diagnosed([call().shared_with("https://client.example")]).by_chain, [["origin-not-allowed"]]);
    }

    #[test]
    fn where_nothing_shows_a_layer_it_is_to_be_added_first() {
        let first = |server: &str| diagnosed([call().answer("Server", server)]).findings[0].fixes.clone();
        let uvicorn = first("uvicorn");
        assert!(uvicorn[0].change.starts_with("app.add_middleware(CORSMiddleware"), "{uvicorn:?}");
        assert_eq!(uvicorn[1].change, "allow_origins=[\"https://other.example\"]");
        let unknown = first("x");
        assert!(unknown[0].change.starts_with("add a CORS layer"), "{unknown:?}");
        let sibling = exchange("GET", "https://request.example/other").page("https://client.example");
        let sibling = sibling.behind_balancer().shared_with("https://client.example");
        let found = diagnosed([sibling, call().at(9_000)]);
        assert_eq!(found.findings[0].fixes.len(), 1, "{:?}", found.findings[0].fixes);
    }

    #[test]
    fn an_allowed_origin_is_not() {
        assert!(diagnosed([call().shared_with("https://other.example")]).by_chain[0].is_empty());
    }
}
