//! The ways to write the header of a pcap record, some of which share a magic. They are told apart as Wireshark tells
//! them (`wiretap/libpcap.c`).

use super::order::Order;

/// The length of the longest record header, in bytes.
pub(super) const LONGEST_HEADER: usize = Form::Processors as usize;

/// What comes first in every header: time, captured and original length.
const COMMON: usize = Form::Plain as usize;

/// Machines of 1999 had fewer interfaces than that.
const MAX_INTERFACE: u32 = 10_000;

/// The last of Linux's packet types (`PACKET_OUTGOING`).
const MAX_KIND: u8 = 4;

/// One way to write the header of a record, and how many bytes it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// What is common to all.
    Plain = 16,
    /// Nokia's firewalls: and four bytes whose meaning nobody else knows.
    Nokia = 20,
    /// Kuznetsov's patches of libpcap, of April and October 1999: and the interface, the protocol and the packet type.
    Interface = 24,
    /// His patch of September 1999: and two processors.
    Processors = 28,
}

impl Form {
    /// The length of the header, in bytes.
    pub(super) fn header(self) -> usize {
        self as usize
    }

    /// Whether what the header at the beginning of `record` has beyond the others can be what belongs there.
    pub(super) fn fits(self, order: Order, record: &[u8]) -> bool {
        let more = record.get(COMMON..).unwrap_or_default();
        match self {
            Self::Plain => true,
            Self::Interface | Self::Processors => {
                let ([interface, [a, b, kind, _], ..], _) = more.as_chunks::<4>() else { return false };
                order.u32(*interface) <= MAX_INTERFACE && is_protocol(order.u16([*a, *b])) && *kind <= MAX_KIND
            }
            // All that Wireshark's authors have met, and what Wireshark writes itself.
            Self::Nokia => {
                matches!(more, [1 | 2, 0xb6 | 0xb9 | 0xd6 | 0xd9, 0xbf, 0x9f | 0xbf, ..] | [0, 0, 0, 0, ..])
            }
        }
    }
}

/// An `EtherType`, or one of the numbers that Linux uses beside them (`linux/if_ether.h`).
fn is_protocol(number: u16) -> bool {
    matches!(number, 0..=0x17 | 0x60 | 0x200 | 0x400 | 0x600..)
}
