//! What the other answers of a host say: whether it has a CORS layer, and for whom.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use url::Url;

use super::Evidence;
use crate::chain::Chain;
use crate::http::Exchange;

/// Hosts and origins beyond this are not kept apart: a hostile capture could name a new one in
/// every request.
const MAX_KEPT: usize = 4096;

/// For each host, one answer that carries CORS headers, for any origin and for each one.
#[derive(Debug, Default)]
pub(super) struct Siblings {
    shares: HashMap<String, Evidence>,
    shares_with: HashMap<(String, String), Evidence>,
    /// Hosts and origins that were noted, as numbers that nobody can foresee.
    noted: HashSet<u64>,
    seed: RandomState,
}

impl Siblings {
    pub(super) fn of<'a>(chains: impl Iterator<Item = &'a Chain>) -> Self {
        let mut siblings = Self::default();
        for link in chains.flat_map(|chain| &chain.links) {
            siblings.observe(&link.exchange);
        }
        siblings
    }

    fn observe(&mut self, exchange: &Exchange) {
        if self.is_known(exchange) {
            return;
        }
        let Some((host, origin, evidence)) = shared(exchange) else { return };
        if self.shares.len() < MAX_KEPT {
            self.shares.entry(host.clone()).or_insert_with(|| evidence.clone());
        }
        if self.shares_with.len() < MAX_KEPT {
            self.shares_with.entry((host, origin)).or_insert(evidence);
        }
    }

    /// Whether an answer of the same host to the same origin was noted already: nearly all are like
    /// one before.
    fn is_known(&mut self, exchange: &Exchange) -> bool {
        let origin = exchange.request.as_ref().and_then(|request| request.headers.first("origin"));
        let Some((url, origin)) = exchange.url().zip(origin) else { return true };
        let is_shared = exchange.response.as_ref().is_some_and(|it| it.headers.has("access-control-allow-origin"));
        let authority = url.splitn(4, '/').nth(2);
        !is_shared || !self.noted.insert(self.seed.hash_one((authority, origin)))
    }

    /// An answer of the same host that carries `Access-Control-Allow-Origin`.
    pub(super) fn with_cors(&self, url: &Url) -> Option<&Evidence> {
        self.shares.get(url.host_str()?)
    }

    /// The same, for a request with that origin.
    pub(super) fn with_cors_for(&self, url: &Url, origin: &str) -> Option<&Evidence> {
        self.shares_with.get(&(url.host_str()?.to_owned(), origin.to_owned()))
    }
}

/// Host, origin and evidence of an answer that carries the header.
fn shared(exchange: &Exchange) -> Option<(String, String, Evidence)> {
    let value = exchange.response.as_ref()?.headers.first("access-control-allow-origin")?;
    let origin = exchange.request.as_ref()?.headers.first("origin")?;
    let host = Url::parse(exchange.url()?).ok()?.host_str()?.to_owned();
    let evidence = Evidence {
        source: Arc::clone(&exchange.source),
        exchange: Arc::clone(&exchange.id),
        frame: exchange.frames.response.map(|span| span.first),
        header: Some("access-control-allow-origin"),
        value: value.to_owned(),
    };
    Some((host, origin.to_owned(), evidence))
}
