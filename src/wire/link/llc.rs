//! What comes behind a length in place of an `EtherType`, and on media that have none: IEEE 802.2
//! LLC, and SNAP within it (RFC 1042).

use super::{Decoded, Layer, Peeled, Rest};

/// LLC with SNAP: both service access points 0xaa, unnumbered information.
const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
/// LLC with IP right behind it.
const IP: [u8; 3] = [0x06, 0x06, 0x03];
/// Whose protocol numbers follow: those of Ethernet, and the same as 802.1H bridges write them.
const ETHERNET_NUMBERS: [[u8; 3]; 2] = [[0, 0, 0], [0, 0, 0xf8]];

/// Whole frames of a bridge: with and without a check sequence behind them.
const BRIDGED: [u8; 3] = [0x00, 0x80, 0xc2];
/// What stands before such a frame (RFC 2684 section 5.2).
const BRIDGE_PADDING: usize = 2;

pub(super) fn header(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some((&SNAP, carried)) => snap(carried, BRIDGE_PADDING),
        Some((&IP, carried)) => Peeled::Into(Layer::Ip, carried),
        Some(_) => Peeled::Done(Decoded::Other),
        None => rest.too_short(),
    }
}

/// What SNAP announces. Before the whole frame of a bridge stand so many bytes of padding.
pub(super) fn snap(rest: Rest<'_>, bridge_padding: usize) -> Peeled<'_> {
    match rest.split::<5>() {
        Some(([whose @ .., a, b], carried)) if ETHERNET_NUMBERS.contains(whose) => {
            Peeled::Into(Layer::EtherType(u16::from_be_bytes([*a, *b])), carried)
        }
        Some(([whose @ .., 0, 1 | 7], carried)) if *whose == BRIDGED => {
            carried.into_behind(bridge_padding, Layer::Ethernet)
        }
        Some(_) => Peeled::Done(Decoded::Other),
        None => rest.too_short(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    /// Classical IP over ATM: nothing but LLC.
    const LLC: LinkType = LinkType(100);

    #[test]
    fn snap_carries_what_ethernet_does() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        for whose in [[0, 0, 0], [0, 0, 0xf8]] {
            sample::assert_hello(LLC, &[&[0xaa, 0xaa, 3][..], &whose, &[8, 0], &ip].concat());
        }
        assert_eq!(sample::outcome(LLC, &[&[0xaa, 0xaa, 3, 0, 0, 0xc, 8, 0][..], &ip].concat()), "Other");
        sample::assert_hello(LLC, &[&[6, 6, 3][..], &ip].concat());
        let frame = sample::ethernet(0x0800, &ip);
        sample::assert_hello(LLC, &[&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0][..], &frame].concat());
        sample::assert_hello(LLC, &[&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 1, 0, 0][..], &frame, &[9; 4]].concat());
        assert_eq!(sample::outcome(LLC, &[0x42, 0x42, 3, 0, 0, 0]), "Other");
        assert_eq!(sample::outcome(LLC, &[0xaa, 0xaa, 3, 0]), "Malformed");
    }

    #[test]
    fn ethernet_with_a_length_carries_llc_and_padding() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        let llc = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &ip].concat();
        let mut frame = sample::ethernet(u16::try_from(llc.len()).unwrap(), &llc);
        frame.resize(frame.len() + 9, 0);
        sample::assert_hello(LinkType(1), &frame);
    }
}
