//! BSD loopback: an address family in front of an IP packet.

use super::{Decoded, Layer, Peeled, Rest};

/// `AF_INET` everywhere; `AF_INET6` on Linux, on Windows, on NetBSD and OpenBSD, on FreeBSD, on macOS.
const IP_FAMILIES: [u32; 6] = [2, 10, 23, 24, 28, 30];

/// `LINKTYPE_NULL`: the family in the byte order of the host that captured, which is not told.
pub(super) fn null(rest: Rest<'_>) -> Peeled<'_> {
    family(rest, |family| {
        IP_FAMILIES.contains(&u32::from_le_bytes(family)) || IP_FAMILIES.contains(&u32::from_be_bytes(family))
    })
}

/// `LINKTYPE_LOOP`: the family in network byte order.
pub(super) fn open_bsd(rest: Rest<'_>) -> Peeled<'_> {
    family(rest, |family| IP_FAMILIES.contains(&u32::from_be_bytes(family)))
}

/// `LINKTYPE_ENC`: the family in the byte order of the host, then which association it was and how
/// it was protected.
pub(super) fn decrypted(rest: Rest<'_>) -> Peeled<'_> {
    match null(rest) {
        Peeled::Into(layer, carried) => carried.into_behind(8, layer),
        done @ Peeled::Done(_) => done,
    }
}

fn family(rest: Rest<'_>, is_ip: impl Fn([u8; 4]) -> bool) -> Peeled<'_> {
    match rest.split() {
        Some((family, carried)) if is_ip(*family) => Peeled::Into(Layer::Ip, carried),
        Some(_) => Peeled::Done(Decoded::Other),
        None => rest.too_short(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    const NULL: LinkType = LinkType(0);
    const LOOP: LinkType = LinkType(108);

    #[test]
    fn null_is_read_in_either_byte_order() {
        let tcp = sample::tcp(b"hello");
        for order in [u32::to_le_bytes, u32::to_be_bytes] {
            sample::assert_hello(NULL, &[&order(2)[..], &sample::ipv4(&tcp)].concat());
            for family in [10, 23, 24, 28, 30] {
                sample::assert_hello(NULL, &[&order(family)[..], &sample::ipv6(&tcp)].concat());
            }
            assert_eq!(sample::outcome(NULL, &[&order(7)[..], &[0; 40]].concat()), "Other");
        }
    }

    #[test]
    fn decrypted_packets_are_read() {
        let header = [2, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 3];
        sample::assert_hello(LinkType(109), &[&header[..], &sample::ipv4(&sample::tcp(b"hello"))].concat());
        assert_eq!(sample::outcome(LinkType(109), &header[..9]), "Malformed");
    }

    #[test]
    fn loop_is_read_in_network_byte_order() {
        let tcp = sample::tcp(b"hello");
        sample::assert_hello(LOOP, &[&[0, 0, 0, 2][..], &sample::ipv4(&tcp)].concat());
        sample::assert_hello(LOOP, &[&[0, 0, 0, 24][..], &sample::ipv6(&tcp)].concat());
        assert_eq!(sample::outcome(LOOP, &[&[2, 0, 0, 0][..], &sample::ipv4(&tcp)].concat()), "Other");
    }
}
