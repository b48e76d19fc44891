//! Lines put on a page of a given width.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::ink::{Ink, Span, blanks};

/// Prose wider than this is hard to read; tables and ladders use all the width there is.
const WIDEST_PROSE: usize = 100;

/// Where a long word may be broken, after the character: the joints of URLs and header values.
const JOINTS: &str = "/?&,;=";

/// A text report as it grows.
pub(super) struct Page {
    pub(super) width: usize,
    pub(super) ink: Ink,
    lines: Vec<Vec<Span>>,
}

impl Page {
    pub(super) fn new(width: usize, ink: Ink) -> Self {
        Self { width, ink, lines: Vec::new() }
    }

    /// The page with its styles as ANSI sequences.
    pub(super) fn into_text(self) -> String {
        let mut text = String::new();
        for line in self.lines {
            for Span { style, text: words } in line {
                // Writing to a String does not fail.
                _ = write!(text, "{}{words}{}", style.render(), style.render_reset());
            }
            text.push('\n');
        }
        text
    }

    pub(super) fn into_lines(self) -> Vec<Vec<Span>> {
        self.lines
    }

    /// How many lines there are so far.
    pub(super) fn height(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn prose_width(&self) -> usize {
        self.width.min(WIDEST_PROSE)
    }

    pub(super) fn blank(&mut self) {
        self.lines.push(Vec::new());
    }

    /// One line as it is, however long: what is copied must not be broken.
    pub(super) fn line(&mut self, spans: impl IntoIterator<Item = Span>) {
        let mut spans: Vec<Span> = spans.into_iter().collect();
        while spans.last().is_some_and(|span| span.text.trim_end_matches(' ').is_empty()) {
            spans.pop();
        }
        if let Some(last) = spans.last_mut() {
            last.text.truncate(last.text.trim_end_matches(' ').len());
        }
        self.lines.push(spans);
    }

    /// Prose, wrapped; every line begins with `indent` blanks.
    pub(super) fn prose(&mut self, indent: usize, spans: Vec<Span>) {
        self.hanging(indent, Vec::new(), spans);
    }

    /// Prose after a short head: further lines begin under the prose's own beginning.
    pub(super) fn hanging(&mut self, indent: usize, head: Vec<Span>, spans: Vec<Span>) {
        let hang = indent + head.iter().map(Span::width).sum::<usize>();
        let width = self.prose_width().saturating_sub(hang);
        let mut head = Some(head);
        for line in wrap(spans, width) {
            let start = match head.take() {
                Some(head) => [vec![blanks(indent)], head].concat(),
                None => vec![blanks(hang)],
            };
            self.line(start.into_iter().chain(line));
        }
    }

    /// Prose whose first line begins at `indent`, and every other at `hang`.
    pub(super) fn hung(&mut self, indent: usize, hang: usize, spans: Vec<Span>) {
        let mut start = indent;
        for line in wrap(spans, self.prose_width().saturating_sub(hang)) {
            self.line([blanks(start)].into_iter().chain(line));
            start = hang;
        }
    }

    /// Prose of several paragraphs, one a line of `text`.
    pub(super) fn paragraphs(&mut self, indent: usize, style: anstyle::Style, text: &str) {
        for paragraph in text.split('\n').filter(|paragraph| !paragraph.trim().is_empty()) {
            let span = self.ink.wire(style, paragraph);
            self.prose(indent, vec![span]);
        }
    }
}

/// Breaks spans into lines no wider than `width`: between words where possible, at the joints of a
/// word that is longer than a line, anywhere where it has none.
pub(super) fn wrap(spans: Vec<Span>, width: usize) -> Vec<Vec<Span>> {
    let width = width.max(12);
    let mut lines = Lines { done: vec![Vec::new()], used: 0, width };
    for Span { style, text } in spans {
        for word in text.split_inclusive(' ') {
            lines.push(&Span { style, text: word.to_owned() });
        }
    }
    lines.done
}

struct Lines {
    done: Vec<Vec<Span>>,
    used: usize,
    width: usize,
}

impl Lines {
    fn push(&mut self, word: &Span) {
        let wide = word.text.trim_end_matches(' ').width();
        if self.used > 0 && self.used + wide > self.width && !(wide > self.width && self.used * 2 < self.width) {
            self.next_line();
        }
        let mut rest = word.text.as_str();
        while self.used + rest.trim_end_matches(' ').width() > self.width {
            let room = self.width.saturating_sub(self.used);
            if room > 0 {
                let (head, tail) = rest.split_at(joint(rest, room));
                self.add(word, head);
                rest = tail;
            }
            self.next_line();
        }
        self.add(word, rest);
    }

    fn next_line(&mut self) {
        self.done.push(Vec::new());
        self.used = 0;
    }

    fn add(&mut self, like: &Span, text: &str) {
        self.used += text.width();
        if let Some(line) = self.done.last_mut() {
            line.push(Span { style: like.style, text: text.to_owned() });
        }
    }
}

/// The byte at which a word too long for `room` columns is broken: behind its last joint that fits,
/// unless that wastes most of the line.
fn joint(word: &str, room: usize) -> usize {
    let (mut used, mut fits, mut best) = (0, 0, 0);
    for (at, character) in word.char_indices() {
        used += character.width().unwrap_or(0);
        if used > room {
            break;
        }
        fits = at + character.len_utf8();
        if JOINTS.contains(character) && used * 2 > room {
            best = fits;
        }
    }
    let first = word.chars().next().map_or(0, char::len_utf8);
    if best > 0 { best } else { fits.max(first) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::escape::Charset;
    use crate::report::text::ink::{BOLD, PLAIN};

    const INK: Ink = Ink { charset: Charset::Unicode };

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        wrap(vec![INK.wire(PLAIN, text)], width)
            .into_iter()
            .map(|line| line.into_iter().map(|span| span.text).collect::<String>().trim_end().to_owned())
            .collect()
    }

    #[test]
    fn words_go_to_the_next_line() {
        assert_eq!(wrapped("one two three four five", 13), ["one two three", "four five"]);
    }

    #[test]
    fn long_words_break_at_their_joints() {
        let url = "https://request.example.com/items/1234?page=2&size=10";
        assert_eq!(wrapped(url, 34), ["https://request.example.com/items/", "1234?page=2&size=10"]);
        assert_eq!(wrapped(&"a".repeat(30), 20), ["a".repeat(20), "a".repeat(10)]);
    }

    #[test]
    fn no_line_is_wider_than_asked_and_nothing_is_lost() {
        let text =
            "GET https://a.example/very/long/path/that/goes/on and some words, then ".repeat(3) + &"日".repeat(40);
        for width in 12..90 {
            let lines = wrapped(&text, width);
            assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:?}");
            let kept: String = lines.concat().split_whitespace().collect();
            assert_eq!(kept, text.split_whitespace().collect::<String>(), "{width}");
        }
    }

    #[test]
    fn a_line_that_is_copied_stays_whole() {
        let mut page = Page::new(60, INK);
        page.line([INK.wire(BOLD, &"x".repeat(200))]);
        assert_eq!(page.into_text().lines().count(), 1);
    }
}
