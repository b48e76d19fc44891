//! Ethernet (`LINKTYPE_ETHERNET`), its tags, and what an `EtherType` announces.

use super::{Decoded, Layer, Peeled, Rest};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// The IEEE 802.1Q tag of a virtual LAN.
const TAG: u16 = 0x8100;
/// The IEEE 802.1ad tag of a provider, around the other.
const SERVICE_TAG: u16 = 0x88a8;
/// What switches used for that before there was a standard.
const OLD_SERVICE_TAG: u16 = 0x9100;

pub(super) fn header(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<14>() {
        Some(([_addresses @ .., a, b], carried)) => {
            Peeled::Into(Layer::EtherType(u16::from_be_bytes([*a, *b])), carried)
        }
        None => rest.too_short(),
    }
}

pub(super) fn payload(kind: u16, rest: Rest<'_>) -> Peeled<'_> {
    match kind {
        IPV4 | IPV6 => Peeled::Into(Layer::Ip, rest),
        TAG | SERVICE_TAG | OLD_SERVICE_TAG => tag(rest),
        _ => Peeled::Done(Decoded::Other),
    }
}

fn tag(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split() {
        Some(([_, _, a, b], carried)) => Peeled::Into(Layer::EtherType(u16::from_be_bytes([*a, *b])), carried),
        None => rest.too_short(),
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
