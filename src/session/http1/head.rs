//! Header and trailer sections: views of lines to plain values, and what was odd about them.

use memchr::memrchr;

use crate::http::{HeaderLines, Headers, latin1};
use crate::wire::http1::{Line, has_bare_lf, lines, plain};

/// Header lines that are kept of one message. Servers refuse more than 100 or so.
const MAX_HEADERS: usize = 1000;

/// Odd things that are told of one section: a hostile one can be odd in each of its lines.
const MAX_WARNINGS: usize = 16;

/// Reads the lines of a section of the message that `what` names.
///
/// An odd line is reported and kept as far as it makes sense, since it costs the message nothing
/// else. With `whole` false the rest of the section is missing, and so is the line that it cuts:
/// half a value would be a wrong one. `kept` is room to work in.
pub(super) fn read(
    section: &[u8],
    whole: bool,
    what: &str,
    warnings: &mut Vec<String>,
    kept: &mut HeaderLines,
) -> Headers {
    if whole && let Some(headers) = read_plain(section, kept) {
        return headers;
    }
    let end = if whole { section.len() } else { memrchr(b'\n', section).map_or(0, |last| last + 1) };
    let section = section.get(..end).unwrap_or_default();
    let before = warnings.len();
    let mut odd = Oddities { what, warnings, before };
    let is_all = keep_lines(section, kept, &mut odd);
    if has_bare_lf(section) {
        odd.tell("lines that end with a bare LF");
    }
    kept.take(whole && is_all)
}

/// Keeps the lines of a section; says whether all of them.
fn keep_lines(section: &[u8], kept: &mut HeaderLines, odd: &mut Oddities<'_>) -> bool {
    for line in lines(section) {
        match line {
            Line::Field { .. } if kept.len() == MAX_HEADERS => {
                odd.tell(&format!("more than {MAX_HEADERS} header lines: the rest was left out"));
                return false;
            }
            Line::Field { name, value, odd: has_odd_name } => {
                if has_odd_name {
                    odd.tell(&format!("an odd header name '{}'", latin1(name)));
                }
                if holds_control(value) {
                    odd.tell(&format!("a control character in the value of '{}'", latin1(name)));
                }
                kept.push_bytes(name, value);
            }
            Line::Folded(more) => {
                odd.tell("a folded header line (obsolete): it was joined");
                // RFC 9112 section 5.2: a fold is read as a space. One before the first line belongs to nothing.
                kept.extend_last(more);
            }
            Line::Invalid(line) => {
                let shown = latin1(line.get(..40).unwrap_or(line));
                odd.tell(&format!("a line that is no header: '{shown}'"));
            }
        }
    }
    true
}

/// What is odd about a section, each thing said once.
struct Oddities<'a> {
    /// What to call the message.
    what: &'a str,
    warnings: &'a mut Vec<String>,
    /// How many there were before this section.
    before: usize,
}

impl Oddities<'_> {
    fn tell(&mut self, has: &str) {
        let text = format!("the {} has {has}", self.what);
        let told = self.warnings.get(self.before..).unwrap_or_default();
        if told.len() < MAX_WARNINGS && !told.contains(&text) {
            self.warnings.push(text);
        }
    }
}

/// NUL, a bare CR and their like (RFC 9110 section 5.5): some servers end the value there, some refuse
/// the message, some pass it on.
fn holds_control(value: &[u8]) -> bool {
    value.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t')
}

/// Reads a section in which nothing is odd: as those were read that began and went on like it, or by a strict parser.
fn read_plain(section: &[u8], kept: &mut HeaderLines) -> Option<Headers> {
    kept.read(section).or_else(|| {
        plain(section, |fields| {
            fields.for_each(|(name, value)| kept.push_bytes(name.as_bytes(), value));
            kept.take_plain()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(section: &[u8]) -> (Vec<(String, String)>, usize) {
        let mut warnings = Vec::new();
        let headers = read(section, true, "request", &mut warnings, &mut HeaderLines::default());
        assert!(headers.is_complete());
        (headers.iter().map(|line| (line.name.to_owned(), line.value.to_owned())).collect(), warnings.len())
    }

    #[test]
    fn nothing_is_lost_of_a_plain_section() {
        let (lines, warnings) = told(b"Host: a\r\nX-Name:\tM\xFCller \r\nEmpty:\r\n\r\n");
        let expected = [("Host", "a"), ("X-Name", "M\u{fc}ller"), ("Empty", "")];
        assert_eq!(lines, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(warnings, 0);
    }

    #[test]
    fn odd_lines_are_reported_and_kept() {
        let (lines, warnings) = told(b" early\nA : 1\r\nB: x\r\n\ty\r\nnonsense\r\nC: 2\n\n");
        let expected = [("A", "1"), ("B", "x y"), ("C", "2")];
        assert_eq!(lines, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(warnings, 4);
    }

    #[test]
    fn control_characters_are_kept_and_told() {
        let (lines, warnings) = told(b"A: x\0y\r\nB: x\ry\r\nC: x\x7f\r\nD: x\ty\r\n\r\n");
        let expected = [("A", "x\0y"), ("B", "x\ry"), ("C", "x\u{7f}"), ("D", "x\ty")];
        assert_eq!(lines, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(warnings, 3);
    }

    #[test]
    fn a_head_that_is_odd_all_over_is_not_told_line_by_line() {
        let odd: Vec<String> = (0..500).map(|number| format!("nonsense {number}\r\n")).collect();
        assert_eq!(told(odd.concat().as_bytes()).1, MAX_WARNINGS);
        assert_eq!(told(&b"nonsense\r\nA : 1\r\n".repeat(500)).1, 2);
    }

    #[test]
    fn half_a_line_is_none() {
        let headers =
            read(b"A: 1\r\nLocation: http://a.exa", false, "response", &mut Vec::new(), &mut HeaderLines::default());
        assert_eq!((headers.first("a"), headers.first("location"), headers.is_complete()), (Some("1"), None, false));
    }

    #[test]
    fn too_many_lines_make_a_head_that_proves_nothing() {
        let mut warnings = Vec::new();
        let headers =
            read(&b"A: 1\r\n".repeat(MAX_HEADERS + 1), true, "request", &mut warnings, &mut HeaderLines::default());
        assert_eq!((headers.iter().count(), headers.is_complete(), warnings.len()), (MAX_HEADERS, false, 1));
    }
}
