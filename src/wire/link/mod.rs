//! Link layers: from a captured packet to the TCP segment in it.
//!
//! A packet is peeled layer by layer. Each family of layers has its own file and a function that
//! takes what a layer carries and says what comes next; a tunnel is one more layer.

mod cooked;
mod ethernet;
mod gre;
mod ip;
mod llc;
mod loopback;
mod mpls;
mod ppp;
mod relay;
mod rings;
mod tcp;
mod udp;
mod wlan;
mod wrapped;

use super::{LinkType, Packet, Segment};
pub use ip::{DatagramId, Fragment};
pub use wlan::Aggregate;

/// How many layers a packet may have; each VLAN tag and each MPLS label is one. Real ones stay below ten, and tunnels
/// within tunnels must end somewhere.
const MAX_LAYERS: usize = 32;

/// What there is in a packet.
#[derive(Clone, Copy, Debug)]
pub enum Decoded<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// Another protocol than TCP: DNS, ARP, encrypted tunnels and the like.
    Other,
    /// A fragment of an IP packet with TCP or a tunnel in it, which cannot be read without the others.
    Fragment(Fragment<'a>),
    /// Several packets in one.
    Several(Aggregate<'a>),
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
    let Some(layer) = outermost(packet.link) else { return Decoded::UnknownLink(packet.link) };
    let missing = (packet.original_len as usize).saturating_sub(packet.data.len());
    peel(layer, Rest { data: packet.data, missing })
}

/// Finds the TCP segment in a datagram that was put together from its fragments: all that was
/// captured of it up to the first hole, and how many bytes more there were.
#[must_use]
pub fn decode_datagram<'a>(id: &DatagramId, data: &'a [u8], missing: usize) -> Decoded<'a> {
    match ip::payload(id, Rest { data, missing }) {
        Peeled::Into(layer, rest) => peel(layer, rest),
        Peeled::Done(decoded) => decoded,
    }
}

fn peel(mut layer: Layer, mut rest: Rest<'_>) -> Decoded<'_> {
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
    Some(match link.0 {
        0 => Layer::Null,
        1 => Layer::Ethernet,
        6 => Layer::TokenRing,
        9 | 50 => Layer::Ppp,
        10 => Layer::Fddi,
        12 | 14 | 101 | 228 | 229 => Layer::Ip,
        51 => Layer::PppoeSession,
        100 => Layer::Llc,
        104 => Layer::CiscoHdlc,
        105 => Layer::Wlan,
        107 => Layer::FrameRelay,
        108 => Layer::Loop,
        109 => Layer::Decrypted,
        113 => Layer::Cooked,
        117 => Layer::PacketFilterLog,
        119 => Layer::Prism,
        123 => Layer::SunAtm,
        127 => Layer::Radiotap,
        163 => Layer::Avs,
        166 | 204 => Layer::PppWithDirection,
        192 => Layer::PerPacketInformation,
        197 => Layer::Endace,
        226 => Layer::SolarisNetwork,
        239 => Layer::NetfilterLog,
        240 => Layer::NetAnalyzer,
        258 => Layer::PacketTap,
        276 => Layer::Cooked2,
        281 | 283 => Layer::SwitchTag,
        282 => Layer::SwitchTagInFront,
        284 => Layer::LongSwitchTag,
        _ => return None,
    })
}

/// What the next byte of a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// BSD loopback, address family in the byte order of the capturing host.
    Null,
    /// OpenBSD loopback, address family in network byte order.
    Loop,
    /// What `OpenBSD` shows of encrypted packets once they are decrypted.
    Decrypted,
    Ethernet,
    /// Linux cooked capture.
    Cooked,
    /// Linux cooked capture, version 2.
    Cooked2,
    /// IEEE 802.11 data.
    Wlan,
    /// The same with padding behind its header.
    PaddedWlan,
    /// IEEE 802.11 behind a radiotap, Prism or AVS header.
    Radiotap,
    Prism,
    Avs,
    /// IEEE 802.2.
    Llc,
    /// PPP, with or without its HDLC framing.
    Ppp,
    /// PPP behind a byte that says who sent it.
    PppWithDirection,
    PppoeSession,
    CiscoHdlc,
    TokenRing,
    Fddi,
    FrameRelay,
    /// ATM as `SunATM` shows it.
    SunAtm,
    /// ERF, the records of Endace's cards.
    Endace,
    /// Solaris's IPNET.
    SolarisNetwork,
    /// Hilscher's analyzer.
    NetAnalyzer,
    /// Ethernet with what a switch on the board put behind the addresses: four bytes, and eight.
    SwitchTag,
    LongSwitchTag,
    /// Ethernet behind such a tag.
    SwitchTagInFront,
    PerPacketInformation,
    PacketTap,
    NetfilterLog,
    PacketFilterLog,
    /// An `EtherType` and what it announces.
    Typed,
    /// What an `EtherType` announces.
    EtherType(u16),
    /// An MPLS label.
    Mpls,
    /// IP of the version that its first byte tells.
    Ip,
    Gre,
    Udp,
}

