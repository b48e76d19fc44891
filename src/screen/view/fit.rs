//! Lines that are wider than their place: a mark stands where something is gone.

use ratatui::text::{Line, Span};

use crate::report::visible;
use crate::screen::model::Model;
use crate::screen::theme::DIM;

/// Cut to a width, with a mark where something is gone.
pub(super) fn cut(model: &Model, text: &str, width: usize) -> String {
    let text = visible(text, model.charset);
    if Span::raw(text.as_str()).width() <= width {
        return text;
    }
    beginning(&text, width.saturating_sub(1)).to_owned() + model.glyphs().cut
}

/// What has room of the end of a text, with a mark where something is gone before it.
pub(super) fn ending(model: &Model, text: &str, width: usize) -> String {
    let text = visible(text, model.charset);
    if Span::raw(text.as_str()).width() <= width {
        return text;
    }
    let room = width.saturating_sub(1);
    let mut endings = text.char_indices().map(|(at, _)| text.get(at..).unwrap_or_default());
    model.glyphs().cut.to_owned() + endings.find(|end| Span::raw(*end).width() <= room).unwrap_or_default()
}

/// A line of which columns up to `width` are seen, with a mark in the last of them where it goes on.
pub(super) fn fitted(model: &Model, mut line: Line<'static>, width: usize) -> Line<'static> {
    if line.width() <= width {
        return line;
    }
    let mut room = width.saturating_sub(1);
    for span in &mut line.spans {
        if span.width() > room {
            span.content = beginning(&span.content, room).to_owned().into();
        }
        room -= span.width();
    }
    // A character of two columns may have had no room.
    line.push_span(Span::raw(" ".repeat(room)));
    line.push_span(Span::styled(model.glyphs().cut, DIM));
    line
}

/// As much of a text as `width` columns have room for.
fn beginning(text: &str, width: usize) -> &str {
    let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
    let fitting = ends.map_while(|end| text.get(..end).filter(|start| Span::raw(*start).width() <= width));
    fitting.last().unwrap_or_default()
}
