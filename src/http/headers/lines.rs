//! How heads are made of lines.

use std::ops::Range;
use std::sync::Arc;

use memchr::memchr;

use super::Headers;
use super::known::Known;
use super::layout::{
    BEHIND_NAME, BEHIND_VALUE, Beside, KNOWN, Lengths, MAX_PLAIN, Names, UNMEASURED, length, place, tag,
};
use crate::http::latin1;

/// Lines that become [`Headers`]. It can be used again and again, and keeps its room.
#[derive(Clone, Debug, Default)]
pub struct HeaderLines {
    text: String,
    /// The [`super::layout::Place`] of each line.
    places: Vec<u8>,
    /// Room to put both together.
    whole: String,
    names: Names,
    lengths: Vec<Lengths>,
    /// `text` alone does not tell where the parts of each line end.
    is_odd: bool,
    /// The lines that are kept once for all heads that hold them, where those are kept at all.
    known: Option<Box<Known>>,
}

impl HeaderLines {
    /// For heads that are kept, many of them at once: what many hold is kept once.
    #[must_use]
    pub fn shared() -> Self {
        Self { known: Some(Box::default()), ..Self::default() }
    }

    /// Adds a line after the others, as it is.
    pub fn push(&mut self, name: &str, value: &str) {
        let tag = tag(name);
        self.places.extend(place(tag, self.text.len(), UNMEASURED));
        self.text.push_str(name);
        self.text.push_str(BEHIND_NAME);
        self.text.push_str(value);
        self.text.push_str(BEHIND_VALUE);
        self.names.add(tag);
        self.lengths.push(Lengths { name: length(name.len()), value: length(value.len()) });
        self.is_odd |= memchr(b':', name.as_bytes()).is_some() || has_line_end(name) || has_line_end(value);
    }

    /// Adds a line from the wire: each byte is one code point.
    pub fn push_bytes(&mut self, name: &[u8], value: &[u8]) {
        self.push(&latin1(name), &latin1(value));
    }

    /// Adds to the value of the last line, if there is one, behind a space where both have
    /// something to keep apart.
    pub fn extend_last(&mut self, more: &[u8]) {
        let Some(last) = self.lengths.last_mut() else { return };
        self.text.truncate(self.text.len() - BEHIND_VALUE.len());
        let before = self.text.len();
        if last.value > 0 && !more.is_empty() {
            self.text.push(' ');
        }
        let more = latin1(more);
        self.text.push_str(&more);
        last.value = last.value.saturating_add(length(self.text.len() - before));
        self.text.push_str(BEHIND_VALUE);
        self.is_odd |= has_line_end(&more);
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// The lines so far, of a head that was seen whole (`complete`) or not; none are left here.
    pub fn take(&mut self, complete: bool) -> Headers {
        let text = std::mem::take(&mut self.text);
        let headers = Headers {
            text: self.behind_places(&text),
            len: length(self.lengths.len()),
            complete,
            names: self.names,
            beside: (self.is_odd || text.len() > MAX_PLAIN).then(|| Arc::new(Beside::Lengths(self.lengths.clone()))),
        };
        self.text = text;
        self.text.clear();
        self.lengths.clear();
        (self.names, self.is_odd) = (Names::default(), false);
        headers
    }

    /// The lines of a section that holds nothing else, each written `Name: value` and ended by CR LF: these
    /// are their names, and where they begin. It is of a head that was seen whole, and short as heads are.
    #[must_use]
    pub fn of_plain<'a>(&mut self, section: &str, lines: impl Iterator<Item = (&'a str, usize)> + Clone) -> Headers {
        let ends = lines.clone().skip(1).map(|(_, at)| at).chain([section.len()]);
        let lines = lines.zip(ends).map(|((name, at), end)| (name, at..end));
        let mut known = self.known.take();
        let headers = match &mut known {
            Some(known) => self.of_known(section, lines, known),
            None => self.of_own(section, lines),
        };
        self.known = known;
        headers
    }

    fn of_own<'a>(&mut self, section: &str, lines: impl Iterator<Item = (&'a str, Range<usize>)>) -> Headers {
        let (mut names, mut len) = (Names::default(), 0);
        for (name, line) in lines {
            self.add_plain(name, line.start, line.len(), &mut names);
            len += 1;
        }
        Headers { text: self.behind_places(section), len, complete: true, names, beside: None }
    }

    /// As [`HeaderLines::of_own`], of which only those lines are kept that few other heads hold.
    fn of_known<'a>(
        &mut self,
        section: &str,
        lines: impl Iterator<Item = (&'a str, Range<usize>)>,
        known: &mut Known,
    ) -> Headers {
        let (mut names, mut len, mut is_any_known) = (Names::default(), 0, false);
        let mut own = std::mem::take(&mut self.text);
        for (name, line) in lines {
            let line = section.get(line).unwrap_or_default();
            let at = known.find(line).map(|at| KNOWN | at);
            self.add_plain(name, at.unwrap_or(own.len()), line.len(), &mut names);
            len += 1;
            is_any_known |= at.is_some();
            if at.is_none() {
                own.push_str(line);
            }
        }
        let beside = is_any_known.then(|| known.lines());
        let headers = Headers { text: self.behind_places(&own), len, complete: true, names, beside };
        known.learn();
        own.clear();
        self.text = own;
        headers
    }

    /// `len` is that of the line with its end.
    fn add_plain(&mut self, name: &str, at: usize, len: usize, names: &mut Names) {
        let tag = tag(name);
        names.add(tag);
        self.places.extend(place(tag, at, len.saturating_sub(BEHIND_VALUE.len())));
    }

    /// The text behind the places of its lines, of which none are left here.
    fn behind_places(&mut self, text: &str) -> Arc<str> {
        self.whole.clear();
        // They are ASCII.
        self.whole.push_str(std::str::from_utf8(&self.places).unwrap_or_default());
        self.whole.push_str(text);
        self.places.clear();
        self.whole.as_str().into()
    }
}

