//! The server compares Origin with its own internal scheme or host.

use crate::cors::Outcome;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::server::is_refused_by_spring;
use crate::diagnose::{Fix, Severity};
use crate::http::{Origin, WebUrl};

pub(super) struct OriginCheckedInternally;

static GENERAL: General = General {
    id: "origin-checked-on-internal-url",
    severity: Severity::Error,
    title: "the server takes its own page's origin for a foreign one",
    what: "The page and the API have the same public origin, so no cross-origin sharing is at stake. Behind the load balancer the server sees the request with another scheme (http) or another host (an internal one), compares Origin with that, and refuses its own page with 403. Spring answers 'Invalid CORS request', Django 'Origin checking failed', SvelteKit and Astro 'Cross-site POST form submissions are forbidden', Grafana 'origin not allowed'. Requests without Origin, such as a GET from the same page, work.",
    recognise: "A request whose Origin is the public origin of the very URL it asks for is answered 403 'Invalid CORS request' (20 bytes), or in such words of another framework.",
    disproof: "the Origin is of another host or port than the client used: then it is simply not on the list of origins.",
    links: &[
        "https://github.com/spring-projects/spring-boot/issues/10965",
        "https://github.com/spring-projects/spring-framework/pull/24541",
    ],
    shows_in: ShowsIn::Any,
    symptom_of: &[],
};

impl Rule for OriginCheckedInternally {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![spring(), nginx(), django(), svelte()]
    }

    /// The server refused the call, whatever the browser made of that.
    fn severity(&self, _case: &Case<'_>) -> Severity {
        Severity::Error
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        if matches!(case.judgement.verdict.outcome, Outcome::Undetermined(_)) {
            return None;
        }
        let seen = case.seen_hops().find(|seen| refusal(seen).is_some() && is_own_page(seen))?;
        let (who, fixes) = match refusal(seen)? {
            Refusal::Spring => ("Spring answers 'Invalid CORS request'", vec![spring(), nginx()]),
            Refusal::Django => ("Django says 'Origin checking failed'", vec![django(), nginx()]),
            Refusal::Svelte => ("SvelteKit or Astro says 'form submissions are forbidden'", vec![svelte(), nginx()]),
            Refusal::Grafana => ("Grafana says 'origin not allowed'", vec![nginx()]),
        };
        let mut evidence = vec![seen.request_evidence("origin"), seen.request_evidence("host"), seen.status_evidence()];
        evidence.extend(
            ["x-forwarded-proto", "x-forwarded-host"]
                .into_iter()
                .filter(|name| seen.request.headers.has(name))
                .map(|name| seen.request_evidence(name)),
        );
        Some(Diagnosis {
            story: format!(
                "{} {} comes from a page of {}, which is the origin it was sent to, and was refused with 403: {who}. The server compares Origin with the scheme and host that it sees itself, behind the load balancer.",
                seen.hop.method,
                path(&seen.hop.url),
                seen.request.headers.first("origin").unwrap_or_default()
            ),
            evidence,
            fixes: fixes.into(),
        })
    }
}

/// Whose words refuse the origin.
enum Refusal {
    Spring,
    Django,
    Svelte,
    Grafana,
}

fn refusal(seen: &SeenHop<'_>) -> Option<Refusal> {
    if seen.response.status != 403 {
        return None;
    }
    if is_refused_by_spring(seen.response) {
        return Some(Refusal::Spring);
    }
    let body = seen.body();
    let words = [
        ("Origin checking failed", Refusal::Django),
        ("form submissions are forbidden", Refusal::Svelte),
        ("origin not allowed", Refusal::Grafana),
    ];
    words.into_iter().find_map(|(words, whose)| body.contains(words).then_some(whose))
}

/// Whether the Origin is that of the URL as the client used it.
fn is_own_page(seen: &SeenHop<'_>) -> bool {
    let origin = seen.request.headers.first("origin").and_then(|value| Origin::parse(value).ok());
    let Some((origin, url)) = origin.zip(seen.url()) else { return false };
    let is_origin_of = |url: &str| WebUrl::parse(url).is_some_and(|url| origin.is_same_as(&url));
    origin.is_same_as(&url) || forwarded_url(seen, &url).is_some_and(|public| is_origin_of(&public))
}

/// The URL with the host that a proxy says the client used.
fn forwarded_url(seen: &SeenHop<'_>, url: &WebUrl<'_>) -> Option<String> {
    let host = seen.request.headers.first("x-forwarded-host")?.split(',').next()?.trim();
    Some(format!("{}://{host}{}", url.scheme(), url.path()))
}

fn spring() -> Fix {
    Fix {
        server: "Spring",
        change: "server.forward-headers-strategy=framework".to_owned(),
        caution: Some("Or native. The application then takes scheme and host from X-Forwarded-*: only where nothing but the load balancer can reach it.".to_owned()),
    }
}

fn nginx() -> Fix {
    Fix {
        server: "nginx",
        change: "proxy_set_header Host $host;".to_owned(),
        caution: Some("Where a proxy further in writes another Host.".to_owned()),
    }
}

fn svelte() -> Fix {
    Fix {
        server: "SvelteKit",
        change: "PROTOCOL_HEADER=x-forwarded-proto HOST_HEADER=host node build".to_owned(),
        caution: Some("With adapter-node, or ORIGIN=https://… with the public origin; only where nothing but the load balancer can reach the application.".to_owned()),
    }
}

fn django() -> Fix {
    Fix {
        server: "Django",
        change: "SECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")".to_owned(),
        caution: Some(
            "Safe only where the load balancer always sets the header. CSRF_TRUSTED_ORIGINS names further origins."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn refused(page: &str) -> Builder {
        exchange("POST", "https://app.example/api/orders")
            .page(page)
            .behind_balancer()
            .status(403)
            .body("Invalid CORS request")
    }

    #[test]
    fn a_server_that_refuses_its_own_page_looks_at_the_wrong_url() {
        assert_eq!(diagnosed([refused("https://app.example")]).by_chain, [["origin-checked-on-internal-url"]]);
    }

    #[test]
    fn each_framework_says_it_in_words_of_its_own() {
        for (words, server) in [
            ("CSRF Failed: Origin checking failed - https://app.example", "Django"),
            ("Cross-site POST form submissions are forbidden", "SvelteKit"),
            ("{\"message\":\"origin not allowed\"}", "nginx"),
        ] {
            let found = diagnosed([refused("https://app.example").body(words)]);
            assert_eq!(found.by_chain, [["origin-checked-on-internal-url"]], "{words}");
            assert_eq!(found.findings[0].fixes[0].server, server);
        }
    }

    #[test]
    fn a_foreign_page_is_simply_not_allowed() {
        assert_eq!(diagnosed([refused("https://client.example")]).by_chain, [["origin-not-allowed"]]);
    }

    #[test]
    fn a_host_that_was_written_over_counts_as_the_public_one() {
        let rewritten = exchange("POST", "https://app:8080/api/orders")
            .page("https://app.example")
            .behind_balancer()
            .header("X-Forwarded-Host", "app.example")
            .status(403)
            .body("Invalid CORS request");
        assert_eq!(diagnosed([rewritten]).by_chain[0].first(), Some(&"origin-checked-on-internal-url"));
    }
}
