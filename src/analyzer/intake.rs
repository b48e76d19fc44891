//! Packets in, what each connection carries out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::set::Set;
use crate::flow::{Delivery, Flows, Fragments, Stamp};
use crate::wire::link::{Aggregate, Decoded, Fragment, decode, decode_datagram};
use crate::wire::{LinkType, Moment, Packet};

/// Link types beyond this many are not told apart in the warnings: a pcapng file can invent
/// thousands of them.
const MAX_LINKS: usize = 16;

/// From packets to what each connection carries.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) fragments: Fragments,
    pub(super) flows: Flows,
    pub(super) files: Set,
    pub(super) packets: u64,
    /// When the latest packet was captured.
    pub(super) latest: Option<Moment>,
    pub(super) odd: Odd,
}

/// Packets that told nothing, by why.
#[derive(Debug, Default)]
pub(super) struct Odd {
    links: BTreeMap<LinkType, u64>,
    cut: u64,
    malformed: u64,
}

impl Intake {
    /// `path` is the file that the capture begins in.
    pub(super) fn beginning_with(path: &Arc<str>) -> Self {
        Self {
            fragments: Fragments::default(),
            flows: Flows::default(),
            files: Set::beginning_with(path),
            packets: 0,
            latest: None,
            odd: Odd::default(),
        }
    }

    pub(super) fn packet(&mut self, packet: &Packet<'_>, sink: &mut impl FnMut(&Delivery<'_>)) {
        self.packets += 1;
        self.latest = self.latest.max(Some(packet.time));
        let stamp = Stamp { frame: self.files.frame(packet.number), time: packet.time };
        match decode(packet) {
            Decoded::Tcp(segment) => self.flows.push(&segment, stamp, sink),
            Decoded::Fragment(fragment) => self.fragment(&fragment, stamp, sink),
            Decoded::Several(aggregate) => self.several(aggregate, stamp, sink),
            nothing => self.odd.note(&nothing),
        }
    }

    /// Takes the packets that came in one.
    #[cold]
    fn several(&mut self, aggregate: Aggregate<'_>, stamp: Stamp, sink: &mut impl FnMut(&Delivery<'_>)) {
        aggregate.each(|decoded| match decoded {
            Decoded::Tcp(segment) => self.flows.push(&segment, stamp, sink),
            Decoded::Fragment(fragment) => self.fragment(&fragment, stamp, sink),
            nothing => self.odd.note(&nothing),
        });
    }

    /// Takes a piece of a packet, and with the last of them the packet, which may be a piece itself.
    #[cold]
    fn fragment(&mut self, fragment: &Fragment<'_>, stamp: Stamp, sink: &mut impl FnMut(&Delivery<'_>)) {
        let mut whole = self.fragments.push(fragment, stamp.time);
        while let Some(datagram) = whole {
            whole = match decode_datagram(&datagram.id, &datagram.data, datagram.missing) {
                Decoded::Tcp(segment) => {
                    self.flows.push(&segment, stamp, sink);
                    None
                }
                Decoded::Fragment(fragment) => self.fragments.push(&fragment, stamp.time),
                nothing => {
                    self.odd.note(&nothing);
                    None
                }
            };
        }
    }
}

impl Odd {
    fn note(&mut self, decoded: &Decoded<'_>) {
        match decoded {
            // No link layer is carried within an aggregate, and so no other one.
            Decoded::Tcp(_) | Decoded::Fragment(_) | Decoded::Several(_) | Decoded::Other => {}
            Decoded::Cut => self.cut += 1,
            Decoded::Malformed => self.malformed += 1,
            Decoded::UnknownLink(link) => self.unknown(*link),
        }
    }

    fn unknown(&mut self, link: LinkType) {
        if self.links.len() < MAX_LINKS || self.links.contains_key(&link) {
            *self.links.entry(link).or_default() += 1;
        }
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let links =
            self.links.iter().map(|(link, count)| format!("{count} packet(s) of link type {} cannot be read", link.0));
        let others = [
            (self.cut, "packet(s) are cut off before their TCP header ends"),
            (self.malformed, "packet(s) have headers that contradict themselves"),
        ];
        let others = others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        links.chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use super::*;
    use crate::analyzer::{Keep, Part, SourceKind};

    /// A packet of an aggregate: IPv4 and TCP from the first port to the second.
    fn subframe(ports: [u16; 2], numbers: [u32; 2], says: &[u8]) -> Vec<u8> {
        let len = u16::try_from(40 + says.len()).unwrap();
        let ip = [&[0x45, 0][..], &len.to_be_bytes(), &[0, 0, 0x40, 0, 64, 6, 0, 0], &[10; 8]].concat();
        let tcp = [&ports.map(u16::to_be_bytes).concat()[..], &numbers.map(u32::to_be_bytes).concat()].concat();
        let llc = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &ip, &tcp, &[0x50, 0x10, 0, 0, 0, 0, 0, 0], says].concat();
        let mut subframe = [&[0; 12][..], &(8 + len).to_be_bytes(), &llc].concat();
        subframe.resize(subframe.len().next_multiple_of(4), 0);
        subframe
    }

    #[test]
    fn all_packets_of_an_aggregate_are_heard() {
        let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
        let (first, second) = (ask("/a"), ask("/b"));
        let next = 1000 + u32::try_from(first.len()).unwrap();
        let both = [subframe([40_000, 80], [1000, 1], &first), subframe([40_000, 80], [next, 1], &second)].concat();
        let data = [&[0x88, 0x01][..], &[0; 22], &[0x80, 0], &both].concat();
        let original_len = u32::try_from(data.len()).unwrap();
        let packet = Packet { number: 7, time: Moment::default(), link: LinkType(105), data: &data, original_len };
        let path: Arc<str> = "aggregate".into();
        let mut part = Part::new(&path, Keep::Nothing);
        part.packet(&packet);
        let read = part.finish(path, SourceKind::Pcap, 0);
        let targets: Vec<&str> =
            read.exchanges.iter().map(|exchange| exchange.request.as_ref().unwrap().target.as_str()).collect();
        assert_eq!(targets, ["/a", "/b"]);
        assert_eq!(read.exchanges[1].frames.request().unwrap().first, 7);
        assert_eq!((read.summary.packets, read.summary.warnings), (1, Vec::new()));
    }
}
