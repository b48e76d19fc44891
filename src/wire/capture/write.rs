//! pcapng blocks written: what a live capture leaves behind.
//!
//! Each function appends one whole block to `into`; written one after the other, beginning with
//! [`section`] and [`interface`], they are a file that every reader of pcapng opens
//! (<https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/>). Nothing in a block points behind
//! it, so a file that ends after any block is whole.

use super::super::{LinkType, Packet};
use super::pcapng::{
    ALIGNMENT, BYTE_ORDER, END_OF_OPTIONS, ENHANCED_PACKET, FRAME, IF_TSRESOL, INTERFACE, INTERFACE_STATISTICS, SECTION,
};

/// The version of the format.
const VERSION: [u16; 2] = [1, 0];

/// A section whose length nobody knows yet (section "Section Header Block").
const UNKNOWN_LENGTH: u64 = u64::MAX;

// Options (sections "Section Header Block", "Interface Description Block", "Interface Statistics Block").
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_FILTER: u16 = 11;
const ISB_IFRECV: u16 = 4;
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;

/// Times are written in nanoseconds.
const NANOSECONDS: u8 = 9;

/// The filter of an interface is written as text, for libpcap.
const FILTER_TEXT: u8 = 0;

/// Where packets are captured.
#[derive(Clone, Copy, Debug)]
pub struct Interface<'a> {
    /// As the system calls it.
    pub name: &'a str,
    /// How its packets are to be read.
    pub link: LinkType,
    /// Bytes of each packet that are captured at the most.
    pub snaplen: u32,
    /// Which packets are captured, as libpcap's filter language has it.
    pub filter: &'a str,
}

/// What became of the packets of an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets that came.
    pub received: u64,
    /// Packets that the interface dropped.
    pub dropped_by_interface: u64,
    /// Packets that the operating system, or the capturing program itself, dropped.
    pub dropped_by_system: u64,
}

/// The beginning of a file; `application` names the program that captures.
pub fn section(application: &str, into: &mut Vec<u8>) {
    block(SECTION, into, |body| {
        word(body, BYTE_ORDER);
        body.extend(VERSION.map(u16::to_le_bytes).as_flattened());
        body.extend(UNKNOWN_LENGTH.to_le_bytes());
        option(body, SHB_USERAPPL, application.as_bytes());
        option(body, END_OF_OPTIONS, &[]);
    });
}

/// The one interface of the section.
pub fn interface(interface: &Interface<'_>, into: &mut Vec<u8>) {
    block(INTERFACE, into, |body| {
        body.extend(interface.link.0.to_le_bytes());
        body.extend([0, 0]);
        word(body, interface.snaplen);
        option(body, IF_NAME, interface.name.as_bytes());
        option(body, IF_TSRESOL, &[NANOSECONDS]);
        option(body, IF_FILTER, &[&[FILTER_TEXT], interface.filter.as_bytes()].concat());
        option(body, END_OF_OPTIONS, &[]);
    });
}

/// A packet of the interface.
pub fn packet(packet: &Packet<'_>, into: &mut Vec<u8>) {
    block(ENHANCED_PACKET, into, |body| {
        word(body, 0);
        time(body, packet.time.nanoseconds());
        word(body, length(packet.data));
        word(body, packet.original_len.max(length(packet.data)));
        padded(body, packet.data);
    });
}

/// What became of the packets, at a time in nanoseconds since 1970-01-01T00:00:00Z.
pub fn statistics(nanoseconds: i128, statistics: Statistics, into: &mut Vec<u8>) {
    block(INTERFACE_STATISTICS, into, |body| {
        word(body, 0);
        time(body, nanoseconds);
        option(body, ISB_IFRECV, &statistics.received.to_le_bytes());
        option(body, ISB_IFDROP, &statistics.dropped_by_interface.to_le_bytes());
        option(body, ISB_OSDROP, &statistics.dropped_by_system.to_le_bytes());
        option(body, END_OF_OPTIONS, &[]);
    });
}

/// Frames what `fill` appends: type and length in front, length again at the end.
fn block(kind: u32, into: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::new();
    fill(&mut body);
    let whole = length(&body).saturating_add(FRAME);
    word(into, kind);
    word(into, whole);
    into.append(&mut body);
    word(into, whole);
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    padded(body, value);
}

fn padded(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend_from_slice(bytes);
    let padding = bytes.len().next_multiple_of(ALIGNMENT) - bytes.len();
    body.extend(std::iter::repeat_n(0, padding));
}

/// A time before 1970 cannot be written: it becomes 1970.
fn time(body: &mut Vec<u8>, nanoseconds: i128) {
    let ticks = u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX);
    for half in [ticks >> 32, ticks & u64::from(u32::MAX)] {
        word(body, u32::try_from(half).unwrap_or(u32::MAX));
    }
}

fn word(body: &mut Vec<u8>, word: u32) {
    body.extend(word.to_le_bytes());
}

/// Packets are bounded by the snapshot length, which has 32 bits.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Reader;
    use super::*;
    use crate::wire::Moment;

    fn begun() -> Vec<u8> {
        let mut file = Vec::new();
        section("corscope test", &mut file);
        interface(&Interface { name: "eth0", link: LinkType(113), snaplen: 262_144, filter: "tcp" }, &mut file);
        file
    }

    /// Time, bytes and original length of each packet, by our own reader; it must have no objections.
    fn read(file: &[u8]) -> Vec<(i128, Vec<u8>, u32)> {
        let (mut reader, mut packets) = (Reader::new(), Vec::new());
        let taken = reader.push(file, true, &mut |packet| {
            assert_eq!((packet.link, packet.time.digits), (LinkType(113), 9));
            packets.push((packet.time.nanoseconds(), packet.data.to_vec(), packet.original_len));
        });
        assert_eq!((taken, reader.take_warnings()), (Ok(file.len()), Vec::new()));
        packets
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            packets in prop::collection::vec((0..i128::from(u64::MAX), prop::collection::vec(any::<u8>(), 0..70), 0_u32..99), 0..9),
        ) {
            let mut file = begun();
            let mut written = Vec::new();
            for (nanoseconds, data, cut) in packets {
                let original_len = length(&data) + cut;
                let time = Moment::from_nanoseconds(nanoseconds, 9);
                packet(&Packet { number: 1, time, link: LinkType(113), data: &data, original_len }, &mut file);
                written.push((nanoseconds, data, original_len));
            }
            statistics(7, Statistics { received: 3, dropped_by_interface: 1, dropped_by_system: 2 }, &mut file);
            prop_assert_eq!(read(&file), written);
        }
    }

    #[test]
    fn a_file_without_packets_is_a_file() {
        assert_eq!(read(&begun()), []);
    }

    #[test]
    fn a_time_before_1970_becomes_1970() {
        let mut file = begun();
        let time = Moment::from_nanoseconds(-5, 9);
        packet(&Packet { number: 1, time, link: LinkType(113), data: b"x", original_len: 1 }, &mut file);
        assert_eq!(read(&file), [(0, b"x".to_vec(), 1)]);
    }
}
