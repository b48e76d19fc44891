//! What there is to know of an exchange without the others. It is best told as soon as the exchange ends, by
//! whoever read it: its heads are at hand then, and later have to be fetched from memory again.

use crate::balancer;
use crate::chain;
use crate::cors::PreflightKey;
use crate::diagnose::SharingKey;
use crate::http::{Exchange, Time, is_health_check};

/// What joining, and the sorting before it, have to know of an exchange.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// When it began: with its request, or where that is missing with its response.
    pub(super) began: Option<Time>,
    pub(super) is_for_health: bool,
    pub(super) of_preflight: Option<PreflightKey>,
    pub(super) of_sharing: Option<SharingKey>,
    pub(super) of_balancer: Option<balancer::Glance>,
    /// `None` where it is in no chain.
    pub(super) of_joiner: Option<chain::Glance>,
}

impl Glance {
    pub(super) fn at(exchange: &Exchange) -> Self {
        let request = exchange.request.as_ref();
        let answered = || exchange.response.as_ref().map(|response| response.time);
        Self {
            began: request.map(|request| request.time).or_else(answered),
            is_for_health: request.is_some_and(|request| is_health_check(&request.headers)),
            of_preflight: PreflightKey::of_preflight(exchange),
            of_sharing: SharingKey::of(exchange),
            of_balancer: balancer::Glance::at(exchange),
            of_joiner: chain::Glance::at(exchange),
        }
    }
}
