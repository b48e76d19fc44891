//! `corscope.analysis/1`: an analysis for programs. Fields may be added; those that are here keep
//! their name and meaning.

use std::io;
use std::net::IpAddr;

use serde::Serialize;
use serde_json::ser::{Formatter as _, PrettyFormatter};

use super::{time_of, words};
use crate::analyzer::{Alone, Analysis, ChainReport, SourceSummary, Unread, Workers};
use crate::chain::Join;
use crate::cors::{Asked, Assumption, Clause, Differs, DropOff, Hop, Outcome, Verdict};
use crate::diagnose::{Change, Evidence, Finding, Fix, WhatIf};
use crate::import::escaped;

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
    let mut formatter = PrettyFormatter::new();
    for _ in 0..depth {
        formatter.begin_object(&mut io::sink())?;
    }
    let mut written = Vec::with_capacity(ROOM);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut written, formatter))?;
    // JSON is UTF-8.
    Ok(escaped(String::from_utf8(written).unwrap_or_default()).into_bytes())
}

/// What stands before the calls.
#[derive(Serialize)]
struct Before<'a> {
    schema: &'static str,
    sources: Vec<SourceObject<'a>>,
}

/// What stands behind the calls.
#[derive(Serialize)]
struct After<'a> {
    findings: Vec<FindingObject<'a>>,
    health_checks: u64,
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

#[derive(Serialize)]
struct UnreadObject {
    tls: u64,
    http2: u64,
    other: u64,
}

#[derive(Serialize)]
struct ChainObject<'a> {
    id: &'a str,
    time: Option<String>,
    client: Option<IpAddr>,
    user_agent: Option<&'a str>,
    page_origin: Option<&'a str>,
    joined_by: Vec<JoinObject<'a>>,
    request: AskedObject<'a>,
    hops: Vec<HopObject<'a>>,
    verdict: VerdictObject<'a>,
    drop_off: Option<DropOffObject<'a>>,
    findings: &'a [&'static str],
    what_if: Option<WhatIfObject<'a>>,
}

/// The call as it would have gone with a fix in place.
#[derive(Serialize)]
struct WhatIfObject<'a> {
    fix: &'static str,
    said: &'a str,
    changes: Vec<ChangeObject<'a>>,
    /// Exchanges of other calls that show an answer.
    borrowed: Vec<&'a str>,
    #[serde(flatten)]
    outcome: OutcomeObject,
    reason: Option<&'a str>,
    hops: Vec<HopObject<'a>>,
}

#[derive(Serialize)]
struct ChangeObject<'a> {
    exchange: &'a str,
    what: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

#[derive(Serialize)]
struct JoinObject<'a> {
    from: &'a str,
    to: &'a str,
    kind: &'static str,
    because: &'a [String],
}

#[derive(Serialize)]
struct AskedObject<'a> {
    method: &'a str,
    url: &'a str,
    mode: &'static str,
    credentials: &'static str,
}

#[derive(Serialize)]
pub(super) struct HopObject<'a> {
    index: usize,
    role: &'static str,
    seen: &'static str,
    inferred_because: Option<&'a str>,
    answered_by: Option<&'static str>,
    exchange: Option<&'a str>,
    also_seen: Vec<&'a str>,
    request: HopRequestObject<'a>,
    response: Option<AnswerObject<'a>>,
    cors: CorsObject<'a>,
    check: &'static str,
}

#[derive(Serialize)]
struct HopRequestObject<'a> {
    method: &'a str,
    url: &'a str,
    origin: Option<&'a str>,
}

#[derive(Serialize)]
struct AnswerObject<'a> {
    status: u16,
    location: Option<&'a str>,
}

#[derive(Serialize)]
struct CorsObject<'a> {
    needed: &'a [&'static str],
    missing: &'a [&'static str],
}

#[derive(Serialize)]
struct VerdictObject<'a> {
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

#[derive(Serialize)]
struct OutcomeObject {
    outcome: &'static str,
    error: Option<&'static str>,
}

#[derive(Serialize)]
struct AssumptionObject<'a> {
    about: &'a str,
    assumed: &'a str,
    because: &'a str,
    otherwise: Option<OutcomeObject>,
}

#[derive(Serialize)]
struct ClauseObject<'a> {
    hop: usize,
    section: &'a str,
    said: &'a str,
}

#[derive(Serialize)]
struct DropOffObject<'a> {
    hop: usize,
    kind: &'static str,
    headers: &'a [&'static str],
    answered_by: Option<&'static str>,
}

#[derive(Serialize)]
struct FindingObject<'a> {
    id: &'a str,
    severity: &'static str,
    title: &'a str,
    story: &'a str,
    chains: Vec<&'a str>,
    evidence: Vec<EvidenceObject<'a>>,
    fixes: Vec<FixObject<'a>>,
    disproof: &'a str,
}

#[derive(Serialize)]
struct EvidenceObject<'a> {
    source: &'a str,
    exchange: &'a str,
    frame: Option<u64>,
    header: Option<&'a str>,
    value: &'a str,
}

