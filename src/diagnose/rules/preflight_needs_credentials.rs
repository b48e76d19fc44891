//! Something in front of the CORS layer wants a login for OPTIONS.

use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, path};
use crate::diagnose::server::Server;
use crate::diagnose::{Fix, Severity};

pub(super) struct PreflightNeedsCredentials;

static GENERAL: General = General {
    id: "preflight-needs-credentials",
    severity: Severity::Error,
    title: "something in front of the CORS layer wants a login for the preflight",
    what: "Browsers never send credentials with a preflight. An authentication layer that stands outside of the CORS layer refuses it with 401, 403 or 407 before the CORS layer can answer, and the browser reports a CORS error for every call that needs a preflight.",
    recognise: "OPTIONS with Access-Control-Request-Method is answered 401, 403 or 407, mostly without CORS headers.",
    disproof: "the body says that the origin is not allowed: then the CORS layer itself refused.",
    links: &[
        "https://github.com/Kong/kong/issues/1292",
        "https://github.com/thomseddon/traefik-forward-auth/issues/186",
        "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
    ],
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
        let seen = case.failed_with(&[Error::PreflightMissingAllowOriginHeader, Error::PreflightInvalidStatus])?;
        let refused = matches!(seen.response.status, 401 | 407)
            || (seen.response.status == 403 && !seen.body().contains("Invalid CORS request"));
        if !refused || seen.is_by_load_balancer() {
            return None;
        }
        let fixes = if Server::of(&seen.response.headers).runs_asgi() { vec![starlette()] } else { self.fixes() };
        Some(Diagnosis {
            story: format!(
                "The preflight for {} was refused with {}: browsers send no credentials there, so whatever asks for them must let OPTIONS pass.",
                path(&seen.hop.url),
                seen.response.status
            ),
            evidence: vec![
                seen.status_evidence(),
                seen.request_evidence("access-control-request-method"),
                seen.response_evidence("access-control-allow-origin"),
            ],
            fixes,
        })
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
    fn a_preflight_that_nobody_handles_is_something_else() {
        assert_eq!(diagnosed([preflight(405)]).by_chain, [["preflight-not-handled"]]);
    }
}
