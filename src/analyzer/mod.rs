//! The fold over everything read, and all that is known so far.

mod analyze;
mod call;
mod glance;
mod intake;
mod lanes;
mod part;
mod set;
mod workers;

use std::sync::Arc;

pub use analyze::{Options, Read, analyze, analyze_by, analyze_exchanges};
pub use call::{Brief, Call, ChainReport, Mask};
pub use glance::{Glance, Glances};
pub use lanes::{Batch, Ended, LaneReader, Scribe, Written};
pub use part::{Divided, Part};
pub use workers::{Alone, Workers};

use crate::balancer::Balancer;
use crate::cors::{PreflightCache, Surroundings, judge};
use crate::diagnose::{Finding, Recorded, World, what_if};
use crate::http::client_address;

pub use crate::session::{Keep, Unread};

/// All that is known of some sources.
///
/// Of each call only the decision is kept; what led there is worked out again by [`Analysis::report`]
/// when somebody looks.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// What was read, in the order given.
    pub sources: Vec<SourceSummary>,
    /// Every call of a page, in order of time.
    pub chains: Arc<Vec<Call>>,
    /// The root causes, the worst first.
    pub findings: Vec<Finding>,
    /// Load balancers' health checks, which are in no chain.
    pub health_checks: u64,
    /// Done to every report before anybody sees it.
    pub mask: Option<Mask>,
    /// What the calls were judged with.
    pub(crate) judged_with: Arc<JudgedWith>,
}

/// What calls were judged with.
#[derive(Debug, Default)]
pub(crate) struct JudgedWith {
    balancer: Balancer,
    /// All of them, before a filter.
    calls: usize,
    /// What the console's words and the assumptions need of other calls.
    preflights: PreflightCache,
    options: Options,
    /// Where answers are looked up that a fix would lead to; empty unless one is tried.
    recorded: Recorded,
}

impl Analysis {
    /// Whether there were calls that a filter let none through of.
    #[must_use]
    pub fn is_filtered_out(&self) -> bool {
        self.chains.is_empty() && self.judged_with.calls > 0
    }

    /// One of the calls with all that is known of it.
    #[must_use]
    pub fn report(&self, call: &Call) -> ChainReport {
        self.masked(call, |mask| mask.all)
    }

    /// The same for whoever shows no heads: its exchanges may have none.
    #[must_use]
    pub fn report_in_words(&self, call: &Call) -> ChainReport {
        self.masked(call, |mask| mask.words)
    }

    fn masked(&self, call: &Call, of: impl Fn(Mask) -> fn(&mut ChainReport)) -> ChainReport {
        let mut report = call.told().cloned().unwrap_or_else(|| self.judge_again(call));
        if let Some(mask) = self.mask {
            of(mask)(&mut report);
        }
        report
    }

    /// Every call with all that is known of it, made as it is asked for.
    pub fn reports(&self) -> impl Iterator<Item = ChainReport> {
        self.chains.iter().map(|call| self.report(call))
    }

    fn judge_again(&self, call: &Call) -> ChainReport {
        let JudgedWith { balancer, preflights, options, recorded, calls: _ } = &*self.judged_with;
        let chain = call.chain();
        let first = chain.links.first().and_then(|link| Some((link, link.exchange.request.as_ref()?)));
        // It was judged before, so it can be.
        let surroundings = Surroundings { balancer, preflights: Some(preflights) };
        let judgement = judge(chain, surroundings, &options.asserted, options.browser).unwrap_or_default();
        let world = World { balancer, browser: options.browser, recorded };
        let remedy = options.what_if.and_then(|proposal| proposal.remedy(call.findings()));
        ChainReport {
            client: first.and_then(|(link, request)| client_address(&request.headers, link.exchange.client)),
            user_agent: first.and_then(|(_, request)| request.headers.first("user-agent").map(str::to_owned)),
            findings: call.findings().to_vec(),
            what_if: remedy.and_then(|remedy| what_if(chain, &judgement, remedy, world)).map(Box::new),
            because: chain.joins.iter().map(|join| chain.because(join)).collect(),
            chain: chain.clone(),
            judgement,
        }
    }
}

/// What one source held.
#[derive(Clone, Debug)]
pub struct SourceSummary {
    /// As the user named it; `-` for standard input.
    pub path: Arc<str>,
    /// What it is.
    pub kind: SourceKind,
    /// Packets read.
    pub packets: u64,
    /// Bytes read.
    pub bytes: u64,
    /// TCP connections.
    pub connections: u64,
    /// Exchanges found.
    pub exchanges: u64,
    /// Connections that carry something else than readable HTTP/1.
    pub unread: Unread,
    /// Bytes that the capture lacks in HTTP connections.
    pub lost_bytes: u64,
    /// Why not all of it was read, where that is so: the first of the warnings that are about damage.
    pub damage: Option<String>,
    /// What was odd: damage with its byte offset, bounds that were reached.
    pub warnings: Vec<String>,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A pcap file.
    Pcap,
    /// A pcapng file.
    Pcapng,
    /// An exchange file.
    Exchanges,
    /// A live capture.
    Live,
}
