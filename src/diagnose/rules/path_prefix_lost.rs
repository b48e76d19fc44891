//! Location lacks the prefix that the client used.

use super::forwarded_proto_ignored::leads_to_failure;
use crate::diagnose::case::{Case, Diagnosis, General, Redirect, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::server::Server;
use crate::diagnose::{Evidence, Fix, Severity};
use crate::http::WebUrl;

pub(super) struct PathPrefixLost;

static GENERAL: General = General {
    id: "path-prefix-lost",
    severity: Severity::Error,
    title: "a redirect lacks the path prefix that the client used",
    what: "Something in front (a load balancer's URL rewrite, an ingress, a gateway) takes a prefix such as /api off the path before the backend sees it. The backend does not know of the prefix and leaves it out of its redirects, so the browser is sent to a path that leads nowhere, or to another service, whose answer mostly has no CORS headers.",
    recognise: "A redirect whose Location is the path without the prefix that X-Forwarded-Prefix (or the path in front) has.",
    disproof: "the path without the prefix exists and is meant: it answers.",
    links: &[
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html",
        "https://fastapi.tiangolo.com/advanced/behind-a-proxy/",
    ],
    shows_in: ShowsIn::Redirected,
    symptom_of: &[],
};

/// Fields in which proxies pass on the prefix that they took off.
const PREFIX_FIELDS: [&str; 2] = ["x-forwarded-prefix", "x-script-name"];

/// Fields in which proxies pass on the path as it was before they rewrote it.
const PATH_FIELDS: [&str; 5] =
    ["x-envoy-original-path", "x-original-uri", "x-original-url", "x-forwarded-uri", "x-forwarded-path"];

impl Rule for PathPrefixLost {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        fixes("/prefix")
    }

    fn is_decisive(&self, case: &Case<'_>) -> bool {
        leads_to_failure(case, |seen| lost(seen).is_some())
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let (seen, lost) = case.seen_hops().find_map(|seen| Some((seen, lost(seen)?)))?;
        // Where what the Location names answers, it is meant.
        let answers = |other: &SeenHop<'_>| {
            other.url().is_some_and(|url| url.as_str() == lost.target.as_str()) && other.response.status < 400
        };
        if case.seen_hops().any(answers) {
            return None;
        }
        let mut evidence: Vec<Evidence> = lost.field.map(|field| seen.request_evidence(field)).into_iter().collect();
        evidence.push(seen.response_evidence("location"));
        Some(Diagnosis {
            story: format!(
                "The client used the prefix {}; {} {} was redirected to {}, which lacks it.",
                lost.prefix,
                seen.hop.method,
                path(&seen.hop.url),
                seen.answered("location").unwrap_or_default()
            ),
            evidence,
            fixes: fixes_of(Server::of(&seen.response.headers), &lost.prefix).into(),
        })
    }
}

/// A prefix that a redirect lost.
struct Lost {
    prefix: String,
    /// The request field that tells of it; `None` where the paths themselves do.
    field: Option<&'static str>,
    /// Where the redirect leads.
    target: WebUrl<'static>,
}

fn lost(seen: &SeenHop<'_>) -> Option<Lost> {
    let Redirect { from: asked, to } = seen.redirect()?;
    let (prefix, field) = told_prefix(seen, asked).or_else(|| Some((shortened_by(asked, to)?, None)))?;
    // The browser resolves a relative Location against the path that it used.
    let target = if field.is_some() && !is_below(asked.path(), &prefix) {
        let mut public = asked.to_url()?.into_owned();
        public.set_path(&format!("{prefix}{}", asked.path()));
        WebUrl::from(public).resolve(seen.answered("location")?)?
    } else {
        to.clone()
    };
    let is_own = target.host_str() == asked.host_str();
    let names_what_was_asked = stem(target.path()) == stem(without(asked.path(), &prefix));
    (is_own && names_what_was_asked && !is_below(target.path(), &prefix)).then_some(Lost { prefix, field, target })
}

/// The prefix that a proxy says it took off.
fn told_prefix(seen: &SeenHop<'_>, asked: &WebUrl<'_>) -> Option<(String, Option<&'static str>)> {
    let value = |field: &'static str| seen.request.headers.first(field);
    let told = PREFIX_FIELDS.into_iter().find_map(|field| Some((field, stem(value(field)?).to_owned())));
    let rewritten = || {
        PATH_FIELDS.into_iter().find_map(|field| {
            let before = value(field)?.split(['?', '#']).next()?;
            Some((field, before.strip_suffix(asked.path())?.to_owned()))
        })
    };
    let (field, prefix) = told.or_else(rewritten)?;
    prefix.starts_with('/').then_some((prefix, Some(field)))
}

