//! OPTIONS is answered with a redirect.

use super::EXAMPLE;
use super::https_redirect_loop::leads_to_itself;
use super::login_redirect::login_target;
use crate::cors::{AnsweredBy, Error};
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::fixes::{Fixes, List, What};
use crate::diagnose::layers::{self, Names};
use crate::diagnose::server::Server;
use crate::diagnose::{Fix, Severity};
use crate::http::WebUrl;

pub(super) struct PreflightRedirected;

static GENERAL: General = General {
    id: "preflight-redirected",
    severity: Severity::Error,
    title: "the preflight is answered with a redirect",
    what: "Before some requests the browser asks with OPTIONS whether it may send them. It never follows a redirect there, whatever headers the redirect carries. A framework that redirects /items to /items/, or http to https, and does so for OPTIONS too, blocks every such call, while a plain GET works.",
    recognise: "OPTIONS with Access-Control-Request-Method is answered 301, 302, 303, 307 or 308 with a Location.",
    disproof: "the preflight gets a 2xx answer.",
    links: &[
        "https://github.com/corydolphin/flask-cors/issues/257",
        "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
    ],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

impl Rule for PreflightRedirected {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![
            flask(),
            layers::middleware(Names::lacking(&[EXAMPLE]), BEFORE_ROUTING),
            express(),
            aspnet(),
            call("the URL that the redirect names"),
        ]
    }

    /// Where the redirect itself is the mistake of a cause named already, that is what to mend.
    fn is_decisive(&self, case: &Case<'_>) -> bool {
        let failed = case.failed_with(&[Error::PreflightDisallowedRedirect, Error::PreflightMissingAllowOriginHeader]);
        failed.is_none_or(|seen| !leads_to_itself(seen) && login_target(seen).is_none())
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::PreflightDisallowedRedirect, Error::PreflightMissingAllowOriginHeader])?;
        let by_backend = seen.hop.answered_by == AnsweredBy::Backend;
        let location =
            seen.answered("location").filter(|_| by_backend && seen.is_preflight() && seen.response.is_redirect())?;
        let url = seen.url()?;
        let target = url.resolve(location);
        let with_cors = if seen.response.headers.has("access-control-allow-origin") {
            " It carries CORS headers, which does not help."
        } else {
            ""
        };
        Some(Diagnosis {
            story: format!(
                "The preflight for {} was answered {} to {location}; browsers follow no redirect there.{with_cors}",
                path(&seen.hop.url),
                seen.response.status
            ),
            evidence: vec![seen.status_evidence(), seen.response_evidence("location")],
            fixes: match target.filter(|target| is_the_same_resource(&url, target)) {
                Some(target) => canonical(seen, &url, &target, case.page_origin()),
                None => Fixes::from(let_pass()).then(middleware(seen, case.page_origin())),
            },
        })
    }
}

/// Whether a redirect changes the scheme or a slash only. Any other leads somewhere else, mostly to
/// a login, and calling that instead helps nobody.
fn is_the_same_resource(url: &WebUrl<'_>, target: &WebUrl<'_>) -> bool {
    let stem = |url: &WebUrl<'_>| url.path().trim_end_matches('/').to_owned();
    url.host_str() == target.host_str() && stem(url) == stem(target)
}

/// Where a redirect leads to the very URL, the page has nothing else to call.
fn canonical(seen: &SeenHop<'_>, url: &WebUrl<'_>, target: &WebUrl<'_>, origin: &str) -> Fixes {
    let is_slash = url.path() != target.path();
    let own = match Server::of(&seen.response.headers) {
        Server::Gunicorn | Server::Werkzeug | Server::Waitress if is_slash => flask().into(),
        Server::Express => express().into(),
        Server::Kestrel => aspnet().into(),
        server if server.runs_asgi() => middleware(seen, origin).into(),
        _ if is_slash => Fixes::from(answer_first()).then(flask()).then(middleware(seen, origin)),
        _ => Fixes::from(answer_first()).then(middleware(seen, origin)),
    };
    if url.as_str() == target.as_str() { own } else { own.then(call_target(url, target)) }
}

