//! One call in a document: a table of its hops, and what the browser decided.

use std::fmt::Write as _;

use super::LONGEST;
use super::escape::{block, cell, code, in_cell, sentence};
use crate::analyzer::ChainReport;
use crate::chain::Role;
use crate::cors::{AnsweredBy, Check, DropOff, DropOffKind, Failure, Hop, Outcome, Verdict};
use crate::report::escape::elide;
use crate::report::loops::{Shown, shown};
use crate::report::time_of;
use crate::report::words::{browser, check_sentence, decides, preflight_refused};

/// `all`: every hop, those of a loop too.
pub(super) fn full(out: &mut String, call: &ChainReport, all: bool) {
    let judgement = &call.judgement;
    let asked = &judgement.asked;
    let request = format!("{} {}", asked.method, elide(&asked.url, LONGEST));
    _ = write!(out, "\n### {}\n\n", code(&request));
    if let Some(origin) = &asked.page_origin {
        _ = write!(out, "asked by a page of {} · ", code(origin));
    }
    _ = write!(out, "call {}", code(call.chain.id()));
    if let Some(time) = time_of(call) {
        _ = write!(out, " · {time}");
    }
    out.push_str("\n\n| hop | request | Origin | seen | answer | CORS |\n| --- | --- | --- | --- | --- | --- |\n");
    let shown = shown(judgement, all);
    for one in &shown {
        let (index, hop) = match one {
            Shown::Hop(index, hop) => (*index, *hop),
            Shown::Again(again) => {
                _ = writeln!(out, "| … | {} | | | | |", again.said());
                continue;
            }
        };
        let drop_off = judgement.drop_off.as_ref().filter(|drop_off| drop_off.hop == index);
        let failure = judgement.verdict.outcome.failure().filter(|failure| failure.hop == index);
        row(out, index + 1, hop, &check(hop, failure, drop_off));
    }
    for one in &shown {
        if let Shown::Hop(index, Hop { inferred_because: Some(because), .. }) = one {
            _ = writeln!(out, "\nHop {} is inferred: {}", index + 1, sentence(because));
        }
    }
    verdict(out, &judgement.verdict);
    if let Some(what_if) = &call.what_if {
        let said = sentence(&what_if.said);
        _ = writeln!(out, "\n**What if** ({}): {said}", code(what_if.remedy.name()));
    }
}

fn row(out: &mut String, number: usize, hop: &Hop, check: &str) {
    let request = cell(&format!("{} {}", hop.method, elide(&hop.url, LONGEST)));
    let role = if hop.role == Role::Preflight { " (preflight)" } else { "" };
    let origin = hop.origin.as_ref().map(|origin| cell(&elide(origin, LONGEST))).unwrap_or_default();
    let (seen, answer) = (seen(hop), answer(hop));
    _ = writeln!(out, "| {number} | {request}{role} | {origin} | {seen} | {answer} | {check} |");
}

fn seen(hop: &Hop) -> String {
    let Some(exchange) = &hop.exchange else { return "inferred".to_owned() };
    let shown = std::iter::once(exchange).chain(&hop.also_seen).map(|exchange| {
        let span = exchange.frames.any();
        let place =
            span.map_or_else(|| format!("exchange {}", cell(&exchange.id)), |span| format!("frame {}", span.first));
        format!("{} {place}", cell(&exchange.source))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn answer(hop: &Hop) -> String {
    let by = match hop.answered_by {
        AnsweredBy::LoadBalancer => " by the load balancer",
        AnsweredBy::Backend | AnsweredBy::Browser | AnsweredBy::Unknown => "",
    };
    match &hop.answer {
        Some(answer) => {
            let location = answer.location.as_ref();
            let leads = location.map(|location| format!(" → {}", cell(&elide(location, LONGEST)))).unwrap_or_default();
            format!("{}{by}{leads}", answer.status)
        }
        None if hop.answered_by == AnsweredBy::Browser => "never sent: the browser blocks it".to_owned(),
        None => "no answer".to_owned(),
    }
}

fn check(hop: &Hop, failure: Option<&Failure>, drop_off: Option<&DropOff>) -> String {
    let mark = match hop.check {
        Check::Pass => "✓",
        Check::Fail => "✗",
        Check::NotNeeded | Check::NotMade => "–",
        Check::Unknown => "?",
    };
    let here = match drop_off.map(|drop_off| drop_off.kind) {
        Some(DropOffKind::HeaderMissing | DropOffKind::NotSent) => "; **here the CORS headers drop off**: no ",
        Some(DropOffKind::Unseen) => "; **here the trail ends**: not seen whether there is ",
        None => "",
    };
    let headers = drop_off.map(|drop_off| drop_off.headers.join(", ")).unwrap_or_default();
    let refused =
        failure.and_then(preflight_refused).map(|words| format!("; ✗ {}", in_cell(&sentence(&elide(&words, LONGEST)))));
    format!("{mark} {}{}{here}{headers}", check_sentence(hop.check), refused.unwrap_or_default())
}

fn verdict(out: &mut String, verdict: &Verdict) {
    let decided = match &verdict.outcome {
        Outcome::Allowed => "✓ **Allowed**".to_owned(),
        Outcome::NotCors => "– **Not CORS**".to_owned(),
        Outcome::Undetermined(reason) => format!("? **Undetermined**: {}", sentence(reason)),
        Outcome::Blocked(failure) => {
            let (by, error) = (browser(verdict.browser), failure.error.name());
            format!("✗ **Blocked** by {by} at hop {}: {}", failure.hop + 1, code(error))
        }
    };
    _ = writeln!(out, "\n{decided}");
    for differs in &verdict.differs {
        _ = writeln!(out, "\n{} {}", browser(differs.browser), sentence(&decides(&differs.outcome)));
    }
    if let Some(message) = &verdict.message.chromium {
        _ = write!(out, "\nChromium's console:\n\n{}", block(message));
    }
    if !verdict.message.firefox.is_empty() {
        _ = write!(out, "\nFirefox's console:\n\n{}", block(&verdict.message.firefox.join("\n")));
    }
}
