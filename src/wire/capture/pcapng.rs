//! The pcapng format: sections of blocks, each section with its own byte order and interfaces.

use std::iter;

use super::order::Order;
use super::{Content, Damage, Error, MAX_RECORD, Plausible, Record, Step, Taken};
use crate::wire::{LinkType, Moment};

/// What every section begins with. It reads the same in either byte order.
pub(super) const MAGIC: [u8; 4] = SECTION.to_be_bytes();

/// Options end at multiples of this many bytes.
pub(super) const ALIGNMENT: usize = 4;

/// How many interfaces of a section are remembered. A capture on every interface of a large
/// container host has a few thousand; an interface costs a file 20 bytes and us more.
const MAX_INTERFACES: usize = 65_536;

/// Block type and length in front, length again at the end (section "General Block Structure").
pub(super) const FRAME: u32 = 12;

/// The byte-order magic of a section header.
pub(super) const BYTE_ORDER: u32 = 0x1a2b_3c4d;

// Block types (section "Standardized Block Type Codes").
pub(super) const SECTION: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const NAME_RESOLUTION: u32 = 4;
pub(super) const INTERFACE_STATISTICS: u32 = 5;
pub(super) const ENHANCED_PACKET: u32 = 6;
const JOURNAL: u32 = 9;
const SECRETS: u32 = 10;
const CUSTOM: u32 = 0x0bad;
const CUSTOM_NOT_COPIED: u32 = 0x4000_0bad;
const SYSDIG_EVENT: u32 = 0x0204;
const SYSDIG_EVENT_2: u32 = 0x0216;
const SYSDIG_EVENT_2_LARGE: u32 = 0x0221;

/// Blocks that hold no packet but are a frame to Wireshark.
const FRAMES: [u32; 6] = [JOURNAL, CUSTOM, CUSTOM_NOT_COPIED, SYSDIG_EVENT, SYSDIG_EVENT_2, SYSDIG_EVENT_2_LARGE];

// Options of an interface (section "Interface Description Block").
pub(super) const END_OF_OPTIONS: u16 = 0;
pub(super) const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// The resolution of an interface that does not tell: microseconds.
const MICROSECONDS: u8 = 6;

/// In a second.
const NANOSECONDS: u128 = 1_000_000_000;

/// The blocks of one file.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Of the current section.
    order: Order,
    /// Of the current section, by their number.
    interfaces: Vec<Interface>,
}

/// Where packets were captured.
#[derive(Debug)]
struct Interface {
    link: LinkType,
    /// 0 for no limit.
    snaplen: u32,
    clock: Clock,
}

/// A block whose two lengths agree.
struct Block<'a> {
    kind: u32,
    len: usize,
    body: &'a [u8],
}

/// Why there is no block.
enum Unframed {
    Need(usize),
    Damaged(Damage),
}

impl Blocks {
    /// Reads the byte order of the first section, without which nothing can be read. `None` if that
    /// is not there yet.
    pub(super) fn open(input: &[u8]) -> Result<Option<Self>, Error> {
        match section_order(input) {
            Ok(order) => Ok(order.map(|order| Self { order, interfaces: Vec::new() })),
            Err(Unframed::Need(_)) => Ok(None),
            Err(Unframed::Damaged(_)) => Err(Error { offset: 8, what: "a pcapng file has its byte order here" }),
        }
    }

