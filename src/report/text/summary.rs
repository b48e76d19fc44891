//! The last screenful: for each cause what to change and where, so that the end of the output
//! answers the question.

use super::group::{evidence_line, rule};
use super::ink::{BAD, BOLD, COMMAND, DIM, GOOD, PLAIN, Span, UNSURE, blanks};
use super::page::Page;
use crate::analyzer::{Analysis, ChainReport};
use crate::cors::Outcome;
use crate::diagnose::{Finding, Severity};
use crate::report::escape::elide;
use crate::report::outline::{Cause, Group, Outline};
use crate::report::words::{count, counted, thousands};

/// Pieces of evidence for each cause.
const EVIDENCE: usize = 2;
/// The longest value in one line of the summary.
const LONGEST: usize = 120;

pub(super) fn what_to_change(page: &mut Page, analysis: &Analysis, outline: &Outline<'_>) {
    if analysis.chains.is_empty() {
        return;
    }
    if outline.groups.is_empty() {
        return nothing(page, outline);
    }
    rule(page, BOLD, page.ink.glyphs().arrow, "What to change");
    page.blank();
    for (at, group) in outline.groups.iter().enumerate() {
        entry(page, at + 1, group);
        page.blank();
    }
}

fn nothing(page: &mut Page, outline: &Outline<'_>) {
    let words = if outline.counts.allowed > 0 {
        "Nothing to change: browsers allow every cross-origin call that was captured."
    } else {
        "Nothing to change: no cross-origin call was captured. If one failed, repeat it while the capture runs."
    };
    let ink = page.ink;
    page.hanging(0, vec![ink.own(GOOD, ink.glyphs().good), ink.own(PLAIN, " ")], vec![ink.own(PLAIN, words)]);
}

fn entry(page: &mut Page, number: usize, group: &Group<'_>) {
    let ink = page.ink;
    let title = match group.cause {
        Cause::Found(finding) => ink.wire(BOLD, &finding.title),
        Cause::Unidentified => ink.own(BOLD, "The cause is not identified"),
        Cause::Undetermined => ink.own(BOLD, "Not enough was captured to judge"),
    };
    let number = format!("{}. ", thousands(number as u64));
    page.hanging(1, vec![ink.wire(BOLD, &number)], vec![title]);
    let style = if group.counts.blocked > 0 { BAD } else { UNSURE };
    field(page, "calls    ", vec![ink.wire(style, &counted(group.counts))]);
    match group.cause {
        Cause::Found(finding) => found(page, group, finding),
        Cause::Unidentified | Cause::Undetermined => first_call(page, group),
    }
}

fn found(page: &mut Page, group: &Group<'_>, finding: &Finding) {
    let ink = page.ink;
    for (at, piece) in finding.evidence.iter().take(EVIDENCE).enumerate() {
        field(page, if at == 0 { "seen in  " } else { "         " }, evidence_line(page, piece));
    }
    if let Some(server) = server_of(group) {
        field(page, "answered ", vec![ink.own(PLAIN, "by "), ink.wire(PLAIN, &server.to_string())]);
    }
    if let Some(fix) = finding.fixes.first() {
        field(page, "where    ", vec![ink.own(BOLD, fix.server)]);
        change(page, &fix.change);
    }
    field(page, "more     ", vec![ink.own(DIM, "corscope explain "), ink.own(DIM, finding.id)]);
}

/// The first line of a change, unbroken, and how much more there is.
fn change(page: &mut Page, change: &str) {
    let ink = page.ink;
    let mut lines = change.lines();
    let first = lines.next().unwrap_or_default();
    page.line([blanks(4), ink.own(DIM, "change   "), ink.wire(COMMAND, first)]);
    let rest = lines.count() as u64;
    if rest > 0 {
        let words = format!("and {} more, under FIX above", count(rest, "line"));
        field(page, "         ", vec![ink.wire(DIM, &words)]);
    }
}

fn first_call(page: &mut Page, group: &Group<'_>) {
    let ink = page.ink;
    let Some(call) = group.calls.first() else { return };
    let asked = &call.judgement.asked;
    let words = format!("{} {}", asked.method, elide(&asked.url, LONGEST));
    field(page, "first    ", vec![ink.wire(PLAIN, &words), ink.own(DIM, "  call "), ink.wire(DIM, call.chain.id())]);
    if let Outcome::Undetermined(reason) = &call.judgement.verdict.outcome {
        field(page, "missing  ", vec![ink.wire(PLAIN, reason)]);
    }
}

fn field(page: &mut Page, name: &'static str, spans: Vec<Span>) {
    let head = page.ink.own(DIM, name);
    page.hanging(4, vec![head], spans);
}

/// The address of the server behind the load balancer, where one of the calls shows it.
fn server_of(group: &Group<'_>) -> Option<std::net::SocketAddr> {
    let server = |call: &&ChainReport| call.judgement.hops.iter().find_map(|hop| hop.exchange.as_ref()?.server);
    group.calls.iter().find_map(server)
}

/// Findings that are the first of no call, in a line or two each.
pub(super) fn noticed(page: &mut Page, outline: &Outline<'_>) {
    if outline.noticed.is_empty() {
        return;
    }
    let ink = page.ink;
    rule(page, BOLD, ink.glyphs().none, "Also noticed");
    page.blank();
    for finding in &outline.noticed {
        let mark = if finding.severity == Severity::Note { ink.glyphs().none } else { ink.glyphs().warning };
        let calls = format!("  ({})", count(finding.chains.len() as u64, "call"));
        page.hanging(
            2,
            vec![ink.own(UNSURE, mark), ink.own(PLAIN, " ")],
            vec![ink.wire(PLAIN, &finding.title), ink.wire(DIM, &calls)],
        );
        page.prose(4, vec![ink.own(DIM, "corscope explain "), ink.own(DIM, finding.id)]);
    }
    page.blank();
}
