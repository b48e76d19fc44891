//! One call: what was asked, its ladder, and what the browser decided.

use super::ink::{BAD, BOLD, DIM, GOOD, PLAIN, UNSURE, blanks};
use super::ladder::ladder;
use super::page::Page;
use crate::analyzer::ChainReport;
use crate::cors::{Assumption, Browser, Outcome, Verdict};
use crate::report::escape::elide;
use crate::report::time_of;
use crate::report::words::{browser, count, decides, thousands};

/// A URL in a line of its own, and one among others.
const LONGEST_URL: usize = 400;
const LONGEST_BRIEF: usize = 160;
const LONGEST_ID: usize = 60;
/// Console messages are given word for word, as long as their URLs leave them readable.
const LONGEST_MESSAGE: usize = 1000;

/// How much is said about a call.
#[derive(Clone, Copy)]
pub(super) struct Detail {
    /// Say which source shows a hop: there are several.
    pub(super) name_sources: bool,
    /// Say all that is known, not only what is likely to matter.
    pub(super) all: bool,
}

/// A call in full.
pub(super) fn call(page: &mut Page, call: &ChainReport, detail: Detail) {
    head(page, call);
    page.blank();
    ladder(page, call, detail);
    page.blank();
    verdict(page, &call.judgement.verdict, detail.all);
    what_if(page, call);
}

/// What would have come of it with a fix in place.
pub(super) fn what_if(page: &mut Page, call: &ChainReport) {
    let Some(what_if) = &call.what_if else { return };
    let ink = page.ink;
    let (style, mark) = mark(page, &what_if.judgement.verdict.outcome);
    let head = vec![ink.own(style, mark), ink.own(PLAIN, " ")];
    let label = [ink.own(BOLD, "what if: "), ink.own(DIM, what_if.remedy.name()), ink.own(DIM, "  ")];
    let said = ink.wire(PLAIN, &elide(&what_if.said, LONGEST_MESSAGE));
    page.hanging(2, head, label.into_iter().chain([said]).collect());
}

/// A call in one line.
pub(super) fn brief(page: &mut Page, call: &ChainReport) {
    let ink = page.ink;
    let asked = &call.judgement.asked;
    let (style, mark) = mark(page, &call.judgement.verdict.outcome);
    let mut head = vec![ink.own(style, mark), ink.own(PLAIN, " ")];
    if let Some(time) = time_of(call) {
        head.extend([ink.wire(DIM, &clock(&time.to_string())), ink.own(PLAIN, " ")]);
    }
    let mut spans = vec![ink.wire(PLAIN, &asked.method), ink.own(PLAIN, " ")];
    spans.extend([ink.wire(PLAIN, &elide(&asked.url, LONGEST_BRIEF)), ink.own(PLAIN, "  ")]);
    spans.push(ink.wire(DIM, &format!("call {}", elide(call.chain.id(), LONGEST_ID))).whole());
    page.hanging(2, head, spans);
}

/// The time of the day in a date and time, to the millisecond.
fn clock(time: &str) -> String {
    time.split_once('T').map_or(time, |(_, clock)| clock).trim_end_matches('Z').chars().take(12).collect()
}

fn head(page: &mut Page, call: &ChainReport) {
    let ink = page.ink;
    let asked = &call.judgement.asked;
    let url = elide(&asked.url, LONGEST_URL);
    page.hung(2, 4, vec![ink.wire(BOLD, &asked.method), ink.own(PLAIN, " "), ink.wire(BOLD, &url)]);
    if let Some(origin) = &asked.page_origin {
        page.hung(2, 4, vec![ink.own(PLAIN, "asked by a page of "), ink.wire(BOLD, &elide(origin, LONGEST_BRIEF))]);
    }
    let mut spans = vec![ink.own(DIM, "call "), ink.wire(DIM, &elide(call.chain.id(), LONGEST_ID))];
    let facts = [time_of(call).map(|time| time.to_string()), call.client.map(|client| format!("browser at {client}"))];
    for fact in facts.into_iter().flatten() {
        spans.extend([ink.own(DIM, ink.glyphs().between), ink.wire(DIM, &fact)]);
    }
    page.hung(2, 4, spans);
}