    /// Reads the block that `input` begins with.
    pub(super) fn step<'a>(&mut self, input: &'a [u8]) -> Step<'a> {
        // Even if its length turns out to be wrong: what follows belongs to the new section.
        if let Ok(Some(order)) = section_order(input) {
            self.order = order;
            self.interfaces.clear();
        }
        match self.frame(input) {
            Ok(block) => {
                let len = block.len;
                let (content, damage) = match self.read(&block) {
                    Ok(read) => read,
                    Err(damage) => (Content::None, Some(damage)),
                };
                Step::Take(Taken { len, content, damage })
            }
            Err(Unframed::Need(needed)) => Step::Need(needed),
            Err(Unframed::Damaged(damage)) => Step::Lost(damage),
        }
    }

    /// Whether a block of a known type begins with `input`.
    pub(super) fn plausible(&self, input: &[u8]) -> Plausible {
        match self.frame(input) {
            Ok(block) if is_known(block.kind) => Plausible::Yes,
            Err(Unframed::Need(needed)) => Plausible::Need(needed),
            Ok(_) | Err(Unframed::Damaged(_)) => Plausible::No,
        }
    }

    fn frame<'a>(&self, input: &'a [u8]) -> Result<Block<'a>, Unframed> {
        let ([kind, length, ..], _) = input.as_chunks::<4>() else { return Err(Unframed::Need(8)) };
        let order = section_order(input)?.unwrap_or(self.order);
        let length = order.u32(*length);
        if !(FRAME..=MAX_RECORD).contains(&length) || !length.is_multiple_of(4) {
            return Err(Unframed::Damaged(Damage::BlockLength(length)));
        }
        let len = length as usize;
        let Some((body, trailer)) = input.get(8..len).and_then(<[u8]>::split_last_chunk) else {
            return Err(Unframed::Need(len));
        };
        match order.u32(*trailer) {
            trailer if trailer == length => Ok(Block { kind: order.u32(*kind), len, body }),
            trailer => Err(Unframed::Damaged(Damage::BlockTrailer { length, trailer })),
        }
    }

    /// Reads what a block holds. The error says why that is nothing; damage beside a packet says
    /// what is odd about it.
    fn read<'a>(&mut self, block: &Block<'a>) -> Result<(Content<'a>, Option<Damage>), Damage> {
        match block.kind {
            ENHANCED_PACKET | OBSOLETE_PACKET => self.packet(block),
            SIMPLE_PACKET => self.simple_packet(block.body),
            INTERFACE => self.describe(block.body),
            kind if FRAMES.contains(&kind) => Ok((Content::Frame, None)),
            _ => Ok((Content::None, None)),
        }
    }

    /// Section "Enhanced Packet Block", and "Packet Block (obsolete!)": they differ
    /// in the width of the interface number.
    fn packet<'a>(&self, block: &Block<'a>) -> Result<(Content<'a>, Option<Damage>), Damage> {
        let ([interface, high, low, captured, original, ..], _) = block.body.as_chunks::<4>() else {
            return Err(Damage::ShortBlock);
        };
        let number = match (block.kind, *interface) {
            (OBSOLETE_PACKET, [a, b, _drops @ ..]) => u32::from(self.order.u16([a, b])),
            (_, word) => self.order.u32(word),
        };
        let interface = self.interface(number)?;
        let [high, low, captured, original] = [high, low, captured, original].map(|word| self.order.u32(*word));
        let data = block.body.get(20..).and_then(|data| data.get(..captured as usize)).ok_or(Damage::ShortBlock)?;
        let record = Record {
            time: Some(interface.clock.time(u64::from(high) << 32 | u64::from(low))),
            link: interface.link,
            data,
            original_len: original.max(captured),
        };
        let damage = (captured > original).then_some(Damage::CapturedMore { captured, original });
        Ok((Content::Packet(record), damage))
    }

    /// Section "Simple Packet Block": of the first interface, its captured length only implied.
    fn simple_packet<'a>(&self, body: &'a [u8]) -> Result<(Content<'a>, Option<Damage>), Damage> {
        let interface = self.interface(0)?;
        let (original, padded) = body.split_first_chunk().ok_or(Damage::ShortBlock)?;
        let original_len = self.order.u32(*original);
        let snaplen = if interface.snaplen == 0 { u32::MAX } else { interface.snaplen };
        let captured = original_len.min(snaplen) as usize;
        let data = padded.get(..captured).unwrap_or(padded);
        Ok((Content::Packet(Record { time: None, link: interface.link, data, original_len }), None))
    }

    /// Section "Interface Description Block".
    fn describe<'a>(&mut self, body: &[u8]) -> Result<(Content<'a>, Option<Damage>), Damage> {
        let ([[a, b, ..], snaplen, ..], _) = body.as_chunks::<4>() else { return Err(Damage::ShortBlock) };
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(Damage::TooManyInterfaces);
        }
        self.interfaces.push(Interface {
            link: LinkType(self.order.u16([*a, *b])),
            snaplen: self.order.u32(*snaplen),
            clock: Clock::of(self.order, body.get(8..).unwrap_or_default()),
        });
        Ok((Content::None, None))
    }

    fn interface(&self, number: u32) -> Result<&Interface, Damage> {
        self.interfaces.get(number as usize).ok_or(Damage::UnknownInterface(number))
    }
}

