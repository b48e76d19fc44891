//! The fold over everything read, and all that is known so far.

mod analyze;
mod call;
mod part;

use std::sync::Arc;

pub use analyze::{Options, Read, analyze, analyze_exchanges};
pub use call::{Brief, Call, ChainReport};
pub use part::Part;

use crate::balancer::Balancer;
use crate::cors::judge;
use crate::diagnose::Finding;
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
    /// Done to every report before anybody sees it: what masks secrets.
    pub mask: Option<fn(&mut ChainReport)>,
    /// What the calls were judged with.
    pub(crate) judged_with: Arc<(Balancer, Options)>,
}

impl Analysis {
    /// One of the calls with all that is known of it.
    #[must_use]
    pub fn report(&self, call: &Call) -> ChainReport {
        let mut report = call.told().cloned().unwrap_or_else(|| self.judge_again(call));
        if let Some(mask) = self.mask {
            mask(&mut report);
        }
        report
    }

    /// Every call with all that is known of it, made as it is asked for.
    pub fn reports(&self) -> impl Iterator<Item = ChainReport> {
        self.chains.iter().map(|call| self.report(call))
    }

    fn judge_again(&self, call: &Call) -> ChainReport {
        let (balancer, options) = &*self.judged_with;
        let chain = call.chain();
        let first = chain.links.first().and_then(|link| Some((link, link.exchange.request.as_ref()?)));
        ChainReport {
            client: first.and_then(|(link, request)| client_address(&request.headers, link.exchange.client)),
            user_agent: first.and_then(|(_, request)| request.headers.first("user-agent").map(str::to_owned)),
            // It was judged before, so it can be.
            judgement: judge(chain, balancer, &options.asserted, options.browser).unwrap_or_default(),
            findings: call.brief().findings.to_vec(),
            chain: chain.clone(),
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
