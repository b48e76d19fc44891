//! A proxy further in replaced https by http in `X-Forwarded-Proto`.

use super::forwarded_proto_ignored::{downgrade, leads_to_failure};
use super::https_redirect_loop::leads_to_itself;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn};
use crate::diagnose::{Fix, Severity};

pub(super) struct ForwardedProtoOverwritten;

static GENERAL: General = General {
    id: "forwarded-proto-overwritten",
    severity: Severity::Error,
    title: "a proxy further in replaced https by http in X-Forwarded-Proto",
    what: "The browser came by https, and what ended TLS said so. A proxy further in (nginx, an ingress, a second load balancer, or a CDN that asks its origin by http) wrote the scheme of its own connection over it, so the backend is told http, and rightly builds http:// URLs into its redirects, or insists on https for ever. A page on https may not follow to http.",
    recognise: "A request of a page on https arrives with X-Forwarded-Proto: http and is answered with a redirect to http:// on the same host, or to its own URL by https.",
    disproof: "the request was made by hand (curl), or the browser did come by http.",
    links: &[
        "https://github.com/kubernetes/ingress-nginx/issues/1957",
        "https://github.com/nginx-proxy/nginx-proxy/pull/393",
    ],
    shows_in: ShowsIn::Redirected,
    symptom_of: &["forwarded-proto-malformed", "forwarded-proto-ignored"],
};

impl Rule for ForwardedProtoOverwritten {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![nginx(), ingress(), traefik(), inner_balancer(), cdn()]
    }

    fn is_decisive(&self, case: &Case<'_>) -> bool {
        leads_to_failure(case, is_misled)
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.seen_hops().find(|seen| is_misled(seen) && seen.request.headers.has("x-forwarded-proto"))?;
        let through_cdn =
            ["cloudfront-forwarded-proto", "x-amz-cf-id"].into_iter().find(|name| seen.request.headers.has(name));
        let mut evidence = vec![
            seen.request_evidence("origin"),
            seen.request_evidence("x-forwarded-proto"),
            seen.response_evidence("location"),
        ];
        evidence.extend(through_cdn.map(|name| seen.request_evidence(name)));
        let through_two = through_cdn.is_none() && came_through_two_balancers(seen);
        if through_two {
            evidence.extend(["x-forwarded-for", "x-amzn-trace-id"].map(|name| seen.request_evidence(name)));
        }
        Some(Diagnosis {
            story: format!(
                "The page is on https, so the browser asked for {} by https; X-Forwarded-Proto arrives as '{}', and the server redirects to {}.",
                seen.hop.url,
                seen.request.headers.all("x-forwarded-proto").collect::<Vec<_>>().join("' and '"),
                seen.answered("location").unwrap_or_default()
            ),
            evidence,
            fixes: match through_cdn {
                Some(_) => cdn().into(),
                None if through_two => vec![inner_balancer(), nginx(), ingress(), traefik()].into(),
                None => self.fixes().into(),
            },
        })
    }
}

/// A request of a page on https that arrives as one by http, and is led to http, or in a circle.
pub(super) fn is_misled(seen: &SeenHop<'_>) -> bool {
    let is_taken_for_http = seen.exchange.url().is_some_and(|url| url.starts_with("http:"));
    is_taken_for_http && (downgrade(seen).is_some() || (seen.hop.url.starts_with("https:") && leads_to_itself(seen)))
}

/// A load balancer that finds a trace id puts its own in front of it (`Self=…;Root=…`), and adds an
/// address to those of who came before it. A client may have sent either, hardly both.
fn came_through_two_balancers(seen: &SeenHop<'_>) -> bool {
    let headers = &seen.request.headers;
    let is_traced_twice =
        headers.first("x-amzn-trace-id").is_some_and(|id| id.contains("Self=") && id.contains("Root="));
    is_traced_twice && headers.all("x-forwarded-for").flat_map(|line| line.split(',')).count() > 1
}

fn inner_balancer() -> Fix {
    Fix {
        server: "the inner load balancer",
        change: "give it an HTTPS listener, and let the outer one forward to that".to_owned(),
        caution: Some("Where two load balancers stand one behind the other: the inner one names the scheme of its own listener. Or let the application take every request for https.".to_owned()),
    }
}

fn nginx() -> Fix {
    Fix {
        server: "nginx",
        change: "map $http_x_forwarded_proto $client_scheme {\n    default $http_x_forwarded_proto;\n    ''      $scheme;\n}\n\nproxy_set_header X-Forwarded-Proto $client_scheme;".to_owned(),
        caution: Some("Instead of proxy_set_header X-Forwarded-Proto $scheme; only where nothing but the load balancer can reach nginx.".to_owned()),
    }
}

fn ingress() -> Fix {
    Fix {
        server: "ingress-nginx",
        change: "use-forwarded-headers: \"true\"".to_owned(),
        caution: Some(
            "In the controller's ConfigMap; only where nothing but the load balancer can reach it.".to_owned(),
        ),
    }
}

fn traefik() -> Fix {
    Fix {
        server: "Traefik",
        change: "entryPoints.web.forwardedHeaders.trustedIPs = [\"10.0.0.0/16\"]".to_owned(),
        caution: Some("Write the subnets that your load balancer is attached to for 10.0.0.0/16.".to_owned()),
    }
}

fn cdn() -> Fix {
    Fix {
        server: "CloudFront",
        change: "origin protocol policy: HTTPS only".to_owned(),
        caution: Some(
            "Or match viewer. A load balancer names the scheme of its own client, and that is the CDN.".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn redirect(location: &str) -> Builder {
        exchange("GET", "http://request.example/items")
            .page("https://client.example")
            .behind_balancer()
            .status(307)
            .answer("Location", location)
            .shared_with("https://client.example")
    }

    #[test]
    fn a_page_on_https_that_arrives_as_http_was_overwritten() {
        let found = diagnosed([redirect("http://request.example/items/")]);
        assert_eq!(found.by_chain, [["forwarded-proto-overwritten"]]);
        assert_eq!(diagnosed([redirect("https://request.example/items")]).by_chain, [["forwarded-proto-overwritten"]]);
    }

    #[test]
    fn behind_a_cdn_the_cdn_is_to_change() {
        let found = diagnosed([redirect("http://request.example/items/").header("X-Amz-Cf-Id", "x")]);
        let servers: Vec<&str> = found.findings[0].fixes.iter().map(|fix| fix.server).collect();
        assert_eq!(servers, ["CloudFront"]);
    }

    #[test]
    fn of_two_load_balancers_the_inner_one_is_to_change() {
        let first = |trace: &str| {
            let call = redirect("http://request.example/items/").header("X-Amzn-Trace-Id", trace);
            diagnosed([call.header("X-Forwarded-For", "10.0.1.7")]).findings[0].fixes[0].server
        };
        assert_eq!(
            first("Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678"),
            "the inner load balancer"
        );
        assert_eq!(first("Root=1-67891233-abcdef012345678912345678"), "nginx");
    }

    #[test]
    fn a_redirect_that_names_no_scheme_does_no_harm() {
        assert!(diagnosed([redirect("/items/")]).by_chain[0].is_empty());
    }
}
