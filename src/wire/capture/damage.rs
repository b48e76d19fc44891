//! What can be wrong within a capture file without making it useless.

use std::fmt;

use thiserror::Error;

/// How many warnings are kept for one file. A file that was overwritten in the middle can be wrong
/// at every packet; after so many a reader learns nothing from one more, so the rest are counted.
pub const MAX_WARNINGS: usize = 256;

/// A place in a capture file which is not as it should be, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Where the record or block begins, in bytes from the start of the file.
    pub offset: u64,
    /// What is wrong with it.
    pub damage: Damage,
    /// How many bytes from `offset` on were passed over: 0 where the packet could be taken
    /// nevertheless.
    pub skipped: u64,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.damage)?;
        match self.skipped {
            0 => Ok(()),
            1 => f.write_str(" (1 byte passed over)"),
            bytes => write!(f, " ({bytes} bytes passed over)"),
        }
    }
}

/// What is wrong with a record or block. All lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Damage {
    /// The file ends within a record.
    #[error("the file ends here, {present} bytes into a record of at least {needed}")]
    CutOff {
        /// How much of the record is there.
        present: u64,
        /// How long it would have to be.
        needed: u64,
    },
    /// More bytes captured than a record can hold.
    #[error("a captured length of {captured} bytes, where {most} are the most")]
    CapturedLength {
        /// The length that the record claims.
        captured: u32,
        /// The longest that was to be expected.
        most: u32,
    },
    /// More bytes captured than there were on the wire.
    #[error("{captured} bytes captured of a packet of {original}")]
    CapturedMore {
        /// The captured length that the record claims.
        captured: u32,
        /// The length on the wire that the record claims.
        original: u32,
    },
    /// A packet that had no length or an absurd one on the wire; the zeroes of an unwritten stretch look like this.
    #[error("a packet of {0} bytes on the wire")]
    OriginalLength(u32),
    /// A fraction of a second that is a second or more, in the unit of the file.
    #[error("{0} micro- or nanoseconds in a second")]
    Fraction(u32),
    /// A block length that is too short, too long, or not a multiple of four.
    #[error("a block length of {0} bytes")]
    BlockLength(u32),
    /// The length at a block's end is not the one at its beginning.
    #[error("a block of {length} bytes that ends by saying {trailer}")]
    BlockTrailer {
        /// The length at the beginning.
        length: u32,
        /// The length at the end.
        trailer: u32,
    },
    /// A block that is too short for what it has to contain.
    #[error("a block too short for its contents")]
    ShortBlock,
    /// A section header that does not tell its byte order.
    #[error("a section header without a byte order")]
    ByteOrder,
    /// A packet of an interface which its section has not described.
    #[error("a packet of interface {0}, which is not described")]
    UnknownInterface(u32),
    /// More interfaces in a section than are kept.
    #[error("more interfaces than are kept")]
    TooManyInterfaces,
}
