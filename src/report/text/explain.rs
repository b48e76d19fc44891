//! A cause in general, and the list of all of them.

use super::Layout;
use super::group::{fixes, rule};
use super::ink::{BAD, BOLD, DIM, LABEL, PLAIN, UNSURE, blanks};
use super::page::Page;
use crate::diagnose::{Explanation, Severity};
use crate::report::words::severity;

/// One cause in full: what it is, how to recognise it, how to mend it.
#[must_use]
pub fn explain(explanation: &Explanation, layout: Layout) -> String {
    let mut page = layout.page();
    let ink = page.ink;
    let (style, mark) = mark(&page, explanation.severity);
    rule(&mut page, style, mark, explanation.title);
    page.line([
        blanks(2),
        ink.own(BOLD, explanation.id),
        ink.own(DIM, "  "),
        ink.own(DIM, severity(explanation.severity)),
    ]);
    page.blank();
    section(&mut page, "WHAT HAPPENS", explanation.what);
    section(&mut page, "HOW TO RECOGNISE IT", explanation.recognise);
    section(&mut page, "IT IS NOT THIS IF", explanation.disproof);
    fixes(&mut page, &explanation.fixes);
    if !explanation.links.is_empty() {
        page.line([blanks(2), ink.own(LABEL, "MORE")]);
        for link in explanation.links {
            page.line([blanks(4), ink.own(PLAIN, link)]);
        }
    }
    page.into_text()
}

/// Every cause, a line or two each.
#[must_use]
pub fn explain_all(explanations: &[Explanation], layout: Layout) -> String {
    let mut page = layout.page();
    let ink = page.ink;
    for explanation in explanations {
        let (style, mark) = mark(&page, explanation.severity);
        page.line([ink.own(style, mark), ink.own(PLAIN, " "), ink.own(BOLD, explanation.id)]);
        page.prose(4, vec![ink.own(PLAIN, explanation.title)]);
    }
    page.blank();
    page.prose(0, vec![ink.own(DIM, "corscope explain FINDING tells one in full.")]);
    page.into_text()
}

fn mark(page: &Page, severity: Severity) -> (anstyle::Style, &'static str) {
    let glyphs = page.ink.glyphs();
    match severity {
        Severity::Error => (BAD, glyphs.bad),
        Severity::Warning => (UNSURE, glyphs.warning),
        Severity::Note => (DIM, glyphs.none),
    }
}

fn section(page: &mut Page, title: &'static str, words: &str) {
    if words.is_empty() {
        return;
    }
    let ink = page.ink;
    page.line([blanks(2), ink.own(LABEL, title)]);
    page.paragraphs(4, PLAIN, words);
    page.blank();
}