/// How an interface counts time.
#[derive(Debug)]
struct Clock {
    tick: Tick,
    /// Seconds to add to every time.
    offset: i64,
    digits: u8,
}

#[derive(Debug)]
enum Tick {
    Nanoseconds(u64),
    /// So many ticks make a second, and a tick is not a whole number of nanoseconds.
    PerSecond(u128),
}

impl Clock {
    /// Reads the options of an interface, as far as they can be read.
    fn of(order: Order, interface_options: &[u8]) -> Self {
        let mut clock = Self::with_resolution(MICROSECONDS);
        for (code, value) in options(order, interface_options) {
            match (code, value) {
                (IF_TSRESOL, &[resolution]) => {
                    clock = Self { offset: clock.offset, ..Self::with_resolution(resolution) }
                }
                (IF_TSOFFSET, seconds) => {
                    clock.offset = seconds.try_into().map_or(clock.offset, |seconds| order.i64(seconds));
                }
                _ => {}
            }
        }
        clock
    }

    /// `resolution` as in `if_tsresol`: a negative power of ten, or of two if its upper bit is set.
    fn with_resolution(resolution: u8) -> Self {
        let power = u32::from(resolution & 0x7f);
        let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
        let per_second = base.saturating_pow(power);
        let tick = match u64::try_from(NANOSECONDS / per_second) {
            Ok(length) if NANOSECONDS.is_multiple_of(per_second) => Tick::Nanoseconds(length),
            _ => Tick::PerSecond(per_second),
        };
        // Enough digits to tell two ticks apart, of the nine that there can be.
        let digits = per_second.saturating_sub(1).checked_ilog10().map_or(0, |log| log + 1);
        Self { tick, offset: 0, digits: u8::try_from(digits).map_or(9, |digits| digits.min(9)) }
    }

    fn time(&self, ticks: u64) -> Moment {
        let since = match self.tick {
            Tick::Nanoseconds(length) => u128::from(ticks) * u128::from(length),
            Tick::PerSecond(count) => u128::from(ticks) * NANOSECONDS / count,
        };
        let nanoseconds = i128::from(self.offset) * 1_000_000_000 + since.cast_signed();
        Moment::from_nanoseconds(nanoseconds, self.digits)
    }
}

