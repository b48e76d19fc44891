//! TCP (RFC 9293 section 3.1).

use std::net::IpAddr;

use super::{Decoded, Rest};
use crate::wire::{Endpoint, Flags, Segment};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// Reads the segment between two addresses, out of the IP packet of that identification (0 where it
/// has none). Options that were not captured are no hindrance.
pub(super) fn segment([source, destination]: [IpAddr; 2], identification: u16, rest: Rest<'_>) -> Decoded<'_> {
    let ([[a, b, c, d], sequence, acknowledgement, [offset, flags, ..], [checksum @ .., _, _], ..], _) =
        rest.data.as_chunks::<4>()
    else {
        return if rest.missing == 0 { Decoded::Malformed } else { Decoded::Cut };
    };
    let header_len = usize::from(offset >> 4) * 4;
    let sent = rest.data.len() + rest.missing;
    if header_len < 20 || header_len > sent {
        return Decoded::Malformed;
    }
    let payload = rest.data.get(header_len..).unwrap_or_default();
    let flag = |bit| flags & bit != 0;
    Decoded::Tcp(Segment {
        source: Endpoint { address: source, port: u16::from_be_bytes([*a, *b]) },
        destination: Endpoint { address: destination, port: u16::from_be_bytes([*c, *d]) },
        sequence: u32::from_be_bytes(*sequence),
        acknowledgement: u32::from_be_bytes(*acknowledgement),
        flags: Flags { syn: flag(SYN), ack: flag(ACK), fin: flag(FIN), rst: flag(RST) },
        fingerprint: u32::from(identification) << 16 | u32::from(u16::from_be_bytes(*checksum)),
        payload,
        cut_off: u32::try_from(sent - header_len - payload.len()).unwrap_or(u32::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::{Flags, LinkType};

    const RAW: LinkType = LinkType(101);

    #[test]
    fn flags_are_read() {
        let flags_of = |bits| {
            let mut tcp = sample::tcp(b"");
            tcp[13] = bits;
            sample::segment(&sample::packet(RAW, &sample::ipv4(&tcp))).flags
        };
        let none = Flags::default();
        // PSH, URG and what congestion control uses.
        assert_eq!(flags_of(0xe8), none);
        assert_eq!(flags_of(0x02), Flags { syn: true, ..none });
        assert_eq!(flags_of(0x12), Flags { syn: true, ack: true, ..none });
        assert_eq!(flags_of(0x11), Flags { fin: true, ack: true, ..none });
        assert_eq!(flags_of(0x04), Flags { rst: true, ..none });
    }

    #[test]
    fn options_are_passed_over_even_where_they_are_cut() {
        let mut tcp = sample::tcp(&[[1; 12].as_slice(), b"hello"].concat());
        tcp[12] = 0x80;
        for ip in [sample::ipv4(&tcp), sample::ipv6(&tcp)] {
            sample::assert_hello(RAW, &ip);
            for cut in 0..=17 {
                let segment = sample::packet(RAW, &ip[..ip.len() - cut]);
                let segment = sample::segment(&segment);
                assert_eq!(segment.payload, &b"hello"[..5_usize.saturating_sub(cut)]);
                assert_eq!(segment.cut_off as usize, cut.min(5));
            }
            assert_eq!(sample::outcome(RAW, &ip[..ip.len() - 18]), "Cut");
        }
    }

    #[test]
    fn a_header_that_does_not_fit_is_malformed() {
        let mut short = sample::tcp(b"hello");
        short[12] = 0x40;
        let mut long = sample::tcp(b"hello");
        long[12] = 0x70;
        let truncated = sample::tcp(b"")[..19].to_vec();
        for tcp in [short, long, truncated] {
            assert_eq!(sample::outcome(RAW, &sample::ipv4(&tcp)), "Malformed");
            assert_eq!(sample::outcome(RAW, &sample::ipv6(&tcp)), "Malformed");
        }
    }
}
