//! Header fields in wire order, and whether a field can be known to be absent.

mod known;
mod layout;
mod lines;
mod masking;
mod outline;
mod outlines;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

pub use lines::HeaderLines;
pub use masking::Masking;

use super::trim_ows;
use layout::Place;
use outline::{Outline, tag};

/// One header line: the name as it was sent, the value without the white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// As sent: letter case tells servers and proxies apart.
    pub name: &'a str,
    /// One code point a byte (ISO-8859-1), optional white space around it removed.
    pub value: &'a str,
}

/// The header lines of one message, in wire order. A copy shares them.
///
/// A capture holds millions of heads, so each is given no more memory than for what no other has.
#[derive(Clone)]
pub struct Headers {
    /// The names of the lines.
    outline: Arc<Outline>,
    /// The values, one after the other, but for those that are known, and behind them where each lies
    /// (a [`layout::Place`]).
    text: Arc<str>,
    /// The values that other heads hold too, if any of them is known.
    known: Option<Arc<Box<str>>>,
    /// Bytes of all values, wherever they are kept.
    values_len: u32,
    /// False when the capture lacks part of the head: then no field can be said to be absent,
    /// and no field's value to be whole.
    complete: bool,
    /// A value is so long that places take more room.
    is_wide: bool,
}

impl Default for Headers {
    fn default() -> Self {
        static EMPTY: LazyLock<Headers> = LazyLock::new(|| HeaderLines::default().take(true));
        EMPTY.clone()
    }
}

/// Where the lines are kept is of no account.
impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.complete == other.complete && self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

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
        (0..self.len()).filter_map(|at| Some(Header { name: self.outline.name(at)?, value: self.value(at)? }))
    }

    /// The lines that have such a name, in wire order.
    pub fn called(&self, is_it: impl Fn(&str) -> bool) -> impl Iterator<Item = Header<'_>> {
        let lines = (0..self.len()).filter_map(move |at| Some((at, self.outline.name(at).filter(|name| is_it(name))?)));
        lines.filter_map(|(at, name)| Some(Header { name, value: self.value(at)? }))
    }

    /// All names, one after the other.
    #[must_use]
    pub fn names(&self) -> &str {
        self.outline.names()
    }

    /// The text of all values, one after the other, unless some of them are kept elsewhere: where something is
    /// not in it, it is in none of them.
    #[must_use]
    pub fn values(&self) -> Option<&str> {
        match self.known {
            Some(_) => None,
            None => self.text.get(..self.text.len().checked_sub(layout::room(self.len(), self.is_wide))?),
        }
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outline.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of memory that the lines take if no other head holds any of them: which ones do may differ from
    /// run to run. Copies share them.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.outline.memory() + self.values_len as usize + layout::room(self.len(), self.is_wide)
    }

    /// Adds a line after the others.
    pub fn push(&mut self, name: &str, value: &str) {
        let mut lines = HeaderLines::default();
        self.iter().for_each(|line| lines.push(line.name, line.value));
        lines.push(name, trim_ows(value));
        *self = lines.take(self.complete);
    }

    /// The same lines with other values: `value` is asked for each of them.
    #[must_use]
    pub fn with_values<'a>(&'a self, value: impl FnMut(Header<'a>) -> Cow<'a, str>) -> Self {
        let values: Vec<Cow<'a, str>> = self.iter().map(value).collect();
        if self.iter().zip(&values).all(|(line, value)| line.value == *value) {
            return self.clone();
        }
        lines::with_values(&self.outline, values.iter().map(|value| &**value), self.complete)
    }

    /// The values of all lines with that name (letter case aside), in wire order.
    pub fn all<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h str> {
        let tag = tag(name);
        let mut next = self.outline.first(name, tag);
        std::iter::from_fn(move || {
            let at = next?;
            next = self.outline.next(name, tag, at);
            self.value(at)
        })
    }

    /// The first line with that name, whatever else the head holds: to show and to recognise by,
    /// not to judge by (see [`Headers::get`]).
    #[must_use]
    #[inline]
    pub fn first(&self, name: &str) -> Option<&str> {
        // The tag is worked out when this is compiled, where the name is known by then.
        self.value(self.outline.first(name, tag(name))?)
    }

    /// Whether a line with that name was seen.
    #[must_use]
    #[inline]
    pub fn has(&self, name: &str) -> bool {
        self.outline.first(name, tag(name)).is_some()
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

    fn value(&self, at: usize) -> Option<&str> {
        let place = Place::read(self.text.as_bytes(), self.len(), at, self.is_wide)?;
        let text = if place.is_known { &**self.known.as_deref()? } else { &*self.text };
        text.get(place.range())
    }
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

    #[test]
    fn lines_that_could_not_stand_in_a_head_are_kept_as_they_are() {
        let pairs = [("a", "1\r\nb: 2"), ("c: d", "3"), ("", ""), ("e", "4\r"), ("f\n", "5")];
        let headers = Headers::from_iter(pairs);
        let lines: Vec<_> = headers.iter().map(|line| (line.name, line.value)).collect();
        assert_eq!(lines, pairs);
        assert_eq!((headers.first("b"), headers.first("C: D"), headers.len()), (None, Some("3"), 5));
        assert_eq!(headers.first("E"), Some("4\r"));
    }
}
