//! Every rule on every chain, and what they say gathered by cause.

use super::case::{Case, Diagnosis, Rule, ShowsIn};
use super::fixes::Fixes;
use super::siblings::{Sharing, Siblings};
use super::{EVIDENCE_KEPT, Evidence, Finding, Severity, rules};
use crate::balancer::Balancer;
use crate::chain::Chain;
use crate::cors::Judgement;

/// Names the root causes of chains, of each by itself.
pub struct Examiner<'a> {
    siblings: Siblings<'a>,
    balancer: &'a Balancer,
    /// Every rule, and its place among them.
    rules: Vec<(usize, &'static dyn Rule)>,
    /// Those that are about every call: nearly all calls are neither blocked nor redirected.
    rules_of_any: Vec<(usize, &'static dyn Rule)>,
}

/// The root causes of one chain.
#[derive(Default)]
pub struct Causes {
    /// In the order of the rules.
    named: Vec<Named>,
}

/// What a rule says of a chain in which its cause holds.
struct Named {
    /// Its place among the rules.
    rule: usize,
    id: &'static str,
    is_decisive: bool,
    severity: Severity,
    diagnosis: Diagnosis,
}

/// What is said of many chains, gathered by cause.
pub struct Findings(Vec<Option<Gathered>>);

/// What is said of the chains of one cause.
struct Gathered {
    /// Its fixes are told at the end.
    finding: Finding,
    fixes: Fixes,
}

impl<'a> Examiner<'a> {
    /// `chains` are all that there are, and `sharing` is of their exchanges: some causes show only beside other
    /// calls.
    #[must_use]
    pub fn new(chains: &'a [Chain], sharing: &Sharing, balancer: &'a Balancer) -> Self {
        let rules: Vec<_> = rules::ALL.into_iter().enumerate().collect();
        let is_of_any = |(_, rule): &(usize, &'static dyn Rule)| matches!(rule.general().shows_in, ShowsIn::Any);
        let rules_of_any = rules.iter().copied().filter(is_of_any).collect();
        Self { siblings: Siblings::of(chains, sharing), balancer, rules, rules_of_any }
    }

    /// Names the root causes of one chain.
    #[must_use]
    pub fn examine(&self, judgement: &Judgement) -> Causes {
        let case = Case::new(judgement, self.balancer, &self.siblings);
        let mut causes = Causes::default();
        let is_of_any = !case.is_one_that(ShowsIn::Blocked) && !case.is_one_that(ShowsIn::Redirected);
        for &(at, rule) in if is_of_any { &self.rules_of_any } else { &self.rules } {
            let general = rule.general();
            if !case.is_one_that(general.shows_in) || general.symptom_of.iter().any(|cause| causes.has(cause)) {
                continue;
            }
            let Some(diagnosis) = rule.examine(&case) else { continue };
            causes.named.push(Named {
                rule: at,
                id: general.id,
                is_decisive: rule.is_decisive(&case),
                severity: rule.severity(&case),
                diagnosis,
            });
        }
        causes
    }
}

impl Causes {
    /// Their ids: the cause before its symptoms.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        let of = |decisive| self.named.iter().filter(move |named| named.is_decisive == decisive);
        of(true).chain(of(false)).map(|named| named.id)
    }

    fn has(&self, id: &str) -> bool {
        self.named.iter().any(|named| named.id == id)
    }
}

impl Default for Findings {
    fn default() -> Self {
        Self(rules::ALL.iter().map(|_| None).collect())
    }
}

impl Findings {
    /// Adds what is to be said of a chain. Chains come in order of time: the first ones tell the story.
    pub fn add(&mut self, chain: &Chain, causes: Causes) {
        for Named { rule, severity, diagnosis, .. } in causes.named {
            if let (Some(rule), Some(slot)) = (rules::ALL.get(rule), self.0.get_mut(rule)) {
                let general = rule.general();
                let finding = || Finding {
                    id: general.id,
                    severity,
                    title: general.title.to_owned(),
                    story: diagnosis.story.clone(),
                    chains: Vec::new(),
                    evidence: Vec::new(),
                    fixes: Vec::new(),
                    disproof: general.disproof,
                };
                slot.get_or_insert_with(|| Gathered { finding: finding(), fixes: Fixes::default() })
                    .add(severity, diagnosis, chain);
            }
        }
    }

    /// Adds what was gathered of chains that come after those here.
    pub fn append(&mut self, later: Self) {
        for (slot, later) in self.0.iter_mut().zip(later.0) {
            match (slot.as_mut(), later) {
                (Some(gathered), Some(later)) => gathered.append(later),
                (None, later) => *slot = later,
                (Some(_), None) => {}
            }
        }
    }

    /// The findings, the worst first, then in the order in which causes come before symptoms.
    #[must_use]
    pub fn in_order(self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.0.into_iter().flatten().map(Gathered::told).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }
}

impl Gathered {
    fn add(&mut self, severity: Severity, diagnosis: Diagnosis, chain: &Chain) {
        self.worsen(severity, diagnosis.story);
        self.finding.chains.extend(chain.links.first().map(|link| link.exchange.id.clone()));
        self.keep(diagnosis.evidence, diagnosis.fixes);
    }

    fn append(&mut self, later: Self) {
        self.worsen(later.finding.severity, later.finding.story);
        self.finding.chains.extend(later.finding.chains);
        self.keep(later.finding.evidence, later.fixes);
    }

    /// A call that is blocked tells the story better than one that got through.
    fn worsen(&mut self, severity: Severity, story: String) {
        if severity > self.finding.severity {
            self.finding.severity = severity;
            self.finding.story = story;
        }
    }

    /// The first pieces of evidence, and what all calls need.
    fn keep(&mut self, evidence: Vec<Evidence>, fixes: Fixes) {
        let room = EVIDENCE_KEPT.saturating_sub(self.finding.evidence.len());
        self.finding.evidence.extend(evidence.into_iter().take(room));
        self.fixes.merge(fixes);
    }

    fn told(self) -> Finding {
        Finding { fixes: self.fixes.spelt(), ..self.finding }
    }
}
