//! Whatever ended TLS forwards nothing.

use super::forwarded_proto_ignored::leads_to_failure;
use super::forwarded_proto_overwritten::is_misled;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn};
use crate::diagnose::{Fix, Severity};

pub(super) struct ForwardedHeadersAbsent;

static GENERAL: General = General {
    id: "forwarded-headers-absent",
    severity: Severity::Error,
    title: "nobody tells the server that the browser came by https",
    what: "TLS ends in front of the server, at something that adds no X-Forwarded-Proto: a network load balancer with a TLS listener, or a proxy that was not told to. The server takes every request for http, and builds http:// URLs into its redirects, or insists on https for ever. A page on https may not follow to http, and no setting about trust helps where nothing is forwarded.",
    recognise: "A request of a page on https arrives without X-Forwarded-Proto and is answered with a redirect to http:// on the same host, or to its own URL by https.",
    disproof: "the request was made by hand (curl), or carries X-Forwarded-Proto.",
    links: &["https://github.com/kubernetes/ingress-nginx/issues/11040", "https://github.com/rails/rails/pull/47139"],
    shows_in: ShowsIn::Redirected,
    symptom_of: &["forwarded-proto-malformed", "forwarded-proto-ignored", "forwarded-proto-overwritten"],
};

impl Rule for ForwardedHeadersAbsent {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![
            Fix {
                server: "the load balancer",
                change: "end TLS at an application load balancer, which adds X-Forwarded-Proto".to_owned(),
                caution: Some(
                    "A network load balancer adds no header; or let it pass TLS through, and end TLS at the server."
                        .to_owned(),
                ),
            },
            Fix {
                server: "nginx",
                change: "proxy_set_header X-Forwarded-Proto https;".to_owned(),
                caution: Some("Where nginx stands behind what ends TLS, and every request came by https.".to_owned()),
            },
            Fix {
                server: "FastAPI",
                change: "FastAPI(redirect_slashes=False)".to_owned(),
                caution: Some(
                    "Then no slash redirect is built, and pages have to call each path as the route has it.".to_owned(),
                ),
            },
            Fix {
                server: "Rails",
                change: "config.assume_ssl = true".to_owned(),
                caution: Some(
                    "Other frameworks have such a setting too: safe only where every request comes by https."
                        .to_owned(),
                ),
            },
        ]
    }

    fn is_decisive(&self, case: &Case<'_>) -> bool {
        leads_to_failure(case, is_misled)
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let mut hops = case.seen_hops().map(SeenHop::furthest_in);
        let seen = hops.find(|seen| is_misled(seen) && !seen.request.headers.has("x-forwarded-proto"))?;
        Some(Diagnosis {
            story: format!(
                "The page is on https, so the browser asked for {} by https; the request arrives without X-Forwarded-Proto, and the server redirects to {}.",
                seen.hop.url,
                seen.answered("location").unwrap_or_default()
            ),
            evidence: vec![
                seen.request_evidence("origin"),
                seen.request_evidence("x-forwarded-proto"),
                seen.response_evidence("location"),
            ],
            fixes: self.fixes().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn a_page_on_https_whose_request_says_nothing_of_it_was_not_forwarded() {
        let redirect = |page: &str| {
            exchange("GET", "http://request.example/items")
                .page(page)
                .status(307)
                .answer("Location", "http://request.example/items/")
                .shared_with(page)
        };
        assert_eq!(diagnosed([redirect("https://client.example")]).by_chain, [["forwarded-headers-absent"]]);
        assert!(diagnosed([redirect("http://client.example")]).by_chain[0].is_empty());
    }
}
