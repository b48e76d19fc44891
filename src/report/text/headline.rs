//! The first lines: what was read, and what became of the calls in it.

use super::ink::{BAD, BOLD, DIM, GOOD, PLAIN, Span, UNSURE};
use super::page::Page;
use crate::analyzer::{Analysis, SourceSummary};
use crate::report::outline::Outline;
use crate::report::words::{called, count, holdings, source_kind, thousands};

/// Warnings of one source shown here; the shell writes all of them to standard error.
const WARNINGS: usize = 3;

pub(super) fn headline(page: &mut Page, analysis: &Analysis, outline: &Outline<'_>) {
    for source in &analysis.sources {
        describe(page, source);
    }
    let counts = outline.counts;
    if counts.total() > 0 {
        let ink = page.ink;
        let glyphs = ink.glyphs();
        let mut spans: Vec<Span> = vec![ink.wire(BOLD, &count(counts.total(), "call")), ink.own(BOLD, ":")];
        let parts = [
            (counts.blocked, BAD, glyphs.bad, "blocked"),
            (counts.undetermined, UNSURE, glyphs.unsure, "undetermined"),
            (counts.allowed, GOOD, glyphs.good, "allowed"),
            (counts.not_cors, DIM, glyphs.none, "not CORS"),
        ];
        for (number, style, mark, what) in parts.into_iter().filter(|(number, ..)| *number > 0) {
            let told = format!(" {} {what}", thousands(number));
            spans.extend([ink.own(PLAIN, "  "), ink.own(style, mark), ink.wire(style, &told).whole()]);
        }
        if analysis.health_checks > 0 {
            let checks = format!("({} left out)", count(analysis.health_checks, "health check"));
            spans.extend([ink.own(PLAIN, "  "), ink.wire(DIM, &checks).whole()]);
        }
        page.prose(0, spans);
    }
    page.blank();
}

fn describe(page: &mut Page, source: &SourceSummary) {
    let ink = page.ink;
    let path = ink.wire(BOLD, called(&source.path));
    let facts = ink.wire(PLAIN, &format!("{}: {}", source_kind(source.kind), holdings(source)));
    if path.width() + 2 + facts.width() <= page.prose_width() {
        page.line([path, ink.own(PLAIN, "  "), facts]);
    } else {
        page.line([path]);
        page.hung(2, 4, vec![facts]);
    }
    for warning in source.warnings.iter().take(WARNINGS) {
        page.hanging(
            2,
            vec![ink.own(UNSURE, ink.glyphs().warning), ink.own(PLAIN, " ")],
            vec![ink.wire(PLAIN, warning)],
        );
    }
    if source.warnings.len() > WARNINGS {
        let words = format!("and {} more", count((source.warnings.len() - WARNINGS) as u64, "warning"));
        page.prose(4, vec![ink.wire(DIM, &words)]);
    }
}
