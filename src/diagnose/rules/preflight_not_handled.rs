//! Nothing answers OPTIONS as a preflight.

use super::EXAMPLE;
use super::method_not_allowed::is_unlisted;
use super::origin_not_allowed::{allows_another, varies_by_origin};
use super::refused_in_silence::refused;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::fixes::{Fixes, List, What};
use crate::diagnose::layers::{self, Names, Setting};
use crate::diagnose::server::Server;
use crate::diagnose::{Fix, Severity};

pub(super) struct PreflightNotHandled;

static GENERAL: General = General {
    id: "preflight-not-handled",
    severity: Severity::Error,
    title: "nothing answers OPTIONS as a preflight",
    what: "The preflight reached a server that treats OPTIONS like any other method: it has no route for it, or answers it without a single CORS header. Either there is no CORS layer, or it stands behind what answered. CORS headers that something adds to every answer do not help: the status of a preflight's answer has to be 2xx.",
    recognise: "OPTIONS with Access-Control-Request-Method is answered 404, 405 or 501, or is answered 2xx without Access-Control-Allow-Origin.",
    disproof: "the answer lacks Access-Control-Allow-Origin and carries other CORS headers or Vary: Origin, its body says that the CORS layer refused, or the same path allows another origin: then the list of origins is the cause. An answer that allows the origin and lists other methods refuses the method.",
    links: &["https://fetch.spec.whatwg.org/#http-cors-protocol", "https://fastapi.tiangolo.com/tutorial/cors/"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &["preflight-needs-credentials", "preflight-redirected"],
};

impl Rule for PreflightNotHandled {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![layers::middleware(Names::lacking(&[EXAMPLE]), OUTERMOST), aspnet(EXAMPLE), others()]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::PreflightMissingAllowOriginHeader, Error::PreflightInvalidStatus])?;
        let status = seen.response.status;
        let unhandled = matches!(status, 404 | 405 | 501) || seen.response.is_ok();
        // What passes the CORS check refuses no origin: it may refuse the method.
        let is_refused = if case.failure()?.error == Error::PreflightInvalidStatus {
            is_unlisted(seen, &case.judgement.asked.method)
        } else {
            is_refused(case, seen)
        };
        if !unhandled || is_refused || refused(case).is_some() || seen.is_by_load_balancer() {
            return None;
        }
        let server = Server::of(&seen.response.headers);
        let names = [case.page_origin()];
        let middleware = List::of(seen, server, What::Middleware(OUTERMOST), Names::lacking(&names));
        let origins = || List::of(seen, server, What::Setting(Setting::Origins), Names::lacking(&names));
        let fixes = match server {
            _ if server.runs_asgi() => middleware.into(),
            Server::Gunicorn | Server::Werkzeug | Server::Waitress | Server::Daphne => {
                Fixes::from(origins()).then(others())
            }
            Server::Kestrel => Fixes::from(aspnet(case.page_origin())).then(others()),
            Server::Express | Server::Kong => Fixes::from(origins()).then(others()),
            _ => Fixes::from(others()).then(middleware),
        };
        Some(Diagnosis {
            story: if seen.response.headers.has("access-control-allow-origin") {
                format!(
                    "The preflight for {} was answered {status}: something adds Access-Control-Allow-Origin, but nothing answers OPTIONS, and browsers want a 2xx.",
                    path(&seen.hop.url)
                )
            } else {
                format!(
                    "The preflight for {} was answered {status} without CORS headers: no CORS layer saw it.",
                    path(&seen.hop.url)
                )
            },
            evidence: vec![seen.status_evidence(), seen.response_evidence("access-control-allow-origin")],
            fixes,
        })
    }
}

/// Whether a CORS layer answered, and does not allow the origin.
fn is_refused(case: &Case<'_>, seen: &SeenHop<'_>) -> bool {
    let headers = &seen.response.headers;
    let is_marked =
        ["access-control-allow-credentials", "access-control-allow-methods"].iter().any(|name| headers.has(name));
    // A layer that lets preflights pass may say it of every answer: only an answer of its own shows that
    // it refused, and no other answer allows who it refuses.
    let looked_at_origin = seen.response.is_ok() && varies_by_origin(headers) && !allows_this_one(case, seen);
    is_marked
        || (!headers.has("access-control-allow-origin") && (looked_at_origin || allows_another(case, seen).is_some()))
}

