//! The calls of one cause: pictures of the first few, then what is wrong, what shows it, and what
//! mends it.

use super::call::{Detail, brief, call, more};
use super::ink::{BAD, BOLD, COMMAND, DIM, FRAME, Ink, LABEL, PLAIN, Span, UNSURE, blanks, drawn};
use super::page::Page;
use crate::analyzer::{Call, ChainReport};
use crate::cors::{Judgement, Outcome};
use crate::diagnose::{Evidence, Finding, Fix};
use crate::report::escape::elide;
use crate::report::outline::{Cause, Group, Mend, mends};
use crate::report::words::{called, counted, is_prose, thousands};

/// Without `--all`: calls drawn, and calls named below them.
const DRAWN: usize = 2;
const NAMED: usize = 3;
/// Without `--all`: pieces of evidence shown.
const EVIDENCE: usize = 4;
/// The longest value in the evidence.
const LONGEST: usize = 240;

pub(super) fn group(page: &mut Page, group: &Group<'_>, detail: Detail) {
    title(page, group);
    calls(page, group, detail);
    match group.cause {
        Cause::Found(finding) => cause(page, finding, detail),
        Cause::Unidentified => unidentified(page, group.first().as_ref()),
        Cause::Undetermined => undetermined(page),
    }
}

fn title(page: &mut Page, group: &Group<'_>) {
    let ink = page.ink;
    let glyphs = ink.glyphs();
    let counts = group.counts;
    let (style, mark) = match group.cause {
        Cause::Found(_) if counts.blocked > 0 => (BAD, glyphs.bad),
        Cause::Unidentified => (BAD, glyphs.bad),
        Cause::Found(_) => (UNSURE, glyphs.warning),
        Cause::Undetermined => (UNSURE, glyphs.unsure),
    };
    rule(page, style, mark, &counted(counts));
    match group.cause {
        Cause::Found(finding) => page.prose(2, vec![ink.wire(BOLD, &finding.title)]),
        Cause::Unidentified => page.prose(2, vec![ink.own(BOLD, "the cause is not identified")]),
        Cause::Undetermined => page.prose(2, vec![ink.own(BOLD, "not enough was captured to judge")]),
    }
    page.blank();
}

/// A line across the page with a title in it.
pub(super) fn rule(page: &mut Page, style: anstyle::Style, mark: &'static str, title: &str) {
    let ink = page.ink;
    let rule = ink.glyphs().rule;
    let (mark, title) = (ink.own(style, mark), ink.wire(style, title));
    let rest = page.prose_width().saturating_sub(2 + 1 + mark.width() + 1 + title.width() + 1);
    let stroke = |length: usize| drawn(style, std::iter::repeat_n(rule, length).collect());
    page.line([stroke(2), ink.own(PLAIN, " "), mark, ink.own(PLAIN, " "), title, ink.own(PLAIN, " "), stroke(rest)]);
}

fn calls(page: &mut Page, group: &Group<'_>, detail: Detail) {
    let drawn = if detail.all { group.calls.clone() } else { group.examples(DRAWN) };
    for one in &drawn {
        call(page, &group.analysis.report(one), detail);
        page.blank();
    }
    let is_drawn = |one: &Call| drawn.iter().any(|drawn| std::ptr::eq(*drawn, one));
    if drawn.len() == group.calls.len() {
        return;
    }
    let named: Vec<_> = group.calls.iter().take(DRAWN + NAMED).filter(|one| !is_drawn(one)).take(NAMED).collect();
    for one in &named {
        brief(page, &group.analysis.report(one));
    }
    let left = group.calls.len() - drawn.len() - named.len();
    if left > 0 {
        more(page, left as u64);
    }
    page.blank();
}

/// What is wrong, what shows it, and what mends it.
pub(super) fn cause(page: &mut Page, finding: &Finding, detail: Detail) {
    let ink = page.ink;
    page.line([blanks(2), ink.own(LABEL, "CAUSE  "), ink.own(BOLD, finding.id)]);
    page.paragraphs(4, PLAIN, &finding.story);
    if !finding.evidence.is_empty() {
        page.blank();
        evidence(page, &finding.evidence, detail.all);
    }
    if !finding.disproof.is_empty() {
        page.blank();
        page.hung(4, 6, vec![ink.own(DIM, "Not so if "), ink.own(DIM, finding.disproof)]);
    }
    page.blank();
    fixes(page, &finding.fixes);
}

