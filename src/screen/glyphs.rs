//! The signs that the screen is drawn with, in the characters that the terminal has.

use ratatui::symbols::border;

use crate::report::Charset;

/// Signs, each of one column.
pub(super) struct Glyphs {
    pub(super) good: &'static str,
    pub(super) bad: &'static str,
    pub(super) unsure: &'static str,
    /// There is nothing, or nothing to be said.
    pub(super) none: &'static str,
    /// Something is cut off here.
    pub(super) cut: &'static str,
    /// Along the chosen hop.
    pub(super) bar: &'static str,
    pub(super) border: border::Set<'static>,
}

impl Glyphs {
    pub(super) fn of(charset: Charset) -> &'static Self {
        match charset {
            Charset::Unicode => &UNICODE,
            Charset::Ascii => &ASCII,
        }
    }
}

const UNICODE: Glyphs =
    Glyphs { good: "✓", bad: "✗", unsure: "?", none: "–", cut: "…", bar: "▌", border: border::PLAIN };

const ASCII: Glyphs = Glyphs {
    good: "+",
    bad: "X",
    unsure: "?",
    none: "-",
    cut: "~",
    bar: ">",
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};
