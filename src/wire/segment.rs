//! One TCP segment, as the link layers deliver it.

use std::net::IpAddr;

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// IPv4 or IPv6.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
}

/// The TCP flags that tell how a connection begins and ends (RFC 9293 section 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "they are bits on the wire, any of which may be set")]
pub struct Flags {
    /// Synchronise sequence numbers: the first segment of a side.
    pub syn: bool,
    /// The acknowledgement number is valid.
    pub ack: bool,
    /// No more data from this side.
    pub fin: bool,
    /// The connection is aborted.
    pub rst: bool,
}

/// One TCP segment, borrowed from its packet.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Who sent it.
    pub source: Endpoint,
    /// Who it is for.
    pub destination: Endpoint,
    /// Sequence number of the first payload byte (of the SYN itself, where that is set).
    pub sequence: u32,
    /// What the sender has received so far; meaningful with [`Flags::ack`].
    pub acknowledgement: u32,
    /// How the connection begins and ends.
    pub flags: Flags,
    /// The identification of its IP packet and its TCP checksum: the same where one packet was
    /// captured at two places, another where it was sent again.
    pub fingerprint: u32,
    /// The payload bytes that were captured, link-layer padding removed.
    pub payload: &'a [u8],
    /// How many payload bytes more the sender sent, which the snapshot length cut off.
    pub cut_off: u32,
}
