//! The newest exchanges, as many as there is room for: what goes on has no end, memory has.

use std::collections::HashSet;
use std::sync::Arc;

use corscope::analyzer::Analysis;
use corscope::cors::Decision;
use corscope::http::{Body, Exchange, Headers};

/// The memory that what is kept may take, about, whatever its number.
const MAX_BYTES: usize = 256 << 20;

/// The memory that an exchange takes beside its texts, about.
const COST: usize = 1024;

/// Exchanges that are analysed again whenever new ones end.
#[derive(Debug)]
pub(super) struct Kept {
    exchanges: Vec<Arc<Exchange>>,
    bytes: usize,
    most: usize,
    most_bytes: usize,
    pub(super) let_go: Calls,
}

/// Calls counted by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) blocked: u64,
    pub(crate) allowed: u64,
    pub(crate) undetermined: u64,
    pub(crate) not_cors: u64,
}

impl Calls {
    pub(crate) fn count(&mut self, decision: Decision) {
        *match decision {
            Decision::Blocked(_) => &mut self.blocked,
            Decision::Allowed => &mut self.allowed,
            Decision::Undetermined => &mut self.undetermined,
            Decision::NotCors => &mut self.not_cors,
        } += 1;
    }

    pub(crate) fn total(self) -> u64 {
        self.blocked + self.allowed + self.undetermined + self.not_cors
    }
}

impl Kept {
    /// `most` exchanges.
    pub(super) fn new(most: usize) -> Self {
        Self { exchanges: Vec::new(), bytes: 0, most, most_bytes: MAX_BYTES, let_go: Calls::default() }
    }

    pub(super) fn add(&mut self, exchanges: Vec<Arc<Exchange>>) {
        self.bytes += exchanges.iter().map(|exchange| weight(exchange)).sum::<usize>();
        self.exchanges.extend(exchanges);
    }

    pub(super) fn exchanges(&self) -> Vec<Arc<Exchange>> {
        self.exchanges.clone()
    }

    /// There are more than shall be kept.
    pub(super) fn is_over(&self) -> bool {
        self.exchanges.len() > self.most || self.bytes > self.most_bytes
    }

    /// So many more that it cannot wait.
    pub(super) fn is_far_over(&self) -> bool {
        self.exchanges.len() / 2 > self.most || self.bytes / 2 > self.most_bytes
    }

    /// Lets go of the oldest calls, whole ones, until a quarter of the room is free; `analysis` is of
    /// what is kept. Says how many of its calls went. What belongs to no call goes too.
    pub(super) fn shrink(&mut self, analysis: &Analysis) -> usize {
        let (most, bytes) = (self.most - self.most / 4, self.most_bytes - self.most_bytes / 4);
        let mut stay: HashSet<*const Exchange> = HashSet::new();
        let mut weighs = 0;
        let mut first = analysis.chains.len();
        for (at, call) in analysis.chains.iter().enumerate().rev() {
            let links = || call.chain().links.iter().flat_map(|link| link.also_seen.iter().chain([&link.exchange]));
            weighs += links().map(|exchange| weight(exchange)).sum::<usize>();
            if stay.len() + links().count() > most || weighs > bytes {
                break;
            }
            stay.extend(links().map(Arc::as_ptr));
            first = at;
        }
        self.exchanges.retain(|exchange| stay.contains(&Arc::as_ptr(exchange)));
        self.bytes = self.exchanges.iter().map(|exchange| weight(exchange)).sum();
        for call in analysis.chains.iter().take(first) {
            self.let_go.count(call.decision());
        }
        first
    }
}

/// The memory that an exchange takes, about.
fn weight(exchange: &Exchange) -> usize {
    let request = exchange
        .request
        .as_ref()
        .map_or(0, |request| message(&request.headers, &request.body) + 2 * request.target.len());
    let responses = exchange.response.iter().chain(&exchange.extras.interim);
    let responses = responses.map(|response| message(&response.headers, &response.body));
    COST + request + responses.sum::<usize>()
}

fn message(headers: &Headers, body: &Body) -> usize {
    headers.memory() + body.trailers().memory() + body.kept().len()
}

#[cfg(test)]
mod tests {
    use corscope::analyzer::{Options, analyze_exchanges};

    use super::*;
    use crate::watch::testing::{Call, exchanges};

    fn kept(most: usize, calls: &[Call]) -> Kept {
        let mut kept = Kept::new(most);
        kept.add(exchanges(calls).into_iter().map(Arc::new).collect());
        kept
    }

    fn analysis(kept: &Kept) -> Analysis {
        analyze_exchanges(Vec::new(), kept.exchanges(), &Options::default())
    }

    fn ids(kept: &Kept) -> Vec<String> {
        kept.exchanges.iter().map(|exchange| exchange.id.to_string()).collect()
    }

    #[test]
    fn the_oldest_calls_go_and_are_counted() {
        let mut kept = kept(4, &[Call::at(0), Call::at(10), Call::at(20), Call::at(30), Call::at(40)]);
        assert!(kept.is_over());
        let before = analysis(&kept);
        assert_eq!(kept.shrink(&before), 2);
        assert_eq!(ids(&kept), ["20", "30", "40"]);
        assert_eq!(kept.let_go.total(), 2);
        assert!(!kept.is_over());
    }

    #[test]
    fn calls_go_whole() {
        let mut kept =
            kept(4, &[Call::at(0), Call::at(10).redirected("/b"), Call::at(11).path("/b"), Call::at(20), Call::at(30)]);
        let before = analysis(&kept);
        assert_eq!(before.chains.len(), 4);
        assert_eq!(kept.shrink(&before), 2);
        assert_eq!(ids(&kept), ["20", "30"]);
    }

    #[test]
    fn one_exchange_may_not_take_all_the_memory() {
        let mut kept = kept(1000, &[Call::at(0), Call::at(10).heavy(100_000), Call::at(20)]);
        kept.most_bytes = 100_000;
        assert!(kept.is_over());
        let before = analysis(&kept);
        kept.shrink(&before);
        assert_eq!(ids(&kept), ["20"]);
        assert!(kept.bytes < 10 * COST);
    }
}
