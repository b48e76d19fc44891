//! `corscope.replay/1`: a replay for programs.

use std::net::IpAddr;

use serde::Serialize;

use super::json::HopObject;
use super::words::replayed;
use crate::cors::Outcome;
use crate::import::escaped;
use crate::replay::{Replayed, Run, Verdict};

/// The name of this format, with its version.
pub const REPLAY_SCHEMA: &str = "corscope.replay/1";

/// Writes a replay as one JSON object, indented.
#[must_use]
pub fn replay_json(run: &Run) -> String {
    let object = RunObject {
        schema: REPLAY_SCHEMA,
        target: &run.target,
        bound_to: run.sender.bound_to,
        load_balancer: run.sender.load_balancer,
        chains: run.calls.iter().map(CallObject::of).collect(),
        warnings: &run.warnings,
        summary: SummaryObject::of(run),
    };
    // A value of strings, numbers and lists has no way to fail.
    escaped(serde_json::to_string_pretty(&object).unwrap_or_default())
}

#[derive(Serialize)]
struct RunObject<'a> {
    schema: &'static str,
    target: &'a str,
    bound_to: Option<IpAddr>,
    load_balancer: Option<IpAddr>,
    chains: Vec<CallObject<'a>>,
    warnings: &'a [String],
    summary: SummaryObject,
}

#[derive(Serialize)]
struct CallObject<'a> {
    id: &'a str,
    before: OutcomeObject<'a>,
    after: Option<OutcomeObject<'a>>,
    result: &'static str,
    proviso: Option<&'a str>,
    why: &'a str,
    differences: Vec<DifferenceObject<'a>>,
}

#[derive(Serialize)]
struct OutcomeObject<'a> {
    outcome: &'static str,
    error: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hops: Option<Vec<HopObject<'a>>>,
}

#[derive(Serialize)]
struct DifferenceObject<'a> {
    hop: usize,
    what: &'static str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

#[derive(Default, Serialize)]
struct SummaryObject {
    fixed: usize,
    still_broken: usize,
    worse: usize,
    unchanged: usize,
    undecided: usize,
    skipped: usize,
}

impl<'a> CallObject<'a> {
    fn of(call: &'a Replayed) -> Self {
        let after = call.after.as_ref().map(|after| OutcomeObject {
            hops: Some(after.hops.iter().enumerate().map(|(index, hop)| HopObject::of(index, hop)).collect()),
            ..OutcomeObject::of(&after.verdict.outcome)
        });
        let differences = call.differences.iter().map(|one| DifferenceObject {
            hop: one.hop,
            what: one.what,
            before: one.before.as_deref(),
            after: one.after.as_deref(),
        });
        Self {
            id: &call.id,
            before: OutcomeObject::of(&call.before),
            after,
            result: replayed(call.verdict),
            proviso: call.proviso.as_deref(),
            why: &call.why,
            differences: differences.collect(),
        }
    }
}

impl OutcomeObject<'_> {
    fn of(outcome: &Outcome) -> Self {
        Self { outcome: outcome.name(), error: outcome.failure().map(|failure| failure.error.name()), hops: None }
    }
}

impl SummaryObject {
    fn of(run: &Run) -> Self {
        let count = |wanted: Verdict| run.calls.iter().filter(|call| call.verdict == wanted).count();
        Self {
            fixed: count(Verdict::Fixed),
            still_broken: count(Verdict::StillBroken),
            worse: count(Verdict::Worse),
            unchanged: count(Verdict::Unchanged),
            undecided: count(Verdict::Undecided),
            skipped: count(Verdict::Skipped),
        }
    }
}