/// What a redirect for the sake of a slash left out at the beginning of the path: only a slash more
/// or less shows that the rest is the same resource.
fn shortened_by(asked: &WebUrl<'_>, target: &WebUrl<'_>) -> Option<String> {
    let (before, after) = (asked.path(), target.path());
    let has_slash_changed = before.ends_with('/') != after.ends_with('/');
    let prefix = stem(before).strip_suffix(stem(after))?;
    (has_slash_changed && !stem(after).is_empty() && !prefix.is_empty()).then(|| prefix.to_owned())
}

fn stem(path: &str) -> &str {
    path.trim_end_matches('/')
}

fn without<'a>(path: &'a str, prefix: &str) -> &'a str {
    if is_below(path, prefix) { path.get(prefix.len()..).unwrap_or(path) } else { path }
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What mends it at the server that answered, where it said what it is; and the way around.
fn fixes_of(server: Server, prefix: &str) -> Vec<Fix> {
    let own: &[&str] = match server {
        server if server.runs_asgi() => &["uvicorn"],
        Server::Gunicorn | Server::Werkzeug | Server::Waitress => &["Flask", "Django"],
        Server::Daphne => &["Django"],
        Server::Jetty => &["Spring"],
        _ => return fixes(prefix),
    };
    let mut fixes = fixes(prefix);
    fixes.retain(|fix| own.contains(&fix.server) || fix.server == "client");
    fixes
}

fn fixes(prefix: &str) -> Vec<Fix> {
    vec![
        Fix {
            server: "uvicorn",
            change: format!("uvicorn app:app --root-path {prefix}"),
            caution: Some(format!("Or FastAPI(root_path=\"{prefix}\"): the application then knows where it hangs.")),
        },
        Fix {
            server: "Flask",
            change: "from werkzeug.middleware.proxy_fix import ProxyFix\n\napp.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)"
                .to_owned(),
            caution: Some("Where the proxy sends X-Forwarded-Prefix; the number is how many proxies add it.".to_owned()),
        },
        Fix {
            server: "Django",
            change: format!("FORCE_SCRIPT_NAME = \"{prefix}\""),
            caution: Some("All URLs that Django builds then begin with it.".to_owned()),
        },
        Fix {
            server: "Spring",
            change: "server.forward-headers-strategy=framework".to_owned(),
            caution: Some("Reads X-Forwarded-Prefix too.".to_owned()),
        },
        Fix {
            server: "client",
            change: "call the path that the server redirects to, with its slash or without, from the start".to_owned(),
            caution: Some("A way around: no redirect, no lost prefix.".to_owned()),
        },
    ]
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn redirect(url: &str, location: &str) -> Builder {
        exchange("GET", url)
            .page("https://client.example")
            .behind_balancer()
            .status(307)
            .answer("Location", location)
            .shared_with("https://client.example")
    }

    #[test]
    fn a_prefix_that_the_proxy_tells_of_has_to_come_back() {
        let told =
            |location: &str| redirect("https://request.example/items", location).header("X-Forwarded-Prefix", "/api");
        for location in ["/items/", "https://request.example/items/"] {
            assert_eq!(diagnosed([told(location)]).by_chain, [["path-prefix-lost"]], "{location}");
        }
        for location in ["/api/items/", "items/", "https://sso.example/start"] {
            assert!(!diagnosed([told(location)]).by_chain[0].contains(&"path-prefix-lost"), "{location}");
        }
    }

    #[test]
    fn in_front_of_the_proxy_the_paths_tell() {
        let url = "https://request.example/api/items";
        assert_eq!(diagnosed([redirect(url, "/items/")]).by_chain, [["path-prefix-lost"]]);
        for moved in ["/api/items/", "/other/", "/items", "/"] {
            assert!(!diagnosed([redirect(url, moved)]).by_chain[0].contains(&"path-prefix-lost"), "{moved}");
        }
    }

    #[test]
    fn a_path_that_answers_is_meant() {
        let there = exchange("GET", "https://request.example/items/").page("https://client.example").behind_balancer();
        let there = there.at(5).shared_with("https://client.example");
        let found = diagnosed([redirect("https://request.example/api/items", "/items/"), there]);
        assert!(found.by_chain[0].is_empty());
    }
}
