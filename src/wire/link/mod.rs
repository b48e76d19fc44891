//! Link layers: from a captured packet to the TCP segment in it.
//!
//! A packet is peeled layer by layer. Each family of layers has its own file and a function that
//! takes what a layer carries and says what comes next; a tunnel is one more layer.

mod cooked;
mod ethernet;
mod ip;
mod loopback;
mod tcp;

use super::{LinkType, Packet, Segment};

/// How many layers a packet may have; each VLAN tag is one. Real ones stay below ten, and tunnels
/// within tunnels must end somewhere.
const MAX_LAYERS: usize = 32;

/// What there is in a packet.
#[derive(Clone, Copy, Debug)]
pub enum Decoded<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// Another protocol than TCP: UDP, ARP and the like.
    Other,
    /// A fragment of an IP packet with TCP in it, which cannot be read without the others.
    Fragment,
    /// Too little was captured to find a TCP header, if there is one.
    Cut,
    /// A header that contradicts itself.
    Malformed,
    /// A link layer that is not known here.
    UnknownLink(LinkType),
}

/// Finds the TCP segment in a packet. Checksums are not verified: where a network card computes
/// them, the ones captured before it are wrong.
#[must_use]
pub fn decode<'a>(packet: &Packet<'a>) -> Decoded<'a> {
    let Some(mut layer) = outermost(packet.link) else { return Decoded::UnknownLink(packet.link) };
    let missing = (packet.original_len as usize).saturating_sub(packet.data.len());
    let mut rest = Rest { data: packet.data, missing };
    for _ in 0..MAX_LAYERS {
        match layer.peel(rest) {
            Peeled::Into(next, carried) => (layer, rest) = (next, carried),
            Peeled::Done(decoded) => return decoded,
        }
    }
    Decoded::Malformed
}

/// <https://www.tcpdump.org/linktypes.html>; 12 and 14 are what raw IP is called where it was saved
/// under the number of an operating system (`DLT_RAW`).
fn outermost(link: LinkType) -> Option<Layer> {
    match link.0 {
        0 => Some(Layer::Null),
        1 => Some(Layer::Ethernet),
        12 | 14 | 101 | 228 | 229 => Some(Layer::Ip),
        108 => Some(Layer::Loop),
        113 => Some(Layer::Cooked),
        276 => Some(Layer::Cooked2),
        _ => None,
    }
}

/// What the next byte of a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// BSD loopback, address family in the byte order of the capturing host.
    Null,
    /// OpenBSD loopback, address family in network byte order.
    Loop,
    Ethernet,
    /// Linux cooked capture.
    Cooked,
    /// Linux cooked capture, version 2.
    Cooked2,
    /// What an `EtherType` announces.
    EtherType(u16),
    /// IP of the version that its first byte tells.
    Ip,
}

impl Layer {
    fn peel(self, rest: Rest<'_>) -> Peeled<'_> {
        match self {
            Self::Null => loopback::null(rest),
            Self::Loop => loopback::open_bsd(rest),
            Self::Ethernet => ethernet::header(rest),
            Self::Cooked => cooked::version_1(rest),
            Self::Cooked2 => cooked::version_2(rest),
            Self::EtherType(kind) => ethernet::payload(kind, rest),
            Self::Ip => ip::packet(rest),
        }
    }
}

/// What peeling one layer led to.
enum Peeled<'a> {
    Into(Layer, Rest<'a>),
    Done(Decoded<'a>),
}

/// What a layer carries.
#[derive(Clone, Copy)]
struct Rest<'a> {
    data: &'a [u8],
    /// How many bytes more the sender sent, which were not captured.
    missing: usize,
}

impl<'a> Rest<'a> {
    /// Takes a header of fixed length off.
    fn split<const LEN: usize>(self) -> Option<(&'a [u8; LEN], Self)> {
        let (header, data) = self.data.split_first_chunk()?;
        Some((header, Self { data, ..self }))
    }

    /// What a header means of which only a part is here.
    fn too_short(self) -> Peeled<'a> {
        Peeled::Done(if self.missing == 0 { Decoded::Malformed } else { Decoded::Cut })
    }
}

/// Packets made by hand, for the tests of all layers.
#[cfg(test)]
mod sample;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_link_layer_is_named() {
        let packet = sample::packet(LinkType(147), &[0; 60]);
        assert!(matches!(decode(&packet), Decoded::UnknownLink(LinkType(147))));
    }

    #[test]
    fn no_link_layer_panics_at_any_length() {
        let frame = sample::ethernet(0x0800, &sample::ipv4(&sample::tcp(b"GET / HTTP/1.1\r\n\r\n")));
        for link in 0..300 {
            for len in 0..frame.len() {
                let mut packet = sample::packet(LinkType(link), frame.get(..len).unwrap_or_default());
                packet.original_len = 82;
                let _ = decode(&packet);
            }
        }
    }
}
