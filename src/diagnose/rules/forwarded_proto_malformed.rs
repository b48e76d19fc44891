//! `X-Forwarded-Proto` is there, but not in a form that servers read.

use super::forwarded_proto_ignored::{downgrade, downgraded_location, leads_to_failure};
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn};
use crate::diagnose::{Fix, Severity};

pub(super) struct ForwardedProtoMalformed;

static GENERAL: General = General {
    id: "forwarded-proto-malformed",
    severity: Severity::Error,
    title: "X-Forwarded-Proto is doubled, upper-case or a list, and not understood",
    what: "Servers compare X-Forwarded-Proto with the words http and https. Where two proxies both add to it ('https,http', or two header lines), or one writes it in capitals, the comparison fails even for a trusted peer, the server takes the scheme for http, and its redirects lead the browser to http://. Trusting the load balancer alone does not cure that.",
    recognise: "X-Forwarded-Proto with more than one value, on several lines, or not in lower case, on a request that is answered with a redirect to http:// on the same host.",
    disproof: "X-Forwarded-Proto is there once, with the value https.",
    links: &[
        "https://github.com/tornadoweb/tornado/issues/2161",
        "https://github.com/kubernetes/ingress-nginx/issues/11040",
    ],
    shows_in: ShowsIn::Redirected,
    symptom_of: &[],
};

impl Rule for ForwardedProtoMalformed {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![
            Fix {
                server: "nginx",
                change: "proxy_set_header X-Forwarded-Proto https;".to_owned(),
                caution: Some("In the proxy nearest to the backend, where every request came by https: it overwrites what is there instead of adding to it. Then check that the backend trusts that proxy.".to_owned()),
            },
            Fix {
                server: "the proxy in front",
                change: "send X-Forwarded-Proto once, in lower case; overwrite it, do not append".to_owned(),
                caution: None,
            },
        ]
    }

    fn is_decisive(&self, case: &Case<'_>) -> bool {
        leads_to_failure(case, is_misread)
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.seen_hops().find(|seen| is_misread(seen))?;
        let lines: Vec<&str> = seen.request.headers.all("x-forwarded-proto").collect();
        Some(Diagnosis {
            story: format!(
                "X-Forwarded-Proto arrives as '{}', which the server does not read as https: it redirected to {}.",
                lines.join("' and '"),
                seen.answered("location").unwrap_or_default()
            ),
            evidence: vec![seen.request_evidence("x-forwarded-proto"), seen.response_evidence("location")],
            fixes: self.fixes().into(),
        })
    }
}

/// A request that was led to http, and that some proxy called https, but not all, or not plainly.
fn is_misread(seen: &SeenHop<'_>) -> bool {
    let lines: Vec<&str> = seen.request.headers.all("x-forwarded-proto").collect();
    let mut values = lines.iter().flat_map(|line| line.split(','));
    let is_called_https = values.any(|value| value.trim().eq_ignore_ascii_case("https"));
    lines != ["https"] && (downgraded_location(seen).is_some() || (is_called_https && downgrade(seen).is_some()))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn a_list_is_named_instead_of_missing_trust() {
        let doubled = exchange("GET", "https://request.example/items")
            .page("https://client.example")
            .behind_balancer()
            .header("X-Forwarded-Proto", "https")
            .status(307)
            .answer("location", "http://request.example/items/")
            .shared_with("https://client.example");
        assert_eq!(diagnosed([doubled]).by_chain, [["forwarded-proto-malformed"]]);
    }

    #[test]
    fn a_list_that_ends_in_http_is_malformed_and_not_overwritten() {
        let redirect = exchange("GET", "http://request.example/items")
            .page("https://client.example")
            .header("X-Forwarded-Proto", "https, http")
            .status(307)
            .answer("Location", "http://request.example/items/")
            .shared_with("https://client.example");
        assert_eq!(diagnosed([redirect]).by_chain, [["forwarded-proto-malformed"]]);
    }
}
