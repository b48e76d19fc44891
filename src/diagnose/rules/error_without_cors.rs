//! An error response bypassed the CORS layer.

use super::EXAMPLE;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::fixes::{Fixes, List, What};
use crate::diagnose::layers::{self, Names};
use crate::diagnose::server::{Server, is_uncaught_in_starlette, is_unreadable_to_uvicorn};
use crate::diagnose::{Fix, Severity};

pub(super) struct ErrorWithoutCors;

static GENERAL: General = General {
    id: "error-without-cors",
    severity: Severity::Error,
    title: "a server error came without CORS headers and hides behind a CORS error",
    what: "The server failed (5xx), and the error page was made outside of the CORS layer. The browser may not show it to the page and reports the missing header instead: the real error is in the server's log. In Starlette and FastAPI every exception that no handler catches ends this way, and handlers for Exception or 500 do too. Uvicorn's 400 for bytes that are no HTTP request is made before any application.",
    recognise: "A 5xx response without Access-Control-Allow-Origin; Starlette's is 'Internal Server Error', 21 bytes of text/plain. Or uvicorn's 400 'Invalid HTTP request received.'",
    disproof: "the response comes from the load balancer (Server: awselb): then the backend did not answer at all.",
    links: &["https://github.com/Kludex/starlette/issues/1116", "https://github.com/fastapi/fastapi/issues/775"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &["load-balancer-answered", "no-answer-from-backend"],
};

impl Rule for ErrorWithoutCors {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![the_error(), layers::around(Names::lacking(&[EXAMPLE]), AROUND), the_bytes()]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::MissingAllowOriginHeader, Error::PreflightMissingAllowOriginHeader])?;
        if is_unreadable_to_uvicorn(seen.response) {
            return Some(unreadable(seen));
        }
        if seen.response.status < 500 {
            return None;
        }
        let uncaught = is_uncaught_in_starlette(seen.response);
        let by_whom =
            if uncaught { "an exception that no handler caught" } else { "an error made outside of the CORS layer" };
        let mut fixes = Fixes::from(the_error());
        if uncaught {
            let names = [case.page_origin()];
            let around = What::Around(AROUND);
            fixes = fixes.then(List::of(seen, Server::Unknown, around, Names::lacking(&names)));
        }
        Some(Diagnosis {
            story: format!(
                "{} {} failed with {}: {by_whom}. The page sees a CORS error instead of it.",
                seen.hop.method,
                path(&seen.hop.url),
                seen.response.status
            ),
            evidence: vec![seen.status_evidence(), seen.response_evidence("access-control-allow-origin")],
            fixes,
        })
    }
}

fn unreadable(seen: &SeenHop<'_>) -> Diagnosis {
    Diagnosis {
        story: format!(
            "uvicorn could not read {} {} as HTTP and answered 400 by itself: no application ran, so no CORS layer did. The page sees a CORS error instead of it.",
            seen.hop.method,
            path(&seen.hop.url)
        ),
        evidence: vec![seen.status_evidence(), seen.response_evidence("access-control-allow-origin")],
        fixes: the_bytes().into(),
    }
}

fn the_bytes() -> Fix {
    Fix {
        server: "client",
        change: "mend the request's bytes: encode the URL (no spaces), and send well-formed header lines".to_owned(),
        caution: Some(
            "Where uvicorn answers 'Invalid HTTP request received.'; a proxy in between may have broken them too."
                .to_owned(),
        ),
    }
}

fn the_error() -> Fix {
    Fix {
        server: "the backend",
        change: "look into the server's log for the error itself, and mend that".to_owned(),
        caution: Some("The missing CORS headers only hide it.".to_owned()),
    }
}

const AROUND: &str = "Wrapped around the whole application, after all else, instead of by add_middleware: then error pages carry the headers too, and the page can read the status.";

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn failed() -> Builder {
        exchange("GET", "https://request.example/boom").page("https://client.example").behind_balancer().status(500)
    }

    #[test]
    fn a_hidden_server_error_is_named() {
        assert_eq!(diagnosed([failed()]).by_chain, [["error-without-cors"]]);
    }

    #[test]
    fn a_readable_one_is_no_matter_of_cors() {
        assert!(diagnosed([failed().shared_with("https://client.example")]).by_chain[0].is_empty());
    }
}
