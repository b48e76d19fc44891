//! The server closes idle connections before the load balancer does.

use std::time::Duration;

use crate::diagnose::case::{Case, Diagnosis, General, Rule, ShowsIn};
use crate::diagnose::server::Server;
use crate::diagnose::siblings::Idle;
use crate::diagnose::{Evidence, Fix, Severity};
use crate::http::{End, Exchange, Peer, State, Vantage};

pub(super) struct KeepAliveRace;

static GENERAL: General = General {
    id: "keep-alive-race",
    severity: Severity::Error,
    title: "the server closes idle connections before the load balancer does",
    what: "The load balancer keeps connections to the backend open and uses them again. The backend closes a connection that was idle for its own keep-alive timeout (Uvicorn 5 s, Gunicorn 2 s, Node 5 s), which is shorter than the load balancer's (60 s). Now and then a request is sent at the very moment at which the backend closes: it gets no answer, and the load balancer answers 502 by itself, without CORS headers. The page sees a CORS error once in a while.",
    recognise: "A request on a connection that was used before and then idle for just the server's keep-alive timeout is followed by FIN or RST instead of an answer.",
    disproof: "the connection was new, or busy just before: then the backend dropped the request itself.",
    links: &[
        "https://github.com/KNMI/adaguc-server/issues/317",
        "https://github.com/PublicMapping/districtbuilder/pull/448",
        "https://github.com/reown-com/blockchain-api/pull/527",
    ],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

/// A request that meets the end of an idle connection was sent shortly before or after it.
const EARLY: Duration = Duration::from_millis(500);
const LATE: Duration = Duration::from_secs(1);

/// No server closes a connection that was idle for less.
const SHORTEST: Duration = Duration::from_secs(1);
/// A connection that is closed for being idle is closed as soon as the request arrives.
const AT_ONCE: Duration = Duration::from_millis(500);

impl Rule for KeepAliveRace {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![uvicorn(), gunicorn(), node(), spring(), apache(), load_balancer()]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let hop = case.judgement.hops.get(case.failure()?.hop)?;
        let exchange = hop.exchange.as_deref().filter(|exchange| is_dropped(exchange))?;
        let idle = case.siblings.idle_before(exchange)?;
        let timeout = timeout(idle).filter(|timeout| is_met(idle.lasted, *timeout));
        if !is_race(exchange, idle, timeout.is_some()) {
            return None;
        }
        let after = idle.lasted.as_secs_f64();
        let when = timeout.map(|timeout| format!(" (after {} s)", timeout.as_secs())).unwrap_or_default();
        let fixes = match idle.server {
            Server::Uvicorn => vec![uvicorn(), load_balancer()],
            Server::Gunicorn => vec![gunicorn(), load_balancer()],
            Server::Express => vec![node(), load_balancer()],
            Server::Apache => vec![apache(), load_balancer()],
            _ => self.fixes(),
        };
        Some(Diagnosis {
            story: format!(
                "{} {} was sent on a connection that had been idle for {after:.1} s, just when the server closes such connections{when}, and got no answer.",
                hop.method, hop.url
            ),
            evidence: vec![
                idle.before.clone(),
                Evidence {
                    source: exchange.source.clone(),
                    exchange: exchange.id.clone(),
                    frame: exchange.frames.request().map(|span| span.first),
                    header: None,
                    value: format!("{} {} without an answer, after {after:.1} s of silence", hop.method, hop.url),
                },
            ],
            fixes: fixes.into(),
        })
    }
}

fn is_dropped(exchange: &Exchange) -> bool {
    let is_closed = matches!(exchange.end, End::Reset | End::Closed);
    exchange.state == State::NoResponse && is_closed && exchange.vantage == Vantage::Backend
}

/// A FIN that crossed the request on its way is a race whatever the server's timeout; one that came
/// after it shows a race only where the timeout was just over, and only at once: a worker that was
/// killed takes longer. Where the capture does not show who closed, the timeout alone has to tell.
fn is_race(exchange: &Exchange, idle: &Idle, is_timeout: bool) -> bool {
    let (Some(closed), Some(request)) = (exchange.extras.closed.as_ref(), exchange.request.as_ref()) else {
        return is_timeout;
    };
    let crossed = closed.time <= request.time && idle.lasted >= SHORTEST;
    let at_once = closed.time.since(request.time) <= AT_ONCE;
    closed.by == Peer::Server && (crossed || (at_once && is_timeout))
}

/// How long the server keeps an idle connection: as it announced, or by its default.
fn timeout(idle: &Idle) -> Option<Duration> {
    let default = match idle.server {
        Server::Uvicorn | Server::Express => Some(5),
        Server::Gunicorn => Some(2),
        _ => None,
    };
    idle.announced.or(default).map(Duration::from_secs)
}

