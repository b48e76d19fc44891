//! One cause, with its evidence and what would mend it.

use serde::Serialize;

use crate::diagnose::{Evidence, Finding, Fix};
use crate::report::words;

#[derive(Serialize)]
pub(super) struct FindingObject<'a> {
    id: &'a str,
    severity: &'static str,
    title: &'a str,
    story: &'a str,
    chains: Vec<&'a str>,
    evidence: Vec<EvidenceObject<'a>>,
    fixes: Vec<FixObject<'a>>,
    disproof: &'a str,
}

impl<'a> FindingObject<'a> {
    pub(super) fn of(finding: &'a Finding) -> Self {
        Self {
            id: finding.id,
            severity: words::severity(finding.severity),
            title: &finding.title,
            story: &finding.story,
            chains: finding.chains.iter().map(AsRef::as_ref).collect(),
            evidence: finding.evidence.iter().map(EvidenceObject::of).collect(),
            fixes: finding.fixes.iter().map(FixObject::of).collect(),
            disproof: finding.disproof,
        }
    }
}

#[derive(Serialize)]
struct EvidenceObject<'a> {
    source: &'a str,
    exchange: &'a str,
    frame: Option<u64>,
    header: Option<&'a str>,
    value: &'a str,
}

impl<'a> EvidenceObject<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        Self {
            source: &evidence.source,
            exchange: &evidence.exchange,
            frame: evidence.frame,
            header: evidence.header,
            value: &evidence.value,
        }
    }
}

#[derive(Serialize)]
struct FixObject<'a> {
    server: &'a str,
    change: &'a str,
    caution: Option<&'a str>,
}

impl<'a> FixObject<'a> {
    fn of(fix: &'a Fix) -> Self {
        Self { server: fix.server, change: &fix.change, caution: fix.caution.as_deref() }
    }
}
