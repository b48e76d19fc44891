//! The fold over everything read, and all that is known so far.

mod analyze;
mod part;
mod set;

use std::sync::Arc;

pub use analyze::{Options, Read, analyze};
pub use part::Part;

use crate::chain::Chain;
use crate::cors::Judgement;
use crate::diagnose::Finding;

pub use crate::session::Unread;

/// All that is known of some sources.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// What was read, in the order given.
    pub sources: Vec<SourceSummary>,
    /// Every call of a page, in order of time.
    pub chains: Vec<ChainReport>,
    /// The root causes, the worst first.
    pub findings: Vec<Finding>,
    /// Load balancers' health checks, which are in no chain.
    pub health_checks: u64,
}

/// One chain with its judgement and causes.
#[derive(Clone, Debug)]
pub struct ChainReport {
    /// The exchanges.
    pub chain: Chain,
    /// The browser's address as the load balancer passed it on, or the connection's own.
    pub client: Option<std::net::IpAddr>,
    /// The User-Agent field of its first request.
    pub user_agent: Option<String>,
    /// The hops and the verdict.
    pub judgement: Judgement,
    /// Ids of its findings, the cause before its symptoms.
    pub findings: Vec<&'static str>,
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
