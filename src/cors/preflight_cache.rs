//! The CORS-preflight cache (Fetch 4.9), as far as captured preflights fill it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Browser;
use super::lists::List;
use crate::http::{Exchange, Field, Time, asked_url, client_address};

/// Preflights that are remembered: a hostile capture could name a new URL in every one.
const MAX_KEPT: usize = 1 << 14;

/// Without `Access-Control-Max-Age` an answer is good for so long (Fetch, "CORS-preflight fetch",
/// step 7.10).
const DEFAULT_AGE: Duration = Duration::from_secs(5);

/// The latest good answer to each captured preflight.
#[derive(Clone, Debug, Default)]
pub struct PreflightCache(HashMap<Key, Vec<Answered>>);

/// Whose preflight for what: a browser is known by its address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    client: Option<IpAddr>,
    origin: String,
    url: String,
}

#[derive(Clone, Debug)]
struct Answered {
    exchange: Arc<str>,
    time: Time,
    /// As it was sent; `None`: it was not.
    max_age: Option<String>,
    methods: Vec<String>,
    names: Vec<String>,
}

/// What the capture tells of a preflight that was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cached {
    /// An earlier answer is still good: the exchange, how old it is, and for how long it is good.
    Good(Arc<str>, Duration, Duration),
    /// It is no longer.
    Stale(Arc<str>, Duration, Duration),
}

/// The answers for one browser, page and URL that are kept: the methods differ.
const MAX_ANSWERS: usize = 16;

impl PreflightCache {
    /// Takes note of one exchange.
    pub fn observe(&mut self, exchange: &Exchange) {
        let Some((key, answered)) = answered(exchange) else { return };
        if self.0.len() >= MAX_KEPT && !self.0.contains_key(&key) {
            return;
        }
        let answers = self.0.entry(key).or_default();
        if answers.len() >= MAX_ANSWERS {
            answers.remove(0);
        }
        answers.push(answered);
    }

    /// What is known of the answer that let `exchange` be sent without a preflight before it.
    pub(super) fn look_up(&self, browser: Browser, exchange: &Exchange, names: &[String]) -> Option<Cached> {
        let request = exchange.request.as_ref()?;
        let answers = self.0.get(&key(exchange)?)?;
        let fits = |answer: &&Answered| answer.time <= request.time && answer.covers(&request.method, names);
        let answer = answers.iter().rev().find(fits)?;
        let age = request.time.since(answer.time);
        let good_for = browser.keeps_preflights_for(answer.max_age.as_deref(), DEFAULT_AGE);
        let exchange = Arc::clone(&answer.exchange);
        Some(if age <= good_for {
            Cached::Good(exchange, age, good_for)
        } else {
            Cached::Stale(exchange, age, good_for)
        })
    }
}

impl Answered {
    /// Whether the preflight was for such a request. An asterisk is taken for what was asked then.
    fn covers(&self, method: &str, names: &[String]) -> bool {
        let is_listed =
            |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(wanted));
        let is_allowed = super::safelist::is_safe_method(method) || is_listed(&self.methods, method);
        is_allowed && names.iter().all(|name| is_listed(&self.names, name))
    }
}

fn key(exchange: &Exchange) -> Option<Key> {
    let request = exchange.request.as_ref()?;
    Some(Key {
        client: client_address(&request.headers, exchange.client),
        origin: request.headers.first("origin")?.to_owned(),
        url: asked_url(exchange)?.into(),
    })
}

/// A preflight with a good answer.
fn answered(exchange: &Exchange) -> Option<(Key, Answered)> {
    let response = exchange.response.as_ref().filter(|response| (200..300).contains(&response.status))?;
    if !exchange.is_preflight() || !response.headers.has("access-control-allow-origin") {
        return None;
    }
    let tokens = |name: &str| match List::read(&response.headers.get(name)) {
        List::Tokens(tokens) => Some(tokens),
        List::Invalid(_) | List::Unseen => None,
    };
    let max_age = match response.headers.get("access-control-max-age") {
        Field::Present(value) => Some(value),
        Field::Absent => None,
        Field::Unseen => return None,
    };
    let answered = Answered {
        exchange: Arc::clone(&exchange.id),
        time: response.time,
        max_age,
        methods: tokens("access-control-allow-methods")?,
        names: tokens("access-control-allow-headers")?,
    };
    Some((key(exchange)?, answered))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::exchange;

    fn after(seconds: u64, max_age: &str, method: &str, browser: Browser) -> Option<Cached> {
        let url = "https://request.example/items";
        let preflight = exchange("OPTIONS", url)
            .page("https://client.example")
            .header("Access-Control-Request-Method", "PUT")
            .shared_with("https://client.example")
            .answer("Access-Control-Allow-Methods", "PUT")
            .answer("Access-Control-Max-Age", max_age);
        let mut cache = PreflightCache::default();
        cache.observe(&preflight.build());
        let request = exchange(method, url).page("https://client.example").at(1 + seconds * 1000);
        cache.look_up(browser, &request.build(), &[])
    }

    #[test]
    fn an_answer_is_good_for_as_long_as_it_says_and_the_browser_keeps_it() {
        let is_good = |found: Option<Cached>| matches!(found, Some(Cached::Good(..)));
        assert!(is_good(after(599, "600", "PUT", Browser::Chromium)));
        assert!(!is_good(after(601, "600", "PUT", Browser::Chromium)));
        assert!(!is_good(after(7_201, "86400", "PUT", Browser::Chromium)), "two hours at the most");
        assert!(is_good(after(7_201, "86400", "PUT", Browser::Firefox)));
        assert!(!is_good(after(86_401, "100000", "PUT", Browser::Firefox)), "a day at the most");
        assert!(is_good(after(4, "soon", "PUT", Browser::Chromium)), "what cannot be read is five seconds");
        assert!(!is_good(after(4, "soon", "PUT", Browser::Firefox)), "or nothing");
    }

    #[test]
    fn another_method_needs_another_preflight() {
        assert_eq!(after(1, "600", "DELETE", Browser::Standard), None);
    }
}
