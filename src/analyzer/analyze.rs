//! Exchanges in, an analysis out.

use std::sync::Arc;

use super::{Analysis, ChainReport, SourceSummary};
use crate::balancer::Balancer;
use crate::chain::{Chain, Joiner};
use crate::cors::{Asserted, Browser, Judgement, PreflightCache, Surroundings, judge};
use crate::diagnose::{Judged, Proposal, Recorded, World, diagnose, what_if};
use crate::http::{Exchange, Time, client_address, is_health_check};

/// What one source held: its summary, and its exchanges in the order in which they ended.
#[derive(Clone, Debug)]
pub struct Read {
    /// What was read.
    pub summary: SourceSummary,
    /// The exchanges.
    pub exchanges: Vec<Exchange>,
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
    let (sources, exchanges): (Vec<_>, Vec<_>) = reads.into_iter().map(|read| (read.summary, read.exchanges)).unzip();
    let mut exchanges: Vec<Arc<Exchange>> = exchanges.into_iter().flatten().map(Arc::new).collect();
    exchanges.sort_by_key(|exchange| began(exchange));
    let (health_checks, calls): (Vec<_>, Vec<_>) = exchanges.into_iter().partition(|exchange| is_for_health(exchange));
    let mut balancer = Balancer::default();
    let mut preflights = PreflightCache::default();
    let mut joiner = Joiner::default();
    for exchange in &calls {
        balancer.observe(exchange);
        preflights.observe(exchange);
        joiner.push(exchange);
    }
    let judged: Vec<(Chain, Judgement)> = joiner
        .finish()
        .into_iter()
        .filter_map(|chain| {
            let surroundings = Surroundings { balancer: &balancer, preflights: Some(&preflights) };
            judge(&chain, surroundings, &options.asserted, options.browser).map(|judgement| (chain, judgement))
        })
        .collect();
    let mut analysis = report(sources, judged, &balancer, health_checks.len() as u64);
    if let Some(proposal) = options.what_if {
        try_out(proposal, &mut analysis.chains, &balancer, options.browser);
    }
    analysis
}

fn report(
    sources: Vec<SourceSummary>,
    judged: Vec<(Chain, Judgement)>,
    balancer: &Balancer,
    health_checks: u64,
) -> Analysis {
    let views: Vec<Judged<'_>> = judged.iter().map(|(chain, judgement)| Judged { chain, judgement }).collect();
    let diagnosed = diagnose(&views, balancer);
    let chains = judged
        .into_iter()
        .zip(diagnosed.by_chain)
        .map(|((chain, judgement), findings)| ChainReport {
            client: client(&chain),
            user_agent: user_agent(&chain),
            chain,
            judgement,
            findings,
            what_if: None,
        })
        .collect();
    Analysis { sources, chains, findings: diagnosed.findings, health_checks }
}

/// Tries a fix on every call.
fn try_out(proposal: Proposal, calls: &mut [ChainReport], balancer: &Balancer, browser: Browser) {
    let recorded = Recorded::of(calls.iter().map(|call| &call.chain));
    let world = World { balancer, browser, recorded: &recorded };
    for call in calls {
        let remedy = proposal.remedy(&call.findings);
        call.what_if = remedy.and_then(|remedy| what_if(&call.chain, &call.judgement, remedy, world)).map(Box::new);
    }
}

/// When an exchange began: with its request, or where that is missing with its response.
fn began(exchange: &Exchange) -> Option<Time> {
    let request = exchange.request.as_ref().map(|request| request.time);
    request.or_else(|| exchange.response.as_ref().map(|response| response.time))
}

fn is_for_health(exchange: &Exchange) -> bool {
    exchange.request.as_ref().is_some_and(|request| is_health_check(&request.headers))
}

fn client(chain: &Chain) -> Option<std::net::IpAddr> {
    let exchange = &chain.links.first()?.exchange;
    client_address(&exchange.request.as_ref()?.headers, exchange.client)
}

fn user_agent(chain: &Chain) -> Option<String> {
    chain.links.first()?.exchange.request.as_ref()?.headers.first("user-agent").map(str::to_owned)
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
            exchanges: exchanges.into_iter().map(Builder::build).collect(),
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
        assert_eq!(analysis.chains[0].chain.id(), "a");
        assert_eq!(analysis.sources.len(), 2);
        assert_eq!(analysis.chains[0].client, "203.0.113.50".parse().ok());
    }

    #[test]
    fn health_checks_are_counted_and_left_out() {
        let check = exchange("GET", "http://10.0.2.9:8000/health").header("User-Agent", "ELB-HealthChecker/2.0");
        let analysis = analyze(vec![read("one", [check])], &Options::default());
        assert_eq!((analysis.chains.len(), analysis.health_checks), (0, 1));
    }
}
