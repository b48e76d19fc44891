//! One capture read: packets in, exchanges out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Read, SourceKind, SourceSummary};
use crate::flow::{Flows, Stamp};
use crate::http::{Exchange, Time};
use crate::session::{Keep, Sessions};
use crate::wire::link::{Decoded, decode};
use crate::wire::{LinkType, Packet, Segment};

/// Link types beyond this many are not told apart in the warnings: a pcapng file can invent
/// thousands of them.
const MAX_LINKS: usize = 16;

/// Reads the packets of one capture, in the order of the file.
#[derive(Debug)]
pub struct Part {
    flows: Flows,
    sessions: Sessions,
    exchanges: Vec<Exchange>,
    packets: u64,
    odd: Odd,
    warnings: Vec<String>,
}

/// Packets that told nothing, by why.
#[derive(Debug, Default)]
struct Odd {
    links: BTreeMap<LinkType, u64>,
    fragments: u64,
    cut: u64,
    malformed: u64,
}

impl Part {
    /// `path` is what the exchanges name as their source; `keep` says which bodies are kept.
    #[must_use]
    pub fn new(path: &Arc<str>, keep: Keep) -> Self {
        Self {
            flows: Flows::default(),
            sessions: Sessions::new(Arc::clone(path)).keeping(keep),
            exchanges: Vec::new(),
            packets: 0,
            odd: Odd::default(),
            warnings: Vec::new(),
        }
    }

    /// Takes the next packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.packets += 1;
        match decode(packet) {
            Decoded::Tcp(segment) => self.segment(&segment, Stamp { frame: packet.number, time: packet.time }),
            Decoded::Other => {}
            Decoded::Fragment => self.odd.fragments += 1,
            Decoded::Cut => self.odd.cut += 1,
            Decoded::Malformed => self.odd.malformed += 1,
            Decoded::UnknownLink(link) => self.odd.unknown(link),
        }
    }

    /// Takes the next segment, for whoever has decoded it already.
    pub fn segment(&mut self, segment: &Segment<'_>, stamp: Stamp) {
        let Self { flows, sessions, exchanges, .. } = self;
        flows.push(segment, stamp, &mut |delivery| sessions.push(delivery, &mut |exchange| exchanges.push(exchange)));
    }

    /// Takes note of something odd about the source.
    pub fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// The exchanges that have ended since the last call, for whoever cannot wait for the end.
    pub fn take_exchanges(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.exchanges)
    }

    /// When each request came that is still without its answer, in no order.
    pub fn waiting(&self) -> impl Iterator<Item = Time> {
        self.sessions.waiting()
    }

    /// What the source has held so far, in `bytes` bytes.
    #[must_use]
    pub fn summary(&self, path: Arc<str>, kind: SourceKind, bytes: u64) -> SourceSummary {
        let (flows, sessions) = (self.flows.counters(), self.sessions.counters());
        let warnings = self.warnings.iter().cloned().chain(self.odd.warnings()).chain(self.bounds_met());
        SourceSummary {
            path,
            kind,
            packets: self.packets,
            bytes,
            connections: flows.connections,
            exchanges: sessions.exchanges,
            unread: sessions.unread,
            lost_bytes: flows.lost_bytes + flows.cut_bytes,
            warnings: warnings.collect(),
        }
    }

    /// The capture ends here, after `bytes` bytes.
    #[must_use]
    pub fn finish(mut self, path: Arc<str>, kind: SourceKind, bytes: u64) -> Read {
        self.end();
        Read { summary: self.summary(path, kind, bytes), exchanges: self.exchanges.into_iter().map(Arc::new).collect() }
    }

    /// The capture ends here, and with it all that is under way.
    pub fn end(&mut self) {
        let Self { flows, sessions, exchanges, .. } = self;
        flows.finish(&mut |delivery| sessions.push(delivery, &mut |exchange| exchanges.push(exchange)));
    }

    /// Bounds that were met are said: what was given up may be missing from the report.
    fn bounds_met(&self) -> impl Iterator<Item = String> {
        let (flows, sessions) = (self.flows.counters(), self.sessions.counters());
        let met = [
            (flows.evicted, "connection(s) were given up because too many were open at once"),
            (flows.overfull, "hole(s) were given up because too much waited behind them"),
            (sessions.given_up, "time(s) exchanges were given up because too many were under way"),
        ];
        let cut = flows.cut_bytes;
        let cut =
            (cut > 0).then(|| format!("the snapshot length cut {cut} bytes off: capture whole packets (tcpdump -s 0)"));
        met.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).chain(cut)
    }
}

impl Odd {
    fn unknown(&mut self, link: LinkType) {
        if self.links.len() < MAX_LINKS || self.links.contains_key(&link) {
            *self.links.entry(link).or_default() += 1;
        }
    }

    fn warnings(&self) -> Vec<String> {
        let links =
            self.links.iter().map(|(link, count)| format!("{count} packet(s) of link type {} cannot be read", link.0));
        let others = [
            (self.fragments, "IP fragment(s) were not put together"),
            (self.cut, "packet(s) are cut off before their TCP header ends"),
            (self.malformed, "packet(s) have headers that contradict themselves"),
        ];
        let others = others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        links.chain(others).collect()
    }
}
