//! One call: how it was joined, its hops, what became of it.

use std::net::IpAddr;

use serde::Serialize;

use super::verdict::{OutcomeObject, VerdictObject, reason};
use crate::analyzer::ChainReport;
use crate::chain::Join;
use crate::cors::{Asked, DropOff, Hop};
use crate::diagnose::{Change, WhatIf};
use crate::report::{time_of, words};

#[derive(Serialize)]
pub(super) struct ChainObject<'a> {
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

impl<'a> ChainObject<'a> {
    pub(super) fn of(call: &'a ChainReport) -> Self {
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

#[derive(Serialize)]
struct JoinObject<'a> {
    from: &'a str,
    to: &'a str,
    kind: &'static str,
    because: &'a [String],
}

impl<'a> JoinObject<'a> {
    fn of(join: &'a Join, because: &'a [String]) -> Self {
        Self { from: &join.from, to: &join.to, kind: words::join_kind(join.kind), because }
    }
}

#[derive(Serialize)]
struct AskedObject<'a> {
    method: &'a str,
    url: &'a str,
    mode: &'static str,
    credentials: &'static str,
}

impl<'a> AskedObject<'a> {
    fn of(asked: &'a Asked) -> Self {
        Self { method: &asked.method, url: &asked.url, mode: asked.mode.name(), credentials: asked.credentials.name() }
    }
}

#[derive(Serialize)]
pub(in crate::report) struct HopObject<'a> {
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

impl<'a> HopObject<'a> {
    pub(in crate::report) fn of(index: usize, hop: &'a Hop) -> Self {
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
struct DropOffObject<'a> {
    hop: usize,
    kind: &'static str,
    headers: &'a [&'static str],
    answered_by: Option<&'static str>,
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

#[derive(Serialize)]
struct ChangeObject<'a> {
    exchange: &'a str,
    what: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

impl<'a> ChangeObject<'a> {
    fn of(change: &'a Change) -> Self {
        let Change { exchange, what, before, after } = change;
        Self { exchange, what, before: before.as_deref(), after: after.as_deref() }
    }
}
