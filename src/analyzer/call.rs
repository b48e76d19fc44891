//! One call of a page: in short, as it is kept, and in full, as it is shown.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use crate::chain::Chain;
use crate::cors::{Decision, Judgement};
use crate::diagnose::WhatIf;
use crate::http::{Few, fingerprint};

/// One call as it is kept.
#[derive(Clone, Debug)]
pub struct Call {
    chain: Chain,
    brief: Brief,
    told: Option<Arc<ChainReport>>,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// What the browser decided.
    pub decision: Decision,
    /// Equal for calls that look alike when drawn: the same hops, answered alike.
    pub shape: u64,
    /// Ids of its findings, the cause before its symptoms.
    pub findings: Few<&'static str>,
}

/// One chain with its judgement and causes.
#[derive(Clone, Debug)]
pub struct ChainReport {
    /// The exchanges.
    pub chain: Chain,
    /// What each join of the chain rests on, in words ([`Chain::because`]).
    pub because: Vec<Vec<String>>,
    /// The browser's address as the load balancer passed it on, or the connection's own.
    pub client: Option<IpAddr>,
    /// The User-Agent field of its first request.
    pub user_agent: Option<String>,
    /// The hops and the verdict.
    pub judgement: Judgement,
    /// Ids of its findings, the cause before its symptoms.
    pub findings: Vec<&'static str>,
    /// What would have come of it with a fix in place, where that was asked for.
    pub what_if: Option<Box<WhatIf>>,
}

/// What is done to reports before anybody sees them, to mask secrets.
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    /// Masks them wherever they stand.
    pub all: fn(&mut ChainReport),
    /// Masks them in what is said of the call, and takes the heads of its exchanges away: masking those takes
    /// longer than all the rest.
    pub words: fn(&mut ChainReport),
}

impl Call {
    pub(super) fn new(chain: Chain, brief: Brief) -> Self {
        Self { chain, brief, told: None }
    }

    /// The chain's name: the id of its first exchange.
    #[must_use]
    pub fn id(&self) -> &str {
        self.chain.id()
    }

    /// What became of it.
    #[must_use]
    pub fn brief(&self) -> &Brief {
        &self.brief
    }

    /// What the browser decided.
    #[must_use]
    pub fn decision(&self) -> Decision {
        self.brief.decision
    }

    /// Ids of its findings, the cause before its symptoms.
    #[must_use]
    pub fn findings(&self) -> &[&'static str] {
        &self.brief.findings
    }

    /// The exchanges as they were captured, secrets and all.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(super) fn told(&self) -> Option<&ChainReport> {
        self.told.as_deref()
    }
}

impl Brief {
    pub(super) fn of(judgement: &Judgement, findings: impl Iterator<Item = &'static str>) -> Self {
        let decision = judgement.verdict.outcome.decision();
        Self { decision, shape: fingerprint(&Shape(judgement)), findings: findings.collect() }
    }
}

impl From<ChainReport> for Call {
    /// A call of which all is told already.
    fn from(report: ChainReport) -> Self {
        Self {
            chain: report.chain.clone(),
            brief: Brief::of(&report.judgement, report.findings.iter().copied()),
            told: Some(Arc::new(report)),
        }
    }
}

/// What is drawn of a call.
struct Shape<'a>(&'a Judgement);

impl Hash for Shape<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.verdict.outcome.decision().hash(hasher);
        for hop in &self.0.hops {
            let status = hop.answer.as_ref().map(|answer| answer.status);
            (hop.role, &hop.method, hop.answered_by, status, hop.exchange.is_some()).hash(hasher);
        }
    }
}