/// The code and value of each option (section "Options"), until one does not fit.
fn options(order: Order, mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    iter::from_fn(move || {
        let ([a, b, c, d], values) = rest.split_first_chunk()?;
        let (code, len) = (order.u16([*a, *b]), usize::from(order.u16([*c, *d])));
        let value = values.get(..len)?;
        rest = values.get(len.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        (code != END_OF_OPTIONS).then_some((code, value))
    })
}

/// The byte order of the section that `input` begins with, `None` if it begins with another block
/// (section "Section Header Block").
fn section_order(input: &[u8]) -> Result<Option<Order>, Unframed> {
    if !input.starts_with(&MAGIC) {
        return Ok(None);
    }
    let ([_kind, _length, byte_order, ..], _) = input.as_chunks::<4>() else { return Err(Unframed::Need(12)) };
    match [Order::Little, Order::Big].into_iter().find(|order| order.u32(*byte_order) == BYTE_ORDER) {
        Some(order) => Ok(Some(order)),
        None => Err(Unframed::Damaged(Damage::ByteOrder)),
    }
}

/// Whether a block type is common enough to end damage.
fn is_known(kind: u32) -> bool {
    const PLAIN: [u32; 8] = [
        SECTION,
        INTERFACE,
        OBSOLETE_PACKET,
        SIMPLE_PACKET,
        NAME_RESOLUTION,
        INTERFACE_STATISTICS,
        ENHANCED_PACKET,
        SECRETS,
    ];
    PLAIN.contains(&kind) || FRAMES.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::super::Warning;
    use super::super::sample::{assert_steady, read};
    use super::*;

    const LITTLE: Writer = Writer { word: u32::to_le_bytes, half: u16::to_le_bytes, long: i64::to_le_bytes };
    const BIG: Writer = Writer { word: u32::to_be_bytes, half: u16::to_be_bytes, long: i64::to_be_bytes };

    #[derive(Clone, Copy)]
    struct Writer {
        word: fn(u32) -> [u8; 4],
        half: fn(u16) -> [u8; 2],
        long: fn(i64) -> [u8; 8],
    }

    impl Writer {
        fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
            let mut body = body.to_vec();
            body.resize(body.len().next_multiple_of(4), 0);
            let len = (self.word)(u32::try_from(body.len() + 12).unwrap());
            [&(self.word)(kind), &len, &body[..], &len].concat()
        }

        fn section(self) -> Vec<u8> {
            let version = [(self.half)(1), (self.half)(0)].concat();
            self.block(SECTION, &[&(self.word)(BYTE_ORDER)[..], &version, &(self.long)(-1)].concat())
        }

        fn interface(self, link: u16, snaplen: u32, options: &[Vec<u8>]) -> Vec<u8> {
            let link = [(self.half)(link), [0, 0]].concat();
            self.block(INTERFACE, &[&link[..], &(self.word)(snaplen), &options.concat()].concat())
        }

        fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
            let mut value = value.to_vec();
            let len = u16::try_from(value.len()).unwrap();
            value.resize(value.len().next_multiple_of(4), 0);
            [&(self.half)(code)[..], &(self.half)(len), &value].concat()
        }

        fn enhanced(self, interface: u32, ticks: u64, data: &[u8]) -> Vec<u8> {
            self.block(ENHANCED_PACKET, &[&(self.word)(interface)[..], &self.packet(ticks, data)].concat())
        }

        fn obsolete(self, interface: u16, ticks: u64, data: &[u8]) -> Vec<u8> {
            let drops = (self.half)(3);
            self.block(OBSOLETE_PACKET, &[&(self.half)(interface)[..], &drops, &self.packet(ticks, data)].concat())
        }

        fn packet(self, ticks: u64, data: &[u8]) -> Vec<u8> {
            let [high, low] = [ticks >> 32, ticks & 0xffff_ffff].map(|half| u32::try_from(half).unwrap());
            let len = u32::try_from(data.len()).unwrap();
            let words = [high, low, len, len + 9].map(self.word).concat();
            [&words, data, &vec![0; data.len().next_multiple_of(4) - data.len()]].concat()
        }

        fn simple(self, original: u32, data: &[u8]) -> Vec<u8> {
            self.block(SIMPLE_PACKET, &[&(self.word)(original)[..], data].concat())
        }

        /// A section with one Ethernet interface.
        fn start(self) -> Vec<u8> {
            [self.section(), self.interface(1, 0, &[])].concat()
        }
    }

    fn texts(file: &[u8]) -> Vec<String> {
        read(file).0.into_iter().map(|packet| String::from_utf8(packet.data).unwrap()).collect()
    }

    #[test]
    fn every_packet_block_is_read_in_either_byte_order() {
        for writer in [LITTLE, BIG] {
            let file = [
                writer.section(),
                writer.interface(1, 4, &[]),
                writer.interface(276, 0, &[]),
                writer.enhanced(1, 1_700_000_000_000_007, b"enhanced"),
                writer.simple(6, b"simp"),
                writer.obsolete(1, 1_700_000_000_000_008, b"obsolete"),
                writer.simple(3, b"sim"),
            ]
            .concat();
            let (packets, warnings) = read(&file);
            assert_eq!(warnings, []);
            assert_eq!(texts(&file), ["enhanced", "simp", "obsolete", "sim"]);
            assert_eq!(packets.iter().map(|packet| packet.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
            assert_eq!(packets.iter().map(|packet| packet.link.0).collect::<Vec<_>>(), [276, 1, 276, 1]);
            assert_eq!(packets.iter().map(|packet| packet.original_len).collect::<Vec<_>>(), [17, 6, 17, 3]);
            assert_eq!(packets[0].time, Moment::from_nanoseconds(1_700_000_000_000_007_000, 6));
            assert_eq!(packets[1].time, packets[0].time, "a simple packet is as late as the one before it");
            assert_eq!(packets[2].time, Moment::from_nanoseconds(1_700_000_000_000_008_000, 6));
            assert_steady(&file);
        }
    }

    #[test]
    fn sections_have_their_own_byte_order_and_interfaces() {
        let file = [
            LITTLE.start(),
            LITTLE.enhanced(0, 1, b"one"),
            BIG.section(),
            BIG.interface(113, 0, &[BIG.option(IF_TSRESOL, &[9])]),
            BIG.enhanced(0, 1, b"two"),
            LITTLE.start(),
            LITTLE.enhanced(0, 1, b"three"),
        ]
        .concat();
        let (packets, warnings) = read(&file);
        assert_eq!(warnings, []);
        assert_eq!(packets.iter().map(|packet| packet.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(packets.iter().map(|packet| packet.link.0).collect::<Vec<_>>(), [1, 113, 1]);
        assert_eq!(packets.iter().map(|packet| packet.time.nanoseconds()).collect::<Vec<_>>(), [1000, 1, 1000]);
        assert_steady(&file);
    }

    #[test]
    fn time_is_counted_as_the_interface_says() {
        let time_of = |ticks, options: &[Vec<u8>]| {
            let file = [LITTLE.section(), LITTLE.interface(1, 0, options), LITTLE.enhanced(0, ticks, b"x")].concat();
            let time = read(&file).0[0].time;
            (time.nanoseconds(), time.digits)
        };
        let resolution = |resolution| [LITTLE.option(IF_TSRESOL, &[resolution])];
        assert_eq!(time_of(7, &[]), (7_000, 6));
        assert_eq!(time_of(7, &resolution(0)), (7_000_000_000, 0));
        assert_eq!(time_of(7, &resolution(3)), (7_000_000, 3));
        assert_eq!(time_of(7, &resolution(9)), (7, 9));
        assert_eq!(time_of(7_999, &resolution(12)), (7, 9));
        assert_eq!(time_of(u64::MAX, &resolution(0x7f)), (0, 9));
        assert_eq!(time_of(7, &resolution(0x80)), (7_000_000_000, 0));
        assert_eq!(time_of(3, &resolution(0x81)), (1_500_000_000, 1));
        assert_eq!(time_of(3 << 30, &resolution(0x80 | 31)), (1_500_000_000, 9));
        assert_eq!(time_of(u64::MAX, &resolution(0xff)), (0, 9));
        let offset = LITTLE.option(IF_TSOFFSET, &(-10_i64).to_le_bytes());
        assert_eq!(time_of(7, &[offset.clone(), LITTLE.option(IF_TSRESOL, &[9])]), (-9_999_999_993, 9));
        assert_eq!(time_of(7, std::slice::from_ref(&offset)), (-9_999_993_000, 6));
        // What comes after the end of the options, or does not fit, is not read.
        assert_eq!(time_of(7, &[LITTLE.option(END_OF_OPTIONS, b""), offset]), (7_000, 6));
        assert_eq!(time_of(7, &[LITTLE.option(2, b"eth0"), vec![9, 0, 200, 0, 9, 0, 0, 0]]), (7_000, 6));
        assert_eq!(time_of(7, &[LITTLE.option(IF_TSRESOL, &[9, 9])]), (7_000, 6));
    }

    #[test]
    fn frames_are_counted_as_wireshark_does() {
        let silent = [NAME_RESOLUTION, INTERFACE_STATISTICS, SECRETS, 0x777];
        let file = |kinds: &[u32]| {
            let others: Vec<_> = kinds.iter().flat_map(|kind| LITTLE.block(*kind, &[0; 20])).collect();
            [LITTLE.start(), others, LITTLE.enhanced(0, 1, b"x")].concat()
        };
        assert_eq!(read(&file(&silent)).0[0].number, 1);
        assert_eq!(read(&file(&FRAMES)).0[0].number, 7);
        assert_eq!(read(&file(&silent)).1, []);
        assert_eq!(read(&file(&FRAMES)).1, []);
    }

    #[test]
    fn a_damaged_block_length_is_passed_over() {
        for (at, bytes, damage) in [
            (4, [0xff; 4], Damage::BlockLength(u32::MAX)),
            (4, [37, 0, 0, 0], Damage::BlockLength(37)),
            (4, [8, 0, 0, 0], Damage::BlockLength(8)),
            (36, [0, 0, 0, 1], Damage::BlockTrailer { length: 40, trailer: 1 << 24 }),
            // Ends amid the next block.
            (4, [60, 0, 0, 0], Damage::BlockTrailer { length: 60, trailer: 1 }),
        ] {
            let mut damaged = LITTLE.enhanced(0, 1, b"packet 1");
            damaged[at..at + 4].copy_from_slice(&bytes);
            let start = LITTLE.start();
            let offset = start.len() as u64 + 40;
            let around = |nth| LITTLE.enhanced(0, 1, format!("packet {nth}").as_bytes());
            let file = [start, around(0), damaged, around(2), around(3)].concat();
            assert_eq!(texts(&file), ["packet 0", "packet 2", "packet 3"]);
            assert_eq!(read(&file).1, [Warning { offset, damage, skipped: 40 }]);
            assert_steady(&file);
        }
    }

    #[test]
    fn missing_and_foreign_bytes_are_passed_over() {
        let around = |nth| LITTLE.enhanced(0, 1, format!("packet {nth}").as_bytes());
        let whole = [LITTLE.start(), (0..5).flat_map(around).collect()].concat();
        for len in 1..40 {
            let missing = [&whole[..95], &whole[95 + len..]].concat();
            assert!(texts(&missing).ends_with(&["packet 3".into(), "packet 4".into()]), "{len} bytes");
            assert_steady(&missing);
            let foreign = [&whole[..95], &vec![0xa5; len], &whole[95..]].concat();
            assert!(texts(&foreign).ends_with(&["packet 3".into(), "packet 4".into()]), "{len} bytes");
            assert_steady(&foreign);
        }
    }

    #[test]
    fn damage_within_a_block_costs_only_the_block() {
        let mut long = LITTLE.enhanced(0, 1, b"packet 1");
        long[20] = 9;
        let short = LITTLE.block(ENHANCED_PACKET, &[0; 16]);
        let unknown = LITTLE.enhanced(4, 1, b"packet 1");
        let no_link = LITTLE.block(INTERFACE, &[1, 0, 0, 0]);
        for (damaged, damage) in [
            (long, Damage::ShortBlock),
            (short, Damage::ShortBlock),
            (unknown, Damage::UnknownInterface(4)),
            (no_link, Damage::ShortBlock),
        ] {
            let (start, skipped) = (LITTLE.start(), damaged.len() as u64);
            let offset = start.len() as u64;
            let file = [start, damaged, LITTLE.enhanced(0, 1, b"packet 2")].concat();
            assert_eq!(texts(&file), ["packet 2"]);
            assert_eq!(read(&file).1, [Warning { offset, damage, skipped }]);
            assert_steady(&file);
        }
    }

    #[test]
    fn a_packet_longer_than_it_was_is_taken() {
        let mut odd = LITTLE.enhanced(0, 1, b"packet 1");
        odd[24] = 2;
        let file = [LITTLE.start(), odd].concat();
        let (packets, warnings) = read(&file);
        assert_eq!((packets[0].data.len(), packets[0].original_len), (8, 8));
        assert_eq!(warnings[0].damage, Damage::CapturedMore { captured: 8, original: 2 });
        assert_eq!(warnings[0].skipped, 0);
    }

    #[test]
    fn a_damaged_section_header_still_begins_a_section() {
        let mut section = BIG.section();
        section[7] = 29;
        let file = [LITTLE.start(), section, BIG.interface(113, 0, &[]), BIG.enhanced(0, 1, b"x")].concat();
        let (packets, warnings) = read(&file);
        assert_eq!(packets[0].link, LinkType(113));
        assert_eq!(warnings, [Warning { offset: 48, damage: Damage::BlockLength(29), skipped: 28 }]);

        let mut section = BIG.section();
        section[8] = 0;
        let file = [LITTLE.start(), section, BIG.start(), BIG.enhanced(0, 1, b"x")].concat();
        let (packets, warnings) = read(&file);
        assert_eq!(packets.len(), 1);
        assert_eq!(warnings, [Warning { offset: 48, damage: Damage::ByteOrder, skipped: 28 }]);
    }

    #[test]
    fn a_cut_off_end_is_told() {
        let file = [LITTLE.start(), LITTLE.enhanced(0, 1, b"packet 0"), LITTLE.enhanced(0, 1, b"packet 1")].concat();
        let (packets, warnings) = read(&file[..file.len() - 3]);
        assert_eq!(packets.len(), 1);
        let damage = Damage::CutOff { present: 37, needed: 40 };
        assert_eq!(warnings, [Warning { offset: 88, damage, skipped: 37 }]);
    }

    #[test]
    fn interfaces_are_bounded() {
        let interfaces = LITTLE.interface(1, 0, &[]).repeat(MAX_INTERFACES + 1);
        let (packets, warnings) = read(&[LITTLE.section(), interfaces, LITTLE.enhanced(0, 1, b"x")].concat());
        assert_eq!(packets.len(), 1);
        assert_eq!(warnings[0].damage, Damage::TooManyInterfaces);
    }
}
