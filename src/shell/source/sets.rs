//! Which of the files named are one capture, written to one file after the other (`tcpdump -C`,
//! `-G`), so that a connection may begin in one of them and end in the next.
//!
//! Files whose packets do not overlap in time and have one link type are taken for that. If they
//! are not, little is lost: what joins them is addresses, ports and sequence numbers. Files that
//! overlap were captured at two places and are read each for itself.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};

use corscope::wire::capture::Reader;
use corscope::wire::{LinkType, Moment};

use super::input::{Input, Manner};

/// How much of a file's beginning and of its end is looked at.
const PEEK: usize = 256 << 10;

/// By how much the first packet of a file may seem earlier than the last of the file before it, in
/// nanoseconds: the processors that capture do not wait for each other.
const SLACK: i128 = 1_000_000;

/// One of the files named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which of them.
    pub(super) at: usize,
    span: Option<Span>,
}

/// What a look at a capture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    link: LinkType,
    first: Moment,
    /// `None` where the end cannot be looked at: the file is compressed, and too long to be read for this.
    last: Option<Moment>,
}

impl Place {
    /// Whether the capture goes on in this file, which had its latest packet at `latest`.
    pub(super) fn goes_on_after(&self, latest: Option<Moment>) -> bool {
        match (self.span, latest) {
            (Some(span), Some(latest)) => is_after(span.first, latest),
            _ => false,
        }
    }
}

/// Puts the files of one capture together, in order of time.
pub(super) fn in_sets(names: &[OsString]) -> Vec<Vec<Place>> {
    let several = names.len() > 1;
    let places =
        names.iter().enumerate().map(|(at, name)| Place { at, span: several.then(|| look_at(name)).flatten() });
    let names: Vec<String> = names.iter().map(|name| without_digits(name)).collect();
    joined(places.collect(), &names)
}

fn joined(mut places: Vec<Place>, patterns: &[String]) -> Vec<Vec<Place>> {
    places.sort_by_key(|place| place.span.map(|span| span.first));
    let mut sets: Vec<Vec<Place>> = Vec::new();
    for place in places {
        // Best the one whose files are called alike, then the one that ended last.
        let fitting = sets.iter_mut().filter(|set| set.last().is_some_and(|last| is_next(last, &place)));
        let best = fitting.max_by_key(|set| {
            let last = set.last();
            let is_alike = last.is_some_and(|last| patterns.get(last.at) == patterns.get(place.at));
            (is_alike, last.and_then(|last| last.span).and_then(|span| span.last))
        });
        match best {
            Some(set) => set.push(place),
            None => sets.push(vec![place]),
        }
    }
    sets
}

fn is_next(before: &Place, place: &Place) -> bool {
    match (before.span, place.span) {
        (Some(before), Some(span)) => {
            before.link == span.link && before.last.is_none_or(|last| is_after(span.first, last))
        }
        _ => false,
    }
}

fn is_after(first: Moment, last: Moment) -> bool {
    first.nanoseconds() + SLACK >= last.nanoseconds()
}

/// What the files of a set have in common: their names without the numbers.
fn without_digits(name: &OsStr) -> String {
    name.to_string_lossy().chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

/// The first packet of a capture, and the last where that can be found without reading all of it.
fn look_at(name: &OsStr) -> Option<Span> {
    if !fs::metadata(name).is_ok_and(|file| file.is_file()) {
        return None;
    }
    let mut beginning = Vec::new();
    Input::open(name, &Manner::default()).ok()?.bytes.take(PEEK as u64).read_to_end(&mut beginning).ok()?;
    let mut reader = Reader::new();
    let (mut first, mut last) = (None, None);
    // A file of one packet tells how that is written only by ending behind it.
    let is_all = beginning.len() < PEEK;
    let consumed = reader.push(&beginning, is_all, &mut |packet| {
        first.get_or_insert((packet.link, packet.time));
        last = last.max(Some(packet.time));
    });
    let (link, first) = consumed.ok().and(first)?;
    if is_all {
        return Some(Span { link, first, last });
    }
    // Those of the beginning tell nothing of the end.
    last = None;
    let mut file = File::open(name).ok()?;
    let mut start = [0; 4];
    file.read_exact(&mut start).ok()?;
    if beginning.starts_with(&start) {
        // To the reader it is a file with a stretch missing: it finds the next packet by itself.
        let end = file.metadata().ok()?.len().saturating_sub(PEEK as u64);
        file.seek(SeekFrom::Start(end)).ok()?;
        let mut ending = Vec::new();
        file.read_to_end(&mut ending).ok()?;
        reader.push(&ending, true, &mut |packet| last = last.max(Some(packet.time))).ok()?;
    }
    Some(Span { link, first, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(at: usize, seconds: Option<(i128, i128)>) -> Place {
        let moment = |seconds: i128| Moment::from_nanoseconds(seconds * 1_000_000_000, 6);
        let span =
            seconds.map(|(first, last)| Span { link: LinkType(1), first: moment(first), last: Some(moment(last)) });
        Place { at, span }
    }

    fn sets(places: &[Place], names: &[&str]) -> Vec<Vec<usize>> {
        let patterns: Vec<String> = names.iter().map(|name| without_digits(OsStr::new(name))).collect();
        let sets = joined(places.to_vec(), &patterns);
        let mut numbers: Vec<Vec<usize>> = sets.iter().map(|set| set.iter().map(|place| place.at).collect()).collect();
        numbers.sort();
        numbers
    }

    #[test]
    fn files_that_follow_each_other_are_one_capture() {
        let places = [place(0, Some((20, 30))), place(1, Some((0, 10))), place(2, Some((10, 20)))];
        assert_eq!(sets(&places, &["x2", "x0", "x1"]), [[1, 2, 0]]);
    }

    #[test]
    fn files_that_overlap_are_captures_of_their_own() {
        let places = [place(0, Some((0, 10))), place(1, Some((1, 9))), place(2, None)];
        assert_eq!(sets(&places, &["a", "b", "-"]), [[0], [1], [2]]);
    }

    #[test]
    fn two_captures_in_several_files_are_told_apart() {
        let places =
            [place(0, Some((0, 10))), place(1, Some((0, 9))), place(2, Some((10, 20))), place(3, Some((11, 19)))];
        let names = ["client0.pcap", "backend0.pcap", "client1.pcap", "backend1.pcap"];
        assert_eq!(sets(&places, &names), [[0, 2], [1, 3]]);
    }

    #[test]
    fn the_end_that_was_read_decides() {
        let next = place(1, Some((10, 20)));
        let at = |nanoseconds| Some(Moment::from_nanoseconds(nanoseconds, 6));
        assert!(next.goes_on_after(at(10_000_000_000)));
        assert!(next.goes_on_after(at(10_001_000_000)));
        assert!(!next.goes_on_after(at(10_001_000_001)));
        assert!(!next.goes_on_after(None));
    }
}
