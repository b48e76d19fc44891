//! The keys, read from their table.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{framed, put};
use crate::screen::keys::of_use;
use crate::screen::model::Model;

const WIDTH: u16 = 64;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, place: Rect) {
    put(model, frame, place, framed(model, " Keys", true), lines(model), model.help);
}

/// In the middle of the screen.
pub(super) fn place(model: &Model, area: Rect) -> Rect {
    let height = u16::try_from(lines(model).len()).unwrap_or(u16::MAX).saturating_add(2);
    let (width, height) = (WIDTH.min(area.width), height.min(area.height.saturating_sub(2)));
    Rect::new((area.width - width) / 2, 1 + (area.height - 2 - height) / 2, width, height)
}

pub(super) fn lines(model: &Model) -> Vec<Line<'static>> {
    let line = |(label, does): (&'static str, &'static str)| {
        Line::from(vec![Span::styled(format!(" {label:10}"), model.theme.label()), Span::raw(does)])
    };
    let mut lines: Vec<_> = of_use(model.watch.is_some()).map(|binding| line((binding.label, binding.does))).collect();
    lines.push(Line::default());
    lines.push(line(("mouse", "click chooses and opens, the wheel moves")));
    lines.push(line(("S-mouse", "select text, as most terminals let you")));
    lines.push(Line::from(" Filter line: Enter keeps it, Esc clears it, C-w its last term"));
    lines
}
