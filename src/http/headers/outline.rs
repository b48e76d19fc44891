//! Which lines a head has, in which order: the same in many heads, so that it is kept once for all of them.

/// What stands between a name and its value.
pub(super) const BEHIND_NAME: &str = ": ";

/// The names of a head's lines.
#[derive(Debug)]
pub(super) struct Outline {
    /// Each as it was sent, one after the other.
    names: Box<str>,
    lines: Box<[Name]>,
    /// Where it is of many heads.
    index: Option<Box<Index>>,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    start: u32,
    end: u32,
    tag: u8,
}

/// What makes names quick to find.
#[derive(Debug)]
struct Index {
    /// The first line with each tag, or [`NONE`]: what is looked for in a head is mostly not there, and this tells so
    /// without a look at the lines.
    first: [u8; TAGS],
    /// Which tags several lines have.
    repeated: u128,
    /// All names in lower case, as they are looked for nearly always.
    names: Box<[u8]>,
}

const TAGS: usize = 128;

const NONE: u8 = u8::MAX;

impl Outline {
    /// `ends` is where in `names` each of them ends.
    pub(super) fn new(names: &str, ends: &[u32]) -> Self {
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let tag_of = |start: u32, end: u32| tag(names.get(start as usize..end as usize).unwrap_or_default());
        let lines = starts.zip(ends).map(|(start, &end)| Name { start, end, tag: tag_of(start, end) });
        Self { names: names.into(), lines: lines.collect(), index: None }
    }

    /// The same, for many heads.
    pub(super) fn indexed(self) -> Self {
        let (mut first, mut repeated) = ([NONE; TAGS], 0);
        for (at, line) in self.lines.iter().enumerate().rev() {
            if let Some(first) = first.get_mut(usize::from(line.tag)) {
                repeated |= u128::from(*first != NONE) << line.tag;
                // One that is too far back to be told is looked for from the last that can be.
                *first = u8::try_from(at).unwrap_or(NONE - 1).min(NONE - 1);
            }
        }
        let names = self.names.to_ascii_lowercase().into_bytes().into();
        Self { index: Some(Box::new(Index { first, repeated, names })), ..self }
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// All names, one after the other.
    pub(super) fn names(&self) -> &str {
        &self.names
    }

    /// The bytes of memory that it takes if it is of one head.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.names.len() + size_of_val(&*self.lines)
    }

    /// The bytes of memory that it takes if it is of many.
    pub(super) fn memory_of_many(&self) -> usize {
        self.memory() + size_of::<Index>() + self.names.len()
    }

    /// The name of a line.
    pub(super) fn name(&self, at: usize) -> Option<&str> {
        self.lines.get(at)?.of(&self.names)
    }

    /// The first line with that name, whose tag this is, letter case aside.
    #[inline]
    pub(super) fn first(&self, name: &str, tag: u8) -> Option<usize> {
        let from = self.index.as_ref().map_or(Some(0), |index| index.first.get(usize::from(tag)).copied())?;
        if from == NONE { None } else { self.find(name, tag, usize::from(from)) }
    }

    /// As [`Outline::first`], of those behind that line, which is one of them.
    #[inline]
    pub(super) fn next(&self, name: &str, tag: u8, behind: usize) -> Option<usize> {
        let is_repeated = self.index.as_ref().is_none_or(|index| index.repeated >> tag & 1 == 1);
        if is_repeated { self.find(name, tag, behind + 1) } else { None }
    }

    fn find(&self, name: &str, tag: u8, from: usize) -> Option<usize> {
        let is_called = |line: &Name| line.tag == tag && self.is_called(line, name);
        self.lines.get(from..)?.iter().position(is_called).map(|at| from + at)
    }

    fn is_called(&self, line: &Name, name: &str) -> bool {
        let name = name.as_bytes();
        let lower_case = self.index.as_ref().and_then(|index| line.of_bytes(&index.names));
        lower_case == Some(name)
            || line.of_bytes(self.names.as_bytes()).is_some_and(|its| its.eq_ignore_ascii_case(name))
    }
}

impl Name {
    fn of(self, names: &str) -> Option<&str> {
        names.get(self.start as usize..self.end as usize)
    }

    fn of_bytes(self, names: &[u8]) -> Option<&[u8]> {
        names.get(self.start as usize..self.end as usize)
    }
}

/// In seven bits, the same for every letter case. Three letters and the length tell apart most of the names that are in use.
#[inline]
pub(super) fn tag(name: &str) -> u8 {
    let name = name.as_bytes();
    let letter = |at: usize| name.get(at).map_or(0, |byte| u32::from(byte | 0x20));
    let letters = letter(0) | letter(name.len() / 2) << 8 | letter(name.len().wrapping_sub(1)) << 16;
    #[expect(clippy::cast_possible_truncation, reason = "a header name is short, and the last bits do")]
    let len = name.len() as u32;
    let [.., tag] = ((letters | len << 24).wrapping_mul(0x9E37_79B1) >> 1).to_le_bytes();
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(names: &[&str]) -> Outline {
        let mut text = String::new();
        let ends: Vec<u32> = names
            .iter()
            .map(|name| {
                text.push_str(name);
                u32::try_from(text.len()).unwrap_or(u32::MAX)
            })
            .collect();
        Outline::new(&text, &ends)
    }

    fn all(outline: &Outline, name: &str) -> Vec<usize> {
        let tag = tag(name);
        std::iter::successors(outline.first(name, tag), |at| outline.next(name, tag, *at)).collect()
    }

    #[test]
    fn names_are_found_whatever_their_letters() {
        let names = ["Host", "x-a", "HOST", "", "X-A", "host"];
        for outline in [outline(&names), outline(&names).indexed()] {
            assert_eq!(all(&outline, "host"), [0, 2, 5]);
            assert_eq!(all(&outline, "X-a"), [1, 4]);
            assert_eq!(all(&outline, ""), [3]);
            assert!(all(&outline, "hos").is_empty());
            assert_eq!((outline.name(2), outline.name(6), outline.len()), (Some("HOST"), None, 6));
        }
    }

    #[test]
    fn names_with_the_same_tag_are_told_apart() {
        // They begin, are halved and end alike.
        let (one, other) = ("abcde", "axcye");
        assert_eq!(tag(one), tag(other));
        let outline = outline(&[one, other, other]).indexed();
        assert_eq!((all(&outline, one), all(&outline, other)), (vec![0], vec![1, 2]));
    }

    #[test]
    fn a_line_too_far_back_to_be_told_is_found() {
        let mut names = vec!["many"; usize::from(NONE) + 10];
        names.push("Last");
        let outline = outline(&names).indexed();
        assert_eq!(all(&outline, "last"), [usize::from(NONE) + 10]);
    }
}
