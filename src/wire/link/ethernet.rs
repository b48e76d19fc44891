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
    match (u16::from_be_bytes([*a, *b]), carried.data.first().map(|first| first >> 4)) {
        (TAG | SERVICE_TAG, Some(_)) | (IPV4, Some(4)) | (IPV6, Some(6)) => true,
        _ => false,
    }
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

#[cold]
fn rarer_payload(kind: u16, rest: Rest<'_>) -> Peeled<'_> {
    match kind {
        PPPOE_SESSION => Peeled::Into(Layer::PppoeSession, rest),
        BRIDGED => Peeled::Into(Layer::Ethernet, rest),
        EXTENDER_TAG => match rest.skip(4) {
            Some(end) => tag(end),
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