fn is_met(lasted: Duration, timeout: Duration) -> bool {
    lasted + EARLY >= timeout && lasted <= timeout + LATE
}

fn uvicorn() -> Fix {
    Fix {
        server: "uvicorn",
        change: "uvicorn app:app --timeout-keep-alive 65".to_owned(),
        caution: Some(
            "Longer than the load balancer's idle timeout (60 s by default); Uvicorn's own default is 5 s.".to_owned(),
        ),
    }
}

fn gunicorn() -> Fix {
    Fix {
        server: "gunicorn",
        change: "gunicorn --keep-alive 65 app:app".to_owned(),
        caution: Some("Longer than the load balancer's idle timeout (60 s by default). The sync worker keeps no connection open: use gthread or an asynchronous one.".to_owned()),
    }
}

fn node() -> Fix {
    Fix {
        server: "Node.js",
        change: "server.keepAliveTimeout = 65_000;\nserver.headersTimeout = 66_000;".to_owned(),
        caution: Some(
            "Longer than the load balancer's idle timeout (60 s by default); Node's own default is 5 s.".to_owned(),
        ),
    }
}

fn spring() -> Fix {
    Fix {
        server: "Spring Boot",
        change: "server.tomcat.keep-alive-timeout=65s".to_owned(),
        caution: Some("Longer than the load balancer's idle timeout (60 s by default), with Tomcat inside.".to_owned()),
    }
}

fn apache() -> Fix {
    Fix {
        server: "Apache httpd",
        change: "KeepAliveTimeout 65".to_owned(),
        caution: Some(
            "Longer than the load balancer's idle timeout (60 s by default); httpd's own default is 5 s.".to_owned(),
        ),
    }
}

fn load_balancer() -> Fix {
    Fix {
        server: "the load balancer",
        change: "idle_timeout.timeout_seconds=4".to_owned(),
        caution: Some(
            "Shorter than the backend's, where the backend cannot be changed: a slow answer then ends in 504."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};
    use crate::http::{End, Peer};

    fn call() -> Builder {
        exchange("GET", "https://request.example/items").page("https://client.example").behind_balancer()
    }

    fn answered(server: &str) -> Builder {
        call().answer("Server", server).shared_with("https://client.example")
    }

    #[test]
    fn a_request_that_meets_the_end_of_an_idle_connection_is_named() {
        let found = diagnosed([answered("uvicorn"), call().at(5_010).no_response(End::Reset)]);
        assert_eq!(found.by_chain[1], ["keep-alive-race"]);
        let announced = answered("x").answer("Keep-Alive", "timeout=20, max=100");
        assert_eq!(diagnosed([announced, call().at(20_050).no_response(End::Closed)]).by_chain[1], ["keep-alive-race"]);
    }

    #[test]
    fn node_is_known_by_express_and_told_of_in_its_own_words() {
        let express = call().answer("X-Powered-By", "Express").shared_with("https://client.example");
        let found = diagnosed([express, call().at(5_010).no_response(End::Reset)]);
        assert_eq!(found.by_chain[1], ["keep-alive-race"]);
        assert_eq!(found.findings[0].fixes[0].server, "Node.js");
    }

    #[test]
    fn who_closed_and_when_tells_a_race_from_a_crash() {
        let dropped = |by, after| {
            let dropped = call().at(5_010).no_response(End::Reset).closed(by, after);
            diagnosed([answered("uvicorn"), dropped]).by_chain.pop().unwrap()
        };
        assert_eq!(dropped(Peer::Server, 5_012), ["keep-alive-race"]);
        assert_eq!(dropped(Peer::Server, 35_010), ["no-answer-from-backend"], "killed after half a minute");
        assert!(dropped(Peer::Client, 8_000).is_empty(), "the browser gave up");
        let crossed = call().at(20_000).no_response(End::Closed).closed(Peer::Server, 19_999);
        assert_eq!(diagnosed([answered("x"), crossed]).by_chain[1], ["keep-alive-race"], "whatever the server");
    }

    #[test]
    fn a_connection_that_was_busy_or_idle_for_another_time_is_not() {
        for later in [20, 3_000, 9_000] {
            let found = diagnosed([answered("uvicorn"), call().at(later).no_response(End::Reset)]);
            assert_eq!(found.by_chain.last().unwrap(), &["no-answer-from-backend"], "{later}");
        }
        assert_eq!(diagnosed([call().no_response(End::Reset)]).by_chain, [["no-answer-from-backend"]]);
    }
}
