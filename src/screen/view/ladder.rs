//! The hops of the chosen call between browser, load balancer and backend.

use ratatui::text::{Line, Span};

use super::{Places, inner_width, reported};
use crate::report::{Ladder, Layout, ladder_lines};
use crate::screen::model::{Model, Scroll};
use crate::screen::theme::BOLD;

pub(super) fn title(model: &Model) -> String {
    match model.hops() {
        0 => " Ladder".to_owned(),
        hops => format!(" Ladder: hop {} of {hops}", model.hop + 1),
    }
}

/// Lines of the ladder, with a bar along the chosen hop.
pub(super) fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let Some(ladder) = ladder(model, width) else { return vec![Line::from("No call.")] };
    let from = ladder.begins.get(model.hop).copied().unwrap_or(0);
    let to = ladder.begins.get(model.hop + 1).copied().unwrap_or(ladder.lines.len() + 1);
    let bar = model.glyphs().bar;
    let marked = |(at, mut line): (usize, Line<'static>)| {
        let chosen = at >= from && at + 1 < to;
        line.spans.insert(0, if chosen { Span::styled(bar, BOLD) } else { Span::raw(" ") });
        line
    };
    reported(model, ladder.lines).into_iter().enumerate().map(marked).collect()
}

/// How far the pane is moved: as far as it was, or as far as it takes to see the chosen hop.
pub(in crate::screen) fn scroll(model: &Model) -> Scroll {
    model.ladder.or_else(|| to_hop(model)).unwrap_or_default()
}

fn to_hop(model: &Model) -> Option<Scroll> {
    let place = Places::of(model).ladder?;
    let rows = usize::from(place.height.saturating_sub(2));
    let ladder = ladder(model, inner_width(place))?;
    let lines = ladder.lines.len();
    let begin = ladder.begins.get(model.hop)?.saturating_sub(1);
    let end = ladder.begins.get(model.hop + 1).map_or(lines, |next| next.saturating_sub(1));
    let drops_off = model.call()?.judgement.drop_off.as_ref().is_some_and(|drop_off| drop_off.hop == model.hop);
    // No further than it takes to see the hop's end. It says what became of the CORS headers: of a hop
    // that is taller than the pane it is what must be seen where they drop off, else its beginning.
    let to_its_end = end.saturating_sub(rows);
    let down = if drops_off { to_its_end } else { to_its_end.min(begin) };
    Some(Scroll { down, right: 0 })
}

fn ladder(model: &Model, width: u16) -> Option<Ladder> {
    let layout = Layout { width: usize::from(width.saturating_sub(1)), charset: model.charset };
    Some(ladder_lines(&model.call()?, layout, model.analysis().sources.len() > 1))
}
