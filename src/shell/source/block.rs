//! Input in big blocks, counted.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use corscope::wire::capture::{Detected, detect};

/// How much is held as a rule: enough that the system calls cost nothing beside the reading, and little
/// enough that it stays in the processor's cache.
const HELD: usize = 256 << 10;

/// With less room than this behind what is held, what is held is moved to the front first.
const LEAST_READ: usize = 64 << 10;

/// As many bytes as are needed to tell what an input is.
const BEGINNING: usize = 4 << 10;

/// What became of what was handed out.
pub(super) struct Taken {
    /// How many of its bytes are done with.
    pub(super) bytes: usize,
    /// How many bytes have to be held the next time, the remaining ones counted.
    pub(super) needs: usize,
}

/// An input, of which the part that nobody has taken yet is held.
pub(super) struct Blocks {
    input: Box<dyn Read + Send>,
    /// Whoever was handed it may still be reading it: then it is left alone, and another is taken.
    buffer: Arc<Vec<u8>>,
    /// Those that were left alone.
    left: Vec<Arc<Vec<u8>>>,
    /// What was read and not taken, in `buffer`.
    held: Range<usize>,
    at_end: bool,
    /// Bytes read of this input.
    bytes: u64,
}

impl Blocks {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, buffer: Arc::new(vec![0; HELD]), left: Vec::new(), held: 0..0, at_end: false, bytes: 0 }
    }

    /// The first bytes, which stay held: as many as tell what it is.
    pub(super) fn begin(&mut self) -> io::Result<&[u8]> {
        let is_capture = |held: &[u8]| matches!(detect(held), Detected::Pcap | Detected::Pcapng);
        while self.held.len() < BEGINNING && !self.at_end && !is_capture(self.held()) {
            self.fill()?;
        }
        Ok(self.held())
    }

    /// Hands out what is held, the block that it lies in, which may be kept for as long as it is needed, and
    /// whether nothing comes after it, until the end or until nobody wants more (`None`); returns how many
    /// bytes there were.
    pub(super) fn each(mut self, mut take: impl FnMut(&[u8], &Arc<Vec<u8>>, bool) -> Option<Taken>) -> io::Result<u64> {
        let mut needs = 1;
        loop {
            while self.held.len() < needs && !self.at_end {
                self.fill()?;
            }
            let Some(taken) = take(self.held(), &self.buffer, self.at_end) else { return Ok(self.bytes) };
            self.held.start += taken.bytes.min(self.held.len());
            if self.at_end {
                return Ok(self.bytes);
            }
            needs = taken.needs.max(self.held.len() + 1);
        }
    }

    fn held(&self) -> &[u8] {
        self.buffer.get(self.held.clone()).unwrap_or_default()
    }

    fn fill(&mut self) -> io::Result<()> {
        self.make_room();
        let read = loop {
            let room = Arc::get_mut(&mut self.buffer).and_then(|buffer| buffer.get_mut(self.held.end..));
            match self.input.read(room.unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.held.end += read;
        self.at_end = read == 0;
        self.bytes += read as u64;
        Ok(())
    }

    /// Sees to it that there is a buffer of one's own with room behind what is held.
    fn make_room(&mut self) {
        if Arc::get_mut(&mut self.buffer).is_none() {
            self.move_on();
        }
        let Some(buffer) = Arc::get_mut(&mut self.buffer) else { return };
        if buffer.len() - self.held.end >= LEAST_READ {
            return;
        }
        buffer.copy_within(self.held.clone(), 0);
        self.held = 0..self.held.len();
        if buffer.len() - self.held.end < LEAST_READ {
            buffer.resize(buffer.len() * 2, 0);
        }
    }

    /// Takes another buffer, one that nobody reads any more if there is one, and takes along what is held.
    /// One that a long record has made large is not used again.
    fn move_on(&mut self) {
        self.left.retain(|buffer| buffer.len() == HELD);
        let unread = self.left.iter_mut().position(|buffer| Arc::get_mut(buffer).is_some());
        let mut next = unread.map_or_else(Arc::default, |at| self.left.swap_remove(at));
        if let Some(buffer) = Arc::get_mut(&mut next) {
            buffer.resize(HELD.max(self.held.len() + LEAST_READ), 0);
            let held = self.buffer.get(self.held.clone()).unwrap_or_default();
            if let Some(place) = buffer.get_mut(..held.len()) {
                place.copy_from_slice(held);
            }
        }
        self.left.push(std::mem::replace(&mut self.buffer, next));
        self.held = 0..self.held.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An input that gives one byte at a time.
    struct Drops(Vec<u8>);

    impl Read for Drops {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            into[0] = self.0.remove(0);
            Ok(1)
        }
    }

    #[test]
    fn what_is_not_taken_comes_again_with_more() -> io::Result<()> {
        let mut blocks = Blocks::new(Box::new(Drops(b"abcdefghij".to_vec())));
        assert_eq!(blocks.begin()?, b"abcdefghij");
        let mut seen = Vec::new();
        let bytes = blocks.each(|held, _, at_end| {
            seen.push((String::from_utf8_lossy(held).into_owned(), at_end));
            Some(Taken { bytes: 4, needs: 0 })
        })?;
        assert_eq!(bytes, 10);
        assert_eq!(seen, [("abcdefghij".to_owned(), true)]);
        Ok(())
    }

    #[test]
    fn as_much_is_held_as_is_needed() -> io::Result<()> {
        let blocks = Blocks::new(Box::new(Drops(b"abcdefghij".to_vec())));
        let mut seen = Vec::new();
        blocks.each(|held, _, at_end| {
            seen.push((held.len(), at_end));
            Some(Taken { bytes: usize::from(held.len() >= 4) * 3, needs: 4 })
        })?;
        assert_eq!(seen, [(1, false), (4, false), (4, false), (4, false), (1, true)]);
        Ok(())
    }

    #[test]
    fn what_is_long_is_held_whole() -> io::Result<()> {
        let long: Vec<u8> = (0..3 * HELD).map(|at| u8::try_from(at % 251).unwrap_or_default()).collect();
        let blocks = Blocks::new(Box::new(io::Cursor::new(long.clone())));
        let mut seen = Vec::new();
        blocks.each(|held, _, at_end| {
            if at_end {
                seen = held.to_vec();
            }
            Some(Taken { bytes: 0, needs: long.len() + 1 })
        })?;
        assert_eq!(seen, long);
        Ok(())
    }

    #[test]
    fn a_block_that_is_kept_stays_as_it_was() -> io::Result<()> {
        let long: Vec<u8> = (0..5 * HELD).map(|at| u8::try_from(at % 251).unwrap_or_default()).collect();
        let blocks = Blocks::new(Box::new(io::Cursor::new(long.clone())));
        let mut kept = Vec::new();
        blocks.each(|held, block, at_end| {
            let bytes = if at_end { held.len() } else { held.len() - 7 };
            let start = held.as_ptr().addr() - block.as_ptr().addr();
            kept.push((Arc::clone(block), start..start + bytes));
            Some(Taken { bytes, needs: 0 })
        })?;
        let read: Vec<u8> = kept.iter().flat_map(|(block, held)| block[held.clone()].to_vec()).collect();
        assert_eq!(read, long);
        Ok(())
    }

    #[test]
    fn nobody_has_to_take_all() -> io::Result<()> {
        let mut calls = 0;
        Blocks::new(Box::new(io::repeat(7))).each(|_, _, _| {
            calls += 1;
            (calls < 3).then_some(Taken { bytes: 9, needs: 0 })
        })?;
        assert_eq!(calls, 3);
        Ok(())
    }
}
