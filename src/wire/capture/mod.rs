//! Capture files: bytes in, packets out.
//!
//! [`detect`] tells from its first bytes what an input is; a [`Reader`] is then pushed the input
//! piece by piece and hands out its packets, borrowed from the pieces. It reads pcap
//! (<https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/>) and pcapng
//! (<https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/>). [`mod@write`] makes the blocks of a new file.

mod damage;
mod form;
mod order;
mod pcap;
mod pcapng;
pub mod write;

use thiserror::Error;

use super::{LinkType, Moment, Packet};
pub use damage::{Damage, MAX_WARNINGS, Warning};

/// The longest record or block that is believed. A snapshot length is 262 144 bytes by default and
/// the largest packets that a kernel puts together are twice that; a claim beyond this is damage,
/// and believing it would make the caller hold that much of the file.
pub const MAX_RECORD: u32 = 16 << 20;

/// What the first bytes of an input say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detected {
    /// A pcap file, of either byte order and either resolution, also in one of its dialects.
    Pcap,
    /// A pcapng file.
    Pcapng,
    /// Could become one of the two with more bytes: at most four are needed.
    NeedMore,
    /// Neither.
    Unknown,
}

/// Tells what an input is from the bytes that it begins with.
#[must_use]
pub fn detect(first_bytes: &[u8]) -> Detected {
    let could_be = |magic: &[u8; 4]| magic.starts_with(first_bytes) || first_bytes.starts_with(magic);
    let found = if could_be(&pcapng::MAGIC) {
        Detected::Pcapng
    } else if pcap::magics().any(|magic| could_be(&magic)) {
        Detected::Pcap
    } else {
        return Detected::Unknown;
    };
    if first_bytes.len() < 4 { Detected::NeedMore } else { found }
}

/// The input is not a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("byte {offset}: {what}")]
pub struct Error {
    /// Where that shows, in bytes from the start of the input.
    pub offset: u64,
    /// What was found there.
    pub what: &'static str,
}

/// Reads one capture file, of which the caller holds as much at a time as it likes.
///
/// Damage does not end the reading: it is remembered as a [`Warning`], and reading goes on at the
/// next place that looks like a record. A packet that the file gives no time (pcapng's simple packet
/// block) is taken to be as late as the one before it.
#[derive(Debug)]
pub struct Reader {
    /// `None` until the file has said what it is.
    body: Option<Body>,
    /// Of the first byte that is not consumed, from the start of the file.
    offset: u64,
    needs: usize,
    /// How many frames there were so far, as Wireshark counts them.
    frames: u64,
    /// When the latest packet was captured.
    latest: Moment,
    /// Set while looking for the next record after damage.
    lost: Option<Lost>,
    warnings: Vec<Warning>,
    warned: u64,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader at the beginning of a file.
    #[must_use]
    pub fn new() -> Self {
        Self {
            body: None,
            offset: 0,
            needs: pcap::LONGEST_FILE_HEADER,
            frames: 0,
            latest: Moment::default(),
            lost: None,
            warnings: Vec::new(),
            warned: 0,
        }
    }

