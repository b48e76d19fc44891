//! An error response bypassed the CORS layer.

use super::EXAMPLE;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::fixes::{Fixes, List, What};
use crate::diagnose::layers::{self, Change, Names, Setting};
use crate::diagnose::server::{
    Refuser, Server, is_beyond_limit_of_uvicorn, is_uncaught_in_starlette, refusal_of_origin, refused_by_server,
};
use crate::diagnose::{Fix, Severity};

pub(super) struct ErrorWithoutCors;

static GENERAL: General = General {
    id: "error-without-cors",
    severity: Severity::Error,
    title: "a server error came without CORS headers and hides behind a CORS error",
    what: "The server failed (5xx), and the error page was made outside of the CORS layer. The browser may not show it to the page and reports the missing header instead: the real error is in the server's log. In Starlette and FastAPI every exception that no handler catches ends this way, and handlers for Exception or 500 do too. What a server refuses by itself (Uvicorn's and Gunicorn's 400, Node's 431, nginx's 'Request Header Or Cookie Too Large') is answered before any application.",
    recognise: "A 5xx response without Access-Control-Allow-Origin; Starlette's is 'Internal Server Error', 21 bytes of text/plain. Or uvicorn's 400 'Invalid HTTP request received.', Gunicorn's page that names no Server, Node's 400 or 431 with Connection: close and nothing else, nginx's own page with one of these statuses.",
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
        vec![
            the_error(),
            layers::around(Names::lacking(&[EXAMPLE]), AROUND),
            the_bytes(),
            the_schemes(),
            the_limit(),
            more_room_in_node(),
            more_room_in_nginx(),
        ]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::MissingAllowOriginHeader, Error::PreflightMissingAllowOriginHeader])?;
        if let Some(refuser) = refused_by_server(seen.response) {
            return Some(refused(seen, refuser));
        }
        if seen.response.status < 500 || refusal_of_origin(seen.response).is_some() {
            return None;
        }
        let uncaught = is_uncaught_in_starlette(seen.response);
        let is_limit = is_beyond_limit_of_uvicorn(seen.response);
        let by_whom = match (uncaught, is_limit) {
            (true, _) => "an exception that no handler caught",
            (_, true) => "uvicorn's own answer beyond its limit of concurrency",
            _ => "an error made outside of the CORS layer",
        };
        let mut fixes = Fixes::from(if is_limit { the_limit() } else { the_error() });
        if uncaught {
            let names = [case.page_origin()];
            let around = What::Around(AROUND);
            fixes = fixes.then(List::of(seen, Server::Unknown, around, Names::lacking(&names)));
        }
        if Server::of(&seen.response.headers) == Server::Nginx {
            let origins = [case.page_origin()];
            let names = Names::lacking(&origins);
            fixes = fixes.then(layers::nginx(Change { setting: Setting::Origins, names }));
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

fn refused(seen: &SeenHop<'_>, refuser: Refuser) -> Diagnosis {
    let (who, fixes) = match refuser {
        Refuser::Uvicorn => ("uvicorn could not read", vec![the_bytes()]),
        Refuser::Gunicorn => ("gunicorn could not read", vec![the_bytes()]),
        Refuser::GunicornOfSchemes => ("gunicorn finds headers that contradict each other in", vec![the_schemes()]),
        Refuser::Node => ("Node.js could not read, or would not take,", vec![more_room_in_node(), the_bytes()]),
        Refuser::Nginx => ("nginx could not read, or would not take,", vec![more_room_in_nginx(), the_bytes()]),
    };
    Diagnosis {
        story: format!(
            "{who} {} {}{} and answered {} by itself: no application ran, so no CORS layer did. The page sees a CORS error instead of it.",
            seen.hop.method,
            path(&seen.hop.url),
            if matches!(refuser, Refuser::Uvicorn | Refuser::Gunicorn) { " as HTTP" } else { "" },
            seen.response.status
        ),
        evidence: vec![seen.status_evidence(), seen.response_evidence("access-control-allow-origin")],
        fixes: fixes.into(),
    }
}

/// Gunicorn compares the headers that may name the scheme, where it trusts who sent them.
fn the_schemes() -> Fix {
    Fix {
        server: "the proxy in front",
        change: "send X-Forwarded-Proto alone, or X-Forwarded-Protocol and X-Forwarded-Ssl that say the same"
            .to_owned(),
        caution: Some(
            "Where Gunicorn answers 'Contradictory scheme headers'; its secure_scheme_headers names those it compares."
                .to_owned(),
        ),
    }
}

fn the_limit() -> Fix {
    Fix {
        server: "uvicorn",
        change: "uvicorn app:app --workers 4 --limit-concurrency 1000".to_owned(),
        caution: Some(
            "Where it answers 503 'Service Unavailable' by itself: more connections or tasks than its limit; raise it, or add workers."
                .to_owned(),
        ),
    }
}

fn more_room_in_node() -> Fix {
    Fix {
        server: "Node.js",
        change: "node --max-http-header-size=32768 server.js".to_owned(),
        caution: Some("Where it answers 431; smaller cookies and tokens are the better cure.".to_owned()),
    }
}

fn more_room_in_nginx() -> Fix {
    Fix {
        server: "nginx",
        change: "large_client_header_buffers 4 32k;".to_owned(),
        caution: Some(
            "Where its page says 'Request Header Or Cookie Too Large' or 414; smaller cookies and tokens are the better cure."
                .to_owned(),
        ),
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

    #[test]
    fn what_a_server_refuses_by_itself_no_layer_has_seen() {
        let refused = |status: u16, body: &str| {
            let page = exchange("GET", "https://request.example/").page("https://client.example").behind_balancer();
            diagnosed([page.status(status).answer("Connection", "close").body(body)])
        };
        let node = refused(431, "");
        assert_eq!(node.by_chain, [["error-without-cors"]]);
        assert_eq!(node.findings[0].fixes[0].server, "Node.js");
        let gunicorn = refused(400, "<h1><p>Bad Request</p></h1>\n    Contradictory scheme headers");
        assert!(gunicorn.findings[0].story.contains("contradict"), "{}", gunicorn.findings[0].story);
        assert_eq!(refused(414, "<hr><center>nginx</center>").by_chain, [["error-without-cors"]]);
        assert_eq!(refused(404, "").by_chain, [["origin-not-allowed"]], "a route may answer that");
    }

    #[test]
    fn uvicorns_limit_is_no_error_of_the_application() {
        let limit = failed().status(503).answer("Content-Type", "text/plain; charset=utf-8");
        let limit = limit.answer("Connection", "close").body("Service Unavailable");
        let found = diagnosed([limit]);
        assert_eq!(found.by_chain, [["error-without-cors"]]);
        assert!(found.findings[0].fixes[0].change.contains("--limit-concurrency"), "{:?}", found.findings[0].fixes);
    }

    #[test]
    fn an_exception_that_says_not_allowed_by_cors_is_about_the_origin() {
        let express = failed().answer("X-Powered-By", "Express").body("<pre>Error: Not allowed by CORS<br></pre>");
        assert_eq!(diagnosed([express]).by_chain, [["origin-not-allowed"]]);
    }
}
