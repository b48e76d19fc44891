//! One capture read: packets in, exchanges out.

use std::sync::Arc;

use super::intake::{Intake, Odd};
use super::lanes::{Batch, Ended, LaneReader, Lanes, Sorter, Written};
use super::set::Set;
use super::{Glance, Glances, Read, SourceKind, SourceSummary};
use crate::flow::Stamp;
use crate::http::{Exchange, Masking, Time};
use crate::session::{Keep, Unread};
use crate::wire::{Moment, Packet, Segment};

/// Connections that end with the capture and are handed on together.
const ENDED_AT_ONCE: usize = 4096;

/// Reads the packets of one capture, in the order of the file, or of several files that one capture
/// was written to one after the other.
#[derive(Debug)]
pub struct Part {
    intake: Intake,
    lanes: Lanes,
    gathered: Gathered,
    /// What was said of the files before this one.
    told: Told,
    /// Where the file is damaged.
    damage: Vec<String>,
}

/// The exchanges that have ended.
#[derive(Debug, Default)]
struct Gathered {
    /// Each in a place of its own from the start: while a list of them grows, it is there twice.
    exchanges: Vec<Arc<Exchange>>,
    /// What was made of each, if it is to be.
    glances: Glances,
    glances_are_wanted: bool,
}

/// Takes packets, while what they bring is read elsewhere.
#[derive(Debug)]
pub struct Divided<'a> {
    intake: &'a mut Intake,
    sorter: Sorter,
    gathered: &'a mut Gathered,
}

/// What the summaries of earlier files of a set said, all of them together.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    connections: u64,
    exchanges: u64,
    unread: Unread,
    lost_bytes: u64,
    repeated: u64,
    fragments: u64,
    evicted: u64,
    timed_out: u64,
    overfull: u64,
    given_up: u64,
    skipped_bytes: u64,
    cut_bytes: u64,
}

impl Part {
    /// `path` is what the exchanges name as their source; `keep` says which bodies are kept.
    #[must_use]
    pub fn new(path: &Arc<str>, keep: Keep) -> Self {
        Self {
            intake: Intake::beginning_with(path),
            lanes: Lanes::new(path, keep),
            gathered: Gathered::default(),
            told: Told::default(),
            damage: Vec::new(),
        }
    }

    /// Glances at every exchange as it ends, for an analysis of all of them.
    #[must_use]
    pub fn glancing(mut self) -> Self {
        self.gathered.glances_are_wanted = true;
        self
    }

    /// Keeps what comes up in many heads once: for exchanges that are kept, many of them at once. With a `masking`
    /// their secrets are not kept.
    #[must_use]
    pub fn sharing(mut self, masking: Option<Masking>) -> Self {
        self.lanes = self.lanes.sharing(masking);
        self
    }

