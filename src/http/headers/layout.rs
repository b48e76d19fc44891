//! Where the values of a head's lines lie.

use std::ops::Range;

/// How a line ends.
pub(super) const LINE_END: &[u8] = b"\r\n";

/// A value in a text: in that of its head, or among those that many heads hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) start: u32,
    pub(super) len: u32,
    /// It is among those that many heads hold.
    pub(super) is_known: bool,
}

/// Bytes of a place, where no value is long; where some are.
const NARROW: usize = 5;
const WIDE: usize = 10;

/// Bits of a byte that is ASCII: places are of such bytes, so that they can stand in a text.
const BITS: u32 = 7;
const ASCII: u64 = (1 << BITS) - 1;

/// Bits that tell the beginning of a value, behind which one tells in which text.
const NARROW_START: u32 = 3 * BITS - 1;
const WIDE_START: u32 = 5 * BITS - 1;

/// Bits that tell the length of a value.
const NARROW_LEN: u32 = 2 * BITS;

/// How many bytes so many places take.
pub(super) fn room(lines: usize, is_wide: bool) -> usize {
    lines * if is_wide { WIDE } else { NARROW }
}

impl Place {
    /// Where it is in a text of values.
    pub(super) fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.len as usize
    }

    /// Whether it can be told in few bytes.
    pub(super) fn is_narrow(self) -> bool {
        self.start >> NARROW_START == 0 && self.len >> NARROW_LEN == 0
    }

    /// Writes them behind what is there.
    pub(super) fn write_all(places: &[Self], is_wide: bool, to: &mut Vec<u8>) {
        if is_wide {
            to.extend(places.iter().flat_map(|place| place.as_wide()));
            return;
        }
        let before = to.len();
        to.resize(before + room(places.len(), false), 0);
        let (chunks, _) = to.get_mut(before..).unwrap_or_default().as_chunks_mut();
        chunks.iter_mut().zip(places).for_each(|(chunk, place)| *chunk = place.as_narrow());
    }

    fn as_narrow(self) -> [u8; NARROW] {
        let start = u64::from(self.start) | u64::from(self.is_known) << NARROW_START;
        let len = u64::from(self.len);
        [bits(start, 0), bits(start, 1), bits(start, 2), bits(len, 0), bits(len, 1)]
    }

    fn as_wide(self) -> [u8; WIDE] {
        let start = u64::from(self.start) | u64::from(self.is_known) << WIDE_START;
        std::array::from_fn(|at| match at.checked_sub(WIDE / 2) {
            None => bits(start, at),
            Some(at) => bits(self.len.into(), at),
        })
    }

    /// Reads one of those that end a text, of so many lines.
    #[inline]
    pub(super) fn read(text: &[u8], lines: usize, at: usize, is_wide: bool) -> Option<Self> {
        let bytes = text.get(text.len().checked_sub(room(lines.checked_sub(at)?, is_wide))?..)?;
        if is_wide {
            return Some(Self::of_wide(bytes.first_chunk()?));
        }
        let [low, middle, high, short, long] = bytes.first_chunk::<NARROW>()?.map(u32::from);
        let start = low | middle << BITS | high << (2 * BITS);
        let is_known = start >> NARROW_START != 0;
        Some(Self { start: start & ((1 << NARROW_START) - 1), len: short | long << BITS, is_known })
    }

    fn of_wide(bytes: &[u8; WIDE]) -> Self {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |number, &byte| number << BITS | u64::from(byte));
        let (start, len) = bytes.split_at(WIDE / 2);
        let start = number(start);
        #[expect(clippy::cast_possible_truncation, reason = "as it was written")]
        let (place, len) = (start as u32, number(len) as u32);
        Self { start: place, len, is_known: start >> WIDE_START != 0 }
    }
}

/// No head is as long as that: they are bounded long before.
pub(super) fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// The seven bits of a number that stand at that place.
fn bits(of: u64, at: usize) -> u8 {
    let [low, ..] = (of >> (BITS as usize * at) & ASCII).to_le_bytes();
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_were_written() {
        let all =
            [(0, 0), (1, 127), (300, 16_383), ((1 << 20) - 1, 1), (1 << 20, 1), (5, 16_384), (u32::MAX, u32::MAX)];
        for place in all.map(|(start, len)| [false, true].map(|is_known| Place { start, len, is_known })).concat() {
            for is_wide in [true, false].into_iter().filter(|is_wide| *is_wide || place.is_narrow()) {
                let mut text = b"value".to_vec();
                Place::write_all(&[place, place], is_wide, &mut text);
                assert!(text.is_ascii());
                assert_eq!(text.len(), "value".len() + room(2, is_wide));
                assert_eq!([0, 1].map(|at| Place::read(&text, 2, at, is_wide)), [Some(place); 2]);
            }
        }
        assert!(Place { start: (1 << 20) - 1, len: 16_383, is_known: true }.is_narrow());
        assert!(!Place { start: 1 << 20, len: 0, is_known: true }.is_narrow());
    }
}
