//! The verdict, where the headers drop off, the cause, its evidence and the fix.

use ratatui::text::Line;

use super::reported;
use crate::report::{Layout, advice_lines, explain_lines};
use crate::screen::model::Model;

pub(super) fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let layout = Layout { width: usize::from(width), charset: model.charset };
    match model.call() {
        Some(call) => reported(model, explain_lines(model.analysis(), &call, layout)),
        None if needs_advice(model) => reported(model, advice_lines(model.analysis(), layout)),
        None => vec![Line::from("Nothing to explain.")],
    }
}

/// Where more may come, only what cannot be read is worth a word: the first call may be on its way.
fn needs_advice(model: &Model) -> bool {
    let analysis = model.analysis();
    let may_come = model.watch.as_ref().is_some_and(|watch| watch.live.ended.is_none());
    let is_unread = analysis.sources.iter().any(|source| source.unread.tls + source.unread.http2 > 0);
    analysis.chains.is_empty() && !analysis.sources.is_empty() && (!may_come || is_unread)
}
