//! `corscope.analysis/1`: an analysis for programs. Fields may be added; those that are here keep
//! their name and meaning.

mod call;
mod finding;
mod indent;
mod verdict;

use std::io;

use serde::Serialize;

use super::words;
use crate::analyzer::{Alone, Analysis, SourceSummary, Unread, Workers};
use crate::import::{escaped, needs_no_escape};
use call::ChainObject;
pub(super) use call::HopObject;
use finding::FindingObject;
use indent::Indent;

/// The name of this format, with its version.
pub const SCHEMA: &str = "corscope.analysis/1";

/// Calls that are written out side by side before they go to the writer: together all of them may be larger
/// than what was read.
const BLOCK: usize = 4096;

/// Room for a call as most are.
const ROOM: usize = 4 << 10;

/// How deep in the object a call stands.
const DEPTH_OF_CALLS: usize = 2;

/// Writes an analysis as one JSON object, indented; its calls are written out by `workers`.
pub fn write_json(analysis: &Analysis, workers: &impl Workers, mut to: impl io::Write) -> io::Result<()> {
    let before = indented(&Before::of(analysis), 0)?;
    let after = indented(&After::of(analysis), 0)?;
    // What stands before the calls and what stands behind them are objects of their own until here.
    to.write_all(before.strip_suffix(b"\n}").unwrap_or(&before))?;
    to.write_all(b",\n  \"chains\": [")?;
    let mut between: &[u8] = b"\n    ";
    for block in analysis.chains.chunks(BLOCK) {
        for call in
            workers.map(block, |call| indented(&ChainObject::of(&analysis.report_in_words(call)), DEPTH_OF_CALLS))
        {
            to.write_all(between)?;
            to.write_all(&call?)?;
            between = b",\n    ";
        }
    }
    to.write_all(if analysis.chains.is_empty() { b"]," } else { b"\n  ]," })?;
    to.write_all(after.strip_prefix(b"{").unwrap_or(&after))
}

/// An analysis as one JSON object, indented.
#[must_use]
pub fn json(analysis: &Analysis) -> String {
    let mut written = Vec::new();
    // A value of strings, numbers and lists has no way to fail, and is UTF-8.
    let _ = write_json(analysis, &Alone, &mut written);
    String::from_utf8(written).unwrap_or_default()
}

/// A value as it is written so deep within another one.
fn indented(value: &impl Serialize, depth: usize) -> io::Result<Vec<u8>> {
    let mut written = Vec::with_capacity(ROOM);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut written, Indent::within(depth)))?;
    if needs_no_escape(&written) {
        return Ok(written);
    }
    // JSON is UTF-8.
    Ok(escaped(String::from_utf8(written).unwrap_or_default()).into_bytes())
}

/// What stands before the calls.
#[derive(Serialize)]
struct Before<'a> {
    schema: &'static str,
    sources: Vec<SourceObject<'a>>,
}

impl<'a> Before<'a> {
    fn of(analysis: &'a Analysis) -> Self {
        Self { schema: SCHEMA, sources: analysis.sources.iter().map(SourceObject::of).collect() }
    }
}

/// What stands behind the calls.
#[derive(Serialize)]
struct After<'a> {
    findings: Vec<FindingObject<'a>>,
    health_checks: u64,
}

impl<'a> After<'a> {
    fn of(analysis: &'a Analysis) -> Self {
        let findings = analysis.findings.iter().map(FindingObject::of).collect();
        Self { findings, health_checks: analysis.health_checks }
    }
}

#[derive(Serialize)]
struct SourceObject<'a> {
    path: &'a str,
    kind: &'static str,
    packets: u64,
    bytes: u64,
    connections: u64,
    exchanges: u64,
    unread: UnreadObject,
    lost_bytes: u64,
    warnings: &'a [String],
}

impl<'a> SourceObject<'a> {
    fn of(source: &'a SourceSummary) -> Self {
        let Unread { tls, http2, other } = source.unread;
        Self {
            path: &source.path,
            kind: words::source_kind(source.kind),
            packets: source.packets,
            bytes: source.bytes,
            connections: source.connections,
            exchanges: source.exchanges,
            unread: UnreadObject { tls, http2, other },
            lost_bytes: source.lost_bytes,
            warnings: &source.warnings,
        }
    }
}

#[derive(Serialize)]
struct UnreadObject {
    tls: u64,
    http2: u64,
    other: u64,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::report::samples;

    #[test]
    fn an_analysis_for_programs() {
        insta::assert_snapshot!("canonical", json(&samples::canonical()));
    }

    #[test]
    fn what_is_undetermined_says_why() -> Result<(), serde_json::Error> {
        let mut analysis = samples::undetermined();
        let mut first = analysis.report(&analysis.chains[0]);
        first.judgement.verdict.assumptions.clear();
        Arc::make_mut(&mut analysis.chains)[0] = first.into();
        let object: serde_json::Value = serde_json::from_str(&json(&analysis))?;
        let verdict = &object["chains"][0]["verdict"];
        assert_eq!(verdict["outcome"], "undetermined");
        assert_eq!(verdict["error"], serde_json::Value::Null);
        assert_eq!(verdict["assumptions"][0]["because"], verdict["reason"]);
        let blocked = &object["chains"][1]["verdict"];
        assert_eq!(blocked["differs"][0]["browser"], "firefox");
        assert_eq!(blocked["differs"][0]["error"], "NoResponse");
        Ok(())
    }
}