    /// Reads all complete records of `input` and hands their packets to `sink`.
    ///
    /// Returns how many bytes of `input` are done with: the next `input` begins with the first that
    /// is not, and should hold at least [`Reader::needs`]. `at_end` says that nothing comes after
    /// `input`; all of it is then consumed.
    ///
    /// The only error is an input that is no capture file at all.
    pub fn push(&mut self, input: &[u8], at_end: bool, sink: &mut dyn FnMut(Packet<'_>)) -> Result<usize, Error> {
        let start = self.offset;
        let mut body = match self.body.take() {
            Some(body) => body,
            None => match self.open(input, at_end)? {
                Some(body) => body,
                None => return Ok(to_usize(self.offset - start)),
            },
        };
        let mut rest = input.get(to_usize(self.offset - start)..).unwrap_or_default();
        while let Some(len) = self.advance(&mut body, rest, at_end, sink) {
            rest = rest.get(len..).unwrap_or_default();
            self.offset += len as u64;
        }
        self.body = Some(body);
        Ok(input.len() - rest.len())
    }

    /// How many bytes the next input has to hold for reading to go on, counted from the first that
    /// was not consumed. Never much more than [`MAX_RECORD`].
    #[must_use]
    pub fn needs(&self) -> usize {
        self.needs
    }

    /// The warnings since the last call. At most [`MAX_WARNINGS`] are kept over a whole file.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    /// How many warnings there were in the whole file so far, kept or not.
    #[must_use]
    pub fn warned(&self) -> u64 {
        self.warned
    }

    /// Reads the beginning of the file. `None` while too little of it is there.
    fn open(&mut self, input: &[u8], at_end: bool) -> Result<Option<Body>, Error> {
        let opened = match detect(input) {
            Detected::Pcap => pcap::Records::open(input).map(|records| (Body::Pcap(records), pcap::file_header(input))),
            // The section header is a block like any other, so nothing of it is consumed here.
            Detected::Pcapng => pcapng::Blocks::open(input)?.map(|blocks| (Body::Pcapng(blocks), 0)),
            Detected::NeedMore if !at_end => None,
            Detected::NeedMore | Detected::Unknown => {
                return Err(Error { offset: 0, what: "neither a pcap nor a pcapng file begins like this" });
            }
        };
        match opened {
            Some((_, header)) => self.offset += header as u64,
            None if at_end => self.cut_off_header(input),
            None => {}
        }
        Ok(opened.map(|(body, _)| body))
    }

    /// The file ends before its first record.
    fn cut_off_header(&mut self, input: &[u8]) {
        let present = input.len() as u64;
        let damage = Damage::CutOff { present, needed: pcap::file_header(input) as u64 };
        self.warn(Warning { offset: self.offset, damage, skipped: present });
        self.offset += present;
    }

    /// Goes one record on, or one stretch of damage. Returns the bytes it took, `None` if it is
    /// stuck until there is more input.
    fn advance(
        &mut self,
        body: &mut Body,
        rest: &[u8],
        at_end: bool,
        sink: &mut dyn FnMut(Packet<'_>),
    ) -> Option<usize> {
        if self.lost.is_some() {
            return self.search(body, rest, at_end);
        }
        match body.step(rest, at_end) {
            Step::Take(taken) => Some(self.take(taken, sink)),
            Step::Lost(damage) => Some(self.lose(damage)),
            Step::Need(needed) if at_end && !rest.is_empty() => {
                // The length that asks for more than the file has may be the damage itself.
                let damage = Damage::CutOff { present: rest.len() as u64, needed: needed as u64 };
                Some(self.lose(damage))
            }
            Step::Need(needed) => {
                self.needs = needed;
                None
            }
        }
    }

    /// Hands out what a sound record holds.
    fn take(&mut self, taken: Taken<'_>, sink: &mut dyn FnMut(Packet<'_>)) -> usize {
        if let Some(damage) = taken.damage {
            let skipped = if matches!(taken.content, Content::None) { taken.len as u64 } else { 0 };
            self.warn(Warning { offset: self.offset, damage, skipped });
        }
        match taken.content {
            Content::Packet(record) => {
                self.frames += 1;
                self.latest = record.time.unwrap_or(self.latest);
                let Record { link, data, original_len, .. } = record;
                sink(Packet { number: self.frames, time: self.latest, link, data, original_len });
            }
            Content::Frame => self.frames += 1,
            Content::None => {}
        }
        taken.len
    }

    /// Begins to look for the next record, one byte on: a file that lost some bytes has lost the
    /// alignment of its blocks as well.
    fn lose(&mut self, damage: Damage) -> usize {
        self.lost = Some(Lost { offset: self.offset, damage });
        1
    }

    /// Looks for the next record after damage. Returns the bytes passed over.
    fn search(&mut self, body: &Body, rest: &[u8], at_end: bool) -> Option<usize> {
        for at in 0..rest.len() {
            match body.plausible(rest.get(at..).unwrap_or_default(), at_end) {
                Plausible::No => {}
                Plausible::Yes => return Some(self.found(at)),
                Plausible::Need(_) if at_end => {}
                Plausible::Need(needed) => {
                    self.needs = needed;
                    return (at > 0).then_some(at);
                }
            }
        }
        if at_end {
            return Some(self.found(rest.len()));
        }
        self.needs = 1;
        None
    }

    /// Damage ends `ahead` bytes from here.
    fn found(&mut self, ahead: usize) -> usize {
        if let Some(Lost { offset, damage }) = self.lost.take() {
            self.warn(Warning { offset, damage, skipped: self.offset + ahead as u64 - offset });
        }
        ahead
    }

    fn warn(&mut self, warning: Warning) {
        // Counted over the whole file, so that a caller who takes them often does not get more.
        if self.warned < MAX_WARNINGS as u64 {
            self.warnings.push(warning);
        }
        self.warned += 1;
    }
}

/// Where damage begins and what it is, kept until it is known where it ends.
#[derive(Clone, Copy, Debug)]
struct Lost {
    offset: u64,
    damage: Damage,
}

/// What comes after the first bytes: the two formats behind one face.
#[derive(Debug)]
enum Body {
    Pcap(pcap::Records),
    Pcapng(pcapng::Blocks),
}

impl Body {
    /// Reads the record or block that `input` begins with.
    fn step<'a>(&mut self, input: &'a [u8], at_end: bool) -> Step<'a> {
        match self {
            Self::Pcap(records) => records.step(input, at_end),
            Self::Pcapng(blocks) => blocks.step(input),
        }
    }

    /// Whether a record or block may begin with `input`, asked amid damage.
    fn plausible(&self, input: &[u8], at_end: bool) -> Plausible {
        match self {
            Self::Pcap(records) => records.plausible(input, at_end),
            Self::Pcapng(blocks) => blocks.plausible(input),
        }
    }
}

