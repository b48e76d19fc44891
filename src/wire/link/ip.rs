//! IPv4 and IPv6 with its extension headers. What the IP length leaves out (the padding of a short
//! Ethernet frame) is dropped here.

use std::net::IpAddr;

use etherparse::err::ip::LaxHeaderSliceError;
use etherparse::err::ipv6_exts::HeaderSliceError;
use etherparse::{LaxIpSlice, ip_number};

use super::{Decoded, Peeled, Rest, tcp};

pub(super) fn packet(rest: Rest<'_>) -> Peeled<'_> {
    let (ip, stopped) = match LaxIpSlice::from_slice(rest.data) {
        Ok(sliced) => sliced,
        Err(LaxHeaderSliceError::Len(_)) => return rest.too_short(),
        Err(LaxHeaderSliceError::Content(_)) => return Peeled::Done(Decoded::Malformed),
    };
    let Some(missing) = missing(&ip, rest) else { return Peeled::Done(Decoded::Malformed) };
    let payload = ip.payload();
    let carried = Rest { data: payload.payload, missing };
    match stopped {
        None => {}
        Some((HeaderSliceError::Len(_), _)) => return carried.too_short(),
        Some((HeaderSliceError::Content(_), _)) => return Peeled::Done(Decoded::Malformed),
    }
    Peeled::Done(match (payload.ip_number, payload.fragmented) {
        (ip_number::TCP, false) => tcp::segment(addresses(&ip), carried),
        (ip_number::TCP, true) => Decoded::Fragment,
        _ => Decoded::Other,
    })
}

/// How many bytes of the packet were not captured: the packet's own length says how long it was,
/// or if it says 0 (a network card was to cut it into segments, or it is a jumbogram) the link's.
/// `None` if the length contradicts the header.
fn missing(ip: &LaxIpSlice<'_>, rest: Rest<'_>) -> Option<usize> {
    let len = match ip {
        LaxIpSlice::Ipv4(ip) => {
            let len = usize::from(ip.header().total_len());
            let contradicts = len != 0 && len < ip.header().slice().len();
            (!contradicts).then_some(len)?
        }
        LaxIpSlice::Ipv6(ip) => match usize::from(ip.header().payload_length()) {
            0 => 0,
            len => ip.header().slice().len() + len,
        },
    };
    Some(if len == 0 { rest.missing } else { len.saturating_sub(rest.data.len()) })
}

fn addresses(ip: &LaxIpSlice<'_>) -> [IpAddr; 2] {
    [ip.source_addr(), ip.destination_addr()]
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use crate::wire::LinkType;

    const RAW: LinkType = LinkType(101);

    #[test]
    fn every_number_of_raw_ip_is_known() {
        let tcp = sample::tcp(b"hello");
        for link in [12, 14, 101] {
            sample::assert_hello(LinkType(link), &sample::ipv4(&tcp));
            sample::assert_hello(LinkType(link), &sample::ipv6(&tcp));
        }
        sample::assert_hello(LinkType(228), &sample::ipv4(&tcp));
        sample::assert_hello(LinkType(229), &sample::ipv6(&tcp));
    }

    #[test]
    fn addresses_are_read() {
        let ip = sample::ipv4(&sample::tcp(b""));
        let segment = sample::segment(&sample::packet(RAW, &ip));
        assert_eq!(segment.source.address.to_string(), "10.0.0.1");
        assert_eq!(segment.destination.address.to_string(), "10.0.0.2");
        let ip = sample::ipv6(&sample::tcp(b""));
        let segment = sample::segment(&sample::packet(RAW, &ip));
        assert_eq!(segment.source.address.to_string(), "fd00::1");
        assert_eq!(segment.destination.address.to_string(), "fd00::2");
    }

    #[test]
    fn ipv4_options_are_passed_over() {
        let mut ip = sample::ipv4(&[&[1; 8][..], &sample::tcp(b"hello")].concat());
        ip[0] = 0x47;
        sample::assert_hello(RAW, &ip);
    }

    #[test]
    fn ipv6_extension_headers_are_passed_over() {
        let tcp = sample::tcp(b"hello");
        let plain = |next| [next, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        for kind in [0, 43, 60] {
            sample::assert_hello(RAW, &sample::ipv6_with(kind, &[&plain(6)[..], &tcp].concat()));
        }
        sample::assert_hello(RAW, &sample::ipv6_with(0, &[&plain(43)[..], &plain(60), &plain(6), &tcp].concat()));
        // The length of an authentication header is in units of four bytes, minus two.
        let authentication = [6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        sample::assert_hello(RAW, &sample::ipv6_with(51, &[&authentication[..], &tcp].concat()));
    }

    #[test]
    fn fragments_are_told_from_atomic_ones() {
        let tcp = sample::tcp(b"hello");
        let fragment = |next, offset: u8, more: u8| [&[next, 0, 0, offset << 3 | more, 0, 0, 0, 9][..], &tcp].concat();
        sample::assert_hello(RAW, &sample::ipv6_with(44, &fragment(6, 0, 0)));
        for (offset, more) in [(0, 1), (1, 0), (1, 1)] {
            assert_eq!(sample::outcome(RAW, &sample::ipv6_with(44, &fragment(6, offset, more))), "Fragment");
            assert_eq!(sample::outcome(RAW, &sample::ipv6_with(44, &fragment(17, offset, more))), "Other");
        }
        for bits in [[0x20, 0], [0, 1], [0x20, 1]] {
            let mut ip = sample::ipv4(&tcp);
            ip[6..8].copy_from_slice(&bits);
            assert_eq!(sample::outcome(RAW, &ip), "Fragment");
            ip[9] = 17;
            assert_eq!(sample::outcome(RAW, &ip), "Other");
        }
    }

    #[test]
    fn length_zero_means_all_there_is() {
        let payload = vec![b'x'; 70_000];
        let mut ip = sample::ipv4(&sample::tcp(b""));
        ip.extend(&payload);
        ip[2..4].fill(0);
        let mut packet = sample::packet(RAW, &ip);
        assert_eq!(sample::segment(&packet).payload, payload);
        packet.original_len += 5_000;
        assert_eq!(sample::segment(&packet).cut_off, 5_000);

        let mut ip = sample::ipv6(&sample::tcp(b""));
        ip.extend(&payload);
        ip[4..6].fill(0);
        let mut packet = sample::packet(RAW, &ip);
        assert_eq!(sample::segment(&packet).payload, payload);
        packet.original_len += 5_000;
        assert_eq!(sample::segment(&packet).cut_off, 5_000);
    }

    #[test]
    fn what_was_cut_off_is_counted_to_the_byte() {
        for ip in [sample::ipv4(&sample::tcp(&[7; 1000])), sample::ipv6(&sample::tcp(&[7; 1000]))] {
            let head = ip.len() - 1000;
            for len in 0..=ip.len() {
                let mut packet = sample::packet(RAW, &ip[..len]);
                // An Ethernet frame's padding and check sequence would make it longer still.
                packet.original_len = 1100;
                if len < head {
                    assert_eq!(sample::outcome_of(&packet), "Cut");
                    continue;
                }
                let segment = sample::segment(&packet);
                assert_eq!(segment.payload.len(), len - head);
                assert_eq!(segment.cut_off as usize, ip.len() - len);
            }
        }
    }

    #[test]
    fn an_extension_header_can_be_cut() {
        let ip = sample::ipv6_with(0, &[&[6, 0, 1, 4, 0, 0, 0, 0][..], &sample::tcp(b"hello")].concat());
        assert_eq!(sample::outcome(RAW, &ip[..44]), "Cut");
    }

    #[test]
    fn contradictions_are_malformed() {
        let mut short_header = sample::ipv4(&sample::tcp(b"hello"));
        short_header[0] = 0x44;
        let mut short_packet = sample::ipv4(&sample::tcp(b"hello"));
        short_packet[2..4].copy_from_slice(&[0, 19]);
        let mut version = sample::ipv4(&sample::tcp(b"hello"));
        version[0] = 0x55;
        let late_hop_by_hop = sample::ipv6_with(60, &[0; 40]);
        for ip in [short_header, short_packet, version, late_hop_by_hop] {
            assert_eq!(sample::outcome(RAW, &ip), "Malformed");
        }
        assert_eq!(sample::outcome(RAW, &[]), "Malformed");
    }
}
