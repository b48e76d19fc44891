//! A middleware outside of the CORS layer answered.

use super::EXAMPLE;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::layers::{self, Change, Names, Setting};
use crate::diagnose::server::{PageOf, Server, refusal_of_origin, refused_by_server};
use crate::diagnose::{Fix, Severity};

pub(super) struct ResponseOutsideCorsLayer;

static GENERAL: General = General {
    id: "response-outside-cors-layer",
    severity: Severity::Error,
    title: "something outside of the CORS layer answered",
    what: "A middleware that stands outside of the CORS layer (rate limit, authentication, body limit, slash redirect) answered by itself, so its answer has no CORS headers and the page cannot even see the status. Other answers of the same server have them.",
    recognise: "A 3xx or 4xx response without Access-Control-Allow-Origin and without the marks of a CORS layer, where other responses of the same host carry it for the same origin; or a 401 or 429 without it.",
    disproof: "no answer of the host carries CORS headers: then there may be no CORS layer at all.",
    links: &[
        "https://www.starlette.io/middleware/",
        "https://github.com/Flagsmith/flagsmith/pull/54",
        "https://github.com/stefanprodan/AspNetCoreRateLimit/issues/120",
    ],
    shows_in: ShowsIn::Blocked,
    symptom_of: &["login-redirect", "vary-origin-missing"],
};

impl Rule for ResponseOutsideCorsLayer {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![starlette(), django(), express(), aspnet(), nginx(EXAMPLE), apache(EXAMPLE), others()]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::MissingAllowOriginHeader])?;
        let status = seen.response.status;
        let marked = seen.response.headers.has("access-control-allow-credentials");
        if !(300..500).contains(&status) || marked || seen.is_by_load_balancer() {
            return None;
        }
        // What no application has seen has no layers, and one that refuses an origin in words is one.
        if refused_by_server(seen.response).is_some() || refusal_of_origin(seen.response).is_some() {
            return None;
        }
        let sibling = seen.url().and_then(|url| case.siblings.with_cors_for(&url, case.page_origin()).cloned());
        // Authentication and rate limits are answered by middlewares, hardly ever by a route; and so is
        // Django's redirect for the sake of a slash.
        // A redirect's page says nothing: nginx adds to that what it is told to add.
        let page = PageOf::told_by(seen.response).filter(|_| status >= 400);
        if sibling.is_none() && !matches!(status, 401 | 429) && !is_djangos_slash(seen) && page.is_none() {
            return None;
        }
        let compared = match &sibling {
            Some(_) => "although other answers of this host allow the same origin",
            None if page.is_some() => {
                "by what stands in front of the application: such pages lack what the application adds"
            }
            None => "which mostly means that the middleware that refused stands outside of the CORS layer",
        };
        let mut evidence = vec![seen.status_evidence(), seen.response_evidence("access-control-allow-origin")];
        evidence.extend(sibling);
        let fixes = match page {
            Some(page) => fixes_of_page(page, case.page_origin()),
            None => fixes(Server::of(&seen.response.headers), case.page_origin()),
        };
        Some(Diagnosis {
            story: format!(
                "{} {} was answered {status} without CORS headers, {compared}.",
                seen.hop.method,
                path(&seen.hop.url)
            ),
            evidence,
            fixes: fixes.into(),
        })
    }
}

fn fixes(server: Server, origin: &str) -> Vec<Fix> {
    match server {
        server if server.runs_asgi() => vec![starlette()],
        // nginx's own pages, most likely: what add_header says without 'always' they lack.
        Server::Nginx => vec![nginx(origin), others()],
        Server::Gunicorn | Server::Daphne => vec![django(), others()],
        Server::Express => vec![express()],
        Server::Kestrel => vec![aspnet()],
        _ => vec![others(), starlette(), django()],
    }
}

fn fixes_of_page(page: PageOf, origin: &str) -> Vec<Fix> {
    match page {
        PageOf::Nginx => vec![nginx(origin), others()],
        PageOf::Apache => vec![apache(origin), others()],
        PageOf::DefaultBackend => vec![ingress()],
    }
}

/// `APPEND_SLASH` answers 301 with the path alone. Where django-cors-headers stands before it, the
/// answer says `Vary: origin` whatever the origin.
fn is_djangos_slash(seen: &SeenHop<'_>) -> bool {
    let asked = path(&seen.hop.url).split(['?', '#']).next().unwrap_or_default();
    let location = seen.answered("location").unwrap_or_default().split('?').next().unwrap_or_default();
    let varies = seen.response.headers.all("vary").any(|value| value.to_ascii_lowercase().contains("origin"));
    seen.response.status == 301 && location == format!("{asked}/") && !varies
}

