//! From verdicts to root causes: what is wrong, by which evidence, and what would mend it.

mod case;
mod examine;
mod fixes;
mod granted;
mod layers;
mod places;
mod rules;
mod server;
mod siblings;
#[cfg(test)]
mod testing;
mod trust;
mod what_if;

use std::sync::Arc;

pub use examine::{Causes, Examiner, Findings};
pub use siblings::{Sharing, SharingKey};
pub use what_if::{Change, Proposal, Recorded, Remedy, WhatIf, World, what_if};

use crate::http::Id;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// It will block a call, for some.
    Warning,
    /// It blocks a call.
    Error,
}

/// One root cause found in an analysis, with every chain that it explains.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The stable id (`forwarded-proto-ignored`); its general explanation is `explain(id)`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// What happened here, in plain words: a few sentences.
    pub story: String,
    /// The chains it explains, by id, in order of time.
    pub chains: Vec<Id>,
    /// What shows it; the first [`EVIDENCE_KEPT`].
    pub evidence: Vec<Evidence>,
    /// What would mend it, the safest first.
    pub fixes: Vec<Fix>,
    /// What would show that this is not the cause.
    pub disproof: &'static str,
}

/// Evidence beyond this many pieces is not repeated for one finding: the chains are all named.
pub const EVIDENCE_KEPT: usize = 32;

/// Fixes beyond this many are not repeated for one finding: they differ in a name only, such as
/// that of a path.
pub const FIXES_KEPT: usize = 12;

/// One piece of evidence: a header line or a status in one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The capture or file.
    pub source: Arc<str>,
    /// The exchange's id.
    pub exchange: Id,
    /// The first frame of the message, where the source is a capture.
    pub frame: Option<u64>,
    /// The field's name in lower case; `None` when the evidence is the message as a whole.
    pub header: Option<&'static str>,
    /// Its value as sent, or what was seen instead.
    pub value: String,
}

/// A change that would mend the cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is to be changed: `uvicorn`, `gunicorn`, `nginx`, `FastAPI`, `client` …
    pub server: &'static str,
    /// The change itself, as one would type it; several lines for code.
    pub change: String,
    /// What to know before doing so: the version it needs, what it risks.
    pub caution: Option<String>,
}

/// A cause in general: what `corscope explain` prints.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The stable id.
    pub id: &'static str,
    /// How bad it is where it blocks a call.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// What goes wrong, and why it looks like a CORS error.
    pub what: &'static str,
    /// What it looks like on the wire.
    pub recognise: &'static str,
    /// What would show that this is not the cause.
    pub disproof: &'static str,
    /// What mends it, by server, the safest first.
    pub fixes: Vec<Fix>,
    /// Where it is discussed or documented.
    pub links: &'static [&'static str],
}

/// Every cause corscope knows, in the order in which they are tried: a cause before its symptoms.
#[must_use]
pub fn explanations() -> Vec<Explanation> {
    rules::ALL.iter().map(|rule| rule.explanation()).collect()
}
