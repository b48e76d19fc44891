//! IPv4 and IPv6 with its extension headers. What the IP length leaves out (the padding of a short
//! Ethernet frame) is dropped here.

use std::net::{IpAddr, Ipv6Addr};

use etherparse::err::ip::LaxHeaderSliceError;
use etherparse::err::ipv6_exts::HeaderSliceError;
use etherparse::{IpNumber, LaxIpSlice, LaxIpv4Slice, ip_number};

use super::{Decoded, Layer, Peeled, Rest, tcp};

/// IPv6 and IPv4 within IP (RFC 4213, RFC 2003).
const IN_IP: [IpNumber; 2] = [ip_number::IPV6, ip_number::IPV4];

/// Which datagram a fragment belongs to (RFC 791 section 2.3, RFC 8200 section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DatagramId {
    /// Who sent it.
    pub source: IpAddr,
    /// Who it is for.
    pub destination: IpAddr,
    /// What the sender numbered it.
    pub identification: u32,
    /// What is in it: an IP protocol number.
    pub protocol: u8,
}

/// A piece of a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Fragment<'a> {
    /// Of which datagram.
    pub datagram: DatagramId,
    /// How many bytes of the datagram come before it.
    pub offset: usize,
    /// Whether it is the last piece.
    pub is_last: bool,
    /// The bytes that were captured.
    pub data: &'a [u8],
    /// How many bytes more it had.
    pub missing: usize,
}

pub(super) fn packet(rest: Rest<'_>) -> Peeled<'_> {
    if let [0x60..=0x6f, _, _, _, _, _, next, ..] = rest.data
        && is_extension(IpNumber(*next))
        && let Some(fragment) = fragment_of_ipv6(rest)
    {
        return one_of_use(fragment);
    }
    let (ip, stopped) = match LaxIpSlice::from_slice(rest.data) {
        Ok(sliced) => sliced,
        Err(LaxHeaderSliceError::Len(_)) => return rest.too_short(),
        Err(LaxHeaderSliceError::Content(_)) => return Peeled::Done(Decoded::Malformed),
    };
    let Some(missing) = missing(&ip, rest) else { return Peeled::Done(Decoded::Malformed) };
    let payload = ip.payload();
    if payload.fragmented {
        return match &ip {
            LaxIpSlice::Ipv4(ip) => fragment_of_ipv4(ip, rest),
            LaxIpSlice::Ipv6(_) => Peeled::Done(Decoded::Other),
        };
    }
    let carried = Rest { data: payload.payload, missing };
    match stopped {
        None => {}
        Some((HeaderSliceError::Len(_), _)) => return carried.too_short(),
        Some((HeaderSliceError::Content(_), _)) => return Peeled::Done(Decoded::Malformed),
    }
    match payload.ip_number {
        ip_number::TCP => Peeled::Done(tcp::segment(addresses(&ip), identification(&ip), carried)),
        protocol => tunnel(protocol, carried),
    }
}

/// What a datagram holds that came in fragments.
pub(super) fn payload<'a>(id: &DatagramId, carried: Rest<'a>) -> Peeled<'a> {
    let Some((protocol, carried)) = behind_extensions(IpNumber(id.protocol), carried) else {
        return carried.too_short();
    };
    match protocol {
        ip_number::TCP => {
            #[expect(clippy::cast_possible_truncation, reason = "half of it tells packets apart well enough")]
            let identification = id.identification as u16;
            Peeled::Done(tcp::segment([id.source, id.destination], identification, carried))
        }
        protocol => tunnel(protocol, carried),
    }
}

/// Headers that come before what a packet is there for, but for the one of fragments (RFC 8200 section 4.1). In IPv4
/// authentication is the only one.
fn is_option(protocol: IpNumber) -> bool {
    matches!(
        protocol,
        ip_number::IPV6_HEADER_HOP_BY_HOP
            | ip_number::IPV6_ROUTE_HEADER
            | ip_number::IPV6_DESTINATION_OPTIONS
            | ip_number::AUTHENTICATION_HEADER
    )
}

fn is_extension(protocol: IpNumber) -> bool {
    is_option(protocol) || protocol == ip_number::IPV6_FRAGMENTATION_HEADER
}

/// What comes behind these headers, `None` where one is cut.
fn behind_extensions(mut protocol: IpNumber, mut rest: Rest<'_>) -> Option<(IpNumber, Rest<'_>)> {
    while is_option(protocol) {
        let ([next, len], _) = rest.split()?;
        let len = usize::from(*len);
        let len = if protocol == ip_number::AUTHENTICATION_HEADER { (len + 2) * 4 } else { (len + 1) * 8 };
        (protocol, rest) = (IpNumber(*next), rest.skip(len)?);
    }
    Some((protocol, rest))
}

