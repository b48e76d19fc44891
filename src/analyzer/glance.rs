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

/// Glances at exchanges, in the order of those. They lie in pieces, since one list of them would be there twice while
/// it grows.
#[derive(Clone, Debug, Default)]
pub struct Glances(Vec<Vec<Glance>>);

/// Glances in one piece: half a megabyte.
const PIECE: usize = 4096;

impl Glances {
    /// Of how many exchanges there are.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    pub(super) fn push(&mut self, glance: Glance) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(glance),
            _ => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(glance);
                self.0.push(piece);
            }
        }
    }

    /// Adds those of another source, which nothing is copied of where it is the only one, as most are.
    pub(super) fn append(&mut self, more: Self) {
        if self.0.is_empty() {
            *self = more;
        } else {
            self.extend(more.0.into_iter().flatten());
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<&Glance> {
        self.0.get(at / PIECE)?.get(at % PIECE)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Glance> {
        self.0.iter().flatten()
    }
}

impl Extend<Glance> for Glances {
    fn extend<I: IntoIterator<Item = Glance>>(&mut self, glances: I) {
        glances.into_iter().for_each(|glance| self.push(glance));
    }
}

impl FromIterator<Glance> for Glances {
    fn from_iter<I: IntoIterator<Item = Glance>>(glances: I) -> Self {
        let mut all = Self::default();
        all.extend(glances);
        all
    }
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
