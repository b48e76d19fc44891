//! Ethernet (`LINKTYPE_ETHERNET`), its tags, and what an `EtherType` announces.

use super::{Decoded, Layer, Peeled, Rest, ip};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// The IEEE 802.1Q tag of a virtual LAN.
const TAG: u16 = 0x8100;
/// The IEEE 802.1ad tag of a provider, around the other.
const SERVICE_TAG: u16 = 0x88a8;
/// What switches used for that before there was a standard.
const OLD_SERVICE_TAGS: [u16; 3] = [0x9100, 0x9200, 0x9300];
/// The IEEE 802.1BR tag of a port extender: longer than the others.
const EXTENDER_TAG: u16 = 0x893f;
/// What Cisco's fabric extenders put between, in the place of that one.
const OLD_EXTENDER_TAG: u16 = 0x8926;
/// Cisco's fabrics: an outer header of addresses and a tag around the whole frame.
const FABRIC: u16 = 0x8903;
/// Cisco's security group tag: version, length in units of four bytes, and options.
const SECURITY_GROUP_TAG: u16 = 0x8909;
/// IEEE 802.1AE: who protected the frame, and how. It need not be encrypted.
const PROTECTED: u16 = 0x88e5;
/// RFC 8300.
pub(super) const SERVICE_HEADER: u16 = 0x894f;
/// RFC 6325.
const TRILL: u16 = 0x22f3;
/// IEEE 802.1ah: four bytes of tag, then the customer's whole frame.
const BACKBONE: u16 = 0x88e7;
/// A whole Ethernet frame, where GRE and GENEVE announce what they carry.
const BRIDGED: u16 = 0x6558;
const MPLS: [u16; 2] = [0x8847, 0x8848];
const PPPOE_SESSION: u16 = 0x8864;
/// Up to this it is a length and no type.
const LONGEST: u16 = 1500;

/// Whether an Ethernet frame with IP in it, or a tag before that, begins here: by its type, and what follows it.
pub(super) fn is_likely(rest: Rest<'_>) -> bool {
    let Some(([_addresses @ .., a, b], carried)) = rest.split::<14>() else { return false };
    let (kind, first) = (u16::from_be_bytes([*a, *b]), carried.data.first().map(|first| first >> 4));
    matches!((kind, first), (TAG | SERVICE_TAG, Some(_)) | (IPV4, Some(4)) | (IPV6, Some(6)))
}

pub(super) fn header(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<14>() {
        Some(([_addresses @ .., a, b], carried)) => payload(u16::from_be_bytes([*a, *b]), carried),
        None => rest.too_short(),
    }
}

pub(super) fn payload(kind: u16, rest: Rest<'_>) -> Peeled<'_> {
    match kind {
        IPV4 | IPV6 => ip::packet(rest),
        TAG | SERVICE_TAG => tag(rest),
        _ => rarer_payload(kind, rest),
    }
}

fn tag(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some(([_, _, a, b], carried)) => Peeled::Into(Layer::EtherType(u16::from_be_bytes([*a, *b])), carried),
        None => rest.too_short(),
    }
}

/// What has its `EtherType` in front of it and nothing before that.
pub(super) fn typed(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some(([a, b], carried)) => Peeled::Into(Layer::EtherType(u16::from_be_bytes([*a, *b])), carried),
        None => rest.too_short(),
    }
}

