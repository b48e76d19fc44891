//! PPP (RFC 1661) on serial lines, over Ethernet and within tunnels, and Cisco's HDLC, which is
//! captured under the same link types.

use super::{Decoded, Layer, Peeled, Rest};

/// What PPP begins with in HDLC-like framing (RFC 1662 section 3.1), where that is not negotiated away.
const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 0x03];
/// Cisco's HDLC: unicast or broadcast, then an `EtherType`.
const CISCO: [[u8; 2]; 2] = [[0x0f, 0x00], [0x8f, 0x00]];

const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;
const MPLS: [u16; 2] = [0x0281, 0x0283];

/// `LINKTYPE_PPP`, `LINKTYPE_PPP_HDLC`, and PPP within GRE.
pub(super) fn frame(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some((&ADDRESS_AND_CONTROL, carried)) => protocol(carried),
        Some((start, _)) if CISCO.contains(start) => cisco(rest),
        _ => protocol(rest),
    }
}

/// `LINKTYPE_PPP_PPPD` and `LINKTYPE_PPP_WITH_DIR`: who sent it, in place of the address byte or
/// before the frame.
pub(super) fn with_direction(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some(([_, 0x03], carried)) => protocol(carried),
        _ => rest.into_behind(1, Layer::Ppp),
    }
}

/// `LINKTYPE_C_HDLC`.
pub(super) fn cisco(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some(([_address, _control, a, b], carried)) => {
            Peeled::Into(Layer::EtherType(u16::from_be_bytes([*a, *b])), carried)
        }
        None => rest.too_short(),
    }
}

/// A session of PPP over Ethernet (RFC 2516 section 4).
pub(super) fn over_ethernet(rest: Rest<'_>) -> Peeled<'_> {
    const VERSION_AND_TYPE: u8 = 0x11;
    const SESSION_DATA: u8 = 0;
    match rest.split() {
        Some(([VERSION_AND_TYPE, SESSION_DATA, _, _, a, b], carried)) => {
            protocol(carried.limited(u16::from_be_bytes([*a, *b]).into()))
        }
        Some(_) => Peeled::Done(Decoded::Other),
        None => rest.too_short(),
    }
}

/// The protocol number: an odd first byte is all of it (RFC 1661 section 6.5).
fn protocol(rest: Rest<'_>) -> Peeled<'_> {
    let (number, carried) = match (rest.split(), rest.split()) {
        (Some(([only], carried)), _) if only & 1 == 1 => (u16::from(*only), carried),
        (_, Some((number, carried))) => (u16::from_be_bytes(*number), carried),
        _ => return rest.too_short(),
    };
    match number {
        IPV4 | IPV6 => Peeled::Into(Layer::Ip, carried),
        number if MPLS.contains(&number) => Peeled::Into(Layer::Mpls, carried),
        _ => Peeled::Done(Decoded::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    #[test]
    fn ppp_carries_both_versions_of_ip() {
        let tcp = sample::tcp(b"hello");
        for link in [9, 50, 166, 204] {
            let before: &[u8] = if link > 100 { &[0] } else { &[] };
            for (number, ip) in [(&[0, 0x21][..], sample::ipv4(&tcp)), (&[0, 0x57], sample::ipv6(&tcp))] {
                sample::assert_hello(LinkType(link), &[before, &[0xff, 3], number, &ip].concat());
                sample::assert_hello(LinkType(link), &[before, number, &ip].concat());
                sample::assert_hello(LinkType(link), &[before, &number[1..], &ip].concat());
            }
            assert_eq!(sample::outcome(LinkType(link), &[before, &[0xff, 3, 0xc0, 0x21, 1, 1]].concat()), "Other");
        }
        sample::assert_hello(LinkType(166), &[&[1, 3, 0, 0x21][..], &sample::ipv4(&tcp)].concat());
    }

    #[test]
    fn cisco_hdlc_carries_what_ethernet_does() {
        let ip = sample::ipv6(&sample::tcp(b"hello"));
        for link in [9, 50, 104] {
            for start in [[0x0f, 0], [0x8f, 0]] {
                sample::assert_hello(LinkType(link), &[&start[..], &[0x86, 0xdd], &ip].concat());
            }
        }
    }

    #[test]
    fn ppp_over_ethernet_is_read_with_and_without_ethernet() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        let [a, b] = u16::try_from(ip.len() + 2).unwrap().to_be_bytes();
        let session = [&[0x11, 0, 0, 9, a, b, 0, 0x21][..], &ip, b"padding"].concat();
        sample::assert_hello(LinkType(51), &session);
        sample::assert_hello(LinkType(1), &sample::ethernet(0x8864, &session));
        let tagged = [&[0, 7, 0x81, 0, 0, 8, 0x88, 0x64][..], &session].concat();
        sample::assert_hello(LinkType(1), &sample::ethernet(0x88a8, &tagged));
        let discovery = [0x11, 0xa7, 0, 9, 0, 0];
        assert_eq!(sample::outcome(LinkType(51), &discovery), "Other");
        assert_eq!(sample::outcome(LinkType(51), &discovery[..5]), "Malformed");
    }
}
