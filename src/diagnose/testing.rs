//! Exchanges diagnosed as an analysis does it, for tests.

use super::{Diagnosed, Judged, diagnose};
use crate::balancer::Balancer;
use crate::chain::Joiner;
use crate::cors::{Asserted, Browser, judge};
use crate::http::testing::Builder;

/// Joins, judges and diagnoses.
pub(crate) fn diagnosed(exchanges: impl IntoIterator<Item = Builder>) -> Diagnosed {
    let mut balancer = Balancer::default();
    let mut joiner = Joiner::default();
    for (index, builder) in exchanges.into_iter().enumerate() {
        let exchange = builder.id(&format!("0.{index}")).shared();
        balancer.observe(&exchange);
        joiner.push(&exchange);
    }
    let chains = joiner.finish();
    let judgements: Vec<_> =
        chains.iter().map(|chain| judge(chain, &balancer, &Asserted::default(), Browser::Chromium).unwrap()).collect();
    let judged: Vec<_> = chains.iter().zip(&judgements).map(|(chain, judgement)| Judged { chain, judgement }).collect();
    diagnose(&judged, &balancer)
}