/// A frame with a check value behind it.
fn protected(rest: Rest<'_>) -> Peeled<'_> {
    const IDENTIFIED: u8 = 0x20;
    const CHANGED: u8 = 0x0c;
    match rest.split() {
        Some(([how], _)) if how & CHANGED == 0 => {
            rest.into_behind(if how & IDENTIFIED == 0 { 6 } else { 14 }, Layer::Typed)
        }
        Some(_) => Peeled::Done(Decoded::Other),
        None => rest.too_short(),
    }
}

/// The header of a chain of services: its length in units of four bytes, and what it carries (RFC 8300 section 2.2).
fn service_header(rest: Rest<'_>) -> Peeled<'_> {
    let Some(([_, len, _, next], _)) = rest.split() else { return rest.too_short() };
    let len = usize::from(len & 0x3f) * 4;
    match next {
        _ if len < 8 => Peeled::Done(Decoded::Malformed),
        1 | 2 => rest.into_behind(len, Layer::Ip),
        3 => rest.into_behind(len, Layer::Ethernet),
        5 => rest.into_behind(len, Layer::Mpls),
        _ => Peeled::Done(Decoded::Other),
    }
}

#[cold]
fn rarer_payload(kind: u16, rest: Rest<'_>) -> Peeled<'_> {
    match kind {
        PPPOE_SESSION => Peeled::Into(Layer::PppoeSession, rest),
        BRIDGED => Peeled::Into(Layer::Ethernet, rest),
        EXTENDER_TAG => match rest.skip(4) {
            Some(end) => tag(end),
            None => rest.too_short(),
        },
        OLD_EXTENDER_TAG => rest.skip(2).map_or_else(|| rest.too_short(), tag),
        FABRIC => rest.into_behind(2, Layer::Ethernet),
        SECURITY_GROUP_TAG => match rest.split() {
            Some(([_version, words], _)) => rest.into_behind(usize::from(*words) * 4 + 2, Layer::Typed),
            None => rest.too_short(),
        },
        PROTECTED => protected(rest),
        SERVICE_HEADER => service_header(rest),
        TRILL => match rest.split() {
            // The length of its options, in units of four bytes, lies across the first two.
            Some(([first, second], _)) => {
                let words = usize::from(u16::from_be_bytes([*first, *second]) >> 6 & 0x1f);
                rest.into_behind(6 + words * 4, Layer::Ethernet)
            }
            None => rest.too_short(),
        },
        BACKBONE => rest.into_behind(4, Layer::Ethernet),
        kind if MPLS.contains(&kind) => Peeled::Into(Layer::Mpls, rest),
        kind if OLD_SERVICE_TAGS.contains(&kind) => tag(rest),
        length if length <= LONGEST => Peeled::Into(Layer::Llc, rest.limited(length.into())),
        _ => Peeled::Done(Decoded::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    const ETHERNET: LinkType = LinkType(1);

    #[test]
    fn carries_both_versions_of_ip() {
        let tcp = sample::tcp(b"hello");
        sample::assert_hello(ETHERNET, &sample::ethernet(0x0800, &sample::ipv4(&tcp)));
        sample::assert_hello(ETHERNET, &sample::ethernet(0x86dd, &sample::ipv6(&tcp)));
    }

    #[test]
    fn padding_is_not_payload() {
        let mut frame = sample::ethernet(0x0800, &sample::ipv4(&sample::tcp(b"hello")));
        frame.resize(100, 0);
        sample::assert_hello(ETHERNET, &frame);
    }

    #[test]
    fn tags_nest() {
        let ip = sample::ipv6(&sample::tcp(b"hello"));
        let one = [&[0, 7, 0x86, 0xdd][..], &ip].concat();
        sample::assert_hello(ETHERNET, &sample::ethernet(0x8100, &one));
        let two = [&[0, 7, 0x81, 0x00][..], &one].concat();
        sample::assert_hello(ETHERNET, &sample::ethernet(0x88a8, &two));
        let five = [&[0, 7, 0x91, 0x00].repeat(2)[..], &[0, 7, 0x88, 0xa8], &two].concat();
        sample::assert_hello(ETHERNET, &sample::ethernet(0x9100, &five));
    }

    #[test]
    fn rarer_tags_are_passed_over() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        for kind in [0x9200, 0x9300] {
            sample::assert_hello(ETHERNET, &sample::ethernet(kind, &[&[0, 7, 8, 0][..], &ip].concat()));
        }
        sample::assert_hello(ETHERNET, &sample::ethernet(0x893f, &[&[0, 0, 0, 1, 0, 0, 8, 0][..], &ip].concat()));
        let inner = sample::ethernet(0x0800, &ip);
        sample::assert_hello(ETHERNET, &sample::ethernet(0x88e7, &[&[0, 0, 0, 1][..], &inner].concat()));
        assert_eq!(sample::outcome(ETHERNET, &sample::ethernet(0x893f, &[0, 0, 0])), "Malformed");
        sample::assert_hello(ETHERNET, &sample::ethernet(0x8926, &[&[0, 0, 0, 1, 8, 0][..], &ip].concat()));
        sample::assert_hello(ETHERNET, &sample::ethernet(0x8909, &[&[1, 1, 0, 1, 0, 9, 8, 0][..], &ip].concat()));
        sample::assert_hello(ETHERNET, &sample::ethernet(0x8903, &[&[0, 1][..], &inner].concat()));
        sample::assert_hello(ETHERNET, &sample::ethernet(0x22f3, &[&[0, 0x3f, 0, 1, 0, 2][..], &inner].concat()));
        let with_options = [0, 0x7f, 0, 1, 0, 2, 9, 9, 9, 9];
        sample::assert_hello(ETHERNET, &sample::ethernet(0x22f3, &[&with_options[..], &inner].concat()));
    }

    #[test]
    fn what_is_protected_and_not_encrypted_is_read() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        let frame = |how, header: usize| [&[how][..], &vec![0; header - 1], &[8, 0], &ip, &[0xee; 16]].concat();
        sample::assert_hello(ETHERNET, &sample::ethernet(0x88e5, &frame(0, 6)));
        sample::assert_hello(ETHERNET, &sample::ethernet(0x88e5, &frame(0x20, 14)));
        assert_eq!(sample::outcome(ETHERNET, &sample::ethernet(0x88e5, &frame(0x2c, 14))), "Other");
    }

    #[test]
    fn the_header_of_a_chain_of_services_is_passed_over() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        let frame = sample::ethernet(0x0800, &ip);
        let header = |words: u8, next, carried: &[u8]| {
            let header = [&[0x0f, 0xc0 | words, 1, next][..], &vec![0; usize::from(words) * 4 - 4]].concat();
            sample::ethernet(0x894f, &[&header[..], carried].concat())
        };
        sample::assert_hello(ETHERNET, &header(6, 1, &ip));
        sample::assert_hello(ETHERNET, &header(2, 3, &frame));
        sample::assert_hello(ETHERNET, &header(3, 5, &[&[0, 1, 0x41, 64][..], &ip].concat()));
        assert_eq!(sample::outcome(ETHERNET, &header(2, 4, &frame)), "Other");
        assert_eq!(sample::outcome(ETHERNET, &header(1, 1, &ip)), "Malformed");
    }

    #[test]
    fn endless_tags_end() {
        let frame = sample::ethernet(0x8100, &[0, 7, 0x81, 0x00].repeat(1000));
        assert_eq!(sample::outcome(ETHERNET, &frame), "Malformed");
    }

    #[test]
    fn other_protocols_are_told_from_cut_ones() {
        assert_eq!(sample::outcome(ETHERNET, &sample::ethernet(0x0806, &[0; 28])), "Other");
        let frame = sample::ethernet(0x8100, &[0, 7]);
        assert_eq!(sample::outcome(ETHERNET, &frame), "Malformed");
        let mut cut = sample::packet(ETHERNET, &frame);
        cut.original_len = 60;
        assert_eq!(sample::outcome_of(&cut), "Cut");
    }
}
