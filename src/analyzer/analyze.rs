//! Exchanges in, an analysis out.

use std::sync::Arc;

use super::{Alone, Analysis, Brief, Call, JudgedWith, SourceSummary, Workers};
use crate::balancer::{self, Balancer};
use crate::chain::{self, Chain, Joiner};
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
    let Joined { chains, balancer, preflights, health_checks } = join(workers, exchanges);
    let around = Surroundings { balancer: &balancer, preflights: Some(&preflights) };
    let (chains, findings) = judge_all(workers, chains, around, options);
    let chains_of = |calls: &[Call]| Recorded::of(calls.iter().map(Call::chain));
    let recorded = options.what_if.map(|_| chains_of(&chains)).unwrap_or_default();
    let judged_with = Arc::new(JudgedWith { balancer, preflights, options: options.clone(), recorded });
    Analysis { sources, chains: Arc::new(chains), findings, health_checks, mask: None, judged_with }
}

/// What comes of exchanges before anything is judged.
struct Joined {
    chains: Vec<Chain>,
    balancer: Balancer,
    preflights: PreflightCache,
    /// They are in no chain.
    health_checks: u64,
}

/// What there is to know of an exchange without the others.
struct Glance {
    is_for_health: bool,
    is_preflight: bool,
    of_balancer: Option<balancer::Glance>,
    of_joiner: Option<chain::Glance>,
}

/// Joins exchanges, which are in order of time, and takes note of what the load balancer does and which
/// preflights were answered.
fn join(workers: &impl Workers, exchanges: Vec<Arc<Exchange>>) -> Joined {
    let (mut balancer, mut preflights, mut joiner) =
        (Balancer::default(), PreflightCache::default(), Joiner::default());
    let mut health_checks = 0;
    let mut exchanges = exchanges.into_iter();
    while exchanges.len() > 0 {
        let block: Vec<Arc<Exchange>> = exchanges.by_ref().take(BLOCK).collect();
        let glances = workers.map(&block, |exchange| Glance {
            is_for_health: is_for_health(exchange),
            is_preflight: exchange.is_preflight(),
            of_balancer: balancer.glance(exchange),
            of_joiner: joiner.glance(exchange),
        });
        for (exchange, glance) in block.into_iter().zip(glances) {
            if glance.is_for_health {
                health_checks += 1;
                continue;
            }
            balancer.observe_known(&exchange, glance.of_balancer);
            if glance.is_preflight {
                preflights.observe(&exchange);
            }
            if let Some(of_joiner) = glance.of_joiner {
                joiner.push_known(exchange, &of_joiner);
            }
        }
    }
    Joined { chains: joiner.finish(), balancer, preflights, health_checks }
}

/// Exchanges that are looked at side by side before they are joined one after the other, and chains that are
/// judged side by side before what is said of each is gathered: enough to keep workers busy, few enough to be
/// forgotten soon.
const BLOCK: usize = 1 << 12;

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
    let mut calls = Vec::with_capacity(chains.len());
    calls.extend(chains.into_iter().zip(briefs).filter_map(|(chain, brief)| Some(Call::new(chain, brief?))));
    (calls, findings.in_order())
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
