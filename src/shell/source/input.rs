//! One input opened: a file, a FIFO or standard input, decompressed where it is compressed.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::unpack;
use crate::interrupt::Interrupt;
use crate::stop::reason;

/// How soon an interrupt is noticed, and what was written to a file that grows.
const PATIENCE: Duration = Duration::from_millis(100);

/// How much of a pipe is read at a time, and how many times ahead.
const PIECE: usize = 256 << 10;
const AHEAD: usize = 4;

/// How to read an input.
#[derive(Clone, Debug, Default)]
pub(super) struct Manner {
    /// Bytes read of all inputs as they lie on the disk, for whoever shows the progress.
    pub(super) done: Arc<AtomicU64>,
    pub(super) interrupt: Interrupt,
    /// The end of a file is not the end of the input: somebody is still writing it.
    pub(super) follow: bool,
}

/// Why an input ended before its end, if it did.
#[derive(Clone, Debug, Default)]
pub(super) struct Ended(Arc<OnceLock<String>>);

impl Ended {
    /// The first reason counts: the others follow from it.
    pub(super) fn because(&self, why: String) {
        _ = self.0.set(why);
    }

    pub(super) fn why(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// An input whose bytes are as they were before somebody compressed them.
pub(super) struct Input {
    pub(super) bytes: Box<dyn Read + Send>,
    pub(super) ended: Ended,
}

impl Input {
    /// Opens a file, or standard input for `-`. The error says what cannot be done.
    pub(super) fn open(name: &OsStr, manner: &Manner) -> Result<Self, String> {
        let raw: Box<dyn Read + Send> = if name == "-" {
            Box::new(Piped::new(io::stdin(), manner.interrupt.clone()))
        } else {
            open_file(name, manner)?
        };
        Self::of(raw, manner)
    }

    fn of(raw: Box<dyn Read + Send>, manner: &Manner) -> Result<Self, String> {
        let ended = Ended::default();
        let mut watched = Watched { raw, manner: manner.clone(), bytes: 0, ended: ended.clone() };
        let first = first_bytes(&mut watched).map_err(|error| format!("cannot be read: {}", reason(&error)))?;
        let packing = unpack::Packing::of(&first);
        let whole = Cursor::new(first).chain(watched);
        let bytes: Box<dyn Read + Send> = match packing {
            None => Box::new(whole),
            Some(packing) => Box::new(packing.unpack(whole, &ended).map_err(|error| reason(&error))?),
        };
        Ok(Self { bytes, ended })
    }
}

fn open_file(name: &OsStr, manner: &Manner) -> Result<Box<dyn Read + Send>, String> {
    if Path::new(name).is_dir() {
        return Err("is a directory: name the captures in it".to_owned());
    }
    let file = File::open(name).map_err(|error| format!("cannot be opened: {}", reason(&error)))?;
    let is_file = fs::metadata(name).is_ok_and(|file| file.is_file());
    Ok(if is_file { Box::new(file) } else { Box::new(Piped::new(file, manner.interrupt.clone())) })
}

fn first_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut first = Vec::new();
    input.by_ref().take(unpack::LONGEST_MAGIC as u64).read_to_end(&mut first)?;
    Ok(first)
}

/// Counts what is read, and ends when it shall.
struct Watched {
    raw: Box<dyn Read + Send>,
    manner: Manner,
    bytes: u64,
    ended: Ended,
}

impl Watched {
    fn is_interrupted(&self) -> bool {
        let is_wanted = self.manner.interrupt.is_wanted();
        if is_wanted && !self.manner.follow {
            self.ended.because(format!("interrupted: only its first {} bytes were read", self.bytes));
        }
        is_wanted
    }
}

impl Read for Watched {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            // The very first bytes are read in any case: they tell what the input is.
            if self.bytes > 0 && self.is_interrupted() {
                return Ok(0);
            }
            let read = self.raw.read(into)?;
            if read == 0 && self.manner.follow && !into.is_empty() && !self.manner.interrupt.is_wanted() {
                thread::sleep(PATIENCE);
                continue;
            }
            if read == 0 {
                self.is_interrupted();
            }
            self.bytes += read as u64;
            self.manner.done.fetch_add(read as u64, Ordering::Relaxed);
            return Ok(read);
        }
    }
}

/// What may keep a reader waiting for ever is read by a thread of its own.
struct Piped {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Cursor<Vec<u8>>,
    interrupt: Interrupt,
}

impl Piped {
    fn new(mut input: impl Read + Send + 'static, interrupt: Interrupt) -> Self {
        let (put, pieces) = mpsc::sync_channel(AHEAD);
        thread::spawn(move || {
            loop {
                let mut piece = vec![0; PIECE];
                let read = match input.read(&mut piece) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read,
                };
                let is_end = !matches!(read, Ok(1..));
                let read = read.map(|read| {
                    piece.truncate(read);
                    piece
                });
                if put.send(read).is_err() || is_end {
                    return;
                }
            }
        });
        Self { pieces, piece: Cursor::default(), interrupt }
    }
}

impl Read for Piped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(into)?;
            if read > 0 {
                return Ok(read);
            }
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => self.piece = Cursor::new(piece?),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if self.interrupt.is_wanted() => return Ok(0),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn of(raw: &[u8]) -> Result<Input, String> {
        Input::of(Box::new(Cursor::new(raw.to_vec())), &Manner::default())
    }

    fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes)?;
        packed.finish()
    }

    fn all(input: &mut Input) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        input.bytes.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn what_is_compressed_comes_out_as_it_was() -> Result<(), Box<dyn std::error::Error>> {
        let text = b"no two of them are alike ".repeat(10_000);
        let zstd = zstd::encode_all(&text[..], 3)?;
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(&text)?;
        let lz4 = lz4.finish()?;
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(&text)?;
        for packed in [text.clone(), gzip(&text)?, zstd, lz4, bzip2.finish()?] {
            let mut input = of(&packed)?;
            assert_eq!(all(&mut input)?, text);
            assert_eq!(input.ended.why(), None);
            // Written one after the other they are one file.
            if packed != text {
                assert_eq!(all(&mut of(&packed.repeat(2))?)?, text.repeat(2));
            }
        }
        Ok(())
    }

    #[test]
    fn damage_ends_the_input_and_is_told() -> Result<(), Box<dyn std::error::Error>> {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|number| number.wrapping_mul(number).to_le_bytes()).collect();
        let mut packed = gzip(&text)?;
        packed.truncate(packed.len() / 2);
        let mut input = of(&packed)?;
        let got = all(&mut input)?;
        assert!(text.starts_with(&got) && got.len() > text.len() / 3, "{}", got.len());
        let why = input.ended.why().unwrap_or_default().to_owned();
        assert!(why.starts_with(&format!("byte {}: the gzip data is cut off", got.len())), "{why}");

        let mut packed = gzip(&text)?;
        let middle = packed.len() / 2;
        packed[middle..middle + 64].fill(0xff);
        let mut input = of(&packed)?;
        let got = all(&mut input)?;
        assert!(!got.is_empty());
        let why = input.ended.why().unwrap_or_default().to_owned();
        assert!(why.starts_with(&format!("byte {}: the gzip data is damaged", got.len())), "{why}");
        Ok(())
    }

    #[test]
    fn what_is_piped_comes_in_order() -> io::Result<()> {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
        let mut read = Vec::new();
        Piped::new(Cursor::new(bytes.clone()), Interrupt::default()).read_to_end(&mut read)?;
        assert!(read == bytes);
        Ok(())
    }
}
