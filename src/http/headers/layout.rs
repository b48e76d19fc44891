//! How the lines of a head lie in its text, and how they are found there.

use std::slice;

use memchr::memchr;

use super::{Header, Headers};

/// What stands between a name and its value, and behind a value.
pub(super) const BEHIND_NAME: &str = ": ";
pub(super) const BEHIND_VALUE: &str = "\r\n";

/// What a head needs besides its text.
#[derive(Debug)]
pub(super) enum Beside {
    /// The lines that other heads hold too.
    Known(Box<str>),
    /// How long the parts of each line are, where the text does not tell. Nothing that was captured is like
    /// that, but a file of exchanges may hold a name with a colon, or a value with a line end.
    Lengths(Vec<Lengths>),
}

/// What tells the name of a line from most others, in three more bytes where the line begins (in the text or, with
/// [`KNOWN`], in [`Beside::Known`]), and in two how long it is. All of them are ASCII, so that they can stand in a text.
pub(super) type Place = [u8; PLACE];

const PLACE: usize = 6;

/// The length of a line whose end is to be looked for.
pub(super) const UNMEASURED: usize = (1 << 14) - 1;

/// The bits of a byte that is ASCII.
const ASCII: usize = 0x7F;

/// A text beyond this is not plain: its places would need more bits.
pub(super) const MAX_PLAIN: usize = 1 << 20;

/// Marks a place among the known lines.
pub(super) const KNOWN: usize = MAX_PLAIN;

/// How long the name and the value of a line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lengths {
    pub(super) name: u32,
    pub(super) value: u32,
}

/// A set of names that may take a name for one of its own, and never one of its own for another: what
/// is looked for in a head is mostly not there, and this tells so without a look at the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Names(u64);

pub(super) fn place(tag: u8, start: usize, len: usize) -> Place {
    let bits = |of: usize, by: usize| {
        let [low, ..] = (of >> by & ASCII).to_le_bytes();
        low
    };
    let len = len.min(UNMEASURED);
    [tag, bits(start, 0), bits(start, 7), bits(start, 14), bits(len, 0), bits(len, 7)]
}

fn start([_, low, middle, high, ..]: Place) -> usize {
    usize::from(low) | usize::from(middle) << 7 | usize::from(high) << 14
}

fn measured([.., low, high]: Place) -> Option<usize> {
    let len = usize::from(low) | usize::from(high) << 7;
    (len < UNMEASURED).then_some(len)
}

impl Names {
    pub(super) fn add(&mut self, tag: u8) {
        self.0 |= Self::bit(tag);
    }

    #[inline]
    pub(super) fn may_hold(self, tag: u8) -> bool {
        self.0 & Self::bit(tag) != 0
    }

    #[inline]
    fn bit(tag: u8) -> u64 {
        1 << (tag >> 1 & 0x3F)
    }
}

/// In seven bits, the same for every letter case. Three letters and the length tell apart most of the names that are in use.
#[inline]
pub(super) fn tag(name: &str) -> u8 {
    let name = name.as_bytes();
    let letter = |at: usize| name.get(at).map_or(0, |byte| u32::from(byte | 0x20));
    let letters = letter(0) | letter(name.len() / 2) << 8 | letter(name.len().wrapping_sub(1)) << 16;
    let [.., tag] = ((letters | length(name.len()) << 24).wrapping_mul(0x9E37_79B1) >> 1).to_le_bytes();
    tag
}

/// No head is as long as that: they are bounded long before.
pub(super) fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl Headers {
    pub(super) fn lines(&self) -> Lines<'_> {
        let Some((places, text)) = self.text.split_at_checked(self.places_len()) else { return Lines::default() };
        let (places, _) = places.as_bytes().as_chunks();
        let (known, lengths) = match self.beside.as_deref() {
            None => ("", None),
            Some(Beside::Known(known)) => (&**known, None),
            Some(Beside::Lengths(lengths)) => ("", Some(lengths.iter())),
        };
        Lines { text, known, places: places.iter(), lengths, at: 0 }
    }

    /// How much of the text tells where the lines begin.
    pub(super) fn places_len(&self) -> usize {
        self.len as usize * PLACE
    }
}

/// Header lines from one of them on.
#[derive(Clone, Default)]
pub(super) struct Lines<'a> {
    text: &'a str,
    known: &'a str,
    places: slice::Iter<'a, Place>,
    lengths: Option<slice::Iter<'a, Lengths>>,
    /// Where the next line begins, where its length is to be asked.
    at: usize,
}

impl<'a> Lines<'a> {
    /// The value of the next line with that name, whose tag this is.
    pub(super) fn next_called(&mut self, name: &str, tag: u8) -> Option<&'a str> {
        if self.lengths.is_some() {
            return self.find(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value);
        }
        loop {
            let place = self.places.find(|[its_tag, ..]| *its_tag == tag)?;
            let line = self.line_at(*place)?;
            let is_called = line.as_bytes().get(name.len()) == Some(&b':')
                && line.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
            if is_called {
                return line.get(name.len() + BEHIND_NAME.len()..);
            }
        }
    }

    /// How long the lines are that are kept among the known ones, with their ends.
    pub(super) fn known_len(&self) -> usize {
        let known = self.places.clone().filter(|place| start(**place) >= KNOWN);
        let lens = known.filter_map(|place| measured(*place).or_else(|| self.line_at(*place).map(str::len)));
        lens.map(|len| len + BEHIND_VALUE.len()).sum()
    }

    /// The line that begins there, without its end.
    fn line_at(&self, place: Place) -> Option<&'a str> {
        let start = start(place);
        let (text, start) = if start < KNOWN { (self.text, start) } else { (self.known, start - KNOWN) };
        if let Some(len) = measured(place) {
            return text.get(start..start + len);
        }
        let line = text.get(start..)?;
        line.get(..memchr(b'\n', line.as_bytes())?.checked_sub(1)?)
    }

    fn take(&mut self, len: usize) -> &'a str {
        let from = self.at;
        self.at += len;
        self.text.get(from..self.at).unwrap_or_default()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        let place = *self.places.next()?;
        let Some(lengths) = &mut self.lengths else {
            let line = self.line_at(place)?;
            let (name, rest) = line.split_at_checked(memchr(b':', line.as_bytes())?)?;
            return Some(Header { name, value: rest.get(BEHIND_NAME.len()..)? });
        };
        let Lengths { name, value } = *lengths.next()?;
        let name = self.take(name as usize);
        self.take(BEHIND_NAME.len());
        let value = self.take(value as usize);
        self.take(BEHIND_VALUE.len());
        Some(Header { name, value })
    }
}