/// What reading one record or block led to.
enum Step<'a> {
    Take(Taken<'a>),
    /// So many bytes have to be there, counted from the beginning of the record.
    Need(usize),
    /// There is no telling where the next one begins.
    Lost(Damage),
}

/// A record or block whose end is known.
struct Taken<'a> {
    len: usize,
    content: Content<'a>,
    damage: Option<Damage>,
}

enum Content<'a> {
    Packet(Record<'a>),
    /// Nothing to read, but Wireshark gives it a frame number.
    Frame,
    None,
}

/// A packet that has not been numbered.
struct Record<'a> {
    time: Option<Moment>,
    link: LinkType,
    data: &'a [u8],
    original_len: u32,
}

/// Whether bytes look like the beginning of a record.
#[derive(Debug, PartialEq, Eq)]
enum Plausible {
    Yes,
    No,
    /// So many bytes would tell.
    Need(usize),
}

/// Lengths here are of bytes that are in memory.
fn to_usize(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// Files read as a caller reads them, for the tests of both formats.
#[cfg(test)]
mod sample;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_what_it_is() {
        for magic in [*b"\xa1\xb2\xc3\xd4", *b"\xa1\xb2\x3c\x4d", *b"\xa1\xb2\xcd\x34"] {
            let mut swapped = magic;
            swapped.reverse();
            assert_eq!(detect(&magic), Detected::Pcap);
            assert_eq!(detect(&swapped), Detected::Pcap);
        }
        assert_eq!(detect(b"\n\r\r\n and more"), Detected::Pcapng);
    }

    #[test]
    fn too_little_may_become_a_file() {
        assert_eq!(detect(b""), Detected::NeedMore);
        assert_eq!(detect(b"\n\r\r"), Detected::NeedMore);
        assert_eq!(detect(b"\xd4"), Detected::NeedMore);
        assert_eq!(detect(b"\xd4\xc4"), Detected::Unknown);
        assert_eq!(detect(b"\n\r\r\r"), Detected::Unknown);
        assert_eq!(detect(b"{"), Detected::Unknown);
    }

    #[test]
    fn what_is_no_capture_is_an_error() {
        let push = |input: &[u8], at_end| Reader::new().push(input, at_end, &mut |_| {});
        assert_eq!(push(b"HTTP/1.1 200 OK", false).map_err(|error| error.offset), Err(0));
        assert_eq!(push(b"\n\r\r", false), Ok(0));
        assert_eq!(push(b"\n\r\r", true).map_err(|error| error.offset), Err(0));
        assert_eq!(push(b"", true).map_err(|error| error.offset), Err(0));
        assert_eq!(push(b"\n\r\r\n\x1c\0\0\0\x4d\x3c", false), Ok(0));
        assert_eq!(push(b"\n\r\r\n\x1c\0\0\0byte order?", false).map_err(|error| error.offset), Err(8));
    }

    #[test]
    fn a_file_that_ends_in_its_header_is_cut_off() {
        let (packets, warnings) = sample::read(b"\xd4\xc3\xb2\xa1\x02\0\x04\0");
        assert_eq!(packets, []);
        let damage = Damage::CutOff { present: 8, needed: 24 };
        assert_eq!(warnings, [Warning { offset: 0, damage, skipped: 8 }]);
    }

    #[test]
    fn a_warning_reads_well() {
        let mut warning = Warning { offset: 40, damage: Damage::UnknownInterface(3), skipped: 0 };
        assert_eq!(warning.to_string(), "byte 40: a packet of interface 3, which is not described");
        warning.skipped = 96;
        assert!(warning.to_string().ends_with(" (96 bytes passed over)"));
    }
}
