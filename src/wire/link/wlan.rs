//! IEEE 802.11 data frames, bare and behind what drivers put before them.

use super::{Decoded, Layer, Peeled, Rest, peel};

const OTHER: Peeled<'static> = Peeled::Done(Decoded::Other);

/// `LINKTYPE_IEEE802_11_RADIOTAP` (<https://www.radiotap.org>): a header that tells its length.
pub(super) fn radiotap(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some(([0, _, a, b], _)) => {
            let len = usize::from(u16::from_le_bytes([*a, *b]));
            let is_padded = rest.data.get(..len).is_some_and(is_padded);
            rest.into_behind(len, if is_padded { Layer::PaddedWlan } else { Layer::Wlan })
        }
        Some(_) => OTHER,
        None => rest.too_short(),
    }
}

/// Whether a radiotap header says that bytes stand behind the header of the frame which make that a multiple of four
/// long, as some cards have it in their memory.
fn is_padded(header: &[u8]) -> bool {
    const TIME: u32 = 1 << 0;
    const FLAGS: u32 = 1 << 1;
    const MORE: u32 = 1 << 31;
    const PADDED: u8 = 0x20;
    let (words, _) = header.as_chunks::<4>();
    let words = words.get(1..).unwrap_or_default();
    let Some(present) = words.first().map(|word| u32::from_le_bytes(*word)) else { return false };
    if present & FLAGS == 0 {
        return false;
    }
    let more = words.iter().take_while(|word| u32::from_le_bytes(**word) & MORE != 0).count();
    // Each field stands at a multiple of its length.
    let fields = 4 + (more + 1) * 4;
    let at = if present & TIME == 0 { fields } else { fields.next_multiple_of(8) + 8 };
    header.get(at).is_some_and(|flags| flags & PADDED != 0)
}

