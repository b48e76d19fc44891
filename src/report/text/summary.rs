//! The last screenful: for each cause what to change and where, so that the end of the output
//! answers the question.

use super::group::{evidence_line, fails_unmarked, place, rule, typed};
use super::ink::{BAD, BOLD, DIM, GOOD, Ink, PLAIN, Span, UNSURE, blanks};
use super::page::Page;
use crate::analyzer::{Analysis, ChainReport};
use crate::cors::Outcome;
use crate::diagnose::{Finding, Severity};
use crate::report::escape::elide;
use crate::report::outline::{Cause, Group, Mend, Outline, mends};
use crate::report::words::{called, count, is_prose, tally, thousands};

/// With fewer causes each is told at length, with so many more shortly; more than these are told in
/// a few lines each, so that all of them stand on the last screen.
const FEW: usize = 3;
/// Lines of a change: one of code makes sense only with those around it.
const LINES: usize = 5;
/// The longest value in the summary.
const LONGEST: usize = 120;

/// How much is said about each cause.
#[derive(Clone, Copy)]
struct Room {
    /// How many causes there are.
    causes: usize,
    /// Frames are named with the source that they are of: there are several.
    name_sources: bool,
}

impl Room {
    fn is_scarce(self) -> bool {
        self.causes > FEW
    }

    /// Pieces of evidence for each cause.
    fn evidence(self) -> usize {
        if self.causes < FEW { 2 } else { 1 }
    }
}

pub(super) fn what_to_change(page: &mut Page, analysis: &Analysis, outline: &Outline<'_>) {
    if analysis.chains.is_empty() {
        return;
    }
    if outline.groups.is_empty() {
        return nothing(page, analysis, outline);
    }
    let room = Room { causes: outline.groups.len(), name_sources: analysis.sources.len() > 1 };
    rule(page, BOLD, page.ink.glyphs().arrow, "What to change");
    for (at, group) in outline.groups.iter().enumerate() {
        if at == 0 || !room.is_scarce() {
            page.blank();
        }
        entry(page, at + 1, group, room);
    }
}

fn nothing(page: &mut Page, analysis: &Analysis, outline: &Outline<'_>) {
    let unread = analysis.sources.iter().any(|source| source.unread.tls + source.unread.http2 > 0);
    let words = match (outline.counts.allowed > 0, unread) {
        (true, false) => "Nothing to change: browsers allow every cross-origin call that was captured.",
        (true, true) => "Nothing to change: browsers allow every cross-origin call that could be read.",
        (false, false) => {
            "Nothing to change: no cross-origin call was captured. If one failed, repeat it while the capture runs."
        }
        (false, true) => {
            "No cross-origin call could be read. If one failed, it may be in the connections that cannot be read: capture \
             behind the load balancer."
        }
    };
    let ink = page.ink;
    let (style, mark) =
        if outline.counts.allowed == 0 && unread { (UNSURE, ink.glyphs().warning) } else { (GOOD, ink.glyphs().good) };
    page.hanging(0, vec![ink.own(style, mark), ink.own(PLAIN, " ")], vec![ink.own(PLAIN, words)]);
}

fn entry(page: &mut Page, number: usize, group: &Group<'_>, room: Room) {
    let ink = page.ink;
    let title = match group.cause {
        Cause::Found(finding) => ink.wire(BOLD, &finding.title),
        Cause::Unidentified => ink.own(BOLD, "the cause is not identified"),
        Cause::Undetermined => ink.own(BOLD, "not enough was captured to judge"),
    };
    let style = if group.counts.blocked > 0 { BAD } else { UNSURE };
    let number = ink.wire(BOLD, &format!("{:>2}. ", thousands(number as u64)));
    if room.is_scarce() {
        let calls = ink.wire(style, &tally(group.counts)).whole();
        page.hanging(0, vec![number], vec![title, ink.own(PLAIN, ": "), calls]);
    } else {
        page.hanging(0, vec![number], vec![title]);
        calls(page, group, style);
    }
    match group.cause {
        Cause::Found(finding) => found(page, group, finding, room),
        Cause::Unidentified | Cause::Undetermined => unsettled(page, group, room),
    }
}

/// How many calls there are, and which is the first.
fn calls(page: &mut Page, group: &Group<'_>, style: anstyle::Style) {
    let ink = page.ink;
    let mut spans = vec![ink.wire(style, &tally(group.counts)).whole()];
    if let Some(call) = group.first() {
        spans.push(ink.own(PLAIN, if group.calls.len() > 1 { ", first " } else { ": " }));
        spans.extend(asked(ink, &call));
    }
    field(page, "calls    ", spans);
}

fn asked(ink: Ink, call: &ChainReport) -> [Span; 3] {
    let asked = &call.judgement.asked;
    [ink.wire(PLAIN, &asked.method), ink.own(PLAIN, " "), ink.wire(PLAIN, &elide(&asked.url, LONGEST))]
}

