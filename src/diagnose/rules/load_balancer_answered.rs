//! The load balancer itself answered, without CORS headers.

use crate::cors::AnsweredBy;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, ShowsIn};
use crate::diagnose::{Evidence, Fix, Severity};

pub(super) struct LoadBalancerAnswered;

static GENERAL: General = General {
    id: "load-balancer-answered",
    severity: Severity::Error,
    title: "the load balancer itself answered, without CORS headers",
    what: "Some answers never come from the backend: the port-80 listener's redirect to https, fixed responses, logins, firewall blocks, and errors such as 502, 503 and 504. None of them carries CORS headers, so the page sees a CORS error whatever the backend is configured to send.",
    recognise: "Nothing arrives at the backend, and the load balancer's access log has the request with target_status_code '-'. Seen from the browser's side the answer has Server: awselb/2.0.",
    disproof: "the backend's capture shows the request with an answer.",
    links: &["https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[
        "forwarded-proto-ignored",
        "forwarded-proto-malformed",
        "forwarded-proto-overwritten",
        "forwarded-headers-absent",
        "https-redirect-loop",
    ],
};

impl Rule for LoadBalancerAnswered {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![use_https(), rule()]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let failure = case.failure()?;
        let hop = case.judgement.hops.get(failure.hop).filter(|hop| hop.answered_by == AnsweredBy::LoadBalancer)?;
        let answer = hop.answer.as_ref()?;
        // A request that the backend left unanswered has a cause of its own.
        if hop.exchange.as_ref().is_some_and(|exchange| exchange.response.is_none()) {
            return None;
        }
        let redirects = answer.location.is_some() && hop.url.starts_with("http://");
        let evidence = match case.failed_with(&[failure.error]) {
            Some(seen) => vec![seen.status_evidence(), seen.response_evidence("server")],
            None => inferred_evidence(case, hop.inferred_because.as_deref()),
        };
        Some(Diagnosis {
            story: format!(
                "{} {} is answered {} by the load balancer itself, which adds no CORS headers.",
                hop.method, hop.url, answer.status
            ),
            evidence,
            fixes: if redirects { vec![use_https()] } else { self.fixes() },
        })
    }
}

/// What an inferred answer rests on: the exchange that led there.
fn inferred_evidence(case: &Case<'_>, because: Option<&str>) -> Vec<Evidence> {
    let led_there = case.seen_hops().last().map(|seen| seen.response_evidence("location"));
    led_there
        .map(|evidence| Evidence { value: because.unwrap_or(&evidence.value).to_owned(), header: None, ..evidence })
        .into_iter()
        .collect()
}

fn use_https() -> Fix {
    Fix {
        server: "client",
        change: "call the https:// URL from the start".to_owned(),
        caution: Some(
            "The port-80 listener can only redirect, and its redirect cannot carry CORS headers for a preflight."
                .to_owned(),
        ),
    }
}

fn rule() -> Fix {
    Fix {
        server: "the load balancer",
        change: "look at its access log (actions_executed, error_reason) for this request".to_owned(),
        caution: Some("For logins and firewall blocks, let OPTIONS pass by a rule of higher priority.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::Vantage;
    use crate::http::testing::exchange;

    #[test]
    fn the_port_80_redirect_is_named_where_the_page_called_it() {
        let mut redirect = exchange("GET", "http://request.example/items")
            .page("http://client.example")
            .status(301)
            .answer("Server", "awselb/2.0")
            .answer("Location", "https://request.example:443/items");
        redirect = redirect.vantage(Vantage::Client);
        assert_eq!(diagnosed([redirect]).by_chain, [["load-balancer-answered"]]);
    }

    #[test]
    fn what_the_load_balancer_answers_is_laid_to_no_layer_of_the_backend() {
        for (method, status) in [("OPTIONS", 403), ("OPTIONS", 404), ("GET", 401)] {
            let own = exchange(method, "https://request.example/x")
                .page("https://client.example")
                .header("Access-Control-Request-Method", "PUT")
                .vantage(Vantage::Client)
                .status(status)
                .answer("Server", "awselb/2.0");
            assert_eq!(diagnosed([own]).by_chain, [["load-balancer-answered"]], "{method} {status}");
        }
    }
}
