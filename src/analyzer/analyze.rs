//! Exchanges in, an analysis out.

use std::sync::Arc;

use super::{Alone, Analysis, Brief, Call, JudgedWith, SourceSummary, Workers};
use crate::balancer::Balancer;
use crate::chain::{Chain, Joiner};
use crate::cors::{Asserted, Browser, PreflightCache, Surroundings, decide};
use crate::diagnose::{Examiner, Finding, Findings, Proposal, Recorded};
use crate::http::{Exchange, Time, is_health_check};

/// What one source held: its summary, and its exchanges in the order in which they ended.
#[derive(Clone, Debug)]
pub struct Read {
    /// What was read.
    pub summary: SourceSummary,
    /// The exchanges.
    pub exchanges: Vec<Arc<Exchange>>,
}

/// How to judge.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whose rules decide.
    pub browser: Browser,
    /// What the user says of every call.
    pub asserted: Asserted,
    /// Which fix to try on paper, if any.
    pub what_if: Option<Proposal>,
}

/// Analyses several sources together, in time order.
#[must_use]
pub fn analyze(reads: Vec<Read>, options: &Options) -> Analysis {
    analyze_by(&Alone, reads, options)
}

/// [`analyze`], with workers to share the work.
#[must_use]
pub fn analyze_by(workers: &impl Workers, reads: Vec<Read>, options: &Options) -> Analysis {
    let (sources, exchanges): (Vec<_>, Vec<_>) = reads.into_iter().map(|read| (read.summary, read.exchanges)).unzip();
    gathered(workers, sources, exchanges.into_iter().flatten().collect(), options)
}

/// Analyses exchanges of those sources, for whoever keeps them to analyse them again with more.
#[must_use]
pub fn analyze_exchanges(sources: Vec<SourceSummary>, exchanges: Vec<Arc<Exchange>>, options: &Options) -> Analysis {
    gathered(&Alone, sources, exchanges, options)
}

fn gathered(
    workers: &impl Workers,
    sources: Vec<SourceSummary>,
    mut exchanges: Vec<Arc<Exchange>>,
    options: &Options,
) -> Analysis {
    exchanges.sort_by_cached_key(|exchange| began(exchange));
    let ((chains, health_checks), (balancer, preflights)) =
        workers.both(|| joined(&exchanges), || observed(&exchanges));
    drop(exchanges);
    let around = Surroundings { balancer: &balancer, preflights: Some(&preflights) };
    let (chains, findings) = judge_all(workers, chains, around, options);
    let chains_of = |calls: &[Call]| Recorded::of(calls.iter().map(Call::chain));
    let recorded = options.what_if.map(|_| chains_of(&chains)).unwrap_or_default();
    let judged_with = Arc::new(JudgedWith { balancer, preflights, options: options.clone(), recorded });
    Analysis { sources, chains: Arc::new(chains), findings, health_checks, mask: None, judged_with }
}

/// The chains, and how many health checks are in none.
fn joined(exchanges: &[Arc<Exchange>]) -> (Vec<Chain>, u64) {
    let mut joiner = Joiner::default();
    let mut health_checks = 0;
    for exchange in exchanges {
        if is_for_health(exchange) {
            health_checks += 1;
        } else {
            joiner.push(exchange);
        }
    }
    (joiner.finish(), health_checks)
}

/// What the load balancer does, and the preflights that browsers may remember.
fn observed(exchanges: &[Arc<Exchange>]) -> (Balancer, PreflightCache) {
    let (mut balancer, mut preflights) = (Balancer::default(), PreflightCache::default());
    for exchange in exchanges.iter().filter(|exchange| !is_for_health(exchange)) {
        balancer.observe(exchange);
        preflights.observe(exchange);
    }
    (balancer, preflights)
}

/// Chains that are judged and examined side by side before what is said of each is gathered, one after
/// the other: enough to keep workers busy, few enough to be forgotten soon.
const BLOCK: usize = 4096;

/// What each chain came to, and the root causes of all.
fn judge_all(
    workers: &impl Workers,
    chains: Vec<Chain>,
    around: Surroundings<'_>,
    options: &Options,
) -> (Vec<Call>, Vec<Finding>) {
    let examiner = Examiner::new(&chains, around.balancer);
    let look = |chain: &Chain| {
        let judgement = decide(chain, around, &options.asserted, options.browser)?;
        let causes = examiner.examine(&judgement);
        Some((Brief::of(&judgement, causes.ids()), causes))
    };
    let mut findings = Findings::default();
    let mut briefs: Vec<Option<Brief>> = Vec::with_capacity(chains.len());
    for block in chains.chunks(BLOCK) {
        briefs.extend(block.iter().zip(workers.map(block, look)).map(|(chain, looked_at)| {
            let (brief, causes) = looked_at?;
            findings.add(chain, causes);
            Some(brief)
        }));
    }
    let calls = chains.into_iter().zip(briefs).filter_map(|(chain, brief)| Some(Call::new(chain, brief?)));
    (calls.collect(), findings.in_order())
}

/// When an exchange began: with its request, or where that is missing with its response.
fn began(exchange: &Exchange) -> Option<Time> {
    let request = exchange.request.as_ref().map(|request| request.time);
    request.or_else(|| exchange.response.as_ref().map(|response| response.time))
}

fn is_for_health(exchange: &Exchange) -> bool {
    exchange.request.as_ref().is_some_and(|request| is_health_check(&request.headers))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyzer::{SourceKind, Unread};
    use crate::http::testing::{Builder, exchange};

    fn read(path: &str, exchanges: impl IntoIterator<Item = Builder>) -> Read {
        Read {
            summary: SourceSummary {
                path: path.into(),
                kind: SourceKind::Exchanges,
                packets: 0,
                bytes: 0,
                connections: 0,
                exchanges: 0,
                unread: Unread::default(),
                lost_bytes: 0,
                warnings: Vec::new(),
            },
            exchanges: exchanges.into_iter().map(Builder::shared).collect(),
        }
    }

    fn call(url: &str) -> Builder {
        exchange("GET", url).page("https://client.example").behind_balancer()
    }

    #[test]
    fn sources_are_analysed_together_in_time_order() {
        let followed = call("https://request.example/items/").id("b").at(5).shared_with("https://client.example");
        let redirect = call("https://request.example/items")
            .id("a")
            .status(307)
            .answer("Location", "/items/")
            .shared_with("https://client.example");
        let analysis = analyze(vec![read("two", [followed]), read("one", [redirect])], &Options::default());
        assert_eq!(analysis.chains.len(), 1);
        assert_eq!(analysis.chains[0].id(), "a");
        assert_eq!(analysis.sources.len(), 2);
        assert_eq!(analysis.report(&analysis.chains[0]).client, "203.0.113.50".parse().ok());
    }

    #[test]
    fn health_checks_are_counted_and_left_out() {
        let check = exchange("GET", "http://10.0.2.9:8000/health").header("User-Agent", "ELB-HealthChecker/2.0");
        let analysis = analyze(vec![read("one", [check])], &Options::default());
        assert_eq!((analysis.chains.len(), analysis.health_checks), (0, 1));
    }
}