fn starlette() -> Fix {
    Fix {
        server: "FastAPI",
        change: "app.add_middleware(CORSMiddleware, …)  # the last add_middleware call".to_owned(),
        caution: Some("The middleware added last is outermost, and what it wraps gets its headers.".to_owned()),
    }
}

fn django() -> Fix {
    Fix {
        server: "Django",
        change: "MIDDLEWARE = [\"corsheaders.middleware.CorsMiddleware\", …]".to_owned(),
        caution: Some(
            "First in the list: CommonMiddleware's slash redirect comes without CORS headers otherwise.".to_owned(),
        ),
    }
}

fn express() -> Fix {
    Fix {
        server: "Express",
        change: "app.use(cors({ … }))  // the first app.use".to_owned(),
        caution: Some(
            "Before the body parser, the rate limit and the authentication: what comes before it answers without its headers."
                .to_owned(),
        ),
    }
}

fn aspnet() -> Fix {
    Fix {
        server: "ASP.NET Core",
        change: "app.UseRouting();\napp.UseCors();\napp.UseRateLimiter();\napp.UseAuthentication();\napp.UseAuthorization();".to_owned(),
        caution: Some("UseCors after UseRouting and before all that may answer by itself.".to_owned()),
    }
}

fn nginx(origin: &str) -> Fix {
    layers::nginx(Change { setting: Setting::Origins, names: Names::lacking(&[origin]) })
}

fn apache(origin: &str) -> Fix {
    Fix {
        server: "Apache httpd",
        change: format!("Header always set Access-Control-Allow-Origin \"{origin}\""),
        caution: Some("Where httpd owns the CORS headers: without 'always' its error pages lack them, and no other layer may add them too.".to_owned()),
    }
}

fn ingress() -> Fix {
    Fix {
        server: "ingress-nginx",
        change: "give an Ingress a rule whose host and path match this URL".to_owned(),
        caution: Some("None did, so the default backend answered: no CORS layer is to blame.".to_owned()),
    }
}

fn others() -> Fix {
    Fix {
        server: "the backend",
        change: "place the CORS layer before (outside of) the layer that answered".to_owned(),
        caution: Some(
            "ASP.NET Core: UseCors early; Express: app.use(cors()) first; nginx: add_header … always.".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn call(status: u16) -> Builder {
        exchange("GET", "https://request.example/items").page("https://client.example").behind_balancer().status(status)
    }

    #[test]
    fn an_answer_without_headers_among_others_with_them_is_named() {
        let healthy = call(200).shared_with("https://client.example");
        assert_eq!(diagnosed([healthy, call(404).at(9_000)]).by_chain[1], ["response-outside-cors-layer"]);
        assert_eq!(diagnosed([call(429)]).by_chain, [["response-outside-cors-layer"]]);
    }

    #[test]
    fn djangos_slash_redirect_is_known_by_itself() {
        let slash = |vary: &str| call(301).answer("Location", "/items/").answer("Vary", vary);
        assert_eq!(diagnosed([slash("Accept-Encoding")]).by_chain, [["response-outside-cors-layer"]]);
        assert_eq!(diagnosed([slash("origin")]).by_chain, [["origin-not-allowed"]]);
    }

    #[test]
    fn without_any_cors_layer_nothing_is_outside_of_it() {
        assert_eq!(diagnosed([call(404)]).by_chain, [["origin-not-allowed"]]);
    }

    #[test]
    fn what_uvicorn_cannot_read_reaches_no_layer() {
        let healthy = call(200).shared_with("https://client.example");
        let unreadable = call(400)
            .at(9_000)
            .answer("Content-Type", "text/plain; charset=utf-8")
            .body("Invalid HTTP request received.");
        let found = diagnosed([healthy, unreadable]);
        assert_eq!(found.by_chain[1], ["error-without-cors"]);
        assert_eq!(found.findings[0].fixes[0].server, "client");
    }

    #[test]
    fn nginx_is_told_what_its_own_pages_lack() {
        let healthy = call(200).shared_with("https://client.example");
        let found = diagnosed([healthy, call(404).at(9_000).answer("Server", "nginx/1.24.0")]);
        let first = &found.findings[0].fixes[0];
        assert_eq!(first.change, "add_header Access-Control-Allow-Origin \"https://client.example\" always;");
    }
}
