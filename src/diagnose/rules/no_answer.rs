//! The request got no answer.

use crate::diagnose::case::{Case, Diagnosis, General, Rule, ShowsIn};
use crate::diagnose::{Evidence, Fix, Severity};
use crate::http::{End, Exchange, Peer, State};

pub(super) struct NoAnswer;

static GENERAL: General = General {
    id: "no-answer-from-backend",
    severity: Severity::Error,
    title: "the backend did not answer the request",
    what: "The connection was closed or reset, or stayed silent, before the backend answered. The load balancer then answers 502 or 504 by itself, without CORS headers, and the page sees a CORS error.",
    recognise: "A request that is followed by FIN or RST, or by silence, instead of a response.",
    disproof: "the capture ends or begins in the middle, or lost packets: then the answer may only be unseen. Or the first FIN or RST comes from the side that asked: then the browser gave up (the load balancer's log says 460).",
    links: &["https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &["keep-alive-race"],
};

impl Rule for NoAnswer {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![find_out(), worker(), sooner(), keep_alive()]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let hop = case.judgement.hops.get(case.failure()?.hop)?;
        let exchange = hop.exchange.as_deref().filter(|exchange| exchange.state == State::NoResponse)?;
        let how = match exchange.end {
            End::Reset | End::Closed
                if exchange.extras.closed.as_ref().is_some_and(|closed| closed.by == Peer::Server) =>
            {
                "it closed the connection instead"
            }
            End::Reset | End::Closed if exchange.extras.closed.is_some() => "the load balancer's time was over first",
            // Which side did it is not told: the browser may have given up first.
            End::Reset => "the connection was reset first",
            End::Closed => "the connection was closed first",
            End::Timeout => "it stayed silent",
            End::Complete | End::CaptureEnded => return None,
        };
        let after_exception = case.siblings.idle_before(exchange).is_some_and(|idle| idle.is_after_exception);
        let why = if after_exception {
            " The answer before it on this connection was Uvicorn's 500 for an exception that no handler caught: Uvicorn then resets the connection without having said so, and an innocent request gets no answer."
        } else {
            ""
        };
        Some(Diagnosis {
            story: format!("The backend did not answer {} {}: {how}.{why}", hop.method, hop.url),
            evidence: vec![Evidence {
                source: exchange.source.clone(),
                exchange: exchange.id.clone(),
                frame: exchange.frames.request().map(|span| span.first),
                header: None,
                value: format!("{} {} without an answer: {how}", hop.method, hop.url),
            }],
            fixes: fixes(exchange, case.siblings.idle_before(exchange).is_some()).into(),
        })
    }
}

/// What helps depends on whether the backend dropped the request or only took its time.
fn fixes(exchange: &Exchange, was_idle: bool) -> Vec<Fix> {
    let is_slow =
        exchange.end == End::Timeout || exchange.extras.closed.as_ref().is_some_and(|closed| closed.by == Peer::Client);
    let fixes = if is_slow { [sooner(), find_out()] } else { [find_out(), worker()] };
    fixes.into_iter().chain(was_idle.then(keep_alive)).collect()
}

fn find_out() -> Fix {
    Fix {
        server: "the backend",
        change: "find out why the request was dropped: crash, worker timeout, restart".to_owned(),
        caution: None,
    }
}

fn worker() -> Fix {
    Fix {
        server: "gunicorn",
        change: "gunicorn --timeout 120 app:app".to_owned(),
        caution: Some(
            "Where its log says WORKER TIMEOUT: it kills a worker that is silent for 30 s. The load balancer waits for 60 s unless told otherwise."
                .to_owned(),
        ),
    }
}

fn sooner() -> Fix {
    Fix {
        server: "the load balancer",
        change: "idle_timeout.timeout_seconds=120".to_owned(),
        caution: Some(
            "Longer than the backend takes, where it cannot answer sooner; and then the backend's keep-alive timeout longer than that."
                .to_owned(),
        ),
    }
}

fn keep_alive() -> Fix {
    Fix {
        server: "uvicorn",
        change: "uvicorn app:app --timeout-keep-alive 65".to_owned(),
        caution: Some("Where the connection was idle before: the backend must keep idle connections longer than the load balancer (60 s by default), or the two race.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::End;
    use crate::http::testing::{Builder, exchange};

    fn call() -> Builder {
        exchange("GET", "https://request.example/items").page("https://client.example").behind_balancer()
    }

    #[test]
    fn a_reset_instead_of_an_answer_is_named() {
        let found = diagnosed([call().no_response(End::Reset)]);
        assert_eq!(found.by_chain, [["no-answer-from-backend"]]);
        assert!(!found.findings[0].story.contains("backend reset"), "it may have been the other side");
    }

    #[test]
    fn who_comes_after_an_exception_is_told_so() {
        let failed = call().status(500).answer("Server", "uvicorn").answer("Content-Type", "text/plain");
        let found = diagnosed([failed.body("Internal Server Error"), call().at(50).no_response(End::Reset)]);
        assert_eq!(found.by_chain[1], ["no-answer-from-backend"]);
        assert!(found.findings.iter().any(|finding| finding.story.contains("innocent")));
    }

    #[test]
    fn a_capture_that_ends_accuses_nobody() {
        assert!(diagnosed([call().no_response(End::CaptureEnded)]).by_chain[0].is_empty());
    }
}