#[cold]
fn tunnel(protocol: IpNumber, carried: Rest<'_>) -> Peeled<'_> {
    match protocol {
        ip_number::UDP => Peeled::Into(Layer::Udp, carried),
        ip_number::GRE => Peeled::Into(Layer::Gre, carried),
        ip_number::MPLS_IN_IP => Peeled::Into(Layer::Mpls, carried),
        // Two bytes of version before the frame (RFC 3378).
        ip_number::ETHER_IP => carried.into_behind(2, Layer::Ethernet),
        protocol if IN_IP.contains(&protocol) => Peeled::Into(Layer::Ip, carried),
        _ => Peeled::Done(Decoded::Other),
    }
}

/// A fragment, if it is of what can be read when it is whole.
fn one_of_use(fragment: Fragment<'_>) -> Peeled<'_> {
    let protocol = IpNumber(fragment.datagram.protocol);
    let is_of_use = matches!(
        protocol,
        ip_number::TCP | ip_number::UDP | ip_number::GRE | ip_number::MPLS_IN_IP | ip_number::ETHER_IP
    ) || IN_IP.contains(&protocol)
        || is_option(protocol);
    Peeled::Done(if is_of_use { Decoded::Fragment(fragment) } else { Decoded::Other })
}

#[cold]
fn fragment_of_ipv4<'a>(ip: &LaxIpv4Slice<'a>, rest: Rest<'a>) -> Peeled<'a> {
    let header = ip.header();
    let len = usize::from(header.total_len());
    let whole = if len == 0 { rest } else { rest.limited(len) };
    let Some(carried) = whole.skip(header.slice().len()) else { return whole.too_short() };
    let datagram = DatagramId {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        identification: header.identification().into(),
        protocol: header.protocol().0,
    };
    one_of_use(Fragment {
        datagram,
        offset: usize::from(header.fragments_offset().value()) * 8,
        is_last: !header.more_fragments(),
        data: carried.data,
        missing: carried.missing,
    })
}

/// The extension header that says so. What comes behind it is a piece of the datagram, whatever it begins with: in a
/// fragment other than the first, what looks like one more header is none.
#[cold]
fn fragment_of_ipv6(rest: Rest<'_>) -> Option<Fragment<'_>> {
    let ([_, _, _, _, a, b, next, _hops, addresses @ ..], carried) = rest.split::<40>()?;
    let ([source, destination], _) = addresses.as_chunks::<16>() else { return None };
    let mut carried = match u16::from_be_bytes([*a, *b]) {
        0 => carried,
        len => carried.limited(len.into()),
    };
    let mut protocol = IpNumber(*next);
    loop {
        (protocol, carried) = behind_extensions(protocol, carried)?;
        if protocol != ip_number::IPV6_FRAGMENTATION_HEADER {
            return None;
        }
        let ([next, _, a, b, identification @ ..], behind) = carried.split::<8>()?;
        let [offset, more] = [u16::from_be_bytes([*a, *b]) & !7, u16::from(*b) & 1];
        (protocol, carried) = (IpNumber(*next), behind);
        // One that is all of its datagram is passed over (RFC 6946).
        if offset != 0 || more != 0 {
            let datagram = DatagramId {
                source: Ipv6Addr::from(*source).into(),
                destination: Ipv6Addr::from(*destination).into(),
                identification: u32::from_be_bytes(*identification),
                protocol: protocol.0,
            };
            let Rest { data, missing } = carried;
            return Some(Fragment { datagram, offset: offset.into(), is_last: more == 0, data, missing });
        }
    }
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

/// 0 in IPv6, which numbers fragments alone.
fn identification(ip: &LaxIpSlice<'_>) -> u16 {
    match ip {
        LaxIpSlice::Ipv4(ip) => ip.header().identification(),
        LaxIpSlice::Ipv6(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{decode, decode_datagram, sample};
    use super::*;
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
            let ip = sample::ipv6_with(44, &fragment(6, offset, more));
            let packet = sample::packet(RAW, &ip);
            let Decoded::Fragment(found) = decode(&packet) else { panic!() };
            assert_eq!((found.offset, found.is_last, found.data), (usize::from(offset) * 8, more == 0, &tcp[..]));
            assert_eq!((found.datagram.identification, found.datagram.protocol), (9, 6));
            assert_eq!(sample::outcome(RAW, &sample::ipv6_with(44, &fragment(58, offset, more))), "Other");
        }
        for (bits, offset, is_last) in [([0x20, 0], 0, false), ([0, 1], 8, true), ([0x20, 1], 8, false)] {
            let mut ip = sample::ipv4(&tcp);
            ip[4..6].copy_from_slice(&[1, 2]);
            ip[6..8].copy_from_slice(&bits);
            let packet = sample::packet(RAW, &ip);
            let Decoded::Fragment(found) = decode(&packet) else { panic!() };
            assert_eq!((found.offset, found.is_last, found.data, found.missing), (offset, is_last, &tcp[..], 0));
            assert_eq!((found.datagram.identification, found.datagram.protocol), (0x102, 6));
            ip[9] = 1;
            assert_eq!(sample::outcome(RAW, &ip), "Other");
        }
    }

    #[test]
    fn what_is_behind_the_header_of_a_fragment_is_a_piece() {
        let tcp = sample::tcp(b"hello");
        let options = [6, 0, 1, 4, 0, 0, 0, 0];
        let datagram = [&options[..], &tcp].concat();
        // A second piece may look like an endless header, a first one may end within one.
        for (offset, more, piece) in [(0, 1, &datagram[..8]), (1, 1, &[0xff; 16][..]), (1, 0, &tcp[..])] {
            let fragment = [&[60, 0, 0, offset << 3 | more, 0, 0, 0, 9][..], piece].concat();
            let plain = sample::ipv6_with(44, &fragment);
            let behind_another = sample::ipv6_with(0, &[&[44, 0, 1, 4, 0, 0, 0, 0][..], &fragment].concat());
            for ip in [plain, behind_another] {
                let Decoded::Fragment(found) = decode(&sample::packet(RAW, &ip)) else { panic!() };
                assert_eq!((found.offset, found.is_last, found.data), (usize::from(offset) * 8, more == 0, piece));
                assert_eq!(found.datagram.protocol, 60);
            }
        }
        let address = "fd00::1".parse().unwrap();
        let id = |protocol| DatagramId { source: address, destination: address, identification: 9, protocol };
        let Decoded::Tcp(segment) = decode_datagram(&id(60), &datagram, 2) else { panic!() };
        assert_eq!((segment.payload, segment.cut_off), (&b"hello"[..], 2));
        assert!(matches!(decode_datagram(&id(60), &datagram[..7], 2), Decoded::Cut));
        // Authentication is one of IPv4 as well.
        let authentication = [&[6, 4, 0, 0][..], &[0; 20], &tcp].concat();
        let Decoded::Tcp(segment) = decode_datagram(&id(51), &authentication, 0) else { panic!() };
        assert_eq!(segment.payload, b"hello");
        let mut ip = sample::ipv4_with(51, &authentication[..40]);
        ip[6] = 0x20;
        let Decoded::Fragment(found) = decode(&sample::packet(RAW, &ip)) else { panic!() };
        assert_eq!((found.datagram.protocol, found.data), (51, &authentication[..40]));
    }

    #[test]
    fn what_was_put_together_is_read_as_if_it_had_been_whole() {
        let [source, destination] = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap());
        let id = |protocol| DatagramId { source, destination, identification: 7, protocol };
        let tcp = sample::tcp(b"hello");
        let Decoded::Tcp(segment) = decode_datagram(&id(6), &tcp, 3) else { panic!() };
        assert_eq!((segment.payload, segment.cut_off, segment.fingerprint >> 16), (&b"hello"[..], 3, 7));
        let inner = sample::ipv6(&tcp);
        let Decoded::Tcp(segment) = decode_datagram(&id(41), &inner, 0) else { panic!() };
        assert_eq!((segment.payload, segment.source.port), (&b"hello"[..], 40_000));
        assert!(matches!(decode_datagram(&id(1), &tcp, 0), Decoded::Other));
    }

    #[test]
    fn ip_within_ip_is_read() {
        let tcp = sample::tcp(b"hello");
        for inner in [sample::ipv4(&tcp), sample::ipv6(&tcp)] {
            let number = if inner[0] == 0x45 { 4 } else { 41 };
            sample::assert_hello(RAW, &sample::ipv4_with(number, &inner));
            sample::assert_hello(RAW, &sample::ipv6_with(number, &inner));
            sample::assert_hello(RAW, &sample::ipv6_with(41, &sample::ipv6_with(number, &inner)));
        }
        let frame = sample::ethernet(0x0800, &sample::ipv4(&tcp));
        sample::assert_hello(RAW, &sample::ipv4_with(97, &[&[0x30, 0][..], &frame].concat()));
        sample::assert_hello(RAW, &sample::ipv4_with(137, &[&[0, 1, 0x41, 64][..], &sample::ipv4(&tcp)].concat()));
        let endless = (0..100).fold(sample::ipv4(&tcp), |inner, _| sample::ipv4_with(4, &inner));
        assert_eq!(sample::outcome(RAW, &endless), "Malformed");
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
