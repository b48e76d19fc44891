//! Link types that put something in front of another link layer, and name it.

use super::{Decoded, Layer, Peeled, Rest, outermost};
use crate::wire::LinkType;

const OTHER: Peeled<'static> = Peeled::Done(Decoded::Other);

/// `LINKTYPE_PPI`: a header that tells its length and, as a number of little-endian bytes, the link type.
pub(super) fn per_packet_information(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<8>() {
        Some(([_, _, a, b, link @ ..], _)) => {
            inner(rest, usize::from(u16::from_le_bytes([*a, *b])), u32::from_le_bytes(*link))
        }
        None => rest.too_short(),
    }
}

/// `LINKTYPE_PKTAP`, the `any` interface of macOS: length, kind of record, link type.
pub(super) fn packet_tap(rest: Rest<'_>) -> Peeled<'_> {
    const PACKET: u32 = 1;
    let Some(([len, kind, link], _)) = rest.data.as_chunks::<4>().0.split_first_chunk() else {
        return rest.too_short();
    };
    match u32::from_le_bytes(*kind) {
        PACKET => inner(rest, u32::from_le_bytes(*len) as usize, u32::from_le_bytes(*link)),
        _ => OTHER,
    }
}

fn inner(rest: Rest<'_>, header: usize, link: u32) -> Peeled<'_> {
    let Ok(link) = u16::try_from(link).map(LinkType) else { return OTHER };
    match outermost(link) {
        Some(layer) => rest.into_behind(header, layer),
        None => Peeled::Done(Decoded::UnknownLink(link)),
    }
}

/// `LINKTYPE_NFLOG`: records of type, length and value, in the byte order of the capturing host,
/// one of which is the packet.
pub(super) fn netfilter_log(rest: Rest<'_>) -> Peeled<'_> {
    const PAYLOAD: u16 = 9;
    let Some(([family, _, _, _], mut rest)) = rest.split() else { return rest.too_short() };
    if !matches!(family, 2 | 10) {
        return OTHER;
    }
    while let Some(([a, b, c, d], _)) = rest.split() {
        // No kind needs its second byte, so the order shows.
        let read = if *d == 0 { u16::from_le_bytes } else { u16::from_be_bytes };
        let (len, kind) = (usize::from(read([*a, *b])), read([*c, *d]));
        if len < 4 {
            return Peeled::Done(Decoded::Malformed);
        }
        if kind == PAYLOAD {
            return rest.limited(len).into_behind(4, Layer::Ip);
        }
        let Some(behind) = rest.skip(len.next_multiple_of(4)) else { break };
        rest = behind;
    }
    rest.too_short()
}

/// `LINKTYPE_PFLOG`: the firewall of the BSDs, its header padded to four bytes.
pub(super) fn packet_filter_log(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some(([len, 2 | 24 | 28 | 30], _)) => rest.into_behind(usize::from(*len).next_multiple_of(4), Layer::Ip),
        Some(_) => OTHER,
        None => rest.too_short(),
    }
}

/// `LINKTYPE_ERF`: records of a network card that tell their kind, then extension headers, each of which says whether
/// another one follows.
pub(super) fn endace(rest: Rest<'_>) -> Peeled<'_> {
    const MORE: u8 = 0x80;
    let Some(([_, _, _, _, _, _, _, _, kind, ..], mut carried)) = rest.split::<16>() else { return rest.too_short() };
    let mut more = kind & MORE != 0;
    while more {
        let Some(([first, ..], behind)) = carried.split::<8>() else { return carried.too_short() };
        (more, carried) = (first & MORE != 0, behind);
    }
    match kind & !MORE {
        1 | 10 | 15 | 19 => Peeled::Into(Layer::Ppp, carried),
        // One channel of several: which, is told before.
        5 | 17 => carried.into_behind(4, Layer::Ppp),
        // Ethernet, with and without colours and hashes, is made to begin two bytes on.
        2 | 11 | 16 | 20 => carried.into_behind(2, Layer::Ethernet),
        22 | 23 => Peeled::Into(Layer::Ip, carried),
        _ => OTHER,
    }
}

/// `LINKTYPE_SUNATM`: what kind of traffic it is, and its circuit.
pub(super) fn sun_atm(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<4>() {
        // LAN emulation puts who sent it before the frame.
        Some(([kind, ..], carried)) if kind & 0x0f == 1 => carried.into_behind(2, Layer::Ethernet),
        Some(([kind, ..], carried)) if kind & 0x0f == 2 => Peeled::Into(Layer::Llc, carried),
        Some(_) => OTHER,
        None => rest.too_short(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    fn ip() -> Vec<u8> {
        sample::ipv4(&sample::tcp(b"hello"))
    }

    #[test]
    fn what_is_wrapped_is_named() {
        let frame = sample::ethernet(0x0800, &ip());
        let ppi = |link: u32, carried: &[u8]| [&[0, 0, 12, 0][..], &link.to_le_bytes(), &[7; 4], carried].concat();
        sample::assert_hello(LinkType(192), &ppi(1, &frame));
        sample::assert_hello(LinkType(192), &ppi(101, &ip()));
        assert_eq!(sample::outcome(LinkType(192), &ppi(147, &frame)), "UnknownLink(LinkType(147))");
        let tap = |kind: u32, link: u32, carried: &[u8]| {
            [&[20_u32, kind, link, 7, 7].map(u32::to_le_bytes).concat()[..], carried].concat()
        };
        sample::assert_hello(LinkType(258), &tap(1, 1, &frame));
        sample::assert_hello(LinkType(258), &tap(1, 0, &[&[2, 0, 0, 0][..], &ip()].concat()));
        assert_eq!(sample::outcome(LinkType(258), &tap(2, 1, &frame)), "Other");
    }

    #[test]
    fn wraps_within_wraps_end() {
        let endless = [0, 0, 8, 0, 192, 0, 0, 0].repeat(1000);
        assert_eq!(sample::outcome(LinkType(192), &endless), "Malformed");
        let stuck = [0, 0, 0, 0, 192, 0, 0, 0];
        assert_eq!(sample::outcome(LinkType(192), &stuck), "Malformed");
    }

    #[test]
    fn the_packet_of_a_firewall_log_is_found() {
        let log = |order: fn(u16) -> [u8; 2]| {
            let record = |kind: u16, value: &[u8]| {
                let len = u16::try_from(value.len() + 4).unwrap();
                let mut record = [&order(len)[..], &order(kind), value].concat();
                record.resize(record.len().next_multiple_of(4), 0);
                record
            };
            [&[2, 0, 0, 5][..], &record(1, &[8, 0, 3, 0]), &record(10, b"prefix\0"), &record(9, &ip())].concat()
        };
        sample::assert_hello(LinkType(239), &log(u16::to_le_bytes));
        sample::assert_hello(LinkType(239), &log(u16::to_be_bytes));
        assert_eq!(sample::outcome(LinkType(239), &[7, 0, 0, 5, 0, 0, 0, 0]), "Other");
        assert_eq!(sample::outcome(LinkType(239), &[2, 0, 0, 5, 0, 0, 0, 0]), "Malformed");
        let mut log = [&[61, 2, 0, 0][..], &[7; 57]].concat();
        log.resize(64, 0);
        sample::assert_hello(LinkType(117), &[log, ip()].concat());
    }

    #[test]
    fn what_cards_and_switches_put_in_front_is_passed_over() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        let frame = sample::ethernet(0x0800, &ip);
        let record = |kind: u8, more: &[u8], carried: &[u8]| {
            sample::assert_hello(LinkType(197), &[&[0; 8][..], &[kind, 4, 0, 0, 0, 0, 0, 0], more, carried].concat());
        };
        record(2, &[0, 0], &frame);
        record(0x82, &[0x80, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0], &frame);
        record(22, &[], &ip);
        for kind in [1, 10, 15, 19] {
            record(kind, &[0xff, 3, 0, 0x21], &ip);
        }
        for kind in [5, 17] {
            record(kind, &[0, 0, 0, 7, 0x0f, 0, 8, 0], &ip);
        }
        let llc = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &ip].concat();
        sample::assert_hello(LinkType(123), &[&[0x02, 0, 0, 1][..], &llc].concat());
        sample::assert_hello(LinkType(123), &[&[0x81, 0, 0, 1, 0, 7][..], &frame].concat());
        assert_eq!(sample::outcome(LinkType(123), &[0x06, 0, 0, 1, 0, 7]), "Other");
        sample::assert_hello(LinkType(226), &[&[0; 24][..], &ip].concat());
        for link in [240, 282] {
            sample::assert_hello(LinkType(link), &[&[7; 4][..], &frame].concat());
        }
        for (link, tag) in [(281, 4), (283, 4), (284, 8)] {
            let tagged = [&frame[..12], &vec![7; tag], &frame[12..]].concat();
            sample::assert_hello(LinkType(link), &tagged);
        }
    }
}
