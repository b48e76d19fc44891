//! IP fragments to whole datagrams.
//!
//! The rules of [`super`] hold here too: the first copy of a byte wins, and what the snapshot length
//! cut off is known to be missing.

use std::collections::{HashMap, VecDeque};

use super::twice::MAX_DELAY;
use crate::wire::Moment;
use crate::wire::link::{DatagramId, Fragment};

/// Datagrams of which pieces are kept. Only tunnels with a wrong MTU send many, and of those a
/// capture has few incomplete at any time.
pub const MAX_DATAGRAMS: usize = 1024;

/// Bytes that the pieces of all datagrams may take: 256 of the longest.
pub const MAX_FRAGMENT_BYTES: usize = 16 << 20;

/// How long the rest of a datagram is waited for, in nanoseconds of packet time. Its pieces leave
/// the sender back to back. Receivers wait longer, but they verify checksums: here a piece must not
/// wait until the sender uses the same identification again (RFC 4963).
pub const MAX_FRAGMENT_WAIT: i128 = 2_000_000_000;

/// The most that a datagram can hold.
const LONGEST: usize = 65_535;

/// A datagram put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Which it is.
    pub id: DatagramId,
    /// Its bytes up to the first that was not captured.
    pub data: Vec<u8>,
    /// How many bytes more it had.
    pub missing: usize,
}

/// All datagrams of one capture that are incomplete.
#[derive(Debug, Default)]
pub struct Fragments {
    open: HashMap<DatagramId, Pieces>,
    /// The oldest first; one that is complete or was given up may still be named here.
    order: VecDeque<(DatagramId, Moment)>,
    /// Bytes of all pieces.
    bytes: usize,
    given_up: u64,
}

impl Fragments {
    /// Takes the next fragment, and hands out its datagram if that is complete now.
    pub fn push(&mut self, fragment: &Fragment<'_>, time: Moment) -> Option<Datagram> {
        self.forget(time);
        let id = fragment.datagram;
        let pieces = self.open.entry(id).or_insert_with(|| {
            self.order.push_back((id, time));
            Pieces::since(time)
        });
        if pieces.is_complete && age(pieces.since, time).abs() > MAX_DELAY {
            // The number has come round again.
            *pieces = Pieces::since(time);
            self.order.push_back((id, time));
        }
        let before = pieces.bytes.len();
        let whole = pieces.add(fragment);
        self.bytes += pieces.bytes.len();
        self.bytes -= before;
        let (data, missing) = whole?;
        Some(Datagram { id, data, missing })
    }

    /// Fragments that are of no use, since others never came.
    #[must_use]
    pub fn given_up(&self) -> u64 {
        self.given_up + self.open.values().map(Pieces::waiting).sum::<u64>()
    }

    /// Forgets what has waited for too long, or takes too much room.
    fn forget(&mut self, now: Moment) {
        while let Some(&(id, since)) = self.order.front() {
            let is_full = self.open.len() >= MAX_DATAGRAMS || self.bytes > MAX_FRAGMENT_BYTES;
            if !is_full && age(since, now).abs() <= MAX_FRAGMENT_WAIT {
                return;
            }
            self.order.pop_front();
            if self.open.get(&id).is_some_and(|pieces| pieces.since == since)
                && let Some(pieces) = self.open.remove(&id)
            {
                self.bytes -= pieces.bytes.len();
                self.given_up += pieces.waiting();
            }
        }
    }
}

fn age(since: Moment, now: Moment) -> i128 {
    now.nanoseconds().saturating_sub(since.nanoseconds())
}

/// What is there of one datagram.
#[derive(Debug)]
struct Pieces {
    since: Moment,
    fragments: u64,
    /// Of the whole datagram as far as it goes; means something only where it is captured.
    bytes: Vec<u8>,
    captured: Ranges,
    /// Captured, or cut off by the snapshot length.
    sent: Ranges,
    /// The length of the whole, once its last fragment was seen.
    len: Option<usize>,
    /// It was handed out: what still comes of it was captured twice.
    is_complete: bool,
}

impl Pieces {
    fn since(since: Moment) -> Self {
        let (captured, sent) = (Ranges::default(), Ranges::default());
        Self { since, fragments: 0, bytes: Vec::new(), captured, sent, len: None, is_complete: false }
    }

    fn waiting(&self) -> u64 {
        if self.is_complete { 0 } else { self.fragments }
    }

    /// The whole, once nothing is missing of it that can still come: what was captured of it up to
    /// the first hole, and how much more there was.
    fn add(&mut self, fragment: &Fragment<'_>) -> Option<(Vec<u8>, usize)> {
        let Fragment { offset, data, missing, .. } = *fragment;
        let end = offset + data.len() + missing;
        if self.is_complete || end > LONGEST {
            return None;
        }
        self.fragments += 1;
        if fragment.is_last {
            self.len.get_or_insert(end);
        }
        let captured_end = offset + data.len();
        if self.bytes.len() < captured_end {
            self.bytes.resize(captured_end, 0);
        }
        for (start, end) in self.captured.add(offset, captured_end) {
            let from = data.get(start - offset..end - offset).unwrap_or_default();
            self.bytes.get_mut(start..end).unwrap_or_default().copy_from_slice(from);
        }
        self.sent.add(offset, end);
        let len = self.len.filter(|len| self.sent.first_hole() >= *len)?;
        self.is_complete = true;
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.truncate(self.captured.first_hole().min(len));
        let missing = len - bytes.len();
        Some((bytes, missing))
    }
}

/// Ranges in order, none of which touch.
#[derive(Debug, Default)]
struct Ranges(Vec<(usize, usize)>);

