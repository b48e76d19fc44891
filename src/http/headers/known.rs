//! Header lines that come up in many heads, each kept once.
//!
//! A browser, a load balancer and a server write most of their lines into every message. What came up twice is
//! known from then on, and the heads behind it refer to it.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::layout::Beside;

/// Bytes of lines that are known at once: those of some hundred browsers and some servers.
const MAX_KNOWN: usize = 256 << 10;

/// Lines that are remembered after they came up once, to see them come up again. A power of two.
const MAX_MET: usize = 1024;

/// Bytes of new lines that make it worth to write all of them down anew, at least.
const MIN_LEARNED: usize = 256;

/// Lines that are known.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// What heads may refer to, the end of each line with it. Heads hold on to it, so it is replaced as a whole.
    lines: Arc<Beside>,
    /// How long that is.
    len: usize,
    /// The same, and behind it what came up since.
    draft: String,
    /// Where in the draft lines begin, by their hash.
    places: HashMap<u64, u32, BuildHasherDefault<Unchanged>>,
    /// Hashes of lines that came up once, each where its last bits say.
    met: Vec<u64>,
    /// Where the next line of a head would be, if it is the one that was learned behind the last.
    next: usize,
    /// Bytes of lines that there was no room for.
    refused: usize,
    hashes: RandomState,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            lines: Arc::new(Beside::Known(Box::default())),
            len: 0,
            draft: String::new(),
            places: HashMap::default(),
            met: vec![0; MAX_MET],
            next: 0,
            refused: 0,
            hashes: RandomState::default(),
        }
    }
}

impl Known {
    /// What the heads refer to that are read now.
    pub(super) fn lines(&self) -> Arc<Beside> {
        Arc::clone(&self.lines)
    }

    /// Where the line begins in [`Known::lines`], if it is known. It ends with its line end.
    pub(super) fn find(&mut self, line: &str) -> Option<usize> {
        let at = if self.is_at(self.next, line) { self.next } else { self.look_up(line)? };
        self.next = at + line.len();
        (self.next <= self.len).then_some(at)
    }

    fn look_up(&mut self, line: &str) -> Option<usize> {
        let hash = self.hashes.hash_one(line.as_bytes());
        let Some(&at) = self.places.get(&hash) else {
            self.meet(hash, line);
            return None;
        };
        Some(at as usize).filter(|at| self.is_at(*at, line))
    }

    fn is_at(&self, at: usize, line: &str) -> bool {
        self.draft.as_bytes().get(at..).is_some_and(|draft| draft.starts_with(line.as_bytes()))
    }

    /// Takes note of a line that is not known.
    fn meet(&mut self, hash: u64, line: &str) {
        #[expect(clippy::cast_possible_truncation, reason = "the last bits")]
        let Some(met) = self.met.get_mut(hash as usize % MAX_MET) else { return };
        if *met != hash {
            *met = hash;
        } else if self.draft.len() + line.len() > MAX_KNOWN {
            self.refused += line.len();
        } else if let Ok(at) = u32::try_from(self.draft.len()) {
            self.places.insert(hash, at);
            self.draft.push_str(line);
        }
    }

    /// Makes known what came up again, once it is enough: between two heads.
    pub(super) fn learn(&mut self) {
        self.next = 0;
        if self.refused > MAX_KNOWN {
            // Other lines are written by now.
            *self = Self::default();
        } else if self.draft.len() - self.len > self.len / 2 + MIN_LEARNED {
            self.lines = Arc::new(Beside::Known(self.draft.as_str().into()));
            self.len = self.draft.len();
        }
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

    fn line(number: usize) -> String {
        format!("X-Name: {number:0>600}\r\n")
    }

    /// Finds the line in so many heads that hold nothing else.
    fn find(known: &mut Known, line: &str, heads: usize) -> Option<usize> {
        for _ in 1..heads {
            known.find(line);
            known.learn();
        }
        known.find(line)
    }

    #[test]
    fn what_came_up_twice_is_known() {
        let mut known = Known::default();
        assert_eq!(find(&mut known, &line(1), 2), None);
        known.learn();
        assert_eq!(find(&mut known, &line(1), 1), Some(0));
        assert_eq!(find(&mut known, &line(2), 3), Some(line(1).len()));
        assert_eq!(find(&mut known, &line(1), 1), Some(0));
    }

    #[test]
    fn what_only_begins_alike_is_another_line() {
        let mut known = Known::default();
        find(&mut known, &line(1), 3);
        assert_eq!(find(&mut known, &line(1)[..100], 1), None);
        assert_eq!(find(&mut known, &format!("{}X-Name: 1\r\n", line(1)), 1), None);
    }

    #[test]
    fn what_is_known_is_bounded_and_forgotten_for_what_is_written_later() {
        let mut known = Known::default();
        let most = MAX_KNOWN / line(0).len();
        for number in 0..most {
            find(&mut known, &line(number), 2);
            known.learn();
        }
        assert!(known.len > MAX_KNOWN / 2 && find(&mut known, &line(0), 1).is_some());
        let forgotten = (most..4 * most).find(|number| {
            find(&mut known, &line(*number), 4);
            assert!(known.draft.len() <= MAX_KNOWN);
            find(&mut known, &line(0), 1).is_none()
        });
        assert!(forgotten.is_some() && find(&mut known, &line(4 * most), 3).is_some());
    }
}
