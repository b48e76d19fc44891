//! IEEE 802.11 data frames, bare and behind what drivers put before them.

use super::{Decoded, Layer, Peeled, Rest};

const OTHER: Peeled<'static> = Peeled::Done(Decoded::Other);

/// `LINKTYPE_IEEE802_11_RADIOTAP` (<https://www.radiotap.org>): a header that tells its length.
pub(super) fn radiotap(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some(([0, _, a, b], _)) => rest.into_behind(u16::from_le_bytes([*a, *b]).into(), Layer::Wlan),
        Some(_) => OTHER,
        None => rest.too_short(),
    }
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
    if !has_quality {
        return Peeled::Into(Layer::Llc, behind);
    }
    let Some(([quality, _], behind)) = behind.split() else { return behind.too_short() };
    let Some(behind) = behind.skip(if flags & ORDER == 0 { 0 } else { 4 }) else { return behind.too_short() };
    if quality & AGGREGATED == 0 { Peeled::Into(Layer::Llc, behind) } else { first_of_several(behind) }
}

/// Acknowledgements and the like are shorter than a header of data.
fn short_frame(rest: Rest<'_>) -> Peeled<'_> {
    match rest.data.first() {
        Some(kind) if (kind >> 2) & 3 != 2 => OTHER,
        _ => rest.too_short(),
    }
}

/// An aggregate (A-MSDU): of several packets in one frame the first is read.
fn first_of_several(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<14>() {
        Some(([_addresses @ .., a, b], carried)) => {
            Peeled::Into(Layer::Llc, carried.limited(u16::from_be_bytes([*a, *b]).into()))
        }
        None => rest.too_short(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
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

    #[test]
    fn the_first_of_an_aggregate_is_read() {
        let [a, b] = u16::try_from(llc().len()).unwrap().to_be_bytes();
        let subframe = [&[0; 12][..], &[a, b], &llc(), &[0; 3]].concat();
        sample::assert_hello(WLAN, &frame(0x88, 0x01, &[&[0x80, 0], &subframe, &subframe]));
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
        let avs = [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[7; 56], &frame].concat();
        sample::assert_hello(LinkType(119), &avs);
        sample::assert_hello(LinkType(163), &avs);
    }
}