/// `LINKTYPE_IEEE802_11_PRISM`: 144 bytes, unless it is the AVS header under the older number.
pub(super) fn prism(rest: Rest<'_>) -> Peeled<'_> {
    const PRISM: usize = 144;
    match rest.data {
        [0x80, 0x21, 0x10, ..] => avs(rest),
        _ => rest.into_behind(PRISM, Layer::Wlan),
    }
}

/// `LINKTYPE_IEEE802_11_AVS`: its second word is its length.
pub(super) fn avs(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<8>() {
        Some(([_, _, _, _, len @ ..], _)) => rest.into_behind(u32::from_be_bytes(*len) as usize, Layer::Wlan),
        None => rest.too_short(),
    }
}

/// A frame of IEEE 802.11 (section 9.2): only data that is neither encrypted nor in pieces is read.
pub(super) fn frame(rest: Rest<'_>) -> Peeled<'_> {
    frame_with(rest, false)
}

/// The same with its header filled up to a multiple of four bytes.
pub(super) fn padded_frame(rest: Rest<'_>) -> Peeled<'_> {
    frame_with(rest, true)
}

fn frame_with(rest: Rest<'_>, is_padded: bool) -> Peeled<'_> {
    const DATA: u8 = 2;
    const QUALITY: u8 = 0x08;
    const NO_DATA: u8 = 0x04;
    const BETWEEN_ACCESS_POINTS: u8 = 0x03;
    const MORE_FRAGMENTS: u8 = 0x04;
    const PROTECTED: u8 = 0x40;
    const ORDER: u8 = 0x80;
    const AGGREGATED: u8 = 0x80;
    let Some(([kind, flags, .., fragment, _], carried)) = rest.split::<24>() else { return short_frame(rest) };
    let subtype = kind >> 4;
    if (kind >> 2) & 3 != DATA
        || subtype & NO_DATA != 0
        || flags & (PROTECTED | MORE_FRAGMENTS) != 0
        || fragment & 0x0f != 0
    {
        return OTHER;
    }
    let has_quality = subtype & QUALITY != 0;
    let fourth_address = if flags & BETWEEN_ACCESS_POINTS == BETWEEN_ACCESS_POINTS { 6 } else { 0 };
    let Some(behind) = carried.skip(fourth_address) else { return carried.too_short() };
    let padding = |header: usize| if is_padded { header.next_multiple_of(4) - header } else { 0 };
    if !has_quality {
        return behind.into_behind(padding(fourth_address), Layer::Llc);
    }
    let Some(([quality, _], behind)) = behind.split() else { return behind.too_short() };
    let control = if flags & ORDER == 0 { 0 } else { 4 };
    let Some(behind) = behind.skip(control + padding(fourth_address + 2)) else { return behind.too_short() };
    if quality & AGGREGATED == 0 {
        Peeled::Into(Layer::Llc, behind)
    } else {
        Peeled::Done(Decoded::Several(Aggregate(behind)))
    }
}

/// Acknowledgements and the like are shorter than a header of data.
fn short_frame(rest: Rest<'_>) -> Peeled<'_> {
    match rest.data.first() {
        Some(kind) if (kind >> 2) & 3 != 2 => OTHER,
        _ => rest.too_short(),
    }
}

/// An aggregate (A-MSDU): several packets in one frame.
#[derive(Clone, Copy, Debug)]
pub struct Aggregate<'a>(Rest<'a>);

impl<'a> Aggregate<'a> {
    /// Finds the TCP segment in each of its packets.
    pub fn each(self, mut sink: impl FnMut(Decoded<'a>)) {
        const HEADER: usize = 14;
        let mut rest = self.0;
        // What is too short for a header is a check sequence.
        while let Some(([_addresses @ .., a, b], carried)) = rest.split::<HEADER>() {
            let len = usize::from(u16::from_be_bytes([*a, *b]));
            sink(peel(Layer::Llc, carried.limited(len)));
            // Each but the last is filled up to a multiple of four.
            let Some(next) = carried.skip((HEADER + len).next_multiple_of(4) - HEADER) else { return };
            rest = next;
        }
        if rest.data.len() + rest.missing >= HEADER {
            sink(Decoded::Cut);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Decoded, decode, sample};
    use crate::wire::LinkType;

    const WLAN: LinkType = LinkType(105);

    fn llc() -> Vec<u8> {
        [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &sample::ipv4(&sample::tcp(b"hello"))].concat()
    }

    /// A frame without what comes between its header and its data.
    fn frame(kind: u8, flags: u8, rest: &[&[u8]]) -> Vec<u8> {
        [&[kind, flags][..], &[0; 22], &rest.concat()].concat()
    }

    #[test]
    fn data_frames_are_read() {
        sample::assert_hello(WLAN, &frame(0x08, 0x01, &[&llc()]));
        sample::assert_hello(WLAN, &frame(0x08, 0x03, &[&[0; 6], &llc()]));
        sample::assert_hello(WLAN, &frame(0x88, 0x02, &[&[0; 2], &llc()]));
        sample::assert_hello(WLAN, &frame(0x88, 0x83, &[&[0; 6], &[0; 2], &[0; 4], &llc()]));
        // A frame check sequence behind the packet.
        sample::assert_hello(WLAN, &frame(0x08, 0x01, &[&llc(), &[9; 4]]));
    }

    /// What is in an aggregate of these packets, which its frame ends with.
    fn aggregated(packets: &[Vec<u8>], end: &[u8], cut: usize) -> Vec<String> {
        let subframe = |packet: &Vec<u8>| {
            let [a, b] = u16::try_from(packet.len()).unwrap().to_be_bytes();
            let mut subframe = [&[0; 12][..], &[a, b], packet].concat();
            subframe.resize(subframe.len().next_multiple_of(4), 0);
            subframe
        };
        let whole = frame(0x88, 0x01, &[&[0x80, 0], &packets.iter().flat_map(subframe).collect::<Vec<u8>>(), end]);
        let mut packet = sample::packet(WLAN, &whole);
        packet.data = &whole[..whole.len() - cut];
        let Decoded::Several(aggregate) = decode(&packet) else { panic!("no aggregate") };
        let mut found = Vec::new();
        aggregate.each(|decoded| match decoded {
            Decoded::Tcp(segment) => found.push(String::from_utf8_lossy(segment.payload).into_owned()),
            other => found.push(format!("{other:?}")),
        });
        found
    }

    fn saying(what: &[u8]) -> Vec<u8> {
        [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &sample::ipv4(&sample::tcp(what))].concat()
    }

    #[test]
    fn each_packet_of_an_aggregate_is_read() {
        let packets = [saying(b"one"), saying(b"and two"), saying(b"more")];
        assert_eq!(aggregated(&packets, &[], 0), ["one", "and two", "more"]);
        assert_eq!(aggregated(&packets, &[9; 4], 0), ["one", "and two", "more"]);
        assert_eq!(aggregated(&packets[..1], &[9; 4], 0), ["one"]);
        // The snapshot length cut the last one: first its text, then its headers.
        assert_eq!(aggregated(&packets, &[], 4), ["one", "and two", "mo"]);
        assert_eq!(aggregated(&packets, &[], 40), ["one", "and two", "Cut"]);
        assert_eq!(aggregated(&packets, &[], 60), ["one", "and two", "Cut"]);
        let arp = [0xaa, 0xaa, 3, 0, 0, 0, 8, 6].to_vec();
        assert_eq!(aggregated(&[arp, saying(b"after")], &[], 0), ["Other", "after"]);
    }

    #[test]
    fn an_aggregate_of_any_bytes_ends() {
        assert_eq!(aggregated(&[], &[0; 64], 0), ["Malformed"; 4]);
        assert_eq!(aggregated(&[], &[0xff; 64], 0), ["Other"]);
    }

    #[test]
    fn what_cannot_be_read_is_other() {
        for (kind, flags) in [(0x80, 0), (0x08, 0x41), (0x08, 0x05), (0x48, 1), (0xd4, 0)] {
            assert_eq!(sample::outcome(WLAN, &frame(kind, flags, &[&llc()])), "Other");
        }
        let mut fragment = frame(0x08, 1, &[&llc()]);
        fragment[22] = 1;
        assert_eq!(sample::outcome(WLAN, &fragment), "Other");
        assert_eq!(sample::outcome(WLAN, &[0xd4, 0, 0, 0, 1, 2, 3, 4, 5, 6]), "Other");
        assert_eq!(sample::outcome(WLAN, &[0x08, 0, 0, 0, 1, 2, 3, 4, 5, 6]), "Malformed");
    }

    #[test]
    fn what_drivers_put_in_front_is_passed_over() {
        let frame = frame(0x08, 0x01, &[&llc()]);
        let radiotap = [&[0, 0, 13, 0][..], &[7; 9], &frame].concat();
        sample::assert_hello(LinkType(127), &radiotap);
        assert_eq!(sample::outcome(LinkType(127), &radiotap[..10]), "Malformed");
        sample::assert_hello(LinkType(119), &[&[0, 0, 0, 0x44][..], &[7; 140], &frame].concat());
        // Flags alone, and flags behind a time that begins at a multiple of eight: they tell of padding.
        let quality = self::frame(0x88, 0x01, &[&[0; 2], &[0; 2], &llc()]);
        sample::assert_hello(LinkType(127), &[&[0, 0, 9, 0, 2, 0, 0, 0, 0x20][..], &quality].concat());
        let timed = [&[0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0][..], &[0xff; 8], &[0x30]].concat();
        sample::assert_hello(LinkType(127), &[&timed[..], &quality, &[9; 4]].concat());
        let between = self::frame(0x88, 0x03, &[&[0; 6], &[0; 2], &llc()]);
        sample::assert_hello(LinkType(127), &[&[0, 0, 9, 0, 2, 0, 0, 0, 0x20][..], &between].concat());
        let plain = self::frame(0x08, 0x01, &[&llc()]);
        sample::assert_hello(LinkType(127), &[&[0, 0, 9, 0, 2, 0, 0, 0, 0x20][..], &plain].concat());
        let avs = [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[7; 56], &frame].concat();
        sample::assert_hello(LinkType(119), &avs);
        sample::assert_hello(LinkType(163), &avs);
    }
}
