//! The CORS-preflight cache (Fetch 4.9), as far as captured preflights fill it.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::time::Duration;

use foldhash::quality::RandomState;

use super::Browser;
use super::lists::List;
use crate::http::{Exchange, Field, Id, Time, asked_url, client_address};

/// Preflights that are remembered: a hostile capture could name a new URL in every one.
const MAX_KEPT: usize = 1 << 14;

/// Without `Access-Control-Max-Age` an answer is good for so long (Fetch, "CORS-preflight fetch",
/// step 7.10).
const DEFAULT_AGE: Duration = Duration::from_secs(5);

/// The latest good answer to each captured preflight.
#[derive(Clone, Debug, Default)]
pub struct PreflightCache {
    /// By whose preflight it is for what, as a number that nobody can foresee.
    answers: HashMap<u64, Vec<Answered>>,
    seed: RandomState,
}

#[derive(Clone, Debug)]
struct Answered {
    exchange: Id,
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
    Good(Id, Duration, Duration),
    /// It is no longer.
    Stale(Id, Duration, Duration),
}

/// The answers for one browser, page and URL that are kept: the methods differ.
const MAX_ANSWERS: usize = 16;

impl PreflightCache {
    /// Takes note of one exchange.
    pub fn observe(&mut self, exchange: &Exchange) {
        let Some(answered) = answered(exchange) else { return };
        let Some(key) = self.key(exchange) else { return };
        if self.answers.len() >= MAX_KEPT && !self.answers.contains_key(&key) {
            return;
        }
        let answers = self.answers.entry(key).or_default();
        if answers.len() >= MAX_ANSWERS {
            answers.remove(0);
        }
        answers.push(answered);
    }

    /// What is known of the answer that let `exchange` be sent without a preflight before it.
    pub(super) fn look_up(&self, browser: Browser, exchange: &Exchange, names: &[&str]) -> Option<Cached> {
        let request = exchange.request.as_ref()?;
        let answers = self.answers.get(&self.key(exchange)?)?;
        let fits = |answer: &&Answered| answer.time <= request.time && answer.covers(&request.method, names);
        let answer = answers.iter().rev().find(fits)?;
        let age = request.time.since(answer.time);
        let good_for = browser.keeps_preflights_for(answer.max_age.as_deref(), DEFAULT_AGE);
        let exchange = answer.exchange.clone();
        Some(if age <= good_for {
            Cached::Good(exchange, age, good_for)
        } else {
            Cached::Stale(exchange, age, good_for)
        })
    }

    /// A browser is known by its address.
    fn key(&self, exchange: &Exchange) -> Option<u64> {
        let request = exchange.request.as_ref()?;
        let client = client_address(&request.headers, exchange.client);
        Some(self.seed.hash_one((client, request.headers.first("origin")?, asked_url(exchange)?.as_str())))
    }
}

impl Answered {
    /// Whether the preflight was for such a request. An asterisk is taken for what was asked then.
    fn covers(&self, method: &str, names: &[&str]) -> bool {
        let is_listed =
            |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(wanted));
        let is_allowed = super::safelist::is_safe_method(method) || is_listed(&self.methods, method);
        is_allowed && names.iter().all(|name| is_listed(&self.names, name))
    }
}

/// A preflight with a good answer.
fn answered(exchange: &Exchange) -> Option<Answered> {
    let response = exchange.response.as_ref().filter(|response| (200..300).contains(&response.status))?;
    if !exchange.is_preflight() || !response.headers.has("access-control-allow-origin") {
        return None;
    }
    let tokens = |name: &str| match List::read(&response.headers.get(name)) {
        List::Tokens(tokens) => Some(tokens.into_iter().map(str::to_owned).collect()),
        List::Invalid(_) | List::Unseen => None,
    };
    let max_age = match response.headers.get("access-control-max-age") {
        Field::Present(value) => Some(value.into_owned()),
        Field::Absent => None,
        Field::Unseen => return None,
    };
    Some(Answered {
        exchange: exchange.id.clone(),
        time: response.time,
        max_age,
        methods: tokens("access-control-allow-methods")?,
        names: tokens("access-control-allow-headers")?,
    })
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
