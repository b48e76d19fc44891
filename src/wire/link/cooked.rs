//! Linux cooked captures: what the `any` interface delivers in place of a link layer.

use super::{Layer, Peeled, Rest};

/// What stands in place of an `EtherType` before an IEEE 802.2 header.
const LLC: u16 = 4;

/// `LINKTYPE_LINUX_SLL`: 16 bytes, of which the last two are an `EtherType`.
pub(super) fn version_1(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<16>() {
        Some(([_addresses @ .., a, b], carried)) => Peeled::Into(layer(u16::from_be_bytes([*a, *b])), carried),
        None => rest.too_short(),
    }
}

/// `LINKTYPE_LINUX_SLL2`: 20 bytes, of which the first two are an `EtherType`.
pub(super) fn version_2(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<20>() {
        Some(([a, b, _interface @ ..], carried)) => Peeled::Into(layer(u16::from_be_bytes([*a, *b])), carried),
        None => rest.too_short(),
    }
}

fn layer(protocol: u16) -> Layer {
    if protocol == LLC { Layer::Llc } else { Layer::EtherType(protocol) }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    const ADDRESS: [u8; 14] = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    const INTERFACE: [u8; 18] = [0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0];

    #[test]
    fn the_first_version_carries_ip() {
        let tcp = sample::tcp(b"hello");
        sample::assert_hello(LinkType(113), &[&ADDRESS[..], &[0x08, 0x00], &sample::ipv4(&tcp)].concat());
        sample::assert_hello(LinkType(113), &[&ADDRESS[..], &[0x86, 0xdd], &sample::ipv6(&tcp)].concat());
        let llc = [&ADDRESS[..], &[0, 4, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &sample::ipv4(&tcp)].concat();
        sample::assert_hello(LinkType(113), &llc);
        let tagged = [&ADDRESS[..], &[0x81, 0x00, 0, 7, 0x08, 0x00], &sample::ipv4(&tcp)].concat();
        sample::assert_hello(LinkType(113), &tagged);
        assert_eq!(sample::outcome(LinkType(113), &[&ADDRESS[..], &[0x08, 0x06], &[0; 28]].concat()), "Other");
    }

    #[test]
    fn the_second_version_carries_ip() {
        let tcp = sample::tcp(b"hello");
        sample::assert_hello(LinkType(276), &[&[0x08, 0x00], &INTERFACE[..], &sample::ipv4(&tcp)].concat());
        sample::assert_hello(LinkType(276), &[&[0x86, 0xdd], &INTERFACE[..], &sample::ipv6(&tcp)].concat());
        assert_eq!(sample::outcome(LinkType(276), &[&[0x08, 0x06], &INTERFACE[..], &[0; 28]].concat()), "Other");
    }
}
