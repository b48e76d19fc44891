//! Every rule on every chain, and what they say gathered by cause.

use std::sync::Arc;

use super::case::{Case, Diagnosis};
use super::siblings::Siblings;
use super::{EVIDENCE_KEPT, FIXES_KEPT, Finding, Severity, rules};
use crate::balancer::Balancer;
use crate::chain::Chain;
use crate::cors::Judgement;

/// Names the root causes of chains, one after the other, and gathers what is to be said of each.
pub struct Examiner<'a> {
    siblings: Siblings<'a>,
    balancer: &'a Balancer,
    /// By rule, in their order.
    gathered: Vec<Option<Finding>>,
}

impl<'a> Examiner<'a> {
    /// `chains` are all that there are: some causes show only beside other calls.
    #[must_use]
    pub fn new(chains: &'a [Chain], balancer: &'a Balancer) -> Self {
        let siblings = Siblings::of(chains.iter().collect());
        Self { siblings, balancer, gathered: rules::ALL.iter().map(|_| None).collect() }
    }

    /// Names the root causes of one chain by their ids: the cause before its symptoms.
    pub fn examine(&mut self, chain: &Chain, judgement: &Judgement) -> Vec<&'static str> {
        let case = Case { chain, judgement, balancer: self.balancer, siblings: &self.siblings };
        examine(&case, &mut self.gathered)
    }

    /// The findings, the worst first, then in the order in which causes come before symptoms.
    #[must_use]
    pub fn findings(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.gathered.into_iter().flatten().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }
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
