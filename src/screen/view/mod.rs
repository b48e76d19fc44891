//! A model as cells: where each pane is, and what is in it.

pub(super) mod detail;
mod explain;
mod fit;
mod headers;
mod heads;
mod help;
pub(super) mod ladder;
pub(super) mod list;
mod status;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use fit::{cut, fitted};

use super::model::{Mode, Model, Pane, Scroll};
use super::theme::{BOLD, CHOSEN, DIM};
use crate::report::{StyledLine, visible};

/// Less than this shows nothing that helps.
const SMALLEST: (u16, u16) = (20, 5);
/// With so many columns and rows the list stands beside the call.
const SPLIT: (u16, u16) = (100, 24);

/// Where the panes are; a pane that is not shown has no place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) filter: Rect,
    pub(super) list: Option<Rect>,
    pub(super) ladder: Option<Rect>,
    pub(super) detail: Option<Rect>,
    pub(super) status: Rect,
}

/// Shows a model.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame.render_widget(Paragraph::new("too small"), area);
        return;
    }
    let places = Places::of(model);
    status::filter_line(model, frame, places.filter);
    if let Some(place) = places.list {
        list::draw(model, frame, place);
    }
    if let Some(place) = places.ladder {
        let title = ladder::title(model);
        let lines = ladder::lines(model, inner_width(place));
        pane(model, frame, place, Pane::Ladder, &title, lines, ladder::scroll(model));
    }
    if let Some(place) = places.detail {
        let lines = detail::lines(model, inner_width(place));
        pane(model, frame, place, Pane::Detail, &detail::title(model), lines, model.detail);
    }
    status::bar(model, frame, places.status);
    if model.mode == Mode::Help {
        help::draw(model, frame, help::place(model, area));
    }
}

impl Places {
    pub(super) fn of(model: &Model) -> Self {
        let (columns, rows) = model.size;
        let filter = Rect::new(0, 0, columns, 1);
        let status = Rect::new(0, rows.saturating_sub(1), columns, 1);
        let body = Rect::new(0, 1, columns, rows.saturating_sub(2));
        let none = Self { filter, list: None, ladder: None, detail: None, status };
        if model.maximised {
            return none.with(model.pane, body);
        }
        if columns >= SPLIT.0 && rows >= SPLIT.1 {
            return none.split(model, body);
        }
        none.stacked(model, body)
    }

    fn with(mut self, pane: Pane, place: Rect) -> Self {
        match pane {
            Pane::List => self.list = Some(place),
            Pane::Ladder => self.ladder = Some(place),
            Pane::Detail => self.detail = Some(place),
        }
        self
    }

    /// The list at the left, the call at the right.
    fn split(self, model: &Model, body: Rect) -> Self {
        let list = (body.width * 3 / 10).clamp(36, 66);
        let rest = body.width - list;
        let needed = ladder::lines(model, rest.saturating_sub(2)).len() + 2;
        let ladder = u16::try_from(needed).unwrap_or(u16::MAX).min(body.height * 3 / 5).max(5);
        self.with(Pane::List, Rect::new(0, body.y, list, body.height))
            .with(Pane::Ladder, Rect::new(list, body.y, rest, ladder))
            .with(Pane::Detail, Rect::new(list, body.y + ladder, rest, body.height - ladder))
    }

    /// One pane at a time; under a list there is room for what the chosen call is about.
    fn stacked(self, model: &Model, body: Rect) -> Self {
        if model.pane != Pane::List || body.height < 14 {
            return self.with(model.pane, body);
        }
        let wanted = u16::try_from(model.calls.len()).unwrap_or(u16::MAX).saturating_add(2);
        let list = wanted.clamp(4, body.height / 2);
        self.with(Pane::List, Rect { height: list, ..body })
            .with(Pane::Detail, Rect { y: body.y + list, height: body.height - list, ..body })
    }

    pub(super) fn pane_at(&self, column: u16, row: u16) -> Option<Pane> {
        let at = Position::new(column, row);
        [(self.list, Pane::List), (self.ladder, Pane::Ladder), (self.detail, Pane::Detail)]
            .into_iter()
            .find(|(place, _)| place.is_some_and(|place| place.contains(at)))
            .map(|(_, pane)| pane)
    }

    fn place(&self, pane: Pane) -> Rect {
        let place = match pane {
            Pane::List => self.list,
            Pane::Ladder => self.ladder,
            Pane::Detail => self.detail,
        };
        place.unwrap_or_default()
    }
}

/// Columns and rows inside the frame of the pane that keys go to.
pub(super) fn inside(model: &Model) -> (u16, u16) {
    let place = match model.mode {
        Mode::Help => help::place(model, Rect::new(0, 0, model.size.0, model.size.1)),
        _ => Places::of(model).place(model.pane),
    };
    (inner_width(place), place.height.saturating_sub(2))
}

/// Lines and columns of what that pane holds.
pub(super) fn extent(model: &Model) -> (usize, usize) {
    let width = inside(model).0;
    let lines = match (model.mode, model.pane) {
        (Mode::Help, _) => help::lines(model),
        (_, Pane::Ladder) => ladder::lines(model, width),
        (_, Pane::Detail) => detail::lines(model, width),
        (_, Pane::List) => return (model.calls.len(), 0),
    };
    (lines.len(), lines.iter().map(Line::width).max().unwrap_or(0))
}

fn inner_width(place: Rect) -> u16 {
    place.width.saturating_sub(2)
}

/// A pane with lines in it.
fn pane(
    model: &Model,
    frame: &mut Frame<'_>,
    place: Rect,
    which: Pane,
    title: &str,
    lines: Vec<Line<'static>>,
    scroll: Scroll,
) {
    put(model, frame, place, framed(model, title, model.pane == which), lines, scroll);
}

/// Lines in a frame, which says whether there are more of them.
fn put(model: &Model, frame: &mut Frame<'_>, place: Rect, block: Block<'_>, lines: Vec<Line<'static>>, scroll: Scroll) {
    let width = scroll.right + usize::from(inner_width(place));
    let more = lines.len() > scroll.down + usize::from(place.height.saturating_sub(2));
    let block = if more { block.title_bottom(" more below ") } else { block };
    let shown = lines.into_iter().skip(scroll.down).take(usize::from(place.height));
    let shown: Vec<Line<'static>> = shown.map(|line| fitted(model, line, width)).collect();
    let right = u16::try_from(scroll.right).unwrap_or(u16::MAX);
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(shown).scroll((0, right)).block(block), place);
}

/// A frame; that of the pane that keys go to has its title marked.
fn framed(model: &Model, title: &str, has_keys: bool) -> Block<'static> {
    let mark = if has_keys { ">" } else { " " };
    let style = if has_keys { BOLD } else { DIM };
    let title_style = if has_keys { CHOSEN } else { BOLD };
    Block::bordered()
        .border_set(model.glyphs().border)
        .border_style(style)
        .title(Span::styled(format!("{mark}{title} "), title_style))
}

/// Text that may come from the wire.
fn wire(model: &Model, style: Style, text: &str) -> Span<'static> {
    Span::styled(visible(text, model.charset), style)
}

/// Lines of the report; what the report escaped stays escaped.
fn reported(model: &Model, lines: Vec<StyledLine>) -> Vec<Line<'static>> {
    let line = |line: StyledLine| {
        let spans = line.into_iter().map(|(style, text)| Span::styled(text, model.theme.of_report(style)));
        Line::from(spans.collect::<Vec<_>>())
    };
    lines.into_iter().map(line).collect()
}
