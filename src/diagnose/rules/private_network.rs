//! The preflight asks for leave to call a private network, and is refused.

use super::method_not_allowed::is_said;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::server::is_refused_for_private_network;
use crate::diagnose::{Fix, Severity};

pub(super) struct PrivateNetwork;

static GENERAL: General = General {
    id: "private-network-not-allowed",
    severity: Severity::Error,
    title: "the preflight's answer does not let a public page call a private network",
    what: "The API's name leads to a private address, and the page came from a public one. Chromium then says Access-Control-Request-Private-Network: true in the preflight. Starlette refuses that with 400 unless told to allow it, and a preflight that is not 2xx blocks the call. Newer versions of Chrome ask the user instead (Local Network Access), which is not to be seen on the wire.",
    recognise: "OPTIONS with Access-Control-Request-Private-Network: true is answered 400 'Disallowed CORS private-network'.",
    disproof: "the preflight gets a 2xx answer.",
    links: &["https://github.com/expressjs/cors/pull/308", "https://github.com/corydolphin/flask-cors/issues/309"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

impl Rule for PrivateNetwork {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![
            starlette(),
            Fix {
                server: "Flask",
                change: "CORS(app, allow_private_network=True)".to_owned(),
                caution: Some("With Flask-CORS, beside the options already there.".to_owned()),
            },
            Fix {
                server: "the CORS layer",
                change: "Access-Control-Allow-Private-Network: true".to_owned(),
                caution: Some("In answers to preflights that ask for it.".to_owned()),
            },
        ]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::PreflightInvalidStatus, Error::PreflightMissingAllowOriginHeader])?;
        if !is_refused(seen) {
            return None;
        }
        Some(Diagnosis {
            story: format!(
                "The preflight for {} asks for leave to call a private network (Access-Control-Request-Private-Network: true) and was refused with {}: Disallowed CORS private-network.",
                path(&seen.hop.url),
                seen.response.status
            ),
            evidence: vec![seen.request_evidence("access-control-request-private-network"), seen.status_evidence()],
            fixes: starlette().into(),
        })
    }
}

/// The words of the refusal are Starlette's.
fn starlette() -> Fix {
    Fix {
        server: "FastAPI",
        change: "app.add_middleware(CORSMiddleware, …, allow_private_network=True)".to_owned(),
        caution: Some(
            "From Starlette 0.51.0; for pages that may reach into your network: name their origins.".to_owned(),
        ),
    }
}

fn is_refused(seen: &SeenHop<'_>) -> bool {
    let asks = seen.request.headers.first("access-control-request-private-network") == Some("true");
    asks && (is_said(seen.body(), "private-network") || is_refused_for_private_network(seen.response))
}
