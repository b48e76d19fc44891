//! A replay for people and programs: `corscope.replay/1`, and as text.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde::Serialize;

use super::json::HopObject;
use super::{Charset, visible};
use crate::cors::Outcome;
use crate::replay::{Replayed, Run, Verdict};

/// The name of this format, with its version.
pub const REPLAY_SCHEMA: &str = "corscope.replay/1";

/// Writes a replay as one JSON object, indented.
#[must_use]
pub fn replay_json(run: &Run) -> String {
    let object = RunObject {
        schema: REPLAY_SCHEMA,
        target: &run.target,
        bound_to: run.from.bound_to,
        load_balancer: run.from.load_balancer,
        chains: run.calls.iter().map(CallObject::of).collect(),
        warnings: &run.warnings,
        summary: SummaryObject::of(run),
    };
    // A value of strings, numbers and lists has no way to fail.
    serde_json::to_string_pretty(&object).unwrap_or_default()
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
            result: result(call.verdict),
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

fn result(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fixed => "fixed",
        Verdict::StillBroken => "still-broken",
        Verdict::Worse => "worse",
        Verdict::Unchanged => "unchanged",
        Verdict::Undecided => "undecided",
        Verdict::Skipped => "skipped",
    }
}

/// Writes a replay as text.
#[must_use]
pub fn replay_text(run: &Run, charset: Charset) -> String {
    let mut text = String::new();
    let shown = |address: Option<IpAddr>| address.map_or_else(|| "not known".to_owned(), |address| address.to_string());
    let bound = run.from.bound_to.map_or_else(|| "the system's choice".to_owned(), |address| address.to_string());
    _ = writeln!(
        text,
        "Replayed against {} from {bound} (load balancer: {})",
        run.target,
        shown(run.from.load_balancer)
    );
    for call in &run.calls {
        _ = write!(text, "\n{}", call_text(call));
    }
    _ = writeln!(text, "\n{}", summary(run));
    // One line at a time: the line ends are ours, all else may come from the wire.
    text.lines().map(|line| visible(line, charset) + "\n").collect()
}

fn call_text(call: &Replayed) -> String {
    let (method, url) = &call.asked;
    let mut text = format!("{:<12}  {method} {url}  call {}\n", result(call.verdict), call.id);
    _ = writeln!(text, "              {}", call.why);
    for one in &call.differences {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let (before, after) = (shown(&one.before), shown(&one.after));
        _ = writeln!(text, "              hop {} {}: {before} -> {after}", one.hop + 1, one.what);
    }
    if let Some(proviso) = &call.proviso {
        _ = writeln!(text, "              provided that: {proviso}");
    }
    text
}

fn summary(run: &Run) -> String {
    let SummaryObject { fixed, still_broken, worse, unchanged, undecided, skipped } = SummaryObject::of(run);
    format!(
        "{fixed} fixed, {still_broken} still broken, {worse} worse, {unchanged} unchanged, {undecided} undecided, {skipped} skipped"
    )
}