fn has_line_end(text: &str) -> bool {
    memchr(b'\n', text.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_section_is_read_as_its_lines() {
        let of_lines = Headers::from_iter([("Host", "a.example"), ("Empty", ""), ("x", "1: 2"), ("Host", "b")]);
        let section = "Host: a.example\r\nEmpty: \r\nx: 1: 2\r\nHost: b\r\n";
        let places = [("Host", 0), ("Empty", 17), ("x", 26), ("Host", 35)];
        let of_section = HeaderLines::default().of_plain(section, places.into_iter());
        assert_eq!(of_section, of_lines);
        assert_eq!(of_section.all("host").collect::<Vec<_>>(), ["a.example", "b"]);
        assert_eq!((of_section.first("empty"), of_section.first("hos")), (Some(""), None));
    }

    #[test]
    fn folded_lines_become_one() {
        let mut lines = HeaderLines::default();
        lines.extend_last(b"of nothing");
        lines.push_bytes(b"A", b"");
        lines.extend_last(b"");
        lines.extend_last(b"one");
        lines.extend_last(b"tw\xF6");
        assert_eq!(lines.take(true), Headers::from_iter([("A", "one tw\u{f6}")]));
        assert!(lines.is_empty() && lines.take(true).is_empty());
    }

    /// Heads of which some lines come up again and again, in other letters too.
    fn heads() -> impl Strategy<Value = Vec<Vec<(String, String)>>> {
        let line = prop_oneof![
            4 => (0..12_u32).prop_map(|number| (format!("Name-{}", number % 5), format!("value {number}"))),
            1 => ("[a-zA-Z-]{1,12}", "[!-~]{0,20}"),
        ];
        prop::collection::vec(prop::collection::vec(line, 0..12), 1..60)
    }

    fn read(lines: &mut HeaderLines, head: &[(String, String)]) -> Headers {
        let mut section = String::new();
        let mut names = Vec::new();
        for (name, value) in head {
            names.push((name.as_str(), section.len()));
            section.extend([name, ": ", value, "\r\n"]);
        }
        lines.of_plain(&section, names.into_iter())
    }

    proptest! {
        #[test]
        fn what_heads_share_is_told_of_each(heads in heads()) {
            let mut shared = HeaderLines::shared();
            for head in heads.iter().cycle().take(4 * heads.len()) {
                let (one, own) = (read(&mut shared, head), read(&mut HeaderLines::default(), head));
                prop_assert_eq!(&one, &own);
                prop_assert_eq!(one.len(), head.len());
                prop_assert_eq!(one.memory(), own.memory());
                for (name, _) in head.iter().chain(heads.iter().flatten().take(5)) {
                    prop_assert_eq!(one.get(&name.to_ascii_uppercase()), own.get(name));
                    prop_assert_eq!(one.first(name), own.first(name));
                }
            }
        }
    }

    #[test]
    fn a_line_of_any_length_is_read_whole() {
        for len in [0, 100, UNMEASURED - 10, UNMEASURED - 6, UNMEASURED - 5, UNMEASURED, 3 * UNMEASURED] {
            let head = [("Long".to_owned(), "v".repeat(len)), ("Other".to_owned(), "1".to_owned())];
            let headers = read(&mut HeaderLines::default(), &head);
            assert_eq!(headers.iter().map(|line| line.value.len()).collect::<Vec<_>>(), [len, 1]);
            assert_eq!(headers.first("long").map(str::len), Some(len));
        }
    }

    #[test]
    fn what_came_up_twice_is_kept_once() {
        let mut shared = HeaderLines::shared();
        let value = "v".repeat(2000);
        let head = [("Long".to_owned(), value.clone()), ("Other".to_owned(), "1".to_owned())];
        let heads: Vec<Headers> = (0..4).map(|_| read(&mut shared, &head)).collect();
        let kept: Vec<bool> = heads.iter().map(|headers| headers.text.contains(&value)).collect();
        assert_eq!(kept, [true, true, false, false]);
        assert!(heads.iter().all(|headers| *headers == heads[0]));
        assert_eq!((heads[3].text(), heads[3].first("long")), (None, Some(value.as_str())));
    }
}
