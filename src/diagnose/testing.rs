//! Exchanges diagnosed as an analysis does it, for tests.

use std::sync::Arc;

use super::{Examiner, Finding, Findings, Sharing, SharingKey};
use crate::cors::testing::joined;
use crate::cors::{Asserted, Browser, judge};
use crate::http::testing::Builder;

/// What the rules said.
#[derive(Debug)]
pub(crate) struct Diagnosed {
    /// For each chain, the ids of its findings.
    pub(crate) by_chain: Vec<Vec<&'static str>>,
    pub(crate) findings: Vec<Finding>,
}

/// Joins, judges and diagnoses.
pub(crate) fn diagnosed(exchanges: impl IntoIterator<Item = Builder>) -> Diagnosed {
    let (chains, balancer) = joined(exchanges);
    let mut sharing = Sharing::default();
    for exchange in chains.iter().flat_map(|chain| &chain.links).map(|link| &link.exchange) {
        if let Some(key) = SharingKey::of(exchange) {
            sharing.note(Arc::clone(exchange), key);
        }
    }
    let examiner = Examiner::new(&chains, &sharing, &balancer);
    let judged = |chain| judge(chain, &balancer, &Asserted::default(), Browser::Chromium).unwrap();
    let (mut by_chain, mut findings) = (Vec::new(), Findings::default());
    for chain in &chains {
        let causes = examiner.examine(&judged(chain));
        by_chain.push(causes.ids().collect());
        findings.add(chain, causes);
    }
    Diagnosed { by_chain, findings: findings.in_order() }
}