fn answer_first() -> Fix {
    Fix {
        server: "the backend",
        change: "answer OPTIONS requests with Access-Control-Request-Method before anything redirects them".to_owned(),
        caution: Some("The CORS layer has to stand outside of the router and of what insists on https.".to_owned()),
    }
}

fn express() -> Fix {
    Fix {
        server: "Express",
        change: "app.use(cors({ … }))  // the first app.use".to_owned(),
        caution: Some("It answers preflights by itself, before what redirects.".to_owned()),
    }
}

fn aspnet() -> Fix {
    Fix {
        server: "ASP.NET Core",
        change: "app.UseCors();\napp.UseHttpsRedirection();".to_owned(),
        caution: Some(
            "UseCors first; or leave UseHttpsRedirection out, where the load balancer redirects to https already."
                .to_owned(),
        ),
    }
}

fn let_pass() -> Fix {
    Fix {
        server: "the backend",
        change: "let OPTIONS requests with Access-Control-Request-Method pass without a redirect".to_owned(),
        caution: Some("Where that leads to a login: browsers send no credentials with a preflight, so every one is redirected. Answer 401 instead of a redirect to calls of a page.".to_owned()),
    }
}

fn flask() -> Fix {
    Fix {
        server: "Flask",
        change: "app.url_map.strict_slashes = False".to_owned(),
        caution: Some("Before the routes are added. ProxyFix alone does not help: the preflight would still be redirected, only to https.".to_owned()),
    }
}

fn middleware(seen: &SeenHop<'_>, origin: &str) -> List {
    let server = Server::of(&seen.response.headers);
    List::of(seen, server, What::Middleware(BEFORE_ROUTING), Names::lacking(&[origin]))
}

const BEFORE_ROUTING: &str = "CORSMiddleware answers preflights before the router can redirect them. Add it last, so that it is outermost, outside of HTTPSRedirectMiddleware too.";

/// By its path where that is what differs: a call by http has to name https.
fn call_target(url: &WebUrl<'_>, target: &WebUrl<'_>) -> Fix {
    call(if url.path() == target.path() { target.as_str() } else { path(target.as_str()) })
}

fn call(target: &str) -> Fix {
    Fix { server: "client", change: format!("call {target} itself"), caution: None }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::Vantage;
    use crate::http::testing::{Builder, exchange};

    fn preflight() -> Builder {
        exchange("OPTIONS", "https://request.example/items")
            .page("https://client.example")
            .behind_balancer()
            .header("Access-Control-Request-Method", "POST")
            .shared_with("https://client.example")
    }

    #[test]
    fn a_redirected_preflight_blocks_whatever_its_headers() {
        let redirect = preflight().status(308).answer("Location", "/items/").answer("Server", "gunicorn");
        let found = diagnosed([redirect]);
        assert_eq!(found.by_chain, [["preflight-redirected"]]);
        assert_eq!(found.findings[0].fixes[0].server, "Flask");
    }

    #[test]
    fn the_load_balancers_own_redirect_is_another_matter() {
        let own = exchange("OPTIONS", "http://request.example/items")
            .page("http://client.example")
            .header("Access-Control-Request-Method", "POST")
            .status(301)
            .answer("Server", "awselb/2.0")
            .answer("Location", "https://request.example:443/items")
            .vantage(Vantage::Client);
        assert_eq!(diagnosed([own]).by_chain, [["load-balancer-answered"]]);
    }

    #[test]
    fn an_answered_preflight_does_not() {
        let answered = preflight().answer("Access-Control-Allow-Headers", "content-type");
        assert!(diagnosed([answered]).by_chain[0].is_empty());
    }

    #[test]
    fn who_is_sent_to_a_login_is_not_told_to_call_it() {
        let login = exchange("OPTIONS", "https://request.example/items")
            .page("https://client.example")
            .header("Access-Control-Request-Method", "PUT")
            .status(302)
            .answer("Location", "https://sso.example/login");
        let found = diagnosed([login]);
        assert_eq!(found.by_chain, [["preflight-needs-credentials", "preflight-redirected"]]);
        assert!(found.findings[1].fixes.iter().all(|fix| fix.server != "client" && fix.server != "Flask"));
    }
}
