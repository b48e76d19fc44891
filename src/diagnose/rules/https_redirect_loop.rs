//! The server redirects to https what already came by https.

use super::forwarded_proto_ignored::came_by_https;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn};
use crate::diagnose::server::Server;
use crate::diagnose::trust::{self, Subnets};
use crate::diagnose::{Fix, Severity};

pub(super) struct HttpsRedirectLoop;

static GENERAL: General = General {
    id: "https-redirect-loop",
    severity: Severity::Error,
    title: "the server redirects to https what already came by https",
    what: "The backend insists on https and redirects every request that it takes for http. Behind a load balancer that ends TLS it takes all requests for http unless it believes X-Forwarded-Proto, so the redirect leads to the very URL that was asked for, and the browser goes round until it gives up. A preflight fails at the first turn.",
    recognise: "A request with X-Forwarded-Proto: https is answered with a redirect to its own URL by https.",
    disproof: "the Location differs from the URL that was asked for, or the request did come by http.",
    links: &["https://docs.djangoproject.com/en/stable/ref/settings/#secure-proxy-ssl-header"],
    shows_in: ShowsIn::Redirected,
    symptom_of: &[],
};

impl Rule for HttpsRedirectLoop {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        let mut fixes = vec![django(), nginx(), apache()];
        fixes.extend(trust::all_fixes());
        fixes
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.seen_hops().find(|seen| came_by_https(seen) && leads_to_itself(seen))?;
        // Where the same URL was then answered, what came by the redirect (a cookie) made the difference.
        let is_let_in = |other: &SeenHop<'_>| {
            !other.is_preflight() && other.hop.url == seen.hop.url && !other.response.is_redirect()
        };
        if case.seen_hops().any(is_let_in) {
            return None;
        }
        let fixes = fixes(Server::of(&seen.response.headers), &Subnets::of(case.balancer));
        Some(Diagnosis {
            story: format!("{} came by https and was redirected to itself.", seen.hop.url),
            evidence: vec![seen.request_evidence("x-forwarded-proto"), seen.response_evidence("location")],
            fixes: fixes.into(),
        })
    }
}

/// Whether a request is redirected to its own URL by https; a relative Location says nothing of https.
pub(super) fn leads_to_itself(seen: &SeenHop<'_>) -> bool {
    let names_https = seen.answered("location").is_some_and(|location| location.starts_with("https://"));
    names_https && seen.redirect().is_some_and(|redirect| redirect.to.as_str() == redirect.from.as_str())
}

fn django() -> Fix {
    Fix {
        server: "Django",
        change: "SECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")".to_owned(),
        caution: Some("With SECURE_SSL_REDIRECT; safe only where the load balancer always sets the header.".to_owned()),
    }
}

fn fixes(server: Server, subnets: &Subnets) -> Vec<Fix> {
    let mut trusting = trust::fixes(server, subnets);
    match server {
        Server::Gunicorn | Server::Daphne => {
            trusting.retain(|fix| fix.server != "Django");
            trusting.insert(0, django());
            trusting
        }
        // These two insist because they were told to, in their own configuration.
        Server::Nginx => vec![nginx()],
        Server::Apache => vec![apache()],
        Server::Unknown => trusting.into_iter().chain([django(), nginx()]).collect(),
        _ => trusting,
    }
}

fn nginx() -> Fix {
    Fix {
        server: "nginx",
        change: "if ($http_x_forwarded_proto = http) {\n    return 301 https://$host$request_uri;\n}".to_owned(),
        caution: Some(
            "Instead of a return that redirects all; or no redirect at all, where the load balancer has one."
                .to_owned(),
        ),
    }
}

fn apache() -> Fix {
    Fix {
        server: "Apache httpd",
        change:
            "RewriteCond %{HTTP:X-Forwarded-Proto} =http\nRewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]"
                .to_owned(),
        caution: Some("Instead of %{HTTPS} off, which is always so behind a load balancer that ends TLS.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn a_page_that_is_let_in_the_second_time_is_in_no_loop() {
        let items = || exchange("GET", "https://request.example/items/").page("https://client.example");
        let again = |location: &str| {
            let redirect = items().behind_balancer().status(302).answer("Location", location);
            redirect.answer("Set-Cookie", "seen=1").shared_with("https://client.example")
        };
        let let_in = items().behind_balancer().at(5).shared_with("https://client.example");
        assert!(diagnosed([again("https://request.example/items/"), let_in]).by_chain[0].is_empty());
        assert!(diagnosed([again("/items/")]).by_chain[0].is_empty(), "nobody insists on https");
    }

    #[test]
    fn a_redirect_to_itself_is_a_loop() {
        let redirect = |location: &str| {
            exchange("GET", "https://request.example/items/")
                .page("https://client.example")
                .behind_balancer()
                .status(301)
                .answer("Location", location)
                .shared_with("https://client.example")
        };
        assert_eq!(diagnosed([redirect("https://request.example/items/")]).by_chain, [["https-redirect-loop"]]);
        assert!(diagnosed([redirect("https://request.example/other/")]).by_chain[0].is_empty());
    }
}
