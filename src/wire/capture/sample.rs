use super::{Reader, Warning};
use crate::wire::{LinkType, Moment, Packet};

/// A packet that outlives its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owned {
    pub(super) number: u64,
    pub(super) time: Moment,
    pub(super) link: LinkType,
    pub(super) data: Vec<u8>,
    pub(super) original_len: u32,
}

impl From<Packet<'_>> for Owned {
    fn from(packet: Packet<'_>) -> Self {
        let Packet { number, time, link, data, original_len } = packet;
        Self { number, time, link, data: data.to_vec(), original_len }
    }
}

/// Reads a whole file at once.
pub(super) fn read(file: &[u8]) -> (Vec<Owned>, Vec<Warning>) {
    read_in_steps(file, file.len().max(1))
}

/// Reads a file as a caller does whose reads return `step` bytes.
pub(super) fn read_in_steps(file: &[u8], step: usize) -> (Vec<Owned>, Vec<Warning>) {
    let mut reader = Reader::new();
    let mut packets = Vec::new();
    let mut buffer = Vec::new();
    let mut chunks = file.chunks(step).peekable();
    while let Some(chunk) = chunks.next() {
        buffer.extend(chunk);
        let at_end = chunks.peek().is_none();
        let consumed = reader.push(&buffer, at_end, &mut |packet| packets.push(packet.into())).expect("a capture");
        buffer.drain(..consumed);
        assert!(at_end || reader.needs() > buffer.len(), "stuck with {} bytes", buffer.len());
    }
    assert_eq!(buffer, b"", "the rest was not consumed");
    (packets, reader.take_warnings())
}

/// However the file is cut into reads, the same comes out; and wherever it ends, what comes out of
/// the part is how the whole begins.
pub(super) fn assert_steady(file: &[u8]) {
    let whole = read(file);
    for step in [1, 7, 64] {
        assert_eq!(read_in_steps(file, step), whole, "in steps of {step}");
    }
    for len in 4..file.len() {
        let (packets, _) = read(file.get(..len).unwrap_or_default());
        assert!(whole.0.starts_with(&packets), "cut off after {len} bytes");
    }
}
