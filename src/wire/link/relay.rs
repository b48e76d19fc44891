//! Frame relay (RFC 2427), and Cisco's own way to say what is in it.

use super::{Decoded, Layer, Peeled, Rest, llc};

/// `LINKTYPE_FRELAY`: an address whose last byte has its lowest bit set.
pub(super) fn frame(rest: Rest<'_>) -> Peeled<'_> {
    const LAST: u8 = 1;
    const LONGEST: usize = 4;
    match rest.data.iter().take(LONGEST).position(|byte| byte & LAST != 0) {
        Some(last) => rest.skip(last + 1).map_or_else(|| rest.too_short(), payload),
        None if rest.data.len() >= LONGEST => Peeled::Done(Decoded::Malformed),
        None => rest.too_short(),
    }
}

fn payload(rest: Rest<'_>) -> Peeled<'_> {
    const UNNUMBERED: u8 = 0x03;
    const SNAP: u8 = 0x80;
    const IPV4: u8 = 0xcc;
    const IPV6: u8 = 0x8e;
    // The padding that makes the length even stands before SNAP here, and none before the frame of a bridge.
    let snap = |len| rest.skip(len).map_or_else(|| rest.too_short(), |behind| llc::snap(behind, 0));
    match rest.data {
        [UNNUMBERED, IPV4 | IPV6, ..] => rest.into_behind(2, Layer::Ip),
        [UNNUMBERED, SNAP, ..] => snap(2),
        [UNNUMBERED, 0, SNAP, ..] => snap(3),
        [UNNUMBERED, _, _, ..] => Peeled::Done(Decoded::Other),
        [UNNUMBERED, ..] => rest.too_short(),
        _ => Peeled::Into(Layer::Typed, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    const RELAY: LinkType = LinkType(107);

    #[test]
    fn packets_are_found_in_it() {
        let ip = sample::ipv4(&sample::tcp(b"hello"));
        for kind in [&[3, 0xcc][..], &[3, 0x80, 0, 0, 0, 8, 0], &[3, 0, 0x80, 0, 0, 0, 8, 0], &[8, 0]] {
            sample::assert_hello(RELAY, &[&[0x18, 0x41][..], kind, &ip].concat());
            sample::assert_hello(RELAY, &[&[0x18, 0x40, 0x02, 0x03][..], kind, &ip].concat());
        }
        let frame = sample::ethernet(0x0800, &ip);
        for kind in [&[3, 0, 0x80, 0, 0x80, 0xc2, 0, 7][..], &[3, 0x80, 0, 0x80, 0xc2, 0, 1]] {
            sample::assert_hello(RELAY, &[&[0x18, 0x41][..], kind, &frame].concat());
        }
        let ip = sample::ipv6(&sample::tcp(b"hello"));
        sample::assert_hello(RELAY, &[&[0x18, 0x41, 3, 0x8e][..], &ip].concat());
        assert_eq!(sample::outcome(RELAY, &[0x18, 0x41, 3, 0xcf, 0, 0]), "Other");
        assert_eq!(sample::outcome(RELAY, &[0x18, 0x40, 2, 2, 3, 0xcc]), "Malformed");
        assert_eq!(sample::outcome(RELAY, &[0x18]), "Malformed");
    }
}
