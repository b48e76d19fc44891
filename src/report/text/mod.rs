//! An analysis for a person in a terminal: first what was read, then each cause with its calls, and
//! at the very end what to change and where.
//!
//! Styles are written as ANSI sequences; whoever writes to something without colours takes them
//! out. Text that is not corscope's own reaches the output through `ink::Ink::wire` alone.

mod call;
mod explain;
mod group;
mod headline;
mod hop;
mod ink;
mod ladder;
mod page;
mod pane;
mod replay;
mod summary;

use call::{Detail, brief};
use ink::{BOLD, Ink, PLAIN, blanks};
use page::Page;

use super::advice::{Advice, advice};
use super::escape::Charset;
use super::outline::Outline;
use crate::analyzer::Analysis;

pub use explain::{explain, explain_all};
pub use pane::{Ladder, StyledLine, advice_lines, explain_lines, ladder_lines};
pub use replay::replay_text;

/// How a text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns; held between [`NARROWEST`] and [`WIDEST`].
    pub width: usize,
    /// What can be drawn.
    pub charset: Charset,
}

/// A ladder and the text beside it need as much.
pub const NARROWEST: usize = 60;
/// Nobody reads a line longer than this.
pub const WIDEST: usize = 200;

impl Layout {
    fn page(self) -> Page {
        Page::new(self.width.clamp(NARROWEST, WIDEST), Ink { charset: self.charset })
    }
}

/// Writes an analysis. `all`: every call is shown, not only the first few of each cause.
#[must_use]
pub fn text(analysis: &Analysis, layout: Layout, all: bool) -> String {
    let mut page = layout.page();
    let outline = Outline::of(analysis);
    let detail = Detail { name_sources: analysis.sources.len() > 1, all };
    headline::headline(&mut page, analysis, &outline);
    for group in &outline.groups {
        group::group(&mut page, group, detail);
    }
    if all {
        quiet(&mut page, &outline);
    }
    summary::noticed(&mut page, &outline);
    if let Some(advice) = advice(analysis) {
        advise(&mut page, &advice);
    }
    summary::what_to_change(&mut page, analysis, &outline);
    page.into_text()
}

/// The calls that need no change, a line each.
fn quiet(page: &mut Page, outline: &Outline<'_>) {
    if outline.quiet.is_empty() {
        return;
    }
    group::rule(page, BOLD, page.ink.glyphs().good, "Calls that need no change");
    page.blank();
    for call in &outline.quiet {
        brief(page, &outline.analysis.report(call));
    }
    page.blank();
}

fn advise(page: &mut Page, advice: &Advice) {
    let ink = page.ink;
    group::rule(page, ink::UNSURE, ink.glyphs().warning, &advice.title);
    page.blank();
    for paragraph in &advice.paragraphs {
        page.paragraphs(2, PLAIN, paragraph);
        page.blank();
    }
    for command in &advice.commands {
        page.line([blanks(6), ink.wire(BOLD, command)]);
    }
    if !advice.commands.is_empty() {
        page.blank();
    }
}

#[cfg(test)]
mod tests;
