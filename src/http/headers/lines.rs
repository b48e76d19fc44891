//! How heads are made of lines.

use std::sync::Arc;

use super::Headers;
use super::known::{Guess, Known};
use super::layout::{LINE_END, Place, length};
use super::masking::Masking;
use super::outline::Outline;
use super::outlines::Outlines;
use crate::http::latin1;

/// Lines that become [`Headers`]. It can be used again and again, and keeps its room, and what heads are alike in.
#[derive(Clone, Debug, Default)]
pub struct HeaderLines {
    /// The names of the lines, one after the other, and where each ends.
    names: String,
    ends: Vec<u32>,
    /// The values that the head does not share with others.
    values: Vec<u8>,
    /// Where each value lies.
    places: Vec<Place>,
    /// Bytes of all values, of those too that are known.
    values_len: usize,
    outlines: Outlines,
    /// The values that are kept once for all heads that hold them, where those are kept at all.
    known: Option<Box<Known>>,
    /// How secrets are kept out, if they are.
    masking: Option<Masking>,
}

impl HeaderLines {
    /// For heads that are kept, many of them at once: values that many hold are kept once.
    #[must_use]
    pub fn shared() -> Self {
        Self { known: Some(Box::default()), ..Self::default() }
    }

    /// Keeps these secrets out of the heads.
    #[must_use]
    pub fn masking(self, masking: Option<Masking>) -> Self {
        Self { masking, ..self }
    }

    /// Reads the section of a whole head, empty line included, in which nothing is odd, if such heads with the
    /// same names came up before: [`HeaderLines::take_plain`] takes note of them.
    #[must_use]
    pub fn read(&mut self, section: &[u8]) -> Option<Headers> {
        let headers = self.walk(section).map(|outline| self.headers(outline, true));
        self.clear();
        headers
    }

    /// Adds a line after the others, as it is.
    pub fn push(&mut self, name: &str, value: &str) {
        let masked = self.masking.and_then(|masking| masking.of(name, value));
        let value = masked.as_deref().unwrap_or(value);
        self.names.push_str(name);
        self.ends.push(length(self.names.len()));
        self.values_len += value.len();
        self.push_value(value.as_bytes());
    }

    /// Adds a line from the wire: each byte is one code point.
    pub fn push_bytes(&mut self, name: &[u8], value: &[u8]) {
        self.push(&latin1(name), &latin1(value));
    }

    /// Adds to the value of the last line, if there is one, behind a space where both have
    /// something to keep apart.
    pub fn extend_last(&mut self, more: &[u8]) {
        // It is the end of the values: what is known is told from the others later.
        let Some(last) = self.places.pop() else { return };
        let mut value = String::from_utf8(self.values.split_off(last.range().start)).unwrap_or_default();
        self.values_len -= value.len();
        if !value.is_empty() && !more.is_empty() {
            value.push(' ');
        }
        value.push_str(&latin1(more));
        let masked = self.masking.and_then(|masking| masking.of(self.last_name(), &value));
        let value = masked.unwrap_or(value);
        self.values_len += value.len();
        self.push_value(value.as_bytes());
    }

