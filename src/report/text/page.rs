//! Lines put on a page of a given width.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::ink::{Ink, Span, blanks, drawn};

/// Prose wider than this is hard to read; tables and ladders use all the width there is.
const WIDEST_PROSE: usize = 100;

/// Where a long word may be broken, after the character: the joints of URLs and header values, and
/// where there are none of these, those of names.
const JOINTS: [&str; 2] = ["/?&,;=", ".-_"];

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
            for Span { style, text: words, .. } in line {
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
        let width = self.prose_width();
        let mut start = indent;
        for line in wrap_hung(spans, width.saturating_sub(indent), width.saturating_sub(hang)) {
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
    wrap_hung(spans, width, width)
}

/// As [`wrap`], with a first line of another width than the others.
pub(super) fn wrap_hung(spans: Vec<Span>, first: usize, others: usize) -> Vec<Vec<Span>> {
    let mut lines = Lines { done: vec![Vec::new()], used: 0, first: first.max(12), others: others.max(12) };
    let mut word: Vec<Span> = Vec::new();
    for piece in spans.into_iter().flat_map(Span::into_words) {
        let ends = piece.text.ends_with(' ');
        word.push(piece);
        if ends {
            lines.push(&word);
            word.clear();
        }
    }
    lines.push(&word);
    lines.done
}

struct Lines {
    done: Vec<Vec<Span>>,
    used: usize,
    first: usize,
    others: usize,
}

impl Lines {
    fn width(&self) -> usize {
        if self.is_first() { self.first } else { self.others }
    }

    fn is_first(&self) -> bool {
        self.done.len() == 1
    }

    /// A word, which may have several styles: `location` and the colon behind it stay together.
    fn push(&mut self, word: &[Span]) {
        let text: String = word.iter().map(|piece| piece.text.as_str()).collect();
        let wide = text.trim_end_matches(' ').width();
        let (used, width) = (self.used, self.width());
        if used > 0 && used + wide > width && !(wide > width && used * 2 < width) {
            self.next_line();
        }
        // No line begins with the blanks that stood between two words.
        if wide == 0 && self.used == 0 && !self.is_first() {
            return;
        }
        let (mut from, mut rest) = (0, text.as_str());
        while self.used + rest.trim_end_matches(' ').width() > self.width() {
            let room = self.width().saturating_sub(self.used);
            if room > 0 {
                let (head, tail) = rest.split_at(joint(rest, room));
                self.add(word, from..from + head.len());
                from += head.len();
                rest = tail;
            }
            self.next_line();
        }
        self.add(word, from..text.len());
    }

    fn next_line(&mut self) {
        self.done.push(Vec::new());
        self.used = 0;
    }

    /// Puts those bytes of a word on the line.
    fn add(&mut self, word: &[Span], bytes: std::ops::Range<usize>) {
        let Some(line) = self.done.last_mut() else { return };
        let mut start = 0;
        for piece in word {
            let end = start + piece.text.len();
            let part = bytes.start.clamp(start, end) - start..bytes.end.clamp(start, end) - start;
            start = end;
            let Some(text) = piece.text.get(part).filter(|text| !text.is_empty()) else { continue };
            self.used += text.width();
            match line.last_mut() {
                Some(last) if last.style == piece.style => last.text.push_str(text),
                _ => line.push(drawn(piece.style, text.to_owned())),
            }
        }
    }
}

/// The byte at which a word too long for `room` columns is broken: behind its last and best joint
/// that fits, unless that wastes most of the line.
fn joint(word: &str, room: usize) -> usize {
    let (mut used, mut fits, mut best) = (0, 0, JOINTS.map(|_| None));
    for (at, character) in word.char_indices() {
        used += character.width().unwrap_or(0);
        if used > room {
            break;
        }
        fits = at + character.len_utf8();
        for (joints, best) in JOINTS.iter().zip(&mut best) {
            if joints.contains(character) && used * 2 > room {
                *best = Some(fits);
            }
        }
    }
    let first = word.chars().next().map_or(0, char::len_utf8);
    best.into_iter().flatten().next().unwrap_or(fits.max(first))
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
        assert_eq!(wrapped("https://request.example.com/items", 20), ["https://request.", "example.com/items"]);
        assert_eq!(wrapped(&"a".repeat(30), 20), ["a".repeat(20), "a".repeat(10)]);
    }

    #[test]
    fn what_belongs_together_stays_together() {
        let spans =
            || vec![INK.own(PLAIN, "see "), INK.own(BOLD, "location"), INK.own(PLAIN, ": "), INK.own(PLAIN, "x")];
        let lines = |spans, width| {
            let texts = |line: Vec<Span>| line.into_iter().map(|span| span.text).collect::<String>();
            wrap(spans, width).into_iter().map(texts).collect::<Vec<_>>()
        };
        assert_eq!(lines(spans(), 12), ["see ", "location: x"]);
        let whole = vec![INK.own(PLAIN, "0123456789  "), INK.own(PLAIN, "call 7").whole()];
        assert_eq!(lines(whole, 16), ["0123456789  ", "call 7"]);
    }

    #[test]
    fn no_line_begins_with_the_blanks_between_words() {
        assert_eq!(wrapped("0123456789  a", 12), ["0123456789", "a"]);
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