fn evidence(page: &mut Page, evidence: &[Evidence], all: bool) {
    let ink = page.ink;
    let shown = if all { evidence.len() } else { EVIDENCE };
    let mut source = None;
    for piece in evidence.iter().take(shown) {
        if source != Some(&piece.source) {
            source = Some(&piece.source);
            page.line([blanks(4), ink.own(DIM, "in "), ink.wire(DIM, called(&piece.source))]);
        }
        page.hung(6, 10, evidence_line(ink, piece));
    }
    if evidence.len() > shown {
        let words = format!("and {} more; --all shows them", thousands((evidence.len() - shown) as u64));
        page.prose(4, vec![ink.wire(DIM, &words)]);
    }
}

/// `frame 15  location: http://…`.
pub(super) fn evidence_line(ink: Ink, piece: &Evidence) -> Vec<Span> {
    let mut spans = vec![ink.wire(FRAME, &place(piece)).whole(), ink.own(PLAIN, "  ")];
    if let Some(header) = piece.header {
        spans.extend([ink.own(PLAIN, header), ink.own(PLAIN, ": ")]);
    }
    spans.push(ink.wire(BOLD, &elide(&piece.value, LONGEST)));
    spans
}

/// `frame 15`, or the exchange where the source is no capture.
pub(super) fn place(piece: &Evidence) -> String {
    match piece.frame {
        Some(frame) => format!("frame {frame}"),
        None => format!("exchange {}", piece.exchange),
    }
}

/// Every fix, the safest first; what is typed stands in lines of its own, unbroken.
pub(super) fn fixes(page: &mut Page, fixes: &[Fix]) {
    let ink = page.ink;
    for (at, Mend { server, changes, caution }) in mends(fixes).into_iter().enumerate() {
        let label = if at == 0 { "FIX  " } else { "OR   " };
        let together = if changes.len() > 1 { "  all of these, for different calls" } else { "" };
        page.line([blanks(2), ink.own(LABEL, label), ink.wire(BOLD, server), ink.own(DIM, together)]);
        for line in changes.iter().flat_map(|change| change.lines()) {
            typed(page, vec![blanks(6)], line);
        }
        if let Some(caution) = caution {
            let warning = [ink.own(UNSURE, ink.glyphs().warning), ink.own(PLAIN, " ")];
            page.hanging(4, warning.to_vec(), vec![ink.wire(PLAIN, caution)]);
        }
        page.blank();
    }
}

/// A line of a change: what is typed stays whole, however long; what is told in words is wrapped.
pub(super) fn typed(page: &mut Page, head: Vec<Span>, line: &str) {
    let change = page.ink.wire(COMMAND, line);
    if is_prose(line) {
        page.hanging(0, head, vec![change]);
    } else {
        page.line(head.into_iter().chain([change]));
    }
}

/// `call` is the first of them.
pub(super) fn unidentified(page: &mut Page, call: Option<&ChainReport>) {
    let what = match call.and_then(fails_unmarked) {
        Some(place) => format!("It goes wrong {place}: who answered there has to answer otherwise."),
        None => "The hop marked HERE is where it goes wrong: who answered there has to send the headers named beside \
                 it, or, where nothing was sent, the redirect before it has to lead elsewhere."
            .to_owned(),
    };
    label(page, "CAUSE  ", &format!("No cause that corscope knows explains these calls. {what}"));
}

/// Where a call fails that lacks no header, so that no hop of its picture is marked:
/// `at hop 1, OPTIONS https://…, answered with status 400 (PreflightInvalidStatus)`.
pub(super) fn fails_unmarked(call: &ChainReport) -> Option<String> {
    let Judgement { verdict, hops, drop_off: None, .. } = &call.judgement else { return None };
    let Outcome::Blocked(failure) = &verdict.outcome else { return None };
    let hop = hops.get(failure.hop)?;
    let answer = match &hop.answer {
        Some(answer) => format!("answered with status {}", answer.status),
        None => "not answered".to_owned(),
    };
    let (number, method, url) = (failure.hop + 1, &hop.method, elide(&hop.url, LONGEST));
    Some(format!("at hop {number}, {method} {url}, {answer} ({})", failure.error.name()))
}

pub(super) fn undetermined(page: &mut Page) {
    let words = "What is missing stands with each call above. A longer capture, without a snapshot length (tcpdump \
                 -s 0), or one at the other side of the load balancer as well, usually settles it.";
    label(page, "MISSING  ", words);
}

fn label(page: &mut Page, label: &'static str, words: &str) {
    let ink = page.ink;
    page.hanging(2, vec![ink.own(LABEL, label)], vec![ink.wire(PLAIN, words)]);
    page.blank();
}
