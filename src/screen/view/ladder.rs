//! The hops of the chosen call between browser, load balancer and backend.

use ratatui::text::{Line, Span};

use super::{Places, inner_width, reported};
use crate::report::{Charset, Ladder, Layout, ladder_lines};
use crate::screen::model::Model;
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
    let bar = if model.charset == Charset::Ascii { ">" } else { "▌" };
    let marked = |(at, mut line): (usize, Line<'static>)| {
        let chosen = at >= from && at + 1 < to;
        line.spans.insert(0, if chosen { Span::styled(bar, BOLD) } else { Span::raw(" ") });
        line
    };
    reported(model, ladder.lines).into_iter().enumerate().map(marked).collect()
}

/// The line at which each hop begins.
pub(in crate::screen) fn begins(model: &Model) -> Vec<usize> {
    let width = Places::of(model).ladder.map_or(0, inner_width);
    ladder(model, width).map_or_else(Vec::new, |ladder| ladder.begins)
}

fn ladder(model: &Model, width: u16) -> Option<Ladder> {
    let layout = Layout { width: usize::from(width.saturating_sub(1)), charset: model.charset };
    Some(ladder_lines(&model.call()?, layout, model.analysis().sources.len() > 1))
}
