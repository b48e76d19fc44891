//! The verdict, where the headers drop off, the cause, its evidence and the fix.

use ratatui::text::Line;

use super::reported;
use crate::report::{Layout, explain_lines};
use crate::screen::model::Model;

pub(super) fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let Some(call) = model.call() else { return vec![Line::from("Nothing to explain.")] };
    let layout = Layout { width: usize::from(width), charset: model.charset };
    reported(model, explain_lines(model.analysis(), &call, layout))
}
