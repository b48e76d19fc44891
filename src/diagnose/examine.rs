//! Every rule on every chain, and what they say gathered by cause.

use std::sync::Arc;

use super::case::{Case, Diagnosis};
use super::siblings::Siblings;
use super::{EVIDENCE_KEPT, FIXES_KEPT, Finding, Severity, rules};
use crate::balancer::Balancer;
use crate::chain::Chain;
use crate::cors::Judgement;

/// A chain with what the browser made of it.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The exchanges.
    pub chain: &'a Chain,
    /// The hops and the verdict.
    pub judgement: &'a Judgement,
}

/// What the rules said.
#[derive(Clone, Debug, Default)]
pub struct Diagnosed {
    /// For each chain, in the order given, the ids of its findings: the cause before its symptoms.
    pub by_chain: Vec<Vec<&'static str>>,
    /// The findings, the worst first, then in the order in which causes come before symptoms.
    pub findings: Vec<Finding>,
}

/// Names the root causes of all chains.
#[must_use]
pub fn diagnose(chains: &[Judged<'_>], balancer: &Balancer) -> Diagnosed {
    let siblings = Siblings::of(chains.iter().map(|judged| judged.chain).collect());
    let mut gathered: Vec<Option<Finding>> = rules::ALL.iter().map(|_| None).collect();
    let by_chain = chains
        .iter()
        .map(|judged| {
            let case = Case { chain: judged.chain, judgement: judged.judgement, balancer, siblings: &siblings };
            examine(&case, &mut gathered)
        })
        .collect();
    let mut findings: Vec<Finding> = gathered.into_iter().flatten().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Diagnosed { by_chain, findings }
}

fn examine(case: &Case<'_>, gathered: &mut [Option<Finding>]) -> Vec<&'static str> {
    let mut ids: Vec<&'static str> = Vec::new();
    let mut later: Vec<&'static str> = Vec::new();
    for (rule, slot) in rules::ALL.iter().zip(gathered) {
        let general = rule.general();
        if general.symptom_of.iter().any(|cause| ids.contains(cause) || later.contains(cause)) {
            continue;
        }
        let Some(diagnosis) = rule.examine(case) else { continue };
        if rule.is_decisive(case) { &mut ids } else { &mut later }.push(general.id);
        let severity = rule.severity(case);
        let finding = slot.get_or_insert_with(|| Finding {
            id: general.id,
            severity,
            title: general.title.to_owned(),
            story: diagnosis.story.clone(),
            chains: Vec::new(),
            evidence: Vec::new(),
            fixes: Vec::new(),
            disproof: general.disproof,
        });
        add(finding, severity, diagnosis, case);
    }
    ids.append(&mut later);
    ids
}

fn add(finding: &mut Finding, severity: Severity, diagnosis: Diagnosis, case: &Case<'_>) {
    // A call that is blocked tells the story better than one that got through.
    if severity > finding.severity {
        finding.severity = severity;
        finding.story = diagnosis.story;
    }
    finding.chains.push(Arc::from(case.chain.id()));
    let room = EVIDENCE_KEPT.saturating_sub(finding.evidence.len());
    finding.evidence.extend(diagnosis.evidence.into_iter().take(room));
    for fix in diagnosis.fixes {
        if finding.fixes.len() < FIXES_KEPT && !finding.fixes.contains(&fix) {
            finding.fixes.push(fix);
        }
    }
}
