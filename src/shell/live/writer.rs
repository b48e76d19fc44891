//! The file that a live capture leaves behind.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use corscope::wire::Packet;
use corscope::wire::capture::write::{self, Interface, Statistics};

use super::open::Opened;
use crate::stop::reason;

/// Blocks are handed to the system at the latest when they have come to so many bytes.
const CHUNK: usize = 64 << 10;

/// Writes whole blocks only, and keeps none back: whatever ends the program, the file ends with a
/// whole block. (A kill in the middle of a long write could cut the very last; every reader then
/// reads all before it.)
pub(super) struct Writer {
    file: File,
    path: String,
    /// Bytes of the whole blocks in it.
    written: u64,
    blocks: Vec<u8>,
}

impl Writer {
    /// A new file, or the old one of that name overwritten.
    pub(super) fn create(path: &Path, opened: &Opened) -> Result<Self, String> {
        let name = path.display().to_string();
        let file = File::create(path).map_err(|error| format!("{name}: cannot be written: {}", reason(&error)))?;
        let mut writer = Self { file, path: name, written: 0, blocks: Vec::new() };
        write::section(concat!("corscope ", env!("CARGO_PKG_VERSION")), &mut writer.blocks);
        let Opened { name, link, snaplen, filter, .. } = opened;
        write::interface(&Interface { name, link: *link, snaplen: *snaplen, filter }, &mut writer.blocks);
        writer.flush()?;
        Ok(writer)
    }

    pub(super) fn packets<'a>(&mut self, packets: impl Iterator<Item = Packet<'a>>) -> Result<(), String> {
        for packet in packets {
            write::packet(&packet, &mut self.blocks);
            if self.blocks.len() >= CHUNK {
                self.flush()?;
            }
        }
        self.flush()
    }

    /// The last block: what became of the packets.
    pub(super) fn close(mut self, nanoseconds: i128, statistics: Statistics) -> Result<(), String> {
        write::statistics(nanoseconds, statistics, &mut self.blocks);
        self.flush()
    }

    fn flush(&mut self) -> Result<(), String> {
        if let Err(error) = self.file.write_all(&self.blocks) {
            // Of what was written last, some may be there and some not.
            _ = self.file.set_len(self.written);
            return Err(self.problem(&error));
        }
        self.written += self.blocks.len() as u64;
        self.blocks.clear();
        Ok(())
    }

    fn problem(&self, error: &io::Error) -> String {
        format!("{}: cannot be written any further: {}", self.path, reason(error))
    }
}