    /// Takes the next packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        let Self { intake, lanes, gathered, .. } = self;
        intake.packet(packet, &mut |delivery| lanes.push(delivery, &mut |exchange| gathered.add(exchange)));
    }

    /// Takes the next segment, for whoever has decoded it already.
    pub fn segment(&mut self, segment: &Segment<'_>, stamp: Stamp) {
        let Self { intake, lanes, gathered, .. } = self;
        intake.flows.push(segment, stamp, &mut |delivery| {
            lanes.push(delivery, &mut |exchange| gathered.add(exchange));
        });
    }

    /// Divides the reading for a while: packets are taken by one, and what they bring is read by at most so
    /// many others, who may be on threads of their own.
    pub fn divided(&mut self, readers: usize) -> (Divided<'_>, Vec<LaneReader<'_>>) {
        let Self { intake, lanes, gathered, .. } = self;
        let (lanes_each, readers) = lanes.divided(readers, gathered.glances_are_wanted);
        (Divided { intake, sorter: Sorter::new(lanes_each), gathered }, readers)
    }

    /// Takes note of a part of the source that cannot be read, and why.
    pub fn damaged(&mut self, why: String) {
        self.damage.push(why);
    }

    /// When the latest packet was captured.
    #[must_use]
    pub fn latest(&self) -> Option<Moment> {
        self.intake.latest
    }

    /// When each request came that is still without its answer, in no order.
    pub fn waiting(&self) -> impl Iterator<Item = Time> {
        self.lanes.waiting()
    }

    /// The exchanges that have ended since the last call, for whoever cannot wait for the end.
    pub fn take_exchanges(&mut self) -> Vec<Arc<Exchange>> {
        self.gathered.take(&self.intake.files).0
    }

    /// A file ends here, after `bytes` bytes, and the capture goes on in the one called `next`.
    /// Connections go on as well.
    pub fn turn(&mut self, path: Arc<str>, kind: SourceKind, bytes: u64, next: &Arc<str>) -> Read {
        let read = self.read(path, kind, bytes);
        self.intake.files.turn(next);
        read
    }

    /// The capture ends here, after `bytes` bytes.
    #[must_use]
    pub fn finish(mut self, path: Arc<str>, kind: SourceKind, bytes: u64) -> Read {
        self.end();
        self.read(path, kind, bytes)
    }

    /// The capture ends here, and with it all that is under way.
    pub fn end(&mut self) {
        while self.end_some() {}
    }

    /// As [`Part::end`], for whoever cannot have all that is under way at once: says whether there is more.
    pub fn end_some(&mut self) -> bool {
        let Self { intake, lanes, gathered, .. } = self;
        intake.flows.finish_some(ENDED_AT_ONCE, &mut |delivery| {
            lanes.push(delivery, &mut |exchange| gathered.add(exchange));
        })
    }

    /// What the file that is being read has held so far, in `bytes` bytes.
    #[must_use]
    pub fn summary(&self, path: Arc<str>, kind: SourceKind, bytes: u64) -> SourceSummary {
        let (now, before) = (self.so_far(), self.told);
        let unread = Unread {
            tls: now.unread.tls - before.unread.tls,
            http2: now.unread.http2 - before.unread.http2,
            other: now.unread.other - before.unread.other,
        };
        let warnings = self.damage.iter().cloned().chain(self.intake.odd.warnings()).chain(bounds(&now, &before));
        SourceSummary {
            path,
            kind,
            packets: self.intake.packets,
            bytes,
            connections: now.connections - before.connections,
            exchanges: now.exchanges - before.exchanges,
            unread,
            lost_bytes: now.lost_bytes - before.lost_bytes,
            damage: self.damage.first().cloned(),
            warnings: warnings.collect(),
        }
    }

    /// What there is to say of the file that ends here, and what it held.
    fn read(&mut self, path: Arc<str>, kind: SourceKind, bytes: u64) -> Read {
        let summary = self.summary(path, kind, bytes);
        self.told = self.so_far();
        (self.intake.packets, self.intake.odd) = (0, Odd::default());
        self.damage.clear();
        let (exchanges, glances) = self.gathered.take(&self.intake.files);
        Read { summary, exchanges, glances }
    }

    fn so_far(&self) -> Told {
        let (flows, sessions) = (self.intake.flows.counters(), self.lanes.counters());
        Told {
            connections: flows.connections,
            exchanges: sessions.exchanges,
            unread: sessions.unread,
            lost_bytes: flows.lost_bytes + flows.cut_bytes,
            repeated: flows.repeated,
            fragments: self.intake.fragments.given_up(),
            evicted: flows.evicted,
            timed_out: flows.timed_out,
            overfull: flows.overfull,
            given_up: sessions.given_up,
            skipped_bytes: sessions.skipped_bytes,
            cut_bytes: flows.cut_bytes,
        }
    }
}

