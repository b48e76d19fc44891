//! UDP, for the tunnels in it. Which one it is only the port tells, so a header that does not fit
//! is no damage but another protocol.

use super::ethernet::SERVICE_HEADER;
use super::{Decoded, Layer, Peeled, Rest};

const TEREDO: u16 = 3544;
const GTP: u16 = 2152;
const VXLAN: u16 = 4789;
/// What Linux used before there was a number.
const OLD_VXLAN: u16 = 8472;
const VXLAN_GPE: u16 = 4790;
const AYIYA: u16 = 5072;
const GENEVE: u16 = 6081;
const MPLS: u16 = 6635;
const L2TP: u16 = 1701;
const LISP: u16 = 4341;
const TZSP: u16 = 37_008;

const OTHER: Peeled<'static> = Peeled::Done(Decoded::Other);

pub(super) fn datagram(rest: Rest<'_>) -> Peeled<'_> {
    let Some((header, carried)) = rest.split::<8>() else { return rest.too_short() };
    let ([source, destination, len, _checksum], _) = header.as_chunks::<2>() else { return OTHER };
    let [source, destination, len] = [source, destination, len].map(|field| u16::from_be_bytes(*field));
    // A length of 0 is that of a datagram which the network card was to cut.
    let carried = if len < 8 { carried } else { carried.limited(usize::from(len) - 8) };
    // Tunnels that scatter their source ports are known by the destination alone.
    match (source, destination) {
        (_, VXLAN | OLD_VXLAN | VXLAN_GPE) => vxlan(carried),
        (_, GENEVE) => geneve(carried),
        (_, MPLS) => Peeled::Into(Layer::Mpls, carried),
        (_, TZSP) => mirrored(carried),
        (_, LISP) => lisp(carried),
        (GTP, _) | (_, GTP) => gtp(carried),
        (L2TP, _) | (_, L2TP) => l2tp(carried),
        (TEREDO, _) | (_, TEREDO) => teredo(carried),
        (AYIYA, _) | (_, AYIYA) => ayiya(carried),
        _ => OTHER,
    }
}

/// RFC 7348 section 5, and the next protocol of draft-ietf-nvo3-vxlan-gpe where a bit says so.
fn vxlan(rest: Rest<'_>) -> Peeled<'_> {
    const HAS_NETWORK: u8 = 0x08;
    const HAS_PROTOCOL: u8 = 0x04;
    let Some(([flags, _, _, protocol, _network @ ..], carried)) = rest.split::<8>() else { return rest.too_short() };
    if flags & HAS_NETWORK == 0 {
        return OTHER;
    }
    let layer = match protocol {
        _ if flags & HAS_PROTOCOL == 0 => Layer::Ethernet,
        1 | 2 => Layer::Ip,
        3 => Layer::Ethernet,
        4 => Layer::EtherType(SERVICE_HEADER),
        5 => Layer::Mpls,
        _ => return OTHER,
    };
    Peeled::Into(layer, carried)
}

/// RFC 8926 section 3.4.
fn geneve(rest: Rest<'_>) -> Peeled<'_> {
    let Some(([version, _, a, b, _network @ ..], carried)) = rest.split::<8>() else { return rest.too_short() };
    if version >> 6 != 0 {
        return OTHER;
    }
    let options = usize::from(version & 0x3f) * 4;
    carried.into_behind(options, Layer::EtherType(u16::from_be_bytes([*a, *b])))
}

/// 3GPP TS 29.281 section 5.1: a user's packet, behind whatever extension headers.
fn gtp(rest: Rest<'_>) -> Peeled<'_> {
    const VERSION_1: u8 = 0x30;
    const OPTIONAL_FIELDS: u8 = 0x07;
    const USERS_PACKET: u8 = 0xff;
    let Some(([flags, kind, a, b, _endpoint @ ..], carried)) = rest.split::<8>() else { return rest.too_short() };
    if flags & 0xf0 != VERSION_1 || *kind != USERS_PACKET {
        return OTHER;
    }
    let mut carried = carried.limited(u16::from_be_bytes([*a, *b]).into());
    if flags & OPTIONAL_FIELDS != 0 {
        let Some(([_, _, _, next], behind)) = carried.split() else { return carried.too_short() };
        let mut next = if flags & 0x04 == 0 { 0 } else { *next };
        carried = behind;
        while next != 0 {
            let Some(([words], _)) = carried.split() else { return carried.too_short() };
            let len = usize::from(*words) * 4;
            if len == 0 {
                return OTHER;
            }
            let Some(behind) = carried.skip(len) else { return carried.too_short() };
            next = carried.data.get(len - 1).copied().unwrap_or_default();
            carried = behind;
        }
    }
    ip(carried)
}

/// RFC 2661 section 3.1: PPP, behind whichever fields there are.
fn l2tp(rest: Rest<'_>) -> Peeled<'_> {
    const CONTROL: u8 = 0x80;
    const LENGTH: u8 = 0x40;
    const SEQUENCE: u8 = 0x08;
    const OFFSET: u8 = 0x02;
    const VERSION: u8 = 2;
    let Some(([flags, version], _)) = rest.split() else { return rest.too_short() };
    if flags & CONTROL != 0 || version & 0x0f != VERSION {
        return OTHER;
    }
    let has = |flag: u8, len: usize| if flags & flag == 0 { 0 } else { len };
    let len = 2 + has(LENGTH, 2) + 4 + has(SEQUENCE, 4);
    if flags & OFFSET == 0 {
        return rest.into_behind(len, Layer::Ppp);
    }
    match rest.skip(len).and_then(Rest::split) {
        Some(([a, b], carried)) => carried.into_behind(u16::from_be_bytes([*a, *b]).into(), Layer::Ppp),
        None => rest.too_short(),
    }
}

/// RFC 9300 section 5.
fn lisp(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<8>() {
        Some((_, carried)) => ip(carried),
        None => rest.too_short(),
    }
}

/// TZSP, by which `MikroTik`'s routers and access points mirror what they see: what it is, and fields that tell their
/// length.
fn mirrored(rest: Rest<'_>) -> Peeled<'_> {
    const PADDING: u8 = 0;
    const END: u8 = 1;
    let Some(([version, kind, encapsulated @ ..], mut rest)) = rest.split::<4>() else { return rest.too_short() };
    let inner = match u16::from_be_bytes(*encapsulated) {
        1 => Layer::Ethernet,
        18 => Layer::Wlan,
        _ => return OTHER,
    };
    // Received or to be sent.
    if *version != 1 || *kind > 1 {
        return OTHER;
    }
    loop {
        rest = match rest.data {
            [END, ..] => return rest.into_behind(1, inner),
            [PADDING, ..] => Rest { data: rest.data.get(1..).unwrap_or_default(), ..rest },
            [_, len, ..] => match rest.skip(2 + usize::from(*len)) {
                Some(behind) => behind,
                None => return rest.too_short(),
            },
            _ => return rest.too_short(),
        };
    }
}

/// RFC 4380 section 5.1.1: who sent it may come before the packet, and where from.
fn teredo(mut rest: Rest<'_>) -> Peeled<'_> {
    if let Some(([0, 1, id, authentication], carried)) = rest.split() {
        let Some(behind) = carried.skip(usize::from(*id) + usize::from(*authentication) + 9) else {
            return carried.too_short();
        };
        rest = behind;
    }
    if let Some(([0, 0, _origin @ ..], carried)) = rest.split::<8>() {
        rest = carried;
    }
    ip(rest)
}

/// draft-massar-v6ops-ayiya section 3: forwarded packets.
fn ayiya(rest: Rest<'_>) -> Peeled<'_> {
    const FORWARD: u8 = 1;
    const IPV6: u8 = 41;
    let Some(([identity, signature, operation, next, _epoch @ ..], carried)) = rest.split::<8>() else {
        return rest.too_short();
    };
    if operation & 0x0f != FORWARD || *next != IPV6 {
        return OTHER;
    }
    carried.into_behind((1 << (identity >> 4)) + usize::from(signature >> 4) * 4, Layer::Ip)
}

/// An IP packet, if it looks like one.
fn ip(rest: Rest<'_>) -> Peeled<'_> {
    match rest.data.first().map(|first| first >> 4) {
        Some(4 | 6) => Peeled::Into(Layer::Ip, rest),
        Some(_) => OTHER,
        None => rest.too_short(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::wire::LinkType;

    const RAW: LinkType = LinkType(101);

    fn udp(source: u16, destination: u16, payload: &[&[u8]]) -> Vec<u8> {
        let payload = payload.concat();
        let len = u16::try_from(payload.len() + 8).unwrap();
        let header = [source, destination, len, 0].map(u16::to_be_bytes).concat();
        sample::ipv4_with(17, &[&header[..], &payload].concat())
    }

    fn ip() -> Vec<u8> {
        sample::ipv4(&sample::tcp(b"hello"))
    }

    fn frame() -> Vec<u8> {
        sample::ethernet(0x0800, &ip())
    }

    #[test]
    fn vxlan_carries_ethernet() {
        for port in [VXLAN, OLD_VXLAN] {
            sample::assert_hello(RAW, &udp(50_000, port, &[&[8, 0, 0, 0, 0, 0, 7, 0], &frame()]));
            assert_eq!(sample::outcome(RAW, &udp(50_000, port, &[&[0; 8], &frame()])), "Other");
        }
        let inner = udp(1, VXLAN, &[&[8, 0, 0, 0, 0, 0, 7, 0], &frame()]);
        let twice = udp(50_000, VXLAN, &[&[8, 0, 0, 0, 0, 0, 8, 0], &sample::ethernet(0x0800, &inner)]);
        sample::assert_hello(RAW, &twice);
        let generic = |protocol, carried: &[u8]| udp(1, VXLAN_GPE, &[&[0x0c, 0, 0, protocol, 0, 0, 7, 0], carried]);
        sample::assert_hello(RAW, &generic(1, &ip()));
        sample::assert_hello(RAW, &generic(3, &frame()));
        sample::assert_hello(RAW, &generic(5, &[&[0, 1, 0x41, 64][..], &ip()].concat()));
        sample::assert_hello(RAW, &generic(4, &[&[0x0f, 0xc2, 2, 3, 0, 0, 1, 0xff][..], &frame()].concat()));
        assert_eq!(sample::outcome(RAW, &generic(7, &frame())), "Other");
    }

    #[test]
    fn geneve_options_are_passed_over() {
        for options in [0, 1, 63] {
            let header = [options, 0, 0x65, 0x58, 0, 0, 7, 0];
            let words = vec![0xee; usize::from(options) * 4];
            sample::assert_hello(RAW, &udp(50_000, GENEVE, &[&header, &words, &frame()]));
            let header = [options, 0, 0x08, 0x00, 0, 0, 7, 0];
            sample::assert_hello(RAW, &udp(50_000, GENEVE, &[&header, &words, &ip()]));
        }
        assert_eq!(sample::outcome(RAW, &udp(1, GENEVE, &[&[0x40, 0, 8, 0, 0, 0, 0, 0], &ip()])), "Other");
        assert_eq!(sample::outcome(RAW, &udp(1, GENEVE, &[&[2, 0, 8, 0, 0, 0, 0, 0], &[0; 7]])), "Malformed");
    }

    #[test]
    fn gtp_extension_headers_are_passed_over() {
        let packet = ip();
        let gtp = |flags: u8, fields: &[u8]| {
            let [a, b] = u16::try_from(packet.len() + fields.len()).unwrap().to_be_bytes();
            udp(GTP, GTP, &[&[flags, 0xff, a, b, 0, 0, 0, 9], fields, &packet])
        };
        sample::assert_hello(RAW, &gtp(0x30, &[]));
        sample::assert_hello(RAW, &gtp(0x32, &[0, 7, 0, 0x85]));
        sample::assert_hello(RAW, &gtp(0x34, &[0, 0, 0, 0x85, 1, 0x10, 0, 0]));
        sample::assert_hello(RAW, &gtp(0x34, &[0, 0, 0, 0x85, 1, 0x10, 0, 0x85, 2, 0, 0, 0, 0, 0, 0, 0]));
        assert_eq!(sample::outcome(RAW, &gtp(0x34, &[0, 0, 0, 0x85, 0, 0, 0, 0])), "Other");
        assert_eq!(sample::outcome(RAW, &udp(GTP, GTP, &[&[0x32, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]])), "Other");
    }

    #[test]
    fn teredo_and_ayiya_carry_ipv6() {
        let packet = sample::ipv6(&sample::tcp(b"hello"));
        let authentication = [&[0, 1, 2, 3][..], &[7; 5], &[0; 9]].concat();
        let origin = [0, 0, 1, 2, 3, 4, 5, 6];
        for (source, destination) in [(TEREDO, 40_000), (40_000, TEREDO)] {
            sample::assert_hello(RAW, &udp(source, destination, &[&packet]));
            sample::assert_hello(RAW, &udp(source, destination, &[&origin, &packet]));
            sample::assert_hello(RAW, &udp(source, destination, &[&authentication, &origin, &packet]));
        }
        let header = [0x44, 0x52, 0x11, 41, 0, 0, 0, 0];
        sample::assert_hello(RAW, &udp(40_000, AYIYA, &[&header, &[1; 16], &[2; 20], &packet]));
        assert_eq!(sample::outcome(RAW, &udp(40_000, AYIYA, &[&[0x44, 0x52, 0x10, 59, 0, 0, 0, 0]])), "Other");
    }

    #[test]
    fn l2tp_carries_ppp() {
        let ppp = [&[0xff, 3, 0, 0x21][..], &ip()].concat();
        for (flags, fields) in [(0x00, 4), (0x40, 6), (0x48, 10), (0x08, 8)] {
            sample::assert_hello(RAW, &udp(L2TP, L2TP, &[&[flags, 2], &vec![7; fields], &ppp]));
        }
        sample::assert_hello(RAW, &udp(40_000, L2TP, &[&[0x02, 2, 0, 5, 0, 6, 0, 3, 9, 9, 9], &ppp]));
        assert_eq!(sample::outcome(RAW, &udp(L2TP, L2TP, &[&[0xc8, 2], &[0; 10], &ppp])), "Other");
        assert_eq!(sample::outcome(RAW, &udp(L2TP, L2TP, &[&[0x00, 3], &[0; 10], &ppp])), "Other");
        assert_eq!(sample::outcome(RAW, &udp(L2TP, L2TP, &[&[0x02, 2, 0, 5, 0, 6, 0, 9, 9]])), "Malformed");
    }

    #[test]
    fn lisp_carries_packets() {
        sample::assert_hello(RAW, &udp(61_000, LISP, &[&[0x80, 1, 2, 3, 0, 0, 0, 1], &ip()]));
        assert_eq!(sample::outcome(RAW, &udp(61_000, LISP, &[&[0x80, 1, 2, 3, 0, 0, 0, 1], b"0hello"])), "Other");
    }

    #[test]
    fn routers_mirror_frames() {
        for fields in [&[1][..], &[0, 0, 1], &[0x0d, 1, 2, 0, 0x0a, 0, 1]] {
            sample::assert_hello(RAW, &udp(50_000, TZSP, &[&[1, 0, 0, 1], fields, &frame()]));
        }
        let wlan = [&[0x08, 1][..], &[0; 22], &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ip()].concat();
        sample::assert_hello(RAW, &udp(50_000, TZSP, &[&[1, 0, 0, 18, 1], &wlan]));
        assert_eq!(sample::outcome(RAW, &udp(50_000, TZSP, &[&[1, 4, 0, 1, 1], &frame()])), "Other");
        assert_eq!(sample::outcome(RAW, &udp(50_000, TZSP, &[&[1, 0, 0, 1, 0x0d, 9]])), "Malformed");
    }

    #[test]
    fn other_datagrams_are_none_of_ours() {
        assert_eq!(sample::outcome(RAW, &udp(53, 40_000, &[&[0; 30]])), "Other");
        assert_eq!(sample::outcome(RAW, &udp(TEREDO, 40_000, &[b"0123"])), "Other");
        sample::assert_hello(RAW, &udp(1, MPLS, &[&[0, 1, 0x41, 64], &ip()]));
    }

    #[test]
    fn what_was_cut_off_is_counted_through_a_tunnel() {
        let packet = udp(50_000, VXLAN, &[&[8, 0, 0, 0, 0, 0, 7, 0], &frame()]);
        for cut in 0..=5 {
            let mut short = sample::packet(RAW, &packet[..packet.len() - cut]);
            short.original_len = u32::try_from(packet.len()).unwrap();
            let segment = sample::segment(&short);
            assert_eq!((segment.payload.len(), segment.cut_off as usize), (5 - cut, cut));
        }
        let mut short = sample::packet(RAW, &packet[..30]);
        short.original_len = 200;
        assert_eq!(sample::outcome_of(&short), "Cut");
    }
}