fn allows_this_one(case: &Case<'_>, seen: &SeenHop<'_>) -> bool {
    seen.url().is_some_and(|url| case.siblings.with_cors_for(&url, case.page_origin()).is_some())
}

/// A policy of origins alone grants no header and no method that needs leave.
fn aspnet(origin: &str) -> Fix {
    Fix {
        server: "ASP.NET Core",
        change: format!(
            "builder.Services.AddCors(it => it.AddDefaultPolicy(policy => policy.WithOrigins(\"{origin}\").AllowAnyHeader().AllowAnyMethod()));\n\napp.UseCors();"
        ),
        caution: Some("UseCors after UseRouting, before authentication and UseHttpsRedirection.".to_owned()),
    }
}

const OUTERMOST: &str = "Where it is a FastAPI or Starlette application: added last, so that it is outermost.";

fn others() -> Fix {
    Fix {
        server: "the backend",
        change: "answer OPTIONS on every path with 204 and the Access-Control-Allow-* headers".to_owned(),
        caution: Some("In the outermost layer, so that neither routing nor authentication comes first.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn preflight() -> Builder {
        exchange("OPTIONS", "https://request.example/items")
            .page("https://client.example")
            .behind_balancer()
            .header("Access-Control-Request-Method", "PUT")
    }

    #[test]
    fn an_answer_without_cors_headers_is_no_answer_to_a_preflight() {
        for status in [200, 204, 404, 405] {
            assert_eq!(diagnosed([preflight().status(status)]).by_chain, [["preflight-not-handled"]], "{status}");
        }
    }

    #[test]
    fn a_cors_layer_that_refuses_did_handle_it() {
        let refused = preflight().status(200).answer("Access-Control-Allow-Methods", "GET");
        assert_eq!(diagnosed([refused]).by_chain, [["origin-not-allowed"]]);
    }

    #[test]
    fn headers_on_every_answer_are_no_answer_to_a_preflight() {
        // As nginx adds them to whatever the application answers.
        let preflight = |status: u16, methods: &str| {
            let answer = preflight().status(status).shared_with("https://client.example");
            answer.answer("Access-Control-Allow-Credentials", "true").answer("Access-Control-Allow-Methods", methods)
        };
        for status in [404, 405, 501] {
            assert_eq!(diagnosed([preflight(status, "GET, PUT")]).by_chain, [["preflight-not-handled"]], "{status}");
        }
        assert_eq!(diagnosed([preflight(405, "GET, POST")]).by_chain, [["method-not-allowed-by-cors"]]);
        assert!(diagnosed([preflight(503, "GET, PUT")]).by_chain[0].is_empty());
    }

    #[test]
    fn a_layer_that_refuses_in_silence_is_known_by_whom_it_allows() {
        let allowed = || {
            exchange("OPTIONS", "https://request.example/items")
                .page("https://other.example")
                .behind_balancer()
                .header("Access-Control-Request-Method", "PUT")
                .shared_with("https://other.example")
                .answer("Access-Control-Allow-Methods", "PUT")
        };
        let refused = || preflight().at(9_000);
        let found = diagnosed([allowed(), refused()]);
        assert_eq!(found.by_chain[1], ["origin-not-allowed"]);
        assert!(found.findings[0].evidence.iter().any(|piece| piece.value == "https://other.example"));
        let our_get = exchange("GET", "https://request.example/items").page("https://client.example").at(5_000);
        let our_get = our_get.behind_balancer().shared_with("https://client.example").answer("Vary", "Origin");
        assert_eq!(diagnosed([allowed(), our_get, refused()]).by_chain[2], ["preflight-not-handled"]);
    }

    #[test]
    fn an_answer_that_varies_by_origin_looked_at_it() {
        let django = |status: u16| preflight().status(status).answer("Vary", "origin");
        assert_eq!(diagnosed([django(200)]).by_chain, [["origin-not-allowed"]]);
        assert_eq!(diagnosed([django(405)]).by_chain, [["preflight-not-handled"]]);
    }

    #[test]
    fn headers_that_are_there_are_not_said_to_be_missing() {
        let preflight = exchange("OPTIONS", "https://request.example/x")
            .page("https://client.example")
            .header("Access-Control-Request-Method", "PUT")
            .status(405)
            .shared_with("https://client.example");
        let found = diagnosed([preflight]);
        assert_eq!(found.by_chain, [["preflight-not-handled"]]);
        assert!(!found.findings[0].story.contains("without CORS headers"));
    }
}