fn mark(page: &Page, outcome: &Outcome) -> (anstyle::Style, &'static str) {
    let glyphs = page.ink.glyphs();
    match outcome {
        Outcome::Allowed => (GOOD, glyphs.good),
        Outcome::NotCors => (DIM, glyphs.none),
        Outcome::Blocked(_) => (BAD, glyphs.bad),
        Outcome::Undetermined(_) => (UNSURE, glyphs.unsure),
    }
}

pub(super) fn verdict(page: &mut Page, verdict: &Verdict, all: bool) {
    let ink = page.ink;
    let (style, mark) = mark(page, &verdict.outcome);
    let mut spans = vec![ink.own(style, word(&verdict.outcome))];
    match &verdict.outcome {
        Outcome::Blocked(failure) => {
            let at = thousands(failure.hop as u64 + 1);
            spans.extend([
                ink.own(PLAIN, " by "),
                ink.own(PLAIN, browser(verdict.browser)),
                ink.own(PLAIN, " at hop "),
            ]);
            spans.extend([ink.wire(PLAIN, &at), ink.own(PLAIN, ": "), ink.own(BOLD, failure.error.name())]);
        }
        Outcome::Undetermined(reason) => spans.extend([ink.own(PLAIN, ": "), ink.wire(PLAIN, reason)]),
        Outcome::Allowed | Outcome::NotCors => {}
    }
    page.hanging(2, vec![ink.own(style, mark), ink.own(PLAIN, " ")], spans);
    console(page, verdict);
    for differs in &verdict.differs {
        let words = format!(" {}", decides(&differs.outcome));
        page.prose(4, vec![ink.own(PLAIN, browser(differs.browser)), ink.wire(PLAIN, &words)]);
    }
    let reason = match &verdict.outcome {
        Outcome::Undetermined(reason) => Some(reason.as_str()),
        _ => None,
    };
    for assumption in verdict.assumptions.iter().filter(|assumption| reason != Some(&*assumption.because)) {
        // Hardly any page asks for another redirect mode.
        let matters = assumption.otherwise.is_some() && assumption.about != "redirect";
        if all || reason.is_some() || matters {
            assumed(page, assumption);
        }
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Allowed => "ALLOWED",
        Outcome::NotCors => "NOT CORS",
        Outcome::Blocked(_) => "BLOCKED",
        Outcome::Undetermined(_) => "UNDETERMINED",
    }
}

/// What the browser's console prints: the words that people search for.
fn console(page: &mut Page, verdict: &Verdict) {
    let (of, lines) = match verdict.browser {
        Browser::Firefox => ("Firefox's console:", verdict.message.firefox.iter().collect::<Vec<_>>()),
        Browser::Chromium | Browser::Standard => ("Chromium's console:", verdict.message.chromium.iter().collect()),
    };
    if lines.is_empty() {
        return;
    }
    let ink = page.ink;
    page.prose(4, vec![ink.own(DIM, of)]);
    for message in lines {
        barred(page, message);
    }
}

/// Quoted text, with a bar at its left.
fn barred(page: &mut Page, message: &str) {
    let ink = page.ink;
    let bar = ink.own(BAD, ink.glyphs().bar);
    let width = page.prose_width().saturating_sub(4 + bar.width());
    for line in super::page::wrap(vec![ink.wire(PLAIN, &elide(message, LONGEST_MESSAGE))], width) {
        page.line([blanks(4), bar.clone()].into_iter().chain(line));
    }
}

fn assumed(page: &mut Page, assumption: &Assumption) {
    let ink = page.ink;
    let mut spans = vec![
        ink.own(DIM, "assumed: "),
        ink.own(DIM, assumption.about),
        ink.own(DIM, " = "),
        ink.wire(DIM, &assumption.assumed),
        ink.own(DIM, ", because "),
        ink.wire(DIM, &assumption.because),
    ];
    if let Some(otherwise) = &assumption.otherwise {
        let browser_then = match otherwise {
            Outcome::Undetermined(reason) => format!("; otherwise not known: {reason}"),
            other => format!("; otherwise the browser {}", decides(other)),
        };
        spans.push(ink.wire(DIM, &browser_then));
    }
    page.hung(4, 6, spans);
}

/// `and 995 calls more like these (--all shows every one)`.
pub(super) fn more(page: &mut Page, left: u64) {
    let words = format!("and {} more like these; --all shows every one", count(left, "call"));
    let span = page.ink.wire(DIM, &words);
    page.prose(4, vec![span]);
}
