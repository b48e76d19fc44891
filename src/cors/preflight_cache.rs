//! The CORS-preflight cache (Fetch 4.9), as far as captured preflights fill it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Rules;
use super::lists::List;
use crate::http::{ByFingerprint, Exchange, Field, Id, Response, Time, asked_url, client_address, fingerprint};

/// Preflights that are remembered: a hostile capture could name a new URL in every one.
const MAX_KEPT: usize = 1 << 14;

/// Without `Access-Control-Max-Age` an answer is good for so long (Fetch, "CORS-preflight fetch",
/// step 7.10).
const DEFAULT_AGE: Duration = Duration::from_secs(5);

/// The latest good answer to each captured preflight.
#[derive(Clone, Debug, Default)]
pub struct PreflightCache {
    /// The preflights with what seem to be good answers, by whose they are and for what.
    answers: ByFingerprint<PreflightKey, VecDeque<Arc<Exchange>>>,
}

/// Whose preflight it is for what, as a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PreflightKey(u64);

/// The answer to a preflight.
struct Answered<'a> {
    time: Time,
    /// As it was sent; `None`: it was not.
    max_age: Option<Cow<'a, str>>,
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

impl PreflightKey {
    /// That of a preflight which may have a good answer.
    #[must_use]
    pub fn of_preflight(exchange: &Exchange) -> Option<Self> {
        let is_let_on = exchange.response.as_ref().is_some_and(Response::lets_on) && exchange.is_preflight();
        if is_let_on { Self::of(exchange) } else { None }
    }

    /// A browser is known by its address.
    fn of(exchange: &Exchange) -> Option<Self> {
        let request = exchange.request.as_ref()?;
        let client = client_address(&request.headers, exchange.client);
        let (origin, url) = (request.headers.first("origin")?, asked_url(exchange)?);
        Some(Self(fingerprint(&(client, origin, url.as_str()))))
    }
}

impl PreflightCache {
    /// Takes note of a preflight with that key.
    pub fn observe(&mut self, preflight: &Arc<Exchange>, key: PreflightKey) {
        if self.answers.len() >= MAX_KEPT && !self.answers.contains_key(&key) {
            return;
        }
        let answers = self.answers.entry(key).or_default();
        if answers.len() >= MAX_ANSWERS {
            answers.pop_front();
        }
        answers.push_back(Arc::clone(preflight));
    }

    /// What is known of the answer that let `exchange` be sent without a preflight before it.
    pub(super) fn look_up(&self, rules: &Rules, exchange: &Exchange, names: &[&str]) -> Option<Cached> {
        let request = exchange.request.as_ref()?;
        let preflights = self.answers.get(&PreflightKey::of(exchange)?)?;
        let (preflight, answer) = preflights.iter().rev().find_map(|preflight| {
            let answer = Answered::of(preflight)?;
            let fits = answer.time <= request.time && answer.covers(&request.method, names);
            fits.then_some((preflight, answer))
        })?;
        let age = request.time.since(answer.time);
        let good_for = rules.keeps_preflights_for(answer.max_age.as_deref(), DEFAULT_AGE);
        let preflight = preflight.id.clone();
        Some(if age <= good_for {
            Cached::Good(preflight, age, good_for)
        } else {
            Cached::Stale(preflight, age, good_for)
        })
    }
}

impl<'a> Answered<'a> {
    /// `None` where it cannot be read.
    fn of(preflight: &'a Exchange) -> Option<Self> {
        let response = preflight.response.as_ref()?;
        let tokens = |name: &str| match List::read(&response.headers.get(name)) {
            List::Tokens(tokens) => Some(tokens.into_iter().map(str::to_owned).collect()),
            List::Invalid(_) | List::Unseen => None,
        };
        let max_age = match response.headers.get("access-control-max-age") {
            Field::Present(value) => Some(value),
            Field::Absent => None,
            Field::Unseen => return None,
        };
        let (methods, names) = (tokens("access-control-allow-methods")?, tokens("access-control-allow-headers")?);
        Some(Self { time: response.time, max_age, methods, names })
    }

    /// Whether the preflight was for such a request. An asterisk is taken for what was asked then.
    fn covers(&self, method: &str, names: &[&str]) -> bool {
        let is_listed =
            |list: &[String], wanted: &str| list.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(wanted));
        let is_allowed = super::safelist::is_safe_method(method) || is_listed(&self.methods, method);
        is_allowed && names.iter().all(|name| is_listed(&self.names, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::Browser;
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
        let preflight = preflight.shared();
        cache.observe(&preflight, PreflightKey::of_preflight(&preflight).unwrap());
        let request = exchange(method, url).page("https://client.example").at(1 + seconds * 1000);
        cache.look_up(&Rules::of(browser), &request.build(), &[])
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
