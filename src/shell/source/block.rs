//! Input in big blocks, counted.

use std::io::{self, Read};

use corscope::wire::capture::{Detected, detect};

/// How much is read at a time: enough that the system calls cost nothing beside the reading.
const BLOCK: usize = 1 << 20;

/// As many bytes as are needed to tell what an input is.
const BEGINNING: usize = 4 << 10;

/// What became of a block.
pub(super) struct Taken {
    /// How many of its bytes are done with.
    pub(super) bytes: usize,
    /// How many bytes the next block has to hold, the remaining ones counted.
    pub(super) needs: usize,
}

/// An input, of which the part that nobody has taken yet is held.
pub(super) struct Blocks {
    input: Box<dyn Read + Send>,
    /// What the next read goes into.
    block: Vec<u8>,
    /// What was read and not taken.
    held: Vec<u8>,
    at_end: bool,
    /// Bytes read of this input.
    bytes: u64,
}

impl Blocks {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, block: vec![0; BLOCK], held: Vec::new(), at_end: false, bytes: 0 }
    }

    /// The first bytes, which stay held: as many as tell what it is.
    pub(super) fn begin(&mut self) -> io::Result<&[u8]> {
        let is_capture = |held: &[u8]| matches!(detect(held), Detected::Pcap | Detected::Pcapng);
        while self.held.len() < BEGINNING && !self.at_end && !is_capture(&self.held) {
            self.fill()?;
        }
        Ok(&self.held)
    }

    /// Hands out what is held, and whether nothing comes after it, until the end; returns how many
    /// bytes there were.
    pub(super) fn each(mut self, mut take: impl FnMut(&[u8], bool) -> Taken) -> io::Result<u64> {
        let mut needs = 1;
        loop {
            while self.held.len() < needs && !self.at_end {
                self.fill()?;
            }
            let taken = take(&self.held, self.at_end);
            self.held.drain(..taken.bytes.min(self.held.len()));
            if self.at_end {
                return Ok(self.bytes);
            }
            needs = taken.needs.max(self.held.len() + 1);
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let read = loop {
            match self.input.read(&mut self.block) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.held.extend_from_slice(self.block.get(..read).unwrap_or_default());
        self.at_end = read == 0;
        self.bytes += read as u64;
        Ok(())
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
        let bytes = blocks.each(|held, at_end| {
            seen.push((String::from_utf8_lossy(held).into_owned(), at_end));
            Taken { bytes: 4, needs: 0 }
        })?;
        assert_eq!(bytes, 10);
        assert_eq!(seen, [("abcdefghij".to_owned(), true)]);
        Ok(())
    }

    #[test]
    fn as_much_is_held_as_is_needed() -> io::Result<()> {
        let blocks = Blocks::new(Box::new(Drops(b"abcdefghij".to_vec())));
        let mut seen = Vec::new();
        blocks.each(|held, at_end| {
            seen.push((held.len(), at_end));
            Taken { bytes: usize::from(held.len() >= 4) * 3, needs: 4 }
        })?;
        assert_eq!(seen, [(1, false), (4, false), (4, false), (4, false), (1, true)]);
        Ok(())
    }
}
