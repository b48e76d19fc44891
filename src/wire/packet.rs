//! One captured packet.

/// When a packet was captured, as its file says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Since 1970-01-01T00:00:00Z; a pcapng interface may place it before.
    pub nanoseconds: i128,
    /// How many decimal digits of the second the file holds (6 for microseconds).
    pub digits: u8,
}

/// What the first byte of a packet belongs to: a LINKTYPE_ value of <https://www.tcpdump.org/linktypes.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

/// One captured packet, borrowed from the block that it was read in.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Counted from 1 over the whole file, as Wireshark counts frames.
    pub number: u64,
    /// When it was captured.
    pub time: Moment,
    /// How to read `data`.
    pub link: LinkType,
    /// The captured bytes.
    pub data: &'a [u8],
    /// How long the packet was on the wire: more than `data` where the snapshot length cut it.
    pub original_len: u32,
}
