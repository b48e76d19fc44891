//! GRE (RFC 2784, RFC 2890), its other version within PPTP (RFC 2637), and the mirrored frames of
//! switches in it (ERSPAN, draft-foschiano-erspan).

use super::{Decoded, Layer, Peeled, Rest};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
/// In version 1 alone.
const ACKNOWLEDGEMENT: u16 = 0x0080;

const PPP: u16 = 0x880b;
/// What a router hands to a cache, with or without a header of four bytes.
const WCCP: u16 = 0x883e;
/// 802.11 frames that access points hand to their controller: one number for each priority, and one more.
const WLAN: [u16; 2] = [0x8200, 0x9000];
const WLAN_PRIORITIES: u16 = 0x0f;
/// Types I and II.
const ERSPAN: u16 = 0x88be;
/// Type III.
const ERSPAN_3: u16 = 0x22eb;

pub(super) fn header(rest: Rest<'_>) -> Peeled<'_> {
    let Some(([a, b, c, d], options)) = rest.split() else { return rest.too_short() };
    let flags = u16::from_be_bytes([*a, *b]);
    let has = |flag| flags & flag != 0;
    let len = 4 * match flags & 7 {
        0 => usize::from(has(CHECKSUM) || has(ROUTING)) + usize::from(has(KEY)) + usize::from(has(SEQUENCE)),
        1 => usize::from(has(KEY)) + usize::from(has(SEQUENCE)) + usize::from(has(ACKNOWLEDGEMENT)),
        _ => return Peeled::Done(Decoded::Other),
    };
    let Some(mut carried) = options.skip(len) else { return options.too_short() };
    if has(ROUTING) {
        match behind_routes(carried) {
            Some(behind) => carried = behind,
            None => return carried.too_short(),
        }
    }
    match u16::from_be_bytes([*c, *d]) {
        PPP => Peeled::Into(Layer::Ppp, carried),
        // Type I has no header of its own, and no sequence number before it.
        ERSPAN if !has(SEQUENCE) => Peeled::Into(Layer::Ethernet, carried),
        ERSPAN => carried.into_behind(8, Layer::Ethernet),
        ERSPAN_3 => mirrored(carried),
        WCCP => {
            let is_packet = carried.data.first().is_some_and(|first| first >> 4 == 4);
            carried.into_behind(if is_packet { 0 } else { 4 }, Layer::Ip)
        }
        kind if WLAN.contains(&(kind & !WLAN_PRIORITIES)) => Peeled::Into(Layer::Wlan, carried),
        kind => Peeled::Into(Layer::EtherType(kind), carried),
    }
}

/// What is behind the routes that the sender chose (RFC 1701): each tells its length, and the last is empty.
fn behind_routes(mut rest: Rest<'_>) -> Option<Rest<'_>> {
    loop {
        let ([family @ .., _offset, len], behind) = rest.split::<4>()?;
        rest = behind.skip((*len).into())?;
        if *family == [0, 0] && *len == 0 {
            return Some(rest);
        }
    }
}

/// The header of ERSPAN type III, and the subheader that its last bit announces.
fn mirrored(rest: Rest<'_>) -> Peeled<'_> {
    const SUBHEADER: u8 = 1;
    const FRAME_TYPE: u8 = 0x7c;
    const IP: u8 = 2 << 2;
    let Some(([.., kind, last], carried)) = rest.split::<12>() else { return rest.too_short() };
    let inner = if kind & FRAME_TYPE == IP { Layer::Ip } else { Layer::Ethernet };
    carried.into_behind(if last & SUBHEADER == 0 { 0 } else { 8 }, inner)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    fn gre(flags: [u8; 2], kind: u16, rest: &[&[u8]]) -> Vec<u8> {
        sample::ipv4_with(47, &[&flags[..], &kind.to_be_bytes(), &rest.concat()].concat())
    }

    const RAW: LinkType = LinkType(101);

    #[test]
    fn optional_fields_are_passed_over() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        for (flags, fields) in [(0, 0), (0x80, 4), (0x20, 4), (0x10, 4), (0x30, 8), (0xb0, 12)] {
            sample::assert_hello(RAW, &gre([flags, 0], 0x0800, &[&vec![7; fields], &ip]));
        }
        let route = [8, 0, 0, 4, 10, 0, 0, 9];
        sample::assert_hello(RAW, &gre([0x40, 0], 0x0800, &[&[7; 4], &route, &route, &[0; 4], &ip]));
        sample::assert_hello(RAW, &gre([0xf0, 0], 0x0800, &[&[7; 12], &[0; 4], &ip]));
        assert_eq!(sample::outcome(RAW, &gre([0x40, 0], 0x0800, &[&[7; 4], &route])), "Malformed");
        assert_eq!(sample::outcome(RAW, &gre([0, 2], 0x0800, &[&ip])), "Other");
        assert_eq!(sample::outcome(RAW, &gre([0x20, 0], 0x0800, &[&[7; 3]])), "Malformed");
    }

    #[test]
    fn frames_and_labels_are_carried() {
        let ip = sample::ipv6(&sample::tcp(b"hello"));
        let frame = sample::ethernet(0x86dd, &ip);
        sample::assert_hello(RAW, &gre([0x20, 0], 0x6558, &[&[7; 4], &frame]));
        sample::assert_hello(RAW, &gre([0, 0], 0x8847, &[&[0, 1, 0x41, 64], &ip]));
        let nested = gre([0, 0], 0x0800, &[&gre([0, 0], 0x86dd, &[&ip])]);
        sample::assert_hello(RAW, &nested);
    }

    #[test]
    fn pptp_carries_ppp() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        for (flags, fields) in [([0x30, 0x01], 8), ([0x30, 0x81], 12)] {
            sample::assert_hello(RAW, &gre(flags, 0x880b, &[&vec![7; fields], &[0xff, 3, 0, 0x21], &ip]));
        }
    }

    #[test]
    fn what_goes_to_a_cache_or_a_controller_is_read() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        sample::assert_hello(RAW, &gre([0, 0], 0x883e, &[&ip]));
        sample::assert_hello(RAW, &gre([0, 0], 0x883e, &[&[0; 4], &ip]));
        let frame = [&[0x88, 1][..], &[0; 24], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ip].concat();
        for kind in [0x8200, 0x8204, 0x9000] {
            sample::assert_hello(RAW, &gre([0, 0], kind, &[&frame]));
        }
    }

    #[test]
    fn mirrored_frames_are_read() {
        let frame = sample::ethernet(0x0800, &sample::ipv4(&sample::tcp(b"hello")));
        sample::assert_hello(RAW, &gre([0, 0], 0x88be, &[&frame]));
        sample::assert_hello(RAW, &gre([0x10, 0], 0x88be, &[&[0; 4], &[0x10; 8], &frame]));
        sample::assert_hello(
            RAW,
            &gre([0x10, 0], 0x22eb, &[&[0; 4], &[0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &frame]),
        );
        let with_subheader = [0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        sample::assert_hello(RAW, &gre([0x10, 0], 0x22eb, &[&[0; 4], &with_subheader, &[0; 8], &frame]));
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        let of_ip = [0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 << 2, 0];
        sample::assert_hello(RAW, &gre([0x10, 0], 0x22eb, &[&[0; 4], &of_ip, &ip]));
    }
}
