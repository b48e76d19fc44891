//! The pane of the tabs.

use ratatui::text::Line;

use super::{explain, headers, heads};
use crate::screen::model::{Model, Tab};

/// The tabs' names; the one that is open stands in brackets.
pub(super) fn title(model: &Model) -> String {
    let tabs = [(Tab::Explain, "1 Explain"), (Tab::Headers, "2 Headers"), (Tab::Heads, "3 Raw heads")];
    let name = |(tab, name): (Tab, &str)| if tab == model.tab { format!("[{name}]") } else { format!(" {name} ") };
    tabs.map(name).join("")
}

pub(super) fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    match model.tab {
        Tab::Explain => explain::lines(model, width),
        Tab::Headers => headers::lines(model, width),
        Tab::Heads => heads::lines(model),
    }
}