impl Layer {
    fn peel(self, rest: Rest<'_>) -> Peeled<'_> {
        match self {
            Self::Ethernet => ethernet::header(rest),
            Self::Cooked => cooked::version_1(rest),
            Self::Cooked2 => cooked::version_2(rest),
            Self::EtherType(kind) => ethernet::payload(kind, rest),
            Self::Ip => ip::packet(rest),
            rarer => rarer.peel_rarer(rest),
        }
    }

    #[cold]
    fn peel_rarer(self, rest: Rest<'_>) -> Peeled<'_> {
        match self {
            Self::Null => loopback::null(rest),
            Self::Loop => loopback::open_bsd(rest),
            Self::Decrypted => loopback::decrypted(rest),
            Self::Wlan => wlan::frame(rest),
            Self::PaddedWlan => wlan::padded_frame(rest),
            Self::Radiotap => wlan::radiotap(rest),
            Self::Prism => wlan::prism(rest),
            Self::Avs => wlan::avs(rest),
            Self::Llc => llc::header(rest),
            Self::Ppp => ppp::frame(rest),
            Self::PppWithDirection => ppp::with_direction(rest),
            Self::PppoeSession => ppp::over_ethernet(rest),
            Self::CiscoHdlc => ppp::cisco(rest),
            Self::TokenRing => rings::token_ring(rest),
            Self::Fddi => rings::fddi(rest),
            Self::FrameRelay => relay::frame(rest),
            Self::SunAtm => wrapped::sun_atm(rest),
            Self::Endace => wrapped::endace(rest),
            Self::SolarisNetwork => rest.into_behind(24, Self::Ip),
            Self::NetAnalyzer | Self::SwitchTagInFront => rest.into_behind(4, Self::Ethernet),
            Self::SwitchTag => rest.into_behind(16, Self::Typed),
            Self::LongSwitchTag => rest.into_behind(20, Self::Typed),
            Self::PerPacketInformation => wrapped::per_packet_information(rest),
            Self::PacketTap => wrapped::packet_tap(rest),
            Self::NetfilterLog => wrapped::netfilter_log(rest),
            Self::PacketFilterLog => wrapped::packet_filter_log(rest),
            Self::Typed => ethernet::typed(rest),
            Self::Mpls => mpls::label(rest),
            Self::Gre => gre::header(rest),
            Self::Udp => udp::datagram(rest),
            Self::Ethernet | Self::Cooked | Self::Cooked2 | Self::EtherType(_) | Self::Ip => self.peel(rest),
        }
    }
}

/// What peeling one layer led to.
enum Peeled<'a> {
    Into(Layer, Rest<'a>),
    Done(Decoded<'a>),
}

/// What a layer carries.
#[derive(Clone, Copy, Debug)]
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

    /// What is behind so many bytes, if they are there.
    fn skip(self, len: usize) -> Option<Self> {
        Some(Self { data: self.data.get(len..)?, ..self })
    }

    /// Goes on behind so many bytes, which are of no interest.
    fn into_behind(self, len: usize, layer: Layer) -> Peeled<'a> {
        match self.skip(len) {
            Some(carried) => Peeled::Into(layer, carried),
            None => self.too_short(),
        }
    }

    /// The first `len` bytes alone: what follows is padding.
    fn limited(self, len: usize) -> Self {
        match self.data.get(..len) {
            Some(data) => Self { data, missing: 0 },
            None => Self { missing: self.missing.min(len - self.data.len()), ..self },
        }
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