#[derive(Serialize)]
struct FixObject<'a> {
    server: &'a str,
    change: &'a str,
    caution: Option<&'a str>,
}

impl<'a> Before<'a> {
    fn of(analysis: &'a Analysis) -> Self {
        Self { schema: SCHEMA, sources: analysis.sources.iter().map(SourceObject::of).collect() }
    }
}

impl<'a> After<'a> {
    fn of(analysis: &'a Analysis) -> Self {
        let findings = analysis.findings.iter().map(FindingObject::of).collect();
        Self { findings, health_checks: analysis.health_checks }
    }
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

impl<'a> ChainObject<'a> {
    fn of(call: &'a ChainReport) -> Self {
        let judgement = &call.judgement;
        Self {
            id: call.chain.id(),
            time: time_of(call).map(|time| time.to_string()),
            client: call.client,
            user_agent: call.user_agent.as_deref(),
            page_origin: judgement.asked.page_origin.as_deref(),
            joined_by: call
                .chain
                .joins
                .iter()
                .zip(&call.because)
                .map(|(join, because)| JoinObject::of(join, because))
                .collect(),
            request: AskedObject::of(&judgement.asked),
            hops: judgement.hops.iter().enumerate().map(|(index, hop)| HopObject::of(index, hop)).collect(),
            verdict: VerdictObject::of(&judgement.verdict),
            drop_off: judgement.drop_off.as_ref().map(DropOffObject::of),
            findings: &call.findings,
            what_if: call.what_if.as_deref().map(WhatIfObject::of),
        }
    }
}

impl<'a> WhatIfObject<'a> {
    fn of(what_if: &'a WhatIf) -> Self {
        let judgement = &what_if.judgement;
        Self {
            fix: what_if.remedy.name(),
            said: &what_if.said,
            changes: what_if.changes.iter().map(ChangeObject::of).collect(),
            borrowed: what_if.borrowed.iter().map(|id| &**id).collect(),
            outcome: OutcomeObject::of(&judgement.verdict.outcome),
            reason: reason(&judgement.verdict.outcome),
            hops: judgement.hops.iter().enumerate().map(|(index, hop)| HopObject::of(index, hop)).collect(),
        }
    }
}

impl<'a> ChangeObject<'a> {
    fn of(change: &'a Change) -> Self {
        let Change { exchange, what, before, after } = change;
        Self { exchange, what, before: before.as_deref(), after: after.as_deref() }
    }
}

impl<'a> JoinObject<'a> {
    fn of(join: &'a Join, because: &'a [String]) -> Self {
        Self { from: &join.from, to: &join.to, kind: words::join_kind(join.kind), because }
    }
}

impl<'a> AskedObject<'a> {
    fn of(asked: &'a Asked) -> Self {
        Self { method: &asked.method, url: &asked.url, mode: asked.mode.name(), credentials: asked.credentials.name() }
    }
}

impl<'a> HopObject<'a> {
    pub(super) fn of(index: usize, hop: &'a Hop) -> Self {
        Self {
            index,
            role: words::role(hop.role),
            seen: if hop.exchange.is_some() { "observed" } else { "inferred" },
            inferred_because: hop.inferred_because.as_deref(),
            answered_by: words::answered_by(hop.answered_by),
            exchange: hop.exchange.as_ref().map(|exchange| &*exchange.id),
            also_seen: hop.also_seen.iter().map(|exchange| &*exchange.id).collect(),
            request: HopRequestObject { method: &hop.method, url: &hop.url, origin: hop.origin.as_deref() },
            response: hop
                .answer
                .as_ref()
                .map(|answer| AnswerObject { status: answer.status, location: answer.location.as_deref() }),
            cors: CorsObject { needed: &hop.needed, missing: &hop.missing },
            check: words::check(hop.check),
        }
    }
}

impl<'a> VerdictObject<'a> {
    fn of(verdict: &'a Verdict) -> Self {
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

/// Why nothing could be determined, where that is so.
fn reason(outcome: &Outcome) -> Option<&str> {
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

impl DiffersObject {
    fn of(differs: &Differs) -> Self {
        Self { browser: differs.browser.name(), outcome: OutcomeObject::of(&differs.outcome) }
    }
}

impl OutcomeObject {
    fn of(outcome: &Outcome) -> Self {
        Self { outcome: outcome.name(), error: outcome.failure().map(|failure| failure.error.name()) }
    }
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

impl<'a> ClauseObject<'a> {
    fn of(clause: &'a Clause) -> Self {
        Self { hop: clause.hop, section: clause.section, said: &clause.said }
    }
}

impl<'a> DropOffObject<'a> {
    fn of(drop_off: &'a DropOff) -> Self {
        Self {
            hop: drop_off.hop,
            kind: words::drop_off(drop_off.kind),
            headers: &drop_off.headers,
            answered_by: words::answered_by(drop_off.answered_by),
        }
    }
}

impl<'a> FindingObject<'a> {
    fn of(finding: &'a Finding) -> Self {
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

impl<'a> FixObject<'a> {
    fn of(fix: &'a Fix) -> Self {
        Self { server: fix.server, change: &fix.change, caution: fix.caution.as_deref() }
    }
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
