//! What a browser made of a call.

use serde::Serialize;

use crate::cors::{Assumption, Clause, Differs, Outcome, Verdict};
use crate::report::words;

#[derive(Serialize)]
pub(super) struct VerdictObject<'a> {
    browser: &'static str,
    outcome: &'static str,
    error: Option<&'static str>,
    parameter: Option<&'a str>,
    hop: Option<usize>,
    /// Why it is undetermined; it stands among the assumptions too.
    reason: Option<&'a str>,
    message: MessageObject<'a>,
    response_type: Option<&'static str>,
    visible_headers: &'a [String],
    differs: Vec<DiffersObject>,
    assumptions: Vec<AssumptionObject<'a>>,
    trail: Vec<ClauseObject<'a>>,
}

impl<'a> VerdictObject<'a> {
    pub(super) fn of(verdict: &'a Verdict) -> Self {
        let failure = verdict.outcome.failure();
        let reason = reason(&verdict.outcome);
        Self {
            browser: verdict.browser.name(),
            outcome: verdict.outcome.name(),
            error: failure.map(|failure| failure.error.name()),
            parameter: failure.map(|failure| failure.parameter.as_str()),
            hop: failure.map(|failure| failure.hop),
            reason,
            message: MessageObject {
                chromium: verdict.message.chromium.as_deref(),
                firefox: &verdict.message.firefox,
                safari: &verdict.message.safari,
            },
            response_type: verdict.response_type.map(words::response_type),
            visible_headers: &verdict.visible_headers,
            differs: verdict.differs.iter().map(DiffersObject::of).collect(),
            assumptions: assumptions(&verdict.assumptions, reason),
            trail: verdict.trail.iter().map(ClauseObject::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct MessageObject<'a> {
    chromium: Option<&'a str>,
    firefox: &'a [String],
    safari: &'a [String],
}

#[derive(Serialize)]
struct DiffersObject {
    browser: &'static str,
    #[serde(flatten)]
    outcome: OutcomeObject,
}

impl DiffersObject {
    fn of(differs: &Differs) -> Self {
        Self { browser: differs.browser.name(), outcome: OutcomeObject::of(&differs.outcome) }
    }
}

#[derive(Serialize)]
pub(super) struct OutcomeObject {
    outcome: &'static str,
    error: Option<&'static str>,
}

impl OutcomeObject {
    pub(super) fn of(outcome: &Outcome) -> Self {
        Self { outcome: outcome.name(), error: outcome.failure().map(|failure| failure.error.name()) }
    }
}

/// Why nothing could be determined, where that is so.
pub(super) fn reason(outcome: &Outcome) -> Option<&str> {
    match outcome {
        Outcome::Undetermined(reason) => Some(reason),
        _ => None,
    }
}

/// The assumptions, and among them the reason why nothing could be determined.
fn assumptions<'a>(assumptions: &'a [Assumption], reason: Option<&'a str>) -> Vec<AssumptionObject<'a>> {
    let mut objects: Vec<AssumptionObject<'_>> = assumptions.iter().map(AssumptionObject::of).collect();
    let told = |reason: &str| assumptions.iter().any(|one| one.because == reason || one.assumed == reason);
    if let Some(reason) = reason.filter(|reason| !told(reason)) {
        objects.push(AssumptionObject { about: "outcome", assumed: "undetermined", because: reason, otherwise: None });
    }
    objects
}

#[derive(Serialize)]
struct AssumptionObject<'a> {
    about: &'a str,
    assumed: &'a str,
    because: &'a str,
    otherwise: Option<OutcomeObject>,
}

impl<'a> AssumptionObject<'a> {
    fn of(assumption: &'a Assumption) -> Self {
        Self {
            about: assumption.about,
            assumed: &assumption.assumed,
            because: &assumption.because,
            otherwise: assumption.otherwise.as_ref().map(OutcomeObject::of),
        }
    }
}

#[derive(Serialize)]
struct ClauseObject<'a> {
    hop: usize,
    section: &'a str,
    said: &'a str,
}

impl<'a> ClauseObject<'a> {
    fn of(clause: &'a Clause) -> Self {
        Self { hop: clause.hop, section: clause.section, said: &clause.said }
    }
}