impl Ranges {
    /// Adds a range, and returns the parts of it that were not there before.
    fn add(&mut self, start: usize, end: usize) -> Vec<(usize, usize)> {
        let first = self.0.partition_point(|range| range.1 < start);
        let behind = self.0.partition_point(|range| range.0 <= end);
        let touched: Vec<_> = self.0.get(first..behind).unwrap_or_default().to_vec();
        let mut new = Vec::new();
        let mut at = start;
        for range in &touched {
            if at < range.0 {
                new.push((at, range.0));
            }
            at = at.max(range.1);
        }
        if at < end {
            new.push((at, end));
        }
        if start < end {
            let start = touched.first().map_or(start, |range| range.0.min(start));
            self.0.splice(first..behind, [(start, at.max(end))]);
        }
        new
    }

    /// Up to where nothing is missing.
    fn first_hole(&self) -> usize {
        self.0.first().filter(|range| range.0 == 0).map_or(0, |range| range.1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use proptest::prelude::*;

    use super::*;

    fn id(identification: u32) -> DatagramId {
        let [source, destination] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        DatagramId { source, destination, identification, protocol: 17 }
    }

    fn at(milliseconds: i128) -> Moment {
        Moment::from_nanoseconds(milliseconds * 1_000_000, 6)
    }

    fn piece(whole: &[u8], start: usize, end: usize) -> Fragment<'_> {
        let end = end.min(whole.len());
        Fragment { datagram: id(7), offset: start, is_last: end == whole.len(), data: &whole[start..end], missing: 0 }
    }

    #[test]
    fn pieces_make_a_whole_in_any_order() {
        let whole: Vec<u8> = (0..40).collect();
        for order in [[0, 16, 32], [32, 16, 0], [16, 0, 32]] {
            let mut fragments = Fragments::default();
            let mut came: Vec<_> =
                order.map(|start| fragments.push(&piece(&whole, start, start + 16), at(0))).into_iter().collect();
            assert_eq!(came.pop().unwrap(), Some(Datagram { id: id(7), data: whole.clone(), missing: 0 }));
            assert_eq!(came, [None, None]);
            assert_eq!((fragments.bytes, fragments.given_up()), (0, 0));
        }
    }

    #[test]
    fn the_first_copy_of_a_byte_wins() {
        let (whole, other) = ([1; 40], [2; 40]);
        let mut fragments = Fragments::default();
        assert_eq!(fragments.push(&piece(&whole, 8, 24), at(0)), None);
        assert_eq!(fragments.push(&piece(&other, 0, 16), at(0)), None);
        let data = fragments.push(&piece(&other, 16, 40), at(0)).unwrap().data;
        assert_eq!(data, [[2; 8].as_slice(), &[1; 16], &[2; 16]].concat());
    }

    #[test]
    fn what_was_cut_off_is_missing_from_there_on() {
        let whole = [1; 40];
        let mut cut = piece(&whole, 0, 16);
        (cut.data, cut.missing) = (&whole[..10], 6);
        let mut fragments = Fragments::default();
        assert_eq!(fragments.push(&cut, at(0)), None);
        let got = fragments.push(&piece(&whole, 16, 40), at(0)).unwrap();
        assert_eq!((got.data.len(), got.missing), (10, 30));
        assert_eq!(fragments.bytes, 0);
    }

    #[test]
    fn a_datagram_captured_twice_is_handed_out_once() {
        let whole = [1; 40];
        let mut fragments = Fragments::default();
        let mut come = 0;
        for start in [0, 0, 16, 16, 32, 32] {
            come += usize::from(fragments.push(&piece(&whole, start, start + 16), at(0)).is_some());
        }
        assert_eq!((come, fragments.given_up()), (1, 0));
        // The same number, later: another datagram.
        assert_eq!(fragments.push(&piece(&whole, 0, 16), at(500)), None);
        assert!(fragments.push(&piece(&whole, 16, 40), at(500)).is_some());
    }

    #[test]
    fn what_never_becomes_whole_is_given_up() {
        let whole = [1; 40];
        let mut fragments = Fragments::default();
        fragments.push(&piece(&whole, 0, 16), at(0));
        assert_eq!(fragments.given_up(), 1);
        assert_eq!(fragments.push(&piece(&whole, 16, 40), at(2_001)), None);
        assert_eq!(fragments.given_up(), 2);
        assert_eq!(fragments.bytes, 40);
    }

    #[test]
    fn what_waits_is_bounded() {
        let whole = vec![1; 60_000];
        let mut fragments = Fragments::default();
        for number in 0..10_000 {
            let far = Fragment { datagram: id(number), ..piece(&whole, 59_000, 59_008) };
            fragments.push(&far, at(0));
            assert!(fragments.open.len() <= MAX_DATAGRAMS);
            assert!(fragments.bytes <= MAX_FRAGMENT_BYTES + LONGEST);
        }
        assert_eq!(fragments.given_up(), 10_000);
        let beyond = Fragment { offset: 65_528, ..piece(&whole, 0, 16) };
        assert_eq!(Fragments::default().push(&beyond, at(0)), None);
    }

    proptest! {
        #[test]
        fn whatever_the_pieces_nothing_is_made_up(
            cuts in proptest::collection::vec((0_usize..64, 1_usize..32, 0_usize..8), 1..40),
        ) {
            let whole: Vec<u8> = (0..200).collect();
            let mut fragments = Fragments::default();
            for (start, len, missing) in cuts {
                let mut piece = piece(&whole, start, start + len);
                piece.missing = missing.min(piece.data.len());
                piece.data = &piece.data[..piece.data.len() - piece.missing];
                piece.is_last |= start + len > 80;
                if let Some(got) = fragments.push(&piece, at(0)) {
                    prop_assert!(whole.starts_with(&got.data));
                }
            }
        }
    }
}