    fn last_name(&self) -> &str {
        let end = self.ends.iter().rev().nth(1).map_or(0, |end| *end as usize);
        self.names.get(end..).unwrap_or_default()
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The lines so far, of a head that was seen whole (`complete`) or not; none are left here.
    pub fn take(&mut self, complete: bool) -> Headers {
        self.end(complete, false)
    }

    /// As [`HeaderLines::take`], of a whole head in which a strict parser found nothing odd.
    pub fn take_plain(&mut self) -> Headers {
        self.end(true, true)
    }

    fn end(&mut self, complete: bool, is_plain: bool) -> Headers {
        let is_secret = |name: &str| self.masking.is_some_and(|masking| (masking.is_secret)(name));
        let outline = self.outlines.of(&self.names, &self.ends, is_plain, is_secret);
        self.share();
        let headers = self.headers(outline, complete);
        self.clear();
        headers
    }

    /// Goes through a section line by line, as earlier heads went; says whose outline it has.
    fn walk(&mut self, section: &[u8]) -> Option<Arc<Outline>> {
        let (mut at, mut rest) = (Outlines::START, section);
        while rest != LINE_END {
            let (next, name) = self.outlines.follow(at, rest)?;
            let line = rest.get(name..)?;
            let value = self.walk_value(next, line)?;
            rest = line.get(value + LINE_END.len()..)?;
            at = next;
        }
        self.outlines.outline(at)
    }

    /// Takes the value that a line ends with, whose step that is; says how long it is there.
    fn walk_value(&mut self, step: usize, line: &[u8]) -> Option<usize> {
        let Self { outlines, known, masking, .. } = self;
        let step = outlines.step(step)?;
        if let Some(place) = step.guess.is_right(line) {
            self.places.push(place);
            self.values_len += place.range().len();
            return Some(place.range().len());
        }
        let value = plain_value(line)?;
        let masked = match masking {
            Some(masking) if step.is_secret => Some((masking.masked)(step.name(), str::from_utf8(value).ok()?)),
            _ => None,
        };
        let kept = masked.as_deref().map_or(value, str::as_bytes);
        match known.as_mut().and_then(|known| known.find(kept, &mut step.guess)) {
            Some(place) => self.places.push(place),
            None => self.push_value(kept),
        }
        self.values_len += kept.len();
        Some(value.len())
    }

    fn push_value(&mut self, value: &[u8]) {
        self.places.push(Place { start: length(self.values.len()), len: length(value.len()), is_known: false });
        self.values.extend_from_slice(value);
    }

    /// Lets go of the values that are known, of lines that were not read along an outline.
    fn share(&mut self) {
        let Some(known) = &mut self.known else { return };
        let values = std::mem::take(&mut self.values);
        for place in &mut self.places {
            let value = values.get(place.range()).unwrap_or_default();
            let found = known.find(value, &mut Guess::default());
            *place = found.unwrap_or(Place { start: length(self.values.len()), ..*place });
            if !place.is_known {
                self.values.extend_from_slice(value);
            }
        }
    }

    fn headers(&mut self, outline: Arc<Outline>, complete: bool) -> Headers {
        let Self { values, places, known, .. } = self;
        let is_wide = !places.iter().all(|place| place.is_narrow());
        Place::write_all(places, is_wide, values);
        // Values came as text, and places are ASCII.
        let text = str::from_utf8(values).unwrap_or_default().into();
        let shares = places.iter().any(|place| place.is_known);
        let headers = Headers {
            outline,
            text,
            known: known.as_ref().filter(|_| shares).map(|known| known.values()),
            values_len: length(self.values_len),
            complete,
            is_wide,
        };
        if known.as_mut().is_some_and(|known| known.learn()) {
            self.outlines.forget_guesses();
        }
        headers
    }

    fn clear(&mut self) {
        self.names.clear();
        self.ends.clear();
        self.values.clear();
        self.places.clear();
        self.values_len = 0;
    }
}

/// Lines of those names with these values.
pub(super) fn with_values<'a>(
    outline: &Arc<Outline>,
    values: impl Iterator<Item = &'a str>,
    complete: bool,
) -> Headers {
    let mut lines = HeaderLines::default();
    for value in values {
        lines.values_len += value.len();
        lines.push_value(value.as_bytes());
    }
    lines.headers(Arc::clone(outline), complete)
}

/// What stands before the line end, if that is CR LF and nothing about it is odd: printable ASCII without a space
/// at either end.
fn plain_value(line: &[u8]) -> Option<&[u8]> {
    let (value, behind) = line.split_at_checked(printable(line))?;
    let is_trimmed = !value.starts_with(b" ") && !value.ends_with(b" ");
    (is_trimmed && behind.starts_with(LINE_END)).then_some(value)
}

/// How many bytes are printable ASCII before one that is not.
fn printable(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    for (nth, word) in words.iter().enumerate() {
        let odd = unprintable(u64::from_le_bytes(*word));
        if odd != 0 {
            return nth * size_of::<u64>() + odd.trailing_zeros() as usize / 8;
        }
    }
    let more = rest.iter().position(|byte| !matches!(byte, b' '..=b'~')).unwrap_or(rest.len());
    bytes.len() - rest.len() + more
}