impl Divided<'_> {
    /// Takes the next packet, which lies in `block`.
    pub fn packet(&mut self, packet: &Packet<'_>, block: &[u8]) {
        let Self { intake, sorter, .. } = self;
        intake.packet(packet, &mut |delivery| sorter.add(delivery, block));
    }

    /// What the packets of `block` brought since the last call, for each of the readers.
    pub fn take(&mut self, block: &Arc<Vec<u8>>) -> Vec<Batch> {
        self.sorter.take(block)
    }

    /// Takes what the readers made of the packets of one block.
    pub fn put(&mut self, mut ended: Vec<Ended>) {
        self.sorter.put_back(ended.iter_mut().map(Ended::spent));
        for (exchange, glance) in Ended::together(ended) {
            self.gathered.exchanges.push(exchange);
            self.gathered.glances.extend(glance);
        }
    }

    /// What the readers wrote of the packets of one block, in the order of the capture.
    pub fn put_written(&mut self, mut written: Vec<Written>) -> String {
        let text = Written::together(&written);
        self.sorter.put_back(written.iter_mut().map(Written::spent));
        text
    }

    /// As [`Part::take_exchanges`].
    pub fn take_exchanges(&mut self) -> Vec<Arc<Exchange>> {
        self.gathered.take(&self.intake.files).0
    }
}

impl Gathered {
    fn add(&mut self, exchange: Exchange) {
        if self.glances_are_wanted {
            self.glances.push(Glance::at(&exchange));
        }
        self.exchanges.push(Arc::new(exchange));
    }

    /// All of them, each in the file that it is in.
    fn take(&mut self, files: &Set) -> (Vec<Arc<Exchange>>, Glances) {
        let mut exchanges = std::mem::take(&mut self.exchanges);
        if files.are_several() {
            // Nobody else has one yet.
            exchanges.iter_mut().filter_map(Arc::get_mut).for_each(|exchange| files.place(exchange));
        }
        (exchanges, std::mem::take(&mut self.glances))
    }
}

/// Bounds that were met are said: what was given up may be missing from the report.
fn bounds(now: &Told, before: &Told) -> Vec<String> {
    let met = [
        (now.repeated - before.repeated, "packet(s) were captured twice, and taken once"),
        // The pieces that wait at the end of one file may get the others in the next.
        (
            now.fragments.saturating_sub(before.fragments),
            "IP fragment(s) were not put together, since others are missing",
        ),
        (now.evicted - before.evicted, "connection(s) were given up because too many were open at once"),
        (now.timed_out - before.timed_out, "connection(s) were given up after more than an hour of silence"),
        (now.overfull - before.overfull, "hole(s) were given up because too much waited behind them"),
        (now.given_up - before.given_up, "time(s) exchanges were given up because too many were under way"),
        (
            now.skipped_bytes - before.skipped_bytes,
            "byte(s) on HTTP connections belong to no message that could be read",
        ),
    ];
    let mut warnings: Vec<String> =
        met.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let cut = now.cut_bytes - before.cut_bytes;
    if cut > 0 {
        warnings.push(format!("the snapshot length cut {cut} bytes off: capture whole packets (tcpdump -s 0)"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;
    use crate::flow::MAX_SILENCE;
    use crate::flow::story::Story;

    #[test]
    fn what_was_passed_over_is_said() {
        let mut story = Story::opened();
        story.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n").server("HTTP/1.1 204 No Content\r\n\r\nsurprise");
        let mut story = story.again(41_023, 900);
        story.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let mut packets = story.packets();
        let later = &mut packets.last_mut().unwrap().stamp.time;
        *later = Moment::from_nanoseconds(later.nanoseconds() + MAX_SILENCE + 1, 6);
        let path: Arc<str> = "told".into();
        let mut part = Part::new(&path, Keep::Nothing);
        for packet in &packets {
            part.segment(&packet.segment(), packet.stamp);
        }
        let read = part.finish(path, SourceKind::Pcap, 0);
        let expected = [
            "1 connection(s) were given up after more than an hour of silence",
            "8 byte(s) on HTTP connections belong to no message that could be read",
        ];
        assert_eq!(read.summary.warnings, expected);
    }
}
