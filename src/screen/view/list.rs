//! The calls, one or two lines each.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Places, cut, framed, put};
use crate::analyzer::ChainReport;
use crate::cors::Outcome;
use crate::report::{time_of, visible};
use crate::screen::glyphs::Glyphs;
use crate::screen::message::Live;
use crate::screen::model::{Model, Pane, Scroll, Watch};
use crate::screen::theme::{CHOSEN, DIM};

/// From so many columns on a call fits into one line.
const ONE_LINE: u16 = 64;

/// Columns for the id of a cause: the longest has as many.
const CAUSE: usize = 31;
/// Columns for a status, and for what stands before it in a line of its own.
const STATUS: usize = 3;
const INDENT: usize = 2;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, place: Rect) {
    let title = format!(" Calls {}/{}", (model.chosen + 1).min(model.calls.len()), model.calls.len());
    let block = framed(model, &title, model.pane == Pane::List);
    if model.calls.is_empty() {
        put(model, frame, place, block, nothing(model), Scroll::default());
        return;
    }
    let first = first_shown(model, place);
    let shown = first..(first + capacity(place)).min(model.calls.len());
    let lines = shown.flat_map(|line| call_lines(model, line, place.width)).collect();
    put(model, frame, place, block, lines, Scroll::default());
}

/// Why there are no calls.
fn nothing(model: &Model) -> Vec<Line<'static>> {
    let analysis = model.analysis();
    let first = match &model.watch {
        _ if !analysis.chains.is_empty() => "No call passes the filter.".to_owned(),
        None => "No calls were found.".to_owned(),
        Some(Watch { live: Live { ended: Some(why), .. }, .. }) => format!("Ended: {why}."),
        Some(_) => "Waiting for calls …".to_owned(),
    };
    let tls: u64 = analysis.sources.iter().map(|source| source.unread.tls).sum();
    let encrypted = (tls > 0).then(|| format!("Not readable (TLS): {tls}"));
    let lines = [Some(first), encrypted].into_iter().flatten();
    lines.map(|line| Line::from(visible(&line, model.charset))).collect()
}

/// How many calls the list shows at once.
pub(in crate::screen) fn visible_calls(model: &Model) -> usize {
    Places::of(model).list.map_or(1, capacity)
}

/// The call at a row of the screen.
pub(in crate::screen) fn line_at(model: &Model, row: u16) -> Option<usize> {
    let place = Places::of(model).list?;
    let inside = usize::from(row.checked_sub(place.y + 1)?);
    // Below lies the frame, and perhaps a row that is too low for a call.
    if inside >= capacity(place) * height(place.width) {
        return None;
    }
    let line = first_shown(model, place) + inside / height(place.width);
    (line < model.calls.len()).then_some(line)
}

fn height(width: u16) -> usize {
    if width >= ONE_LINE { 1 } else { 2 }
}

fn capacity(place: Rect) -> usize {
    (usize::from(place.height.saturating_sub(2)) / height(place.width)).max(1)
}

/// The chosen call is always in sight, and no row is empty that a call could be in. Otherwise the list stays where it
/// was.
fn first_shown(model: &Model, place: Rect) -> usize {
    let capacity = capacity(place);
    let first = model.top.clamp((model.chosen + 1).saturating_sub(capacity), model.chosen);
    first.min(model.calls.len().saturating_sub(capacity))
}

/// The line of the list that is its first row now; where it is not shown, what was so before.
pub(in crate::screen) fn top(model: &Model) -> usize {
    Places::of(model).list.map_or(model.top, |place| first_shown(model, place))
}

fn call_lines(model: &Model, line: usize, width: u16) -> Vec<Line<'static>> {
    let Some(call) = model.call_at(line) else { return Vec::new() };
    let (style, mark) = mark(model, &call.judgement.verdict.outcome);
    let asked = &call.judgement.asked;
    let room = usize::from(width.saturating_sub(2));
    let cause = call.findings.first().copied().unwrap_or_default();
    let chosen = if line == model.chosen { CHOSEN } else { Style::new() };
    let head = format!("{mark} {} {} ", clock(&call), cut(model, &asked.method, 7));
    let status = status(&call);
    if height(width) == 1 {
        let ends = format!(" {status} {cause}");
        let left = room.saturating_sub(head.chars().count() + 1 + STATUS + 1 + CAUSE);
        let path = format!("{:left$}", cut(model, path(&asked.url), left));
        return vec![Line::from(vec![Span::styled(head, style), Span::raw(path), Span::raw(ends)]).style(chosen)];
    }
    let left = room.saturating_sub(head.chars().count());
    let path = cut(model, path(&asked.url), left);
    let cause = cut(model, cause, room.saturating_sub(INDENT + STATUS + 1));
    let below = format!("{:INDENT$}{status} {cause}", "");
    vec![
        Line::from(vec![Span::styled(head, style), Span::raw(format!("{path:left$}"))]).style(chosen),
        Line::styled(format!("{below:room$}"), DIM),
    ]
}

/// A sign and a letter: colour alone tells nobody.
fn mark(model: &Model, outcome: &Outcome) -> (Style, String) {
    let Glyphs { good, bad, unsure, none, .. } = model.glyphs();
    match outcome {
        Outcome::Allowed => (model.theme.good(), format!("{good} A")),
        Outcome::Blocked(_) => (model.theme.bad(), format!("{bad} B")),
        Outcome::Undetermined(_) => (model.theme.unsure(), format!("{unsure} U")),
        Outcome::NotCors => (DIM, format!("{none} N")),
    }
}

/// The time of the day, to the second.
fn clock(call: &ChainReport) -> String {
    let time = time_of(call).map(|time| time.to_string()).unwrap_or_default();
    let clock: String = time.split_once('T').map_or("", |(_, clock)| clock).chars().take(8).collect();
    format!("{clock:8}")
}

/// The last status that was seen.
fn status(call: &ChainReport) -> String {
    let last = call.judgement.hops.iter().rev().find_map(|hop| hop.answer.as_ref());
    last.map_or_else(|| "---".to_owned(), |answer| answer.status.to_string())
}

fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::explanations;

    #[test]
    fn every_cause_has_room() {
        assert_eq!(explanations().iter().map(|one| one.id.len()).max(), Some(CAUSE));
    }
}
