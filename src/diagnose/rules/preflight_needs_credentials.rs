//! Something in front of the CORS layer wants a login for OPTIONS.

use super::login_redirect::login_target;
use super::origin_not_allowed::allows_another;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::server::{Server, is_refused_by_spring, refusal_of_origin};
use crate::diagnose::{Fix, Severity};
use crate::http::Headers;

pub(super) struct PreflightNeedsCredentials;

static GENERAL: General = General {
    id: "preflight-needs-credentials",
    severity: Severity::Error,
    title: "something in front of the CORS layer wants a login for the preflight",
    what: "Browsers never send credentials with a preflight. An authentication layer that stands outside of the CORS layer refuses it with 401, 403 or 407 before the CORS layer can answer, and the browser reports a CORS error for every call that needs a preflight.",
    recognise: "OPTIONS with Access-Control-Request-Method is answered 401, 403 or 407, or with a redirect to a login, mostly without CORS headers.",
    disproof: "the body says that the origin is not allowed, or the same path answers the preflight of another origin: then the CORS layer itself refused.",
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
        let mut fixes = vec![starlette(), flask(), django(), express(), aspnet(), nginx()];
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
        if !seen.is_preflight() || (login.is_none() && !is_refusal(case, seen)) || seen.is_by_load_balancer() {
            return None;
        }
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
            fixes: fixes(&seen.response.headers).into(),
        })
    }
}

/// 401 and 407 ask for credentials; so does 403, unless a CORS layer refuses the origin: it says so, or lets
/// another origin's preflight of the same path pass.
fn is_refusal(case: &Case<'_>, seen: &SeenHop<'_>) -> bool {
    match seen.response.status {
        401 | 407 => true,
        403 => {
            let is_said = is_refused_by_spring(seen.response) || refusal_of_origin(seen.response).is_some();
            !is_said && allows_another(case, seen).is_none()
        }
        _ => false,
    }
}

/// What to change, at the server that answered where it says what it is.
fn fixes(headers: &Headers) -> Vec<Fix> {
    if is_of_spring_security(headers) {
        return vec![spring()];
    }
    match Server::of(headers) {
        server if server.runs_asgi() => vec![starlette()],
        Server::Kong => vec![kong(), gateway()],
        Server::Nginx => vec![nginx(), gateway()],
        Server::Express => vec![express()],
        Server::Kestrel => vec![aspnet()],
        Server::Gunicorn | Server::Werkzeug | Server::Waitress => vec![flask(), django()],
        Server::Daphne => vec![django()],
        _ => gateways().into_iter().chain([starlette()]).collect(),
    }
}

/// What Spring Security adds to every answer unless told otherwise.
fn is_of_spring_security(headers: &Headers) -> bool {
    headers.first("cache-control") == Some("no-cache, no-store, max-age=0, must-revalidate")
        && headers.first("expires") == Some("0")
        && headers.has("x-content-type-options")
}

fn starlette() -> Fix {
    Fix {
        server: "FastAPI",
        change: "app.add_middleware(AuthMiddleware)\napp.add_middleware(CORSMiddleware, …)  # last: outermost".to_owned(),
        caution: Some("The middleware added last is outermost: CORSMiddleware then answers preflights before the authentication sees them, and adds its headers to the 401 as well.".to_owned()),
    }
}

fn flask() -> Fix {
    Fix {
        server: "Flask",
        change: "@app.before_request\ndef authenticate():\n    if request.method == \"OPTIONS\":\n        return None"
            .to_owned(),
        caution: Some(
            "At the beginning of the function that asks for the login: Flask-CORS answers OPTIONS after it.".to_owned(),
        ),
    }
}

fn django() -> Fix {
    Fix {
        server: "Django",
        change: "MIDDLEWARE = [\"corsheaders.middleware.CorsMiddleware\", …]".to_owned(),
        caution: Some("First in the list: it answers preflights before any authentication.".to_owned()),
    }
}

fn express() -> Fix {
    Fix {
        server: "Express",
        change: "app.use(cors({ … }))\napp.use(authenticate)".to_owned(),
        caution: Some("cors first: it answers preflights by itself.".to_owned()),
    }
}

fn aspnet() -> Fix {
    Fix {
        server: "ASP.NET Core",
        change: "app.UseRouting();\napp.UseCors();\napp.UseAuthentication();\napp.UseAuthorization();".to_owned(),
        caution: Some("UseCors before authentication and authorization.".to_owned()),
    }
}

fn nginx() -> Fix {
    Fix {
        server: "nginx",
        change: "if ($request_method = OPTIONS) {\n    add_header Access-Control-Allow-Origin \"https://client.example.com\" always;\n    add_header Access-Control-Allow-Methods \"GET, POST, PUT, DELETE\" always;\n    add_header Access-Control-Allow-Headers \"authorization, content-type\" always;\n    return 204;\n}".to_owned(),
        caution: Some("With your own origin, methods and headers, in the location that has auth_basic or auth_request: return comes before the access phase, in which they ask.".to_owned()),
    }
}

fn kong() -> Fix {
    Fix {
        server: "Kong",
        change: "config.run_on_preflight: false".to_owned(),
        caution: Some("In the authentication plugin; the cors plugin then answers.".to_owned()),
    }
}

fn spring() -> Fix {
    Fix {
        server: "Spring Security",
        change: "http.cors(Customizer.withDefaults())".to_owned(),
        caution: Some("Places the CORS filter before authentication.".to_owned()),
    }
}

fn gateway() -> Fix {
    Fix {
        server: "the gateway",
        change: "let OPTIONS requests with Access-Control-Request-Method pass without authentication".to_owned(),
        caution: None,
    }
}

fn gateways() -> Vec<Fix> {
    vec![
        gateway(),
        kong(),
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
        spring(),
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
    fn a_refusal_of_one_origin_and_not_of_another_is_the_cors_layers() {
        let allowed = exchange("OPTIONS", "https://request.example/items")
            .page("https://other.example")
            .behind_balancer()
            .header("Access-Control-Request-Method", "GET")
            .at(9_000)
            .shared_with("https://other.example");
        assert_eq!(diagnosed([preflight(403), allowed]).by_chain[0], ["origin-not-allowed"]);
        assert_eq!(diagnosed([preflight(403)]).by_chain[0], ["preflight-needs-credentials"]);
    }

    #[test]
    fn who_answered_is_told_what_to_change() {
        let first = |name: &str, value: &str| {
            let found = diagnosed([preflight(401).answer(name, value)]);
            found.findings[0].fixes[0].server
        };
        assert_eq!(first("Server", "kong/3.9.0"), "Kong");
        assert_eq!(first("Server", "Kestrel"), "ASP.NET Core");
        assert_eq!(first("X-Powered-By", "Express"), "Express");
        assert_eq!(first("Server", "nginx/1.27.0"), "nginx");
    }

    #[test]
    fn a_preflight_that_nobody_handles_is_something_else() {
        assert_eq!(diagnosed([preflight(405)]).by_chain, [["preflight-not-handled"]]);
    }
}
