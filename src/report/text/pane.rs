//! Parts of the report as lines, for whoever puts them into panes of its own.

use anstyle::Style;

use super::call::{verdict, what_if};
use super::group::{cause, undetermined, unidentified};
use super::ink::{BAD, BOLD, COMMAND, Ink, LABEL, PLAIN, UNSURE, blanks};
use super::ladder::ladder;
use super::page::Page;
use super::{Detail, Layout, WIDEST, advise};
use crate::analyzer::{Analysis, ChainReport};
use crate::cors::{DropOffKind, Outcome};
use crate::diagnose::Finding;
use crate::report::advice::advice;
use crate::report::escape::elide;

/// A ladder of three lanes and some words beside it. A pane is narrower than a page may be: on 60 columns nothing is
/// to be cut off.
const NARROWEST_LADDER: usize = 52;
/// Prose narrower than this cannot be read.
const NARROWEST_PROSE: usize = 30;
/// The longest URL beside the drop-off.
const LONGEST: usize = 120;

/// Pieces of one line, already harmless for a terminal, each in its style.
pub type StyledLine = Vec<(Style, String)>;

/// A call drawn as a ladder.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// From top to bottom.
    pub lines: Vec<StyledLine>,
    /// The line at which each hop begins.
    pub begins: Vec<usize>,
}

/// Draws one call. `name_sources`: say beside each hop which source shows it.
#[must_use]
pub fn ladder_lines(call: &ChainReport, layout: Layout, name_sources: bool) -> Ladder {
    let mut page = page(layout, NARROWEST_LADDER);
    let begins = ladder(&mut page, call, Detail { name_sources, all: true });
    Ladder { lines: lines(page), begins }
}

/// Says of one call what was decided, where the headers drop off, why, and what mends it: first in
/// short, then in full.
#[must_use]
pub fn explain_lines(analysis: &Analysis, call: &ChainReport, layout: Layout) -> Vec<StyledLine> {
    let mut page = page(layout, NARROWEST_PROSE);
    let findings: Vec<&Finding> = call.findings.iter().filter_map(|id| finding(analysis, id)).collect();
    short(&mut page, call, &findings);
    if page.height() > 0 {
        page.blank();
    }
    verdict(&mut page, &call.judgement.verdict, true);
    what_if(&mut page, call);
    page.blank();
    for finding in &findings {
        cause(&mut page, finding, Detail { name_sources: true, all: true });
    }
    match &call.judgement.verdict.outcome {
        Outcome::Blocked(_) if findings.is_empty() => unidentified(&mut page, Some(call)),
        Outcome::Undetermined(_) => undetermined(&mut page),
        _ => {}
    }
    lines(page)
}

/// Says of an analysis without calls what was there instead, and where to capture.
#[must_use]
pub fn advice_lines(analysis: &Analysis, layout: Layout) -> Vec<StyledLine> {
    let mut page = page(layout, NARROWEST_PROSE);
    if let Some(advice) = advice(analysis) {
        advise(&mut page, &advice);
    }
    lines(page)
}

fn finding<'a>(analysis: &'a Analysis, id: &str) -> Option<&'a Finding> {
    analysis.findings.iter().find(|finding| finding.id == id)
}

/// Drop-off, cause and fix in a line or two each.
fn short(page: &mut Page, call: &ChainReport, findings: &[&Finding]) {
    drop_off(page, call);
    let ink = page.ink;
    let Some(first) = findings.first() else { return };
    page.hanging(0, vec![ink.own(LABEL, "CAUSE    ")], vec![ink.wire(BOLD, &first.title)]);
    if let Some(fix) = first.fixes.first() {
        page.hanging(0, vec![ink.own(LABEL, "FIX      ")], vec![ink.own(BOLD, fix.server)]);
        for change in fix.change.lines() {
            page.hanging(9, Vec::new(), vec![ink.wire(COMMAND, change)]);
        }
    }
}

fn drop_off(page: &mut Page, call: &ChainReport) {
    let Some(drop_off) = &call.judgement.drop_off else { return };
    let ink = page.ink;
    let (style, words) = match drop_off.kind {
        DropOffKind::HeaderMissing => (BAD, "answered without "),
        DropOffKind::NotSent => (BAD, "never sent or never answered, so no "),
        DropOffKind::Unseen => (UNSURE, "not seen whether there is "),
    };
    let mut spans = vec![ink.wire(style, &format!("hop {}", drop_off.hop + 1)), ink.own(PLAIN, ": ")];
    if let Some(hop) = call.judgement.hops.get(drop_off.hop) {
        spans.extend([ink.wire(PLAIN, &hop.method), ink.own(PLAIN, " ")]);
        spans.extend([ink.wire(BOLD, &elide(&hop.url, LONGEST)), ink.own(PLAIN, " ")]);
    }
    spans.extend([ink.own(style, words), ink.wire(style, &drop_off.headers.join(", "))]);
    page.hanging(0, vec![ink.own(LABEL, "DROP-OFF "), blanks(0)], spans);
}

fn page(layout: Layout, narrowest: usize) -> Page {
    Page::new(layout.width.clamp(narrowest, WIDEST), Ink { charset: layout.charset })
}

fn lines(page: Page) -> Vec<StyledLine> {
    let pieces = |line: Vec<super::ink::Span>| line.into_iter().map(|span| (span.style, span.text)).collect();
    page.into_lines().into_iter().map(pieces).collect()
}
