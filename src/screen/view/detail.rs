//! The pane of the tabs.

use ratatui::text::Line;

use super::{Places, explain, headers, heads};
use crate::screen::model::{Model, Tab};

const TABS: [(Tab, &str); 3] = [(Tab::Explain, "1 Explain"), (Tab::Headers, "2 Headers"), (Tab::Heads, "3 Raw heads")];

/// The tabs' names; the one that is open stands in brackets.
pub(super) fn title(model: &Model) -> String {
    let name = |(tab, name): (Tab, &str)| if tab == model.tab { format!("[{name}]") } else { format!(" {name} ") };
    TABS.map(name).join("")
}

/// The tab whose name stands at a place of the screen.
pub(in crate::screen) fn tab_at(model: &Model, column: u16, row: u16) -> Option<Tab> {
    let place = Places::of(model).detail.filter(|place| place.y == row)?;
    // Before the names stand the corner of the frame and the mark of the pane that keys go to.
    let mut left = usize::from(column.checked_sub(place.x + 2)?);
    TABS.into_iter().find_map(|(tab, name)| {
        let width = name.len() + 2;
        let is_there = left < width;
        left = left.saturating_sub(width);
        is_there.then_some(tab)
    })
}

pub(super) fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    match model.tab {
        Tab::Explain => explain::lines(model, width),
        Tab::Headers => headers::lines(model, width),
        Tab::Heads => heads::lines(model),
    }
}
