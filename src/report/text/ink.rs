//! Styled pieces of a line. Text gets into a piece through [`Ink`] alone, which makes it harmless.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::report::escape::{Charset, own_words, visible};

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const UNSURE: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const LABEL: Style = AnsiColor::Cyan.on_default().bold();
pub(super) const COMMAND: Style = AnsiColor::Green.on_default().bold();
pub(super) const FRAME: Style = AnsiColor::Cyan.on_default();

/// A piece of a line in one style.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) style: Style,
    pub(super) text: String,
    /// Its blanks are no place to break a line at.
    whole: bool,
}

impl Span {
    /// The same, on one line if it fits there: `call 7.0`.
    pub(super) fn whole(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Its words, each with the blank behind it.
    pub(super) fn into_words(self) -> Vec<Self> {
        if self.whole {
            return vec![self];
        }
        self.text.split_inclusive(' ').map(|word| drawn(self.style, word.to_owned())).collect()
    }

    pub(super) fn width(&self) -> usize {
        self.text.width()
    }
}

/// Text that is harmless already: lines and arrows, in characters of [`Glyphs`].
pub(super) fn drawn(style: Style, text: String) -> Span {
    Span { style, text, whole: false }
}

pub(super) fn blanks(number: usize) -> Span {
    drawn(PLAIN, " ".repeat(number))
}

/// Makes pieces in the characters that the terminal has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) charset: Charset,
}

impl Ink {
    /// Text that may come from the wire.
    pub(super) fn wire(self, style: Style, text: &str) -> Span {
        drawn(style, visible(text, self.charset))
    }

    /// corscope's own words.
    pub(super) fn own(self, style: Style, text: &'static str) -> Span {
        drawn(style, own_words(text, self.charset))
    }

    pub(super) fn glyphs(self) -> &'static Glyphs {
        match self.charset {
            Charset::Unicode => &UNICODE,
            Charset::Ascii => &ASCII,
        }
    }
}

/// What lines, arrows and marks are drawn with.
pub(super) struct Glyphs {
    pub(super) lane: char,
    pub(super) from_left: char,
    pub(super) from_right: char,
    pub(super) crossing: char,
    pub(super) solid: char,
    /// Drawn in turn.
    pub(super) dashed: [char; 2],
    pub(super) to_right: char,
    pub(super) to_left: char,
    pub(super) stopped: char,
    pub(super) rule: char,
    pub(super) bar: &'static str,
    pub(super) good: &'static str,
    pub(super) bad: &'static str,
    pub(super) unsure: &'static str,
    pub(super) none: &'static str,
    pub(super) warning: &'static str,
    pub(super) arrow: &'static str,
    pub(super) between: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    lane: '│',
    from_left: '├',
    from_right: '┤',
    crossing: '┼',
    solid: '─',
    dashed: ['╌', '╌'],
    to_right: '►',
    to_left: '◄',
    stopped: '✗',
    rule: '━',
    bar: "▏ ",
    good: "✓",
    bad: "✗",
    unsure: "?",
    none: "–",
    warning: "!",
    arrow: "►",
    between: " · ",
};

const ASCII: Glyphs = Glyphs {
    lane: '|',
    from_left: '+',
    from_right: '+',
    crossing: '+',
    solid: '-',
    dashed: ['-', ' '],
    to_right: '>',
    to_left: '<',
    stopped: 'X',
    rule: '=',
    bar: "| ",
    good: "ok",
    bad: "X",
    unsure: "?",
    none: "-",
    warning: "!",
    arrow: ">",
    between: " - ",
};
