//! Header fields in wire order, and whether a field can be known to be absent.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use super::trim_ows;

/// One header line: the name as it was sent, the value without the white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// As sent: letter case tells servers and proxies apart.
    pub name: &'a str,
    /// One code point a byte (ISO-8859-1), optional white space around it removed.
    pub value: &'a str,
}

/// The header lines of one message, in wire order. A copy shares them.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    /// Name, value, name, value … without anything between them: a capture holds millions of heads,
    /// and two allocations each are all that they can be given.
    text: Arc<str>,
    lines: Arc<[Lengths]>,
    /// False when the capture lacks part of the head: then no field can be said to be absent,
    /// and no field's value to be whole.
    complete: bool,
}

/// How long the name and the value of a line are, in `text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lengths {
    name: u32,
    value: u32,
}

/// Lines that become [`Headers`]. It can be used again and again, and keeps its room.
#[derive(Clone, Debug, Default)]
pub struct HeaderLines {
    text: String,
    lines: Vec<Lengths>,
}

impl HeaderLines {
    /// Adds a line after the others, as it is.
    pub fn push(&mut self, name: &str, value: &str) {
        self.text.push_str(name);
        self.text.push_str(value);
        self.add(name.len(), value.len());
    }

    /// Adds a line from the wire: each byte is one code point.
    pub fn push_bytes(&mut self, name: &[u8], value: &[u8]) {
        let (name, value) = (push_latin1(&mut self.text, name), push_latin1(&mut self.text, value));
        self.add(name, value);
    }

    /// Adds to the value of the last line, if there is one, behind a space where both have
    /// something to keep apart.
    pub fn extend_last(&mut self, more: &[u8]) {
        let Some(last) = self.lines.last_mut() else { return };
        let before = self.text.len();
        if last.value > 0 && !more.is_empty() {
            self.text.push(' ');
        }
        push_latin1(&mut self.text, more);
        last.value = last.value.saturating_add(length(self.text.len() - before));
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines so far, of a head that was seen whole (`complete`) or not; none are left here.
    pub fn take(&mut self, complete: bool) -> Headers {
        let headers = Headers { text: self.text.as_str().into(), lines: self.lines.as_slice().into(), complete };
        self.text.clear();
        self.lines.clear();
        headers
    }

    fn add(&mut self, name: usize, value: usize) {
        self.lines.push(Lengths { name: length(name), value: length(value) });
    }
}

/// Appends bytes of the wire, and says how long that is in UTF-8.
fn push_latin1(text: &mut String, bytes: &[u8]) -> usize {
    let before = text.len();
    match std::str::from_utf8(bytes) {
        // What is ASCII, and nearly all is, can be copied as it stands.
        Ok(ascii) if bytes.is_ascii() => text.push_str(ascii),
        _ => text.extend(bytes.iter().map(|&byte| char::from(byte))),
    }
    text.len() - before
}

/// No line is as long as that: heads are bounded long before.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Default for Headers {
    fn default() -> Self {
        static EMPTY: LazyLock<Headers> = LazyLock::new(|| HeaderLines::default().take(true));
        EMPTY.clone()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        list.entries(self.iter().map(|line| (line.name, line.value)));
        if self.complete { list.finish() } else { list.finish_non_exhaustive() }
    }
}

/// What an observer may say of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field<'h> {
    /// The combined value: every line of that name, joined with `, ` (Fetch, "get a header").
    Present(Cow<'h, str>),
    /// The whole head was seen, and the field is not in it.
    Absent,
    /// Part of the head was not captured, so the field may have been there, or there again.
    Unseen,
}

impl Field<'_> {
    /// The value, when the field was seen.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unseen => None,
        }
    }
}

impl Headers {
    /// Whether the whole head was seen.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The same lines, of a head whose rest was lost.
    #[must_use]
    pub fn into_partial(self) -> Self {
        Self { complete: false, ..self }
    }

    /// The lines in wire order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'_>> + Clone {
        let mut rest: &str = &self.text;
        self.lines.iter().map(move |lengths| {
            let (name, behind) = split(rest, lengths.name);
            let (value, behind) = split(behind, lengths.value);
            rest = behind;
            Header { name, value }
        })
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds a line after the others.
    pub fn push(&mut self, name: &str, value: &str) {
        let mut lines = HeaderLines { text: self.text.as_ref().to_owned(), lines: self.lines.to_vec() };
        lines.push(name, trim_ows(value));
        *self = lines.take(self.complete);
    }

    /// The same lines with other values: `value` is asked for each of them.
    #[must_use]
    pub fn with_values<'a>(&'a self, mut value: impl FnMut(Header<'a>) -> Cow<'a, str>) -> Self {
        let mut lines = HeaderLines::default();
        for line in self.iter() {
            lines.push(line.name, &value(line));
        }
        lines.take(self.complete)
    }

    /// The values of all lines with that name (letter case aside), in wire order.
    pub fn all<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h str> {
        let mut at = 0;
        self.lines.iter().filter_map(move |lengths| {
            let (start, value) = (at, at + lengths.name as usize);
            at = value + lengths.value as usize;
            // The length tells nearly all other names apart.
            let is_it = lengths.name as usize == name.len()
                && self.text.get(start..value).is_some_and(|text| text.eq_ignore_ascii_case(name));
            if is_it { self.text.get(value..at) } else { None }
        })
    }

    /// The first line with that name, whatever else the head holds: to show and to recognise by,
    /// not to judge by (see [`Headers::get`]).
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Whether a line with that name was seen.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The combined value of a field, to judge by: [`Field::Unseen`] for every name as soon as
    /// part of the head is missing, since another line may have been in the lost part.
    #[must_use]
    pub fn get(&self, name: &str) -> Field<'_> {
        if !self.complete {
            return Field::Unseen;
        }
        let mut values = self.all(name);
        let Some(first) = values.next() else { return Field::Absent };
        let mut value = Cow::Borrowed(first);
        for other in values {
            value.to_mut().extend([", ", other]);
        }
        Field::Present(value)
    }
}

fn split(text: &str, at: u32) -> (&str, &str) {
    text.split_at_checked(at as usize).unwrap_or((text, ""))
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    /// Headers of a head that was seen whole.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut lines = HeaderLines::default();
        for (name, value) in pairs {
            lines.push(name.as_ref(), trim_ows(value.as_ref()));
        }
        lines.take(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_lines_are_joined() {
        let headers = Headers::from_iter([("A", "*"), ("b", "x"), ("a", " * ")]);
        assert_eq!(headers.get("A"), Field::Present("*, *".into()));
        assert_eq!(headers.get("c"), Field::Absent);
    }

    #[test]
    fn an_empty_value_is_not_an_absent_field() {
        let headers = Headers::from_iter([("a", "")]);
        assert_eq!(headers.get("a"), Field::Present("".into()));
    }

    #[test]
    fn a_partial_head_proves_nothing() {
        let headers = Headers::from_iter([("a", "1")]).into_partial();
        assert_eq!(headers.get("a"), Field::Unseen);
        assert_eq!(headers.get("b"), Field::Unseen);
        assert_eq!(headers.first("A"), Some("1"));
    }
}
