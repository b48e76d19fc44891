//! Calls to judge, built and joined in one breath.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use super::judge;
use crate::balancer::Balancer;
use crate::chain::{Chain, Joiner};
use crate::cors::{Asserted, Browser, Error, Judgement};
use crate::http::testing::{Builder, exchange};

pub(super) const PAGE: &str = "https://client.example";
pub(super) const ITEMS: &str = "https://request.example/items";
pub(super) const SLASH: &str = "https://request.example/items/";

/// The calls that these exchanges are, and what they tell of the load balancer.
pub(crate) fn joined(exchanges: impl IntoIterator<Item = Builder>) -> (Vec<Chain>, Balancer) {
    let mut balancer = Balancer::default();
    let mut joiner = Joiner::default();
    for (index, builder) in exchanges.into_iter().enumerate() {
        let exchange = builder.id(&format!("0.{index}")).shared();
        balancer.observe(&exchange);
        joiner.push(&exchange);
    }
    (joiner.finish(), balancer)
}

pub(super) fn judged_by(browser: Browser, exchanges: impl IntoIterator<Item = Builder>) -> Judgement {
    let (chains, balancer) = joined(exchanges);
    assert_eq!(chains.len(), 1, "one call");
    judge(&chains[0], &balancer, &Asserted::default(), browser).unwrap()
}

pub(super) fn judged(exchanges: impl IntoIterator<Item = Builder>) -> Judgement {
    judged_by(Browser::Chromium, exchanges)
}

pub(super) fn error(judgement: &Judgement) -> Option<Error> {
    judgement.verdict.outcome.failure().map(|failure| failure.error)
}

pub(super) fn get(url: &str) -> Builder {
    exchange("GET", url).page(PAGE).behind_balancer()
}

pub(super) fn downgrade(page: &str) -> Builder {
    let location = "http://request.example/items/";
    exchange("GET", ITEMS).page(page).behind_balancer().status(307).answer("location", location).shared_with(page)
}