fn found(page: &mut Page, group: &Group<'_>, finding: &Finding, room: Room) {
    let ink = page.ink;
    if !room.is_scarce() {
        evidence(page, finding, room);
    }
    let mut facts: Vec<String> = group.answered().into_iter().collect();
    if let (Some(piece), true) = (finding.evidence.first(), room.is_scarce()) {
        let of = if room.name_sources { format!(" of {}", called(&piece.source)) } else { String::new() };
        facts.push(format!("{}{of}", place(piece)));
    }
    if let Some(Mend { server, changes, .. }) = mends(&finding.fixes).first() {
        let mut spans = vec![ink.wire(BOLD, server)];
        if !facts.is_empty() {
            spans.extend([ink.own(PLAIN, "  "), ink.wire(DIM, &format!("({})", facts.join(", ")))]);
        }
        field(page, "where    ", spans);
        change(page, changes);
    }
    if room.causes < FEW {
        field(page, "more     ", vec![ink.own(DIM, "corscope explain "), ink.own(DIM, finding.id)]);
    }
}

fn evidence(page: &mut Page, finding: &Finding, room: Room) {
    let ink = page.ink;
    let mut name = "seen in  ";
    let mut source = None;
    for piece in finding.evidence.iter().take(room.evidence()) {
        if room.name_sources && source != Some(&piece.source) {
            source = Some(&piece.source);
            page.line([
                blanks(4),
                ink.own(DIM, std::mem::replace(&mut name, CONTINUED)),
                ink.wire(DIM, called(&piece.source)),
            ]);
        }
        field(page, std::mem::replace(&mut name, CONTINUED), evidence_line(ink, piece));
    }
}

/// The first of the changes, or as many of its lines as make it clear, and how much more there is.
fn change(page: &mut Page, changes: &[&str]) {
    let ink = page.ink;
    let Some(first) = changes.first() else { return };
    let (mut head, next) = heads(page, first);
    for line in first.lines().take(LINES) {
        typed(page, std::mem::replace(&mut head, next.clone()), line);
    }
    let lines = first.lines().count().saturating_sub(LINES) as u64;
    if lines > 0 {
        let words = format!("and {} more lines: under FIX above", thousands(lines));
        page.hanging(0, next.clone(), vec![ink.wire(DIM, &words)]);
    }
    let others = changes.len() as u64 - 1;
    if others > 0 {
        let words = format!("and {} more like it, for other calls: under FIX above", thousands(others));
        page.hanging(0, next, vec![ink.wire(DIM, &words)]);
    }
}

/// What stands before the first line of a change, and before its others. A change too wide to stand
/// beside its label stands below it.
fn heads(page: &mut Page, change: &str) -> (Vec<Span>, Vec<Span>) {
    const LABEL: &str = "change   ";
    let label = vec![blanks(4), page.ink.own(DIM, LABEL)];
    let room = page.width.saturating_sub(4 + LABEL.len());
    if change.lines().take(LINES).any(|line| !is_prose(line) && line.chars().count() > room) {
        page.line(label);
        (vec![blanks(6)], vec![blanks(6)])
    } else {
        (label, vec![blanks(4 + LABEL.len())])
    }
}

/// What is left open: an unknown cause, or an unknown outcome.
fn unsettled(page: &mut Page, group: &Group<'_>, room: Room) {
    let ink = page.ink;
    let Some(call) = group.first() else { return };
    if room.is_scarce() {
        let id = ink.wire(DIM, &format!("call {}", call.chain.id())).whole();
        field(page, "first    ", asked(ink, &call).into_iter().chain([ink.own(PLAIN, "  "), id]).collect());
    }
    match &call.judgement.verdict.outcome {
        Outcome::Undetermined(_) if room.is_scarce() => {}
        Outcome::Undetermined(reason) => field(page, "missing  ", vec![ink.wire(PLAIN, &elide(reason, LONGEST))]),
        _ => {
            let marked = || "at the hop marked HERE in the call's picture above".to_owned();
            let place = fails_unmarked(&call).unwrap_or_else(marked);
            field(page, "where    ", vec![ink.wire(PLAIN, &place)]);
        }
    }
}

/// Stands where a further line of a field has no name of its own.
const CONTINUED: &str = "         ";

fn field(page: &mut Page, name: &'static str, spans: Vec<Span>) {
    let head = page.ink.own(DIM, name);
    page.hanging(4, vec![head], spans);
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
        // Nothing else of the report tells of a note.
        if finding.severity == Severity::Note {
            page.prose(4, vec![ink.wire(PLAIN, &finding.story)]);
            mended(page, finding);
        }
        let mut words = vec![ink.own(DIM, "corscope explain "), ink.own(DIM, finding.id)];
        if finding.severity != Severity::Note {
            words.insert(0, ink.own(DIM, "may go away with what stands above; "));
        }
        page.prose(4, words);
    }
    page.blank();
}

/// The first fix of a note: it names what all of its calls need.
fn mended(page: &mut Page, finding: &Finding) {
    let ink = page.ink;
    let Some(Mend { server, changes, .. }) = mends(&finding.fixes).into_iter().next() else { return };
    page.prose(4, vec![ink.own(DIM, "change in "), ink.wire(PLAIN, server), ink.own(DIM, ":")]);
    for line in changes.iter().flat_map(|change| change.lines()) {
        typed(page, vec![blanks(6)], line);
    }
}
