//! The load balancer itself answered, without CORS headers.

use crate::chain::Role;
use crate::cors::{Answer, AnsweredBy, Hop};
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
        let mut fixes = vec![use_https(), let_options_pass(), refuse_without_login()];
        for status in [502, 503, 504, 403, 464, 400, 460, 463] {
            fixes.extend(by_status(status));
        }
        fixes.push(access_log());
        fixes
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let failure = case.failure()?;
        let hop = case.judgement.hops.get(failure.hop).filter(|hop| hop.answered_by == AnsweredBy::LoadBalancer)?;
        let answer = hop.answer.as_ref()?;
        // A request that the backend left unanswered has a cause of its own.
        if hop.exchange.as_ref().is_some_and(|exchange| exchange.response.is_none()) {
            return None;
        }
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
            fixes: fixes(hop, answer).into(),
        })
    }
}

/// What mends it depends on what the load balancer answered.
fn fixes(hop: &Hop, answer: &Answer) -> Vec<Fix> {
    if answer.location.is_some() && hop.url.starts_with("http://") {
        return vec![use_https()];
    }
    let is_login = answer.location.is_some() || answer.status == 401;
    let told = match (is_login, hop.role) {
        (true, Role::Preflight) => Some(let_options_pass()),
        (true, Role::Actual) => Some(refuse_without_login()),
        (false, _) => by_status(answer.status),
    };
    told.into_iter().chain([access_log()]).collect()
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

/// An OIDC or Cognito action stands before every request that its rule matches.
fn let_options_pass() -> Fix {
    Fix {
        server: "the load balancer",
        change: "add a rule of higher priority that forwards OPTIONS without authenticating".to_owned(),
        caution: Some(
            "Its condition is http-request-method. A preflight never carries the login's cookie, so an authenticate-oidc or authenticate-cognito action can only send it to the login.".to_owned(),
        ),
    }
}

/// With `deny` the load balancer answers 401 by itself, which has no CORS headers either.
pub(super) fn refuse_without_login() -> Fix {
    Fix {
        server: "the load balancer",
        change: "OnUnauthenticatedRequest=allow".to_owned(),
        caution: Some(
            "For the paths of the API, where an AWS load balancer authenticates: the backend then has to answer 401 with CORS headers. The load balancer's redirect to the login has none, and neither has the 401 that it answers with deny: that is enough for pages of the same origin only, and sessions that have expired are redirected all the same.".to_owned(),
        ),
    }
}

/// What is to be changed, by the status that the load balancer answers with.
fn by_status(status: u16) -> Option<Fix> {
    let (server, change, caution) = match status {
        202 | 403 => (
            "AWS WAF",
            "give the block a custom response with the CORS headers, and except OPTIONS from the rule that blocked or challenged",
            "The load balancer answers 403 for a block and 202 with x-amzn-waf-action for a challenge; no preflight can solve one.",
        ),
        400 => (
            "client",
            "send less: the request line and each header below 16 KB, all headers together below 64 KB, and the whole body",
            "Mostly cookies or a token grown too large; or the request is malformed, which the access log's classification_reason tells.",
        ),
        460 => (
            "client",
            "wait longer than the backend takes, or make the backend answer sooner",
            "The client closed the connection before the answer came; the backend's capture shows it coming late.",
        ),
        463 => (
            "the proxies in front",
            "send fewer addresses: X-Forwarded-For must not name more than 30",
            "A loop between proxies is the usual reason.",
        ),
        464 => (
            "the target group",
            "set its protocol version to HTTP1, or send OPTIONS and GET to a target group that has it",
            "A target group for HTTP2 takes no HTTP/1.1 requests, one for gRPC nothing but POST over HTTP/2.",
        ),
        502 => (
            "the backend",
            "keep idle connections open longer than the load balancer does (60 s unless changed), and see why it closed this one: a worker killed or started anew",
            "502 means that the target closed or refused the connection, or answered what is no HTTP. The backend's capture shows which.",
        ),
        503 => (
            "the target group",
            "register targets, and make their health check pass",
            "503 means that the target group has no target to send to: nothing arrives at the backend but failing health checks, if any.",
        ),
        504 => (
            "the backend",
            "answer within the load balancer's idle timeout (60 s unless changed), and let the security group admit the load balancer",
            "504 means that the target took no connection within 10 s, or gave no whole answer in time. The backend's capture shows which.",
        ),
        _ => return None,
    };
    Some(Fix { server, change: change.to_owned(), caution: Some(caution.to_owned()) })
}

fn access_log() -> Fix {
    Fix {
        server: "the load balancer",
        change: "look at its access log (actions_executed, error_reason) for this request".to_owned(),
        caution: Some("It alone has what the load balancer answered by itself.".to_owned()),
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

    #[test]
    fn what_mends_it_depends_on_the_answer() {
        let first = |method: &str, status: u16, location: Option<&str>| {
            let mut own = exchange(method, "https://request.example/x")
                .page("https://client.example")
                .header("Access-Control-Request-Method", "PUT")
                .vantage(Vantage::Client)
                .status(status)
                .answer("Server", "awselb/2.0");
            if let Some(location) = location {
                own = own.answer("Location", location);
            }
            diagnosed([own]).findings[0].fixes[0].clone()
        };
        for (status, server, says) in [
            (202, "AWS WAF", "except OPTIONS"),
            (403, "AWS WAF", "except OPTIONS"),
            (400, "client", "16 KB"),
            (460, "client", "wait longer"),
            (463, "the proxies in front", "30"),
            (464, "the target group", "protocol version"),
            (500, "the load balancer", "access log"),
            (502, "the backend", "keep idle connections open"),
            (503, "the target group", "register targets"),
            (504, "the backend", "idle timeout"),
        ] {
            let fix = first("GET", status, None);
            assert!(fix.server == server && fix.change.contains(says), "{status}: {fix:?}");
        }
        let login = first("OPTIONS", 302, Some("https://login.example/authorize"));
        assert!(login.change.contains("forwards OPTIONS"), "{login:?}");
        let login = first("GET", 401, None);
        assert!(login.change.contains("OnUnauthenticatedRequest"), "{login:?}");
    }
}
