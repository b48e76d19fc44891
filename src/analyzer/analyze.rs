//! Exchanges in, an analysis out.

use std::sync::Arc;

use super::{Alone, Analysis, Brief, Call, Glance, Glances, JudgedWith, SourceSummary, Workers};
use crate::balancer::Balancer;
use crate::chain::{Chain, Joiner};
use crate::cors::{Asserted, Browser, PreflightCache, Surroundings, decide};
use crate::diagnose::{Examiner, Finding, Findings, Proposal, Recorded, Sharing};
use crate::http::{Exchange, Time};

/// What one source held: its summary, and its exchanges in the order in which they ended.
#[derive(Clone, Debug)]
pub struct Read {
    /// What was read.
    pub summary: SourceSummary,
    /// The exchanges.
    pub exchanges: Vec<Arc<Exchange>>,
    /// What was made of each of them already, in the same order; empty where nobody did that.
    pub glances: Glances,
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
    let mut sources = Vec::with_capacity(reads.len());
    let (mut exchanges, mut glances) = (Vec::new(), Glances::default());
    for mut read in reads {
        if read.glances.len() != read.exchanges.len() {
            read.glances = workers.map(&read.exchanges, |exchange| Glance::at(exchange)).into_iter().collect();
        }
        sources.push(read.summary);
        append(&mut exchanges, read.exchanges);
        glances.append(read.glances);
    }
    gathered(workers, sources, exchanges, glances, options)
}

/// Analyses exchanges of those sources, for whoever keeps them to analyse them again with more.
#[must_use]
pub fn analyze_exchanges(sources: Vec<SourceSummary>, exchanges: Vec<Arc<Exchange>>, options: &Options) -> Analysis {
    let glances: Glances = exchanges.iter().map(|exchange| Glance::at(exchange)).collect();
    gathered(&Alone, sources, exchanges, glances, options)
}

/// Of one source, as most are, nothing is copied.
fn append<T>(all: &mut Vec<T>, mut more: Vec<T>) {
    if all.is_empty() {
        *all = more;
    } else {
        all.append(&mut more);
    }
}

fn gathered(
    workers: &impl Workers,
    sources: Vec<SourceSummary>,
    exchanges: Vec<Arc<Exchange>>,
    glances: Glances,
    options: &Options,
) -> Analysis {
    let Joined { chains, balancer, preflights, sharing, health_checks } = join(exchanges, &glances);
    // Judging needs the room.
    drop(glances);
    let around = Surroundings { balancer: &balancer, preflights: Some(&preflights) };
    let (chains, findings) = judge_all(workers, chains, &sharing, around, options);
    let chains_of = |calls: &[Call]| Recorded::of(calls.iter().map(Call::chain));
    let recorded = options.what_if.map(|_| chains_of(&chains)).unwrap_or_default();
    let calls = chains.len();
    let judged_with = Arc::new(JudgedWith { balancer, calls, preflights, options: options.clone(), recorded });
    Analysis { sources, chains: Arc::new(chains), findings, health_checks, mask: None, judged_with }
}

/// What comes of exchanges before anything is judged.
struct Joined {
    chains: Vec<Chain>,
    balancer: Balancer,
    preflights: PreflightCache,
    sharing: Sharing,
    /// They are in no chain.
    health_checks: u64,
}

/// Joins exchanges in order of time, and takes note of what the load balancer does and which preflights were
/// answered. One that needs nothing but its glance is not fetched from memory.
fn join(exchanges: Vec<Arc<Exchange>>, glances: &Glances) -> Joined {
    let mut exchanges: Vec<Option<Arc<Exchange>>> = exchanges.into_iter().map(Some).collect();
    let (mut balancer, mut preflights, mut sharing) =
        (Balancer::default(), PreflightCache::default(), Sharing::default());
    let mut joiner = Joiner::of(glances.iter().filter_map(|glance| glance.of_joiner.as_ref()), glances.len());
    let mut health_checks = 0;
    for at in in_time_order(glances) {
        let Some((exchange, glance)) = exchanges.get_mut(at).and_then(Option::take).zip(glances.get(at)) else {
            continue;
        };
        if glance.is_for_health {
            health_checks += 1;
            continue;
        }
        balancer.observe_known(&exchange, glance.of_balancer);
        if let Some(key) = glance.of_preflight {
            preflights.observe(&exchange, key);
        }
        let Some(of_joiner) = &glance.of_joiner else { continue };
        let shares = glance.of_sharing.filter(|key| sharing.lacks(*key)).map(|key| (Arc::clone(&exchange), key));
        if joiner.push_known(exchange, of_joiner)
            && let Some((exchange, key)) = shares
        {
            sharing.note(exchange, key);
        }
    }
    Joined { chains: joiner.finish(), balancer, preflights, sharing, health_checks }
}

/// The places of all exchanges, in the order in which they began.
fn in_time_order(glances: &Glances) -> impl Iterator<Item = usize> {
    // The time lies beside what is sorted by it: the glances themselves are far apart. Memory has no room for as many
    // exchanges as 32 bits can count.
    let began = glances.iter().zip(0_u32..).map(|(glance, at)| (glance.began, at));
    let mut order: Vec<(Option<Time>, u32)> = began.collect();
    order.sort_unstable();
    order.into_iter().map(|(_, at)| at as usize)
}

/// Chains of which one worker judges all, and gathers what is to be said of them: enough that little is left to
/// be put together, few enough to keep all workers busy to the end.
const GROUP: usize = 512;

/// What each chain came to, and the root causes of all.
fn judge_all(
    workers: &impl Workers,
    chains: Vec<Chain>,
    sharing: &Sharing,
    around: Surroundings<'_>,
    options: &Options,
) -> (Vec<Call>, Vec<Finding>) {
    let examiner = Examiner::new(&chains, sharing, around.balancer);
    let groups: Vec<&[Chain]> = chains.chunks(GROUP).collect();
    let judged = workers.map(&groups, |group| {
        let mut findings = Findings::default();
        let look = |chain| {
            let judgement = decide(chain, around, &options.asserted, options.browser)?;
            let causes = examiner.examine(&judgement);
            let brief = Brief::of(&judgement, causes.ids());
            findings.add(chain, causes);
            Some(brief)
        };
        (group.iter().map(look).collect::<Vec<_>>(), findings)
    });
    let mut findings = Findings::default();
    let mut briefs = Vec::with_capacity(chains.len());
    for (of_group, found) in judged {
        briefs.extend(of_group);
        findings.append(found);
    }
    let mut calls = Vec::with_capacity(chains.len());
    calls.extend(chains.into_iter().zip(briefs).filter_map(|(chain, brief)| Some(Call::new(chain, brief?))));
    (calls, findings.in_order())
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
                damage: None,
                warnings: Vec::new(),
            },
            exchanges: exchanges.into_iter().map(Builder::shared).collect(),
            glances: Glances::default(),
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
