//! The rings of old: FDDI and token ring. Behind the addresses they carry IEEE 802.2.

use super::{Decoded, Layer, Peeled, Rest};

/// `LINKTYPE_FDDI`: what kind of frame it is, and two addresses.
pub(super) fn fddi(rest: Rest<'_>) -> Peeled<'_> {
    match rest.split::<13>() {
        // Asynchronous LLC frames with addresses of six bytes; the other four bits are their priority.
        Some(([kind, ..], carried)) if kind & 0xf0 == 0x50 => Peeled::Into(Layer::Llc, carried),
        Some(_) => Peeled::Done(Decoded::Other),
        None => rest.too_short(),
    }
}

/// `LINKTYPE_IEEE802_5`: two bytes, two addresses, and the way through the bridges, if a bit of the second address
/// says so.
pub(super) fn token_ring(rest: Rest<'_>) -> Peeled<'_> {
    const ROUTED: u8 = 0x80;
    let Some(([_access, kind, addresses @ ..], carried)) = rest.split::<14>() else { return rest.too_short() };
    if kind & 0xc0 != 0x40 {
        return Peeled::Done(Decoded::Other);
    }
    let is_routed = addresses.get(6).is_some_and(|first| first & ROUTED != 0);
    match carried.data {
        _ if !is_routed => Peeled::Into(Layer::Llc, carried),
        [control, ..] => carried.into_behind(usize::from(control & 0x1f), Layer::Llc),
        [] => carried.too_short(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    fn llc() -> Vec<u8> {
        [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &sample::ipv4(&sample::tcp(b"hello"))].concat()
    }

    #[test]
    fn rings_carry_llc() {
        sample::assert_hello(LinkType(10), &[&[0x50][..], &[2; 12], &llc()].concat());
        assert_eq!(sample::outcome(LinkType(10), &[&[0x41][..], &[2; 12], &llc()].concat()), "Other");
        sample::assert_hello(LinkType(6), &[&[0x10, 0x40][..], &[2; 12], &llc()].concat());
        let routed = [&[0x10, 0x40][..], &[2; 6], &[0x82; 6], &[0x06, 0, 1, 2, 3, 4], &llc()].concat();
        sample::assert_hello(LinkType(6), &routed);
        assert_eq!(sample::outcome(LinkType(6), &[&[0x10, 0x00][..], &[2; 12], &llc()].concat()), "Other");
        assert_eq!(sample::outcome(LinkType(6), &routed[..14]), "Malformed");
    }
}