/// Marks, of eight bytes at once, those that are no printable ASCII by their highest bits. Only the lowest mark
/// can be relied on: those above it may come of a carry.
fn unprintable(bytes: u64) -> u64 {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let below = bytes.wrapping_sub(EACH * 0x20) & !bytes;
    let above = bytes.wrapping_add(EACH) | bytes;
    (below | above) & (EACH << 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_printable_is_told_byte_for_byte(mut bytes in prop::collection::vec(b' '..=b'~', 0..40), odd: u8, at in 0..48_usize) {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = odd;
            }
            let expected = bytes.iter().take_while(|byte| matches!(byte, b' '..=b'~')).count();
            prop_assert_eq!(printable(&bytes), expected);
        }
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
            1 => ("[a-zA-Z-]{1,12}", "([!-~]|[!-~][ -~]{0,40}[!-~])?"),
        ];
        prop::collection::vec(prop::collection::vec(line, 0..12), 1..60)
    }

    fn section(head: &[(String, String)]) -> String {
        head.iter().map(|(name, value)| format!("{name}: {value}\r\n")).chain(["\r\n".to_owned()]).collect()
    }

    /// As a section is read: along an outline, or else line by line.
    fn read(lines: &mut HeaderLines, head: &[(String, String)]) -> Headers {
        lines.read(section(head).as_bytes()).unwrap_or_else(|| {
            for (name, value) in head {
                lines.push(name, value);
            }
            lines.take_plain()
        })
    }

    proptest! {
        #[test]
        fn what_heads_share_is_told_of_each(heads in heads()) {
            let (mut shared, mut outlined) = (HeaderLines::shared(), HeaderLines::default());
            for head in heads.iter().cycle().take(4 * heads.len()) {
                let own: Headers = head.iter().map(|(name, value)| (name, value)).collect();
                for one in [read(&mut shared, head), read(&mut outlined, head)] {
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
    }

    #[test]
    fn only_what_is_plain_is_read_along_an_outline() {
        let mut lines = HeaderLines::default();
        let mut learn = |names: &[&str], is_plain: bool| {
            for name in names {
                lines.push(name, "1");
            }
            let _ = if is_plain { lines.take_plain() } else { lines.take(true) };
        };
        learn(&["A", "B"], true);
        learn(&["A", "Odd name"], false);
        let mut read = |section: &str| lines.read(section.as_bytes()).map(|headers| headers.len());
        assert_eq!(read("A: x\r\nB: y z\r\n\r\n"), Some(2));
        assert_eq!(read("A: \r\nB: y\r\n\r\n"), Some(2));
        let odd = [
            "A: x\r\n\r\n",
            "A: x\r\nB: y\r\nC: z\r\n\r\n",
            "A: x\r\nOdd name: y\r\n\r\n",
            "A: x\r\nb: y\r\n\r\n",
            "A: x\r\nB:y\r\n\r\n",
            "A: x\r\nB:  y\r\n\r\n",
            "A: x\r\nB: y \r\n\r\n",
            "A: x\r\nB: \ty\r\n\r\n",
            "A: x\r\nB: y\0\r\n\r\n",
            "A: x\r\nB: \u{fc}\r\n\r\n",
            "A: x\nB: y\r\n\r\n",
            "A: x\r\nB: y\r\n z\r\n\r\n",
            "A: x\r\nB: y\r\n",
            "A: x\r\nB: y",
            "A: x\r\nB: y\r\n\r\nbody",
            "",
        ];
        assert!(odd.into_iter().all(|section| read(section).is_none()));
        assert!(lines.is_empty() && lines.take(true).is_empty());
    }

    #[test]
    fn secrets_are_not_kept() {
        let is_secret = |name: &str| name == "Secret";
        let masking = Masking { is_secret, masked: |_, value| format!("{} letters", value.len()) };
        let mut lines = HeaderLines::shared().masking(Some(masking));
        let head = |secret: &str| [("Secret".to_owned(), secret.to_owned()), ("Other".to_owned(), "xyz".to_owned())];
        for secret in ["abc", "def", "abc", "ghi", "abc"] {
            let headers = read(&mut lines, &head(secret));
            assert_eq!((headers.first("secret"), headers.first("other")), (Some("3 letters"), Some("xyz")));
            assert_eq!(headers.memory(), read(&mut HeaderLines::default(), &head("3 letters")).memory());
        }
        lines.push("Secret", "a");
        lines.extend_last(b"bc");
        assert_eq!(lines.take(true).first("secret"), Some("12 letters"));
    }

    #[test]
    fn a_value_of_any_length_is_read_whole() {
        for len in [0, 100, 16_383, 16_384, 1 << 20, 3 << 20] {
            let head = [("Long".to_owned(), "v".repeat(len)), ("Other".to_owned(), "1".to_owned())];
            for mut lines in [HeaderLines::default(), HeaderLines::shared()] {
                for _ in 0..4 {
                    let headers = read(&mut lines, &head);
                    assert_eq!(headers.iter().map(|line| line.value.len()).collect::<Vec<_>>(), [len, 1]);
                    assert_eq!(headers.first("long").map(str::len), Some(len));
                }
            }
        }
    }

    #[test]
    fn what_came_up_twice_is_kept_once() {
        let mut shared = HeaderLines::shared();
        let value = "v".repeat(2000);
        let head = [("Long".to_owned(), value.clone()), ("Other".to_owned(), "1".to_owned())];
        let heads: Vec<Headers> = (0..5).map(|_| read(&mut shared, &head)).collect();
        let kept: Vec<bool> = heads.iter().map(|headers| headers.text.contains(&value)).collect();
        assert_eq!(kept, [true, true, false, false, false]);
        assert!(heads.iter().all(|headers| *headers == heads[0]));
        assert_eq!((heads[4].values(), heads[4].first("long")), (None, Some(value.as_str())));
    }

    #[test]
    fn outlines_are_bounded() {
        let mut lines = HeaderLines::default();
        for number in 0..40_000 {
            let head = [(format!("Name-{}", number % 3), String::new()), (format!("X-{number:0>100}"), "1".to_owned())];
            assert_eq!(read(&mut lines, &head).len(), 2);
        }
        assert!(lines.outlines.memory() < 1 << 20);
    }
}
