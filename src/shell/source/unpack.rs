//! Compressed inputs, told by their first bytes.

use std::io::{self, BufRead, BufReader, Read};

use super::input::Ended;

/// As many bytes as are needed to tell.
pub(super) const LONGEST_MAGIC: usize = 6;

/// How much is decompressed at a time. Decoders keep back what they had of a piece in which they
/// find damage, so it is not much.
const STEP: usize = 8 << 10;

/// How far back zstd may refer: 128 MB, as its own command allows.
const ZSTD_WINDOW: u32 = 27;

/// What xz may take, in KiB: its highest level needs 65 MB.
const XZ_MEMORY: u32 = 128 << 10;

/// How an input is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Lz4,
    Xz,
    Bzip2,
}

const MAGICS: [(&[u8], Packing); 6] = [
    (b"\x1f\x8b", Packing::Gzip),
    (b"\x28\xb5\x2f\xfd", Packing::Zstd),
    (b"\x04\x22\x4d\x18", Packing::Lz4),
    (b"\x02\x21\x4c\x18", Packing::Lz4),
    (b"\xfd7zXZ\0", Packing::Xz),
    (b"BZh", Packing::Bzip2),
];

impl Packing {
    /// How the input is compressed that begins so, if it is.
    pub(super) fn of(first: &[u8]) -> Option<Self> {
        MAGICS.iter().find(|(magic, _)| first.starts_with(magic)).map(|(_, packing)| *packing)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }

    /// Decompresses an input up to its end, or to damage, which is then told. Several compressed
    /// files one after the other are one.
    pub(super) fn unpack(self, packed: impl Read + Send + 'static, ended: &Ended) -> io::Result<Unpacked> {
        let packed = BufReader::with_capacity(256 << 10, packed);
        let decoder: Box<dyn Read + Send> = match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                Box::new(decoder)
            }
            Self::Lz4 => Box::new(Lz4Frames(lz4_flex::frame::FrameDecoder::new(packed))),
            Self::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(packed, true, XZ_MEMORY)),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
        };
        Ok(Unpacked { decoder, packing: self, bytes: 0, ended: ended.clone() })
    }
}

/// What was compressed. Damage is its end.
pub(super) struct Unpacked {
    decoder: Box<dyn Read + Send>,
    packing: Packing,
    bytes: u64,
    ended: Ended,
}

impl Unpacked {
    fn end(&mut self, error: &io::Error) {
        let (byte, name) = (self.bytes, self.packing.name());
        let how = match error.kind() {
            io::ErrorKind::UnexpectedEof => "cut off".to_owned(),
            _ => format!("damaged ({error})"),
        };
        self.ended.because(format!("byte {byte}: the {name} data is {how}; what follows could not be decompressed"));
        self.decoder = Box::new(io::empty());
    }
}

impl Read for Unpacked {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let len = into.len().min(STEP);
        let read = match self.decoder.read(into.get_mut(..len).unwrap_or_default()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                self.end(&error);
                0
            }
            Ok(read) => read,
        };
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Decodes one frame after the other.
struct Lz4Frames<R: Read>(lz4_flex::frame::FrameDecoder<R>);

impl<R: BufRead> Read for Lz4Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(into)?;
            if read > 0 || into.is_empty() || self.0.get_mut().fill_buf()?.is_empty() {
                return Ok(read);
            }
        }
    }
}
