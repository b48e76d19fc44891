//! Header values that come up in many heads, each kept once.
//!
//! A browser, a load balancer and a server write most of their values into every message. What came up twice is
//! known from then on, and the heads behind it refer to it.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::layout::{LINE_END, Place, length};

/// Bytes of values that are known at once: those of some hundred browsers and some servers.
const MAX_KNOWN: usize = 256 << 10;

/// Values that are remembered after they came up once, to see them come up again. A power of two.
const MAX_MET: usize = 1024;

/// Bytes of new values that make it worth to write all of them down anew, at least.
const MIN_LEARNED: usize = 256;

/// Values of one line that were not known, one after the other: then nobody looks for the next ones.
const MAX_MISSES: u16 = 2048;

/// The longest value that is guessed.
const MAX_GUESS: usize = 512;

/// Values that are known.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// What heads may refer to. Heads hold on to it, so it is replaced as a whole.
    values: Arc<Box<str>>,
    /// The same, and behind it what came up since.
    draft: Vec<u8>,
    /// Where in the draft values lie, by their hash.
    places: HashMap<u64, Place, BuildHasherDefault<Unchanged>>,
    /// Hashes of values that came up once, each where its last bits say.
    met: Vec<u64>,
    /// Bytes of values that there was no room for.
    refused: usize,
    hashes: RandomState,
}

/// What a value may be: what it was in the head before.
#[derive(Clone, Debug, Default)]
pub(super) struct Guess {
    /// The value and its line end; empty where there is no guess.
    end: Vec<u8>,
    /// Where the value lies in [`Known::values`].
    place: Option<Place>,
    /// How many values were not known since one was.
    misses: u16,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            values: Arc::default(),
            draft: Vec::new(),
            places: HashMap::default(),
            met: vec![0; MAX_MET],
            refused: 0,
            hashes: RandomState::default(),
        }
    }
}

impl Guess {
    /// Where the value lies with which a line ends, if it is the guessed one.
    pub(super) fn is_right(&self, line: &[u8]) -> Option<Place> {
        self.place.filter(|_| line.starts_with(&self.end))
    }

    fn confirm(&mut self, value: &[u8], place: Place) {
        self.misses = 0;
        self.place = (value.len() <= MAX_GUESS).then_some(place);
        self.end.clear();
        if self.place.is_some() {
            self.end.extend_from_slice(value);
            self.end.extend_from_slice(LINE_END);
        }
    }
}

impl Known {
    /// What the heads refer to that are read now.
    pub(super) fn values(&self) -> Arc<Box<str>> {
        Arc::clone(&self.values)
    }

    /// Where the value lies in [`Known::values`], if it is known; it is the guess from then on.
    pub(super) fn find(&mut self, value: &[u8], guess: &mut Guess) -> Option<Place> {
        if guess.misses == MAX_MISSES || value.is_empty() {
            return None;
        }
        let hash = self.hashes.hash_one(value);
        let Some(&place) = self.places.get(&hash) else {
            guess.misses += 1;
            self.meet(hash, value);
            return None;
        };
        let is_known = place.range().end <= self.values.len() && self.at(place) == Some(value);
        if !is_known {
            return None;
        }
        guess.confirm(value, place);
        Some(place)
    }

    fn at(&self, place: Place) -> Option<&[u8]> {
        self.draft.get(place.range())
    }

    /// Takes note of a value that is not known.
    fn meet(&mut self, hash: u64, value: &[u8]) {
        #[expect(clippy::cast_possible_truncation, reason = "the last bits")]
        let Some(met) = self.met.get_mut(hash as usize % MAX_MET) else { return };
        if *met != hash {
            *met = hash;
        } else if self.draft.len() + value.len() > MAX_KNOWN {
            self.refused += value.len();
        } else {
            self.places
                .insert(hash, Place { start: length(self.draft.len()), len: length(value.len()), is_known: true });
            self.draft.extend_from_slice(value);
        }
    }

    /// Makes known what came up again, once it is enough: between two heads. Says whether all was forgotten
    /// instead, since others write by now.
    pub(super) fn learn(&mut self) -> bool {
        let is_full = self.refused > MAX_KNOWN;
        if is_full {
            *self = Self::default();
        } else if self.draft.len() - self.values.len() > self.values.len() / 2 + MIN_LEARNED {
            // It is made of texts.
            self.values = Arc::new(str::from_utf8(&self.draft).unwrap_or_default().into());
        }
        is_full
    }
}

/// Takes a hash for what it is.
#[derive(Debug, Default)]
struct Unchanged(u64);

impl Hasher for Unchanged {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, &byte| hash.rotate_left(8) ^ u64::from(byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(number: usize) -> String {
        format!("{number:0>600}")
    }

    /// Finds the value in so many heads that hold nothing else.
    fn find(known: &mut Known, value: &str, heads: usize) -> Option<usize> {
        let guess = &mut Guess::default();
        for _ in 1..heads {
            known.find(value.as_bytes(), guess);
            known.learn();
        }
        known.find(value.as_bytes(), guess).map(|place| place.range().start)
    }

    #[test]
    fn what_came_up_twice_is_known() {
        let mut known = Known::default();
        assert_eq!(find(&mut known, &value(1), 2), None);
        known.learn();
        assert_eq!(find(&mut known, &value(1), 1), Some(0));
        assert_eq!(find(&mut known, &value(2), 3), Some(value(1).len()));
        assert_eq!(find(&mut known, &value(1), 1), Some(0));
    }

    #[test]
    fn what_only_begins_alike_is_another_value() {
        let mut known = Known::default();
        find(&mut known, &value(1), 3);
        assert_eq!(find(&mut known, &value(1)[..100], 1), None);
        assert_eq!(find(&mut known, &format!("{}1", value(1)), 1), None);
    }

    #[test]
    fn a_guess_is_right_where_the_whole_value_is() {
        let mut known = Known::default();
        let short = &value(1)[..300];
        find(&mut known, short, 3);
        let mut guess = Guess::default();
        let place = known.find(short.as_bytes(), &mut guess);
        let guessed = |behind: &str| guess.is_right(format!("{short}{behind}").as_bytes());
        assert!(place.is_some());
        assert_eq!(guessed("\r\nHost: a\r\n\r\n"), place);
        assert_eq!((guessed("1\r\n"), guessed("\n"), guessed("")), (None, None, None));
        assert_eq!(guess.is_right(b"0\r\n"), None);
    }

    #[test]
    fn values_that_never_come_up_again_are_not_looked_for() {
        let mut known = Known::default();
        find(&mut known, &value(0), 3);
        let guess = &mut Guess::default();
        assert!((1..usize::from(MAX_MISSES) + 2).all(|number| known.find(value(number).as_bytes(), guess).is_none()));
        assert_eq!(known.find(value(0).as_bytes(), guess), None);
        assert_eq!(find(&mut known, &value(0), 1), Some(0));
    }

    #[test]
    fn what_is_known_is_bounded_and_forgotten_for_what_is_written_later() {
        let mut known = Known::default();
        let most = MAX_KNOWN / value(0).len();
        for number in 0..most {
            find(&mut known, &value(number), 2);
            known.learn();
        }
        assert!(known.values.len() > MAX_KNOWN / 2 && find(&mut known, &value(0), 1).is_some());
        let forgotten = (most..4 * most).find(|number| {
            find(&mut known, &value(*number), 4);
            assert!(known.draft.len() <= MAX_KNOWN);
            find(&mut known, &value(0), 1).is_none()
        });
        assert!(forgotten.is_some() && find(&mut known, &value(4 * most), 3).is_some());
    }
}
