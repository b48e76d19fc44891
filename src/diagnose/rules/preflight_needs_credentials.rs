//! Something in front of the CORS layer wants a login for OPTIONS.

use super::login_redirect::login_target;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::server::{Server, is_refused_by_spring};
use crate::diagnose::{Fix, Severity};

pub(super) struct PreflightNeedsCredentials;

static GENERAL: General = General {
    id: "preflight-needs-credentials",
    severity: Severity::Error,
    title: "something in front of the CORS layer wants a login for the preflight",
    what: "Browsers never send credentials with a preflight. An authentication layer that stands outside of the CORS layer refuses it with 401, 403 or 407 before the CORS layer can answer, and the browser reports a CORS error for every call that needs a preflight.",
    recognise: "OPTIONS with Access-Control-Request-Method is answered 401, 403 or 407, or with a redirect to a login, mostly without CORS headers.",
    disproof: "the body says that the origin is not allowed: then the CORS layer itself refused.",
    links: &[
        "https://github.com/Kong/kong/issues/1292",
        "https://github.com/thomseddon/traefik-forward-auth/issues/186",
        "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
    ],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

impl Rule for PreflightNeedsCredentials {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        let mut fixes = vec![starlette()];
        fixes.extend(gateways());
        fixes
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[
            Error::PreflightMissingAllowOriginHeader,
            Error::PreflightInvalidStatus,
            Error::PreflightDisallowedRedirect,
        ])?;
        let login = login_target(seen);
        if !seen.is_preflight() || (login.is_none() && !is_refusal(seen)) || seen.is_by_load_balancer() {
            return None;
        }
        let fixes = if Server::of(&seen.response.headers).runs_asgi() { vec![starlette()] } else { self.fixes() };
        Some(Diagnosis {
            story: format!(
                "The preflight for {} was {} {}: browsers send no credentials there, so whatever asks for them must let OPTIONS pass.",
                path(&seen.hop.url),
                if login.is_some() { "sent to a login with" } else { "refused with" },
                seen.response.status
            ),
            evidence: vec![
                seen.status_evidence(),
                seen.request_evidence("access-control-request-method"),
                seen.response_evidence(if login.is_some() { "location" } else { "access-control-allow-origin" }),
            ],
            fixes: fixes.into(),
        })
    }
}

/// 401 and 407 ask for credentials; so does 403, unless a CORS layer says that it refuses the origin.
fn is_refusal(seen: &SeenHop<'_>) -> bool {
    match seen.response.status {
        401 | 407 => true,
        403 => !is_refused_by_spring(seen.response),
        _ => false,
    }
}

fn starlette() -> Fix {
    Fix {
        server: "FastAPI",
        change: "app.add_middleware(AuthMiddleware)\napp.add_middleware(CORSMiddleware, …)  # last: outermost".to_owned(),
        caution: Some("The middleware added last is outermost: CORSMiddleware then answers preflights before the authentication sees them, and adds its headers to the 401 as well.".to_owned()),
    }
}

fn gateways() -> Vec<Fix> {
    vec![
        Fix {
            server: "Kong",
            change: "config.run_on_preflight: false".to_owned(),
            caution: Some("In the authentication plugin.".to_owned()),
        },
        Fix {
            server: "Traefik",
            change: "traefik.http.routers.preflight.rule: Method(`OPTIONS`) && Host(`request.example.com`)".to_owned(),
            caution: Some("A router without the forwardAuth middleware, of higher priority; or the CORS headers middleware before forwardAuth.".to_owned()),
        },
        Fix {
            server: "Pomerium",
            change: "cors_allow_preflight: true".to_owned(),
            caution: Some("On the route.".to_owned()),
        },
        Fix {
            server: "Spring Security",
            change: "http.cors(Customizer.withDefaults())".to_owned(),
            caution: Some("Places the CORS filter before authentication.".to_owned()),
        },
        Fix {
            server: "the gateway",
            change: "let OPTIONS requests with Access-Control-Request-Method pass without authentication".to_owned(),
            caution: None,
        },
    ]
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn preflight(status: u16) -> Builder {
        exchange("OPTIONS", "https://request.example/items")
            .page("https://client.example")
            .behind_balancer()
            .header("Access-Control-Request-Method", "GET")
            .header("Access-Control-Request-Headers", "authorization")
            .status(status)
    }

    #[test]
    fn a_login_asked_of_a_preflight_is_named() {
        assert_eq!(diagnosed([preflight(401)]).by_chain, [["preflight-needs-credentials"]]);
    }

    #[test]
    fn so_is_a_preflight_that_is_sent_to_a_login() {
        let sent = preflight(302).answer("Location", "https://sso.example/login?next=/items");
        assert_eq!(diagnosed([sent]).by_chain, [["preflight-needs-credentials", "preflight-redirected"]]);
        let foreign = preflight(403).body("Invalid CORS request");
        assert_eq!(diagnosed([foreign]).by_chain, [["origin-not-allowed"]]);
    }

    #[test]
    fn a_preflight_that_nobody_handles_is_something_else() {
        assert_eq!(diagnosed([preflight(405)]).by_chain, [["preflight-not-handled"]]);
    }
}
