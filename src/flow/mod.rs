//! TCP segments to each side's bytes in order.
//!
//! [`Flows`] takes every segment of a capture and hands out what each side of each connection
//! sent: bytes in order and once, gaps where the capture lacks some, and how it ended. What comes
//! in order is handed on as it stands, borrowed from its packet; only what has to wait is copied.
//!
//! The rules, in short:
//!
//! - **First bytes win.** A byte that was captured is never replaced by a later copy of it.
//! - **Nothing overtakes what it acknowledges.** A segment waits for the bytes that its sender had
//!   received when sending it, so an answer never comes out before its question, even where the
//!   capture has them the other way round.
//! - **A hole becomes a gap** when the other side has acknowledged the bytes and they still do not
//!   turn up, when no more can be buffered behind it, or when the connection ends.
//! - **A packet that was captured twice** is counted and taken once.
//! - **A connection is its two ends.** Which tunnel a packet came through is not asked: mirrors of
//!   both ends of one connection come through two of them.
//!
//! [`Fragments`] stands before it, for IP packets that came in pieces.

mod connection;
mod fragments;
mod key;
mod slab;
#[cfg(test)]
pub(crate) mod story;
mod stream;
mod table;
mod twice;

use std::collections::VecDeque;

use crate::wire::{Endpoint, Moment, Segment};
use connection::{Connection, Owner};
pub use fragments::{Datagram, Fragments, MAX_DATAGRAMS, MAX_FRAGMENT_BYTES, MAX_FRAGMENT_WAIT};
use table::Table;
pub use table::{MAX_CLOSED, MAX_CONNECTIONS};
use twice::Twice;

/// Silence after which a connection is given up, in nanoseconds of packet time: the longest idle
/// timeout that an AWS load balancer can be given (4000 s).
pub const MAX_SILENCE: i128 = 4_000_000_000_000;

/// Bytes that may wait on all connections together; what one may hold is bounded by itself.
pub const MAX_WAITING_BYTES: usize = 256 << 20;

/// One TCP connection: its number, counted from 0 in order of the first packet that opens it or brings bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(pub u64);

/// One of the two ends of a connection. Which of them is the client, the content tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// It sent the first packet that was captured of the connection.
    A,
    /// The other one.
    B,
}

impl Side {
    /// The other side.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// The packet that brought something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Its number, as Wireshark counts.
    pub frame: u64,
    /// When it was captured.
    pub time: Moment,
}

/// The next piece of what one side sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    /// Bytes.
    Data(&'a [u8]),
    /// That many bytes were sent and are not in the capture.
    Gap {
        /// How many.
        len: u64,
        /// Their packet was captured, but not to its end.
        cut: bool,
    },
    /// Nothing follows.
    End(Ending),
}

/// Why nothing follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The side said so (FIN).
    Fin,
    /// The connection was aborted (RST), by either side.
    Reset,
    /// Its ports were taken for a new connection.
    Replaced,
    /// It was silent for too long, or others needed its place.
    Timeout,
    /// It was still open when the capture ended.
    CaptureEnded,
}

/// A chunk with all that belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Of which connection.
    pub flow: FlowId,
    /// Who sent it.
    pub side: Side,
    /// The sender's address.
    pub source: Endpoint,
    /// The receiver's address.
    pub destination: Endpoint,
    /// The beginning of the connection was captured: the first bytes of a side are the first that it sent.
    pub from_start: bool,
    /// The packet that holds these bytes, or that showed that there is a gap or an end.
    pub stamp: Stamp,
    /// What came.
    pub chunk: Chunk<'a>,
}

/// What happened on the way, for the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections seen.
    pub connections: u64,
    /// Bytes that were sent and are in no packet of the capture.
    pub lost_bytes: u64,
    /// Bytes that the snapshot length cut off.
    pub cut_bytes: u64,
    /// Connections given up after [`MAX_SILENCE`].
    pub timed_out: u64,
    /// Connections given up because [`MAX_CONNECTIONS`] were open.
    pub evicted: u64,
    /// How often a hole was given up because too much waited behind it.
    pub overfull: u64,
    /// Packets captured a second time.
    pub repeated: u64,
}

/// All connections of one capture.
#[derive(Debug, Default)]
pub struct Flows {
    table: Table,
    /// The slots of those that end with the capture, eldest first.
    ending: VecDeque<u32>,
    /// Bytes that wait on all connections together.
    waiting: usize,
    twice: Twice,
    counters: Counters,
}

impl Flows {
    /// Takes the next segment, and hands on what can be handed on thereby.
    pub fn push(&mut self, segment: &Segment<'_>, stamp: Stamp, sink: &mut impl FnMut(&Delivery<'_>)) {
        if let Some(slot) = self.table.next_if_silent(stamp) {
            self.time_out(slot, sink);
        }
        let hash = self.table.hash(segment.source, segment.destination);
        if self.twice.has_seen(hash, segment, stamp.time) {
            self.counters.repeated += 1;
            return;
        }
        let Some(slot) = self.slot_for(hash, segment, stamp, sink) else { return };
        let Some(connection) = self.table.get_mut(slot) else { return };
        let was_closed = connection.is_closed();
        let waited = connection.waiting();
        let room = MAX_WAITING_BYTES.saturating_sub(self.waiting - waited);
        connection.push(segment, stamp, room, &mut Outlet { sink, counters: &mut self.counters });
        self.waiting = self.waiting - waited + connection.waiting();
        if connection.is_closed() && !was_closed {
            let id = connection.id();
            if let Some(forgotten) = self.table.note_closed(slot, id) {
                self.remove(forgotten, Ending::Fin, &mut |_| {});
            }
        }
    }

    /// The capture ends here, and with it all that is still open.
    pub fn finish(&mut self, sink: &mut impl FnMut(&Delivery<'_>)) {
        while self.finish_some(usize::MAX, sink) {}
    }

    /// The capture ends here: ends at most so many of the connections that are still open, the eldest first, and
    /// says whether others are left.
    pub fn finish_some(&mut self, most: usize, sink: &mut impl FnMut(&Delivery<'_>)) -> bool {
        if self.ending.is_empty() {
            self.ending = self.table.eldest_first().into();
        }
        for slot in self.ending.drain(..most.min(self.ending.len())) {
            let Some(connection) = self.table.get_mut(slot) else { continue };
            connection.finish(Ending::CaptureEnded, &mut Outlet { sink, counters: &mut self.counters });
        }
        if self.ending.is_empty() {
            *self = Self { counters: self.counters, ..Self::default() };
        }
        !self.ending.is_empty()
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The slot of the connection that the segment belongs to: the one that is there, or a new one.
    fn slot_for(
        &mut self,
        hash: u64,
        segment: &Segment<'_>,
        stamp: Stamp,
        sink: &mut impl FnMut(&Delivery<'_>),
    ) -> Option<u32> {
        let mut opened = None;
        if let Some((slot, connection)) = self.table.find(hash, segment.source, segment.destination) {
            if connection.is_silent(stamp) {
                self.time_out(slot, sink);
            } else if let Owner::Later(opening) = connection.owner_of(segment, stamp) {
                opened = opening;
                self.remove(slot, Ending::Replaced, sink);
            } else {
                return Some(slot);
            }
        }
        // What neither opens a connection nor brings bytes of one is mostly the end of one that was forgotten.
        if !segment.flags.syn && segment.payload.is_empty() && segment.cut_off == 0 && opened.is_none() {
            return None;
        }
        if let Some(slot) = self.table.longest_silent_if_full() {
            self.counters.evicted += 1;
            self.remove(slot, Ending::Timeout, sink);
        }
        let id = FlowId(self.counters.connections);
        self.counters.connections += 1;
        Some(self.table.insert(hash, Connection::new(id, segment, opened, stamp)))
    }

    /// Gives up a connection that has been silent for too long.
    fn time_out(&mut self, slot: u32, sink: &mut impl FnMut(&Delivery<'_>)) {
        let was_open = self.table.get(slot).is_some_and(|connection| !connection.is_closed());
        self.counters.timed_out += u64::from(was_open);
        self.remove(slot, Ending::Timeout, sink);
    }

    fn remove(&mut self, slot: u32, ending: Ending, sink: &mut impl FnMut(&Delivery<'_>)) {
        let Some(mut connection) = self.table.remove(slot) else { return };
        self.waiting -= connection.waiting();
        connection.finish(ending, &mut Outlet { sink, counters: &mut self.counters });
    }
}

/// Where a connection puts what it has to hand on.
struct Outlet<'o, S> {
    sink: &'o mut S,
    counters: &'o mut Counters,
}

impl<S: FnMut(&Delivery<'_>)> Outlet<'_, S> {
    fn put(&mut self, delivery: &Delivery<'_>) {
        match delivery.chunk {
            Chunk::Gap { len, cut: true } => self.counters.cut_bytes += len,
            Chunk::Gap { len, cut: false } => self.counters.lost_bytes += len,
            Chunk::Data(_) | Chunk::End(_) => {}
        }
        (self.sink)(delivery);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use proptest::prelude::*;

    use super::story::{Story, Who, flowed, numbered, told};
    use super::*;
    use crate::wire::Flags;

    #[test]
    fn both_sides_come_in_order_across_the_wrap_of_sequence_numbers() {
        let mut story = Story::opened();
        story.client([b'a'; 60]).server("one").ack(Who::Client).client("b").server("two");
        story.fin(Who::Server).fin(Who::Client).ack(Who::Server);
        let [client, server] = told(&story);
        assert_eq!(client.bytes(), [&[b'a'; 60][..], b"b"].concat());
        assert_eq!(server.pieces, [(5, b"one".to_vec()), (8, b"two".to_vec())]);
        assert_eq!((client.end, server.end), (Some(Ending::Fin), Some(Ending::Fin)));
        assert!(client.gaps.is_empty() && server.gaps.is_empty());
    }

    #[test]
    fn bytes_out_of_order_keep_the_packet_that_held_them() {
        let mut story = Story::opened();
        story.server("one").server("two").swapped();
        let [_, server] = told(&story);
        assert_eq!(server.pieces, [(5, b"one".to_vec()), (4, b"two".to_vec())]);
    }

    #[test]
    fn the_first_copy_of_a_byte_wins() {
        let mut story = Story::opened();
        story.client("abcd").client("efgh");
        let mut late = story.sent[3].clone();
        late.payload = b"WXYZefGHIJ".to_vec();
        story.sent.push(late);
        assert_eq!(told(&story)[0].bytes(), b"abcdefghIJ");
        // The same while the bytes wait behind a hole.
        let hole = story.sent.remove(3);
        let [ahead, late] = [story.sent[3].clone(), story.sent[4].clone()];
        story.sent.splice(3.., [ahead, hole.clone(), late]);
        assert_eq!(told(&story)[0].bytes(), b"abcdefghIJ");
        // Two that wait and overlap, then what comes before them.
        let mut wide = hole.clone();
        wide.payload = b"....EFGH".to_vec();
        let narrow = story::Sent { sequence: hole.sequence.wrapping_add(5), payload: b"fg".to_vec(), ..hole.clone() };
        let [_, wide] = wide.split(2);
        story.sent.splice(3.., [narrow, wide, hole]);
        assert_eq!(told(&story)[0].bytes(), b"ab..EfgH");
    }

    #[test]
    fn a_question_comes_before_its_answer() {
        let mut story = Story::opened();
        story.client("question").server("answer").swapped();
        let mut order = Vec::new();
        let mut flows = Flows::default();
        for packet in story.packets() {
            flows.push(&packet.segment(), packet.stamp, &mut |delivery| {
                if let Chunk::Data(bytes) = delivery.chunk {
                    order.push(bytes.to_vec());
                }
            });
        }
        assert_eq!(order, [b"question".to_vec(), b"answer".to_vec()]);
    }

    #[test]
    fn the_snapshot_length_leaves_gaps() {
        let mut story = Story::opened();
        story.server("0123456789").cut(6).server("next");
        let [_, server] = told(&story);
        assert_eq!((server.bytes(), server.gaps), (b"0123next".to_vec(), vec![6]));
    }

    #[test]
    fn a_capture_may_begin_in_the_middle() {
        let mut story = Story::new();
        story.server("lost").lost().server("rest").client("next").server("more");
        let [client, server] = told(&story);
        assert_eq!((client.bytes(), server.bytes()), (b"next".to_vec(), b"restmore".to_vec()));
        assert!(client.gaps.is_empty() && server.gaps.is_empty());
    }

    #[test]
    fn keep_alive_probes_bring_nothing() {
        let mut story = Story::opened();
        story.client("abc");
        let mut probe = story.sent[3].clone();
        (probe.sequence, probe.payload) = (probe.sequence.wrapping_add(2), b"?".to_vec());
        story.sent.push(probe);
        story.client("def");
        assert_eq!(told(&story)[0].bytes(), b"abcdef");
    }

    #[test]
    fn a_window_probe_brings_the_next_byte_once() {
        let mut story = Story::opened();
        story.client("abc").client("def");
        let mut probe = story.sent[4].clone();
        probe.payload.truncate(1);
        // Refused, tried again, then all of it.
        story.sent.splice(4..4, [probe.clone(), probe]);
        let [client, _] = told(&story);
        assert_eq!(client.pieces, [(4, b"abc".to_vec()), (5, b"d".to_vec()), (7, b"ef".to_vec())]);
        // The kind that asks with the last byte that was acknowledged, or with none.
        let mut story = Story::opened();
        story.client("abc").client("");
        let mut probe = story.sent[3].clone();
        (probe.sequence, probe.payload) = (probe.sequence.wrapping_add(2), Vec::new());
        story.sent.push(probe);
        assert_eq!(told(&story)[0].bytes(), b"abc");
    }

    #[test]
    fn a_reset_ends_both_sides_if_it_is_in_sequence() {
        let mut story = Story::opened();
        story.client("abc").reset(Who::Server);
        let [client, server] = told(&story);
        assert_eq!((client.end, server.end), (Some(Ending::Reset), Some(Ending::Reset)));
        let blind = story.sent.last_mut().unwrap();
        blind.sequence = blind.sequence.wrapping_add(1 << 24);
        let [client, _] = told(&story);
        assert_eq!(client.end, Some(Ending::CaptureEnded));
    }

    #[test]
    fn one_side_may_end_before_the_other() {
        let mut story = Story::opened();
        story.client("abc").fin(Who::Client).server("answer").fin(Who::Server).ack(Who::Client);
        let [client, server] = told(&story);
        assert_eq!((client.end, server.end), (Some(Ending::Fin), Some(Ending::Fin)));
        assert_eq!(server.bytes(), b"answer");
    }

    #[test]
    fn late_packets_of_a_closed_connection_open_none() {
        let mut story = Story::opened();
        story.client("abc").fin(Who::Client).fin(Who::Server).ack(Who::Client).ack(Who::Server);
        let again = story.sent[3].clone();
        story.sent.push(again);
        assert_eq!(told(&story)[0].bytes(), b"abc");
    }

    #[test]
    fn what_says_nothing_opens_no_connection() {
        let mut story = Story::opened();
        story.ack(Who::Client).fin(Who::Server).ack(Who::Client);
        let packets = story.packets();
        let opened = |packets: &[story::Sent]| {
            let mut flows = Flows::default();
            for packet in packets {
                flows.push(&packet.segment(), packet.stamp, &mut |_| {});
            }
            flows.counters().connections
        };
        assert_eq!(opened(&packets), 1);
        // Behind the handshake there are acknowledgements and an end, of something that nobody saw.
        assert_eq!(opened(&packets[2..]), 0);
        story.client("but this does");
        assert_eq!(opened(&story.packets()[2..]), 1);
    }

    #[test]
    fn ports_may_be_used_again() {
        let mut story = Story::opened();
        story.client("first");
        let mut story = story.again(41_022, 900);
        let repeated_syn = story.sent[4].clone();
        story.client("second").sent.push(repeated_syn);
        let story = story.again(41_023, 5);
        let all = flowed(&story.packets());
        assert_eq!(all.len(), 3);
        assert_eq!((all[0][0].bytes(), all[0][0].end), (b"first".to_vec(), Some(Ending::Replaced)));
        assert_eq!(all[1][0].bytes(), b"second");
    }

    #[test]
    fn a_capture_may_end_a_few_connections_at_a_time() {
        let mut story = Story::opened();
        story.client("first");
        let mut story = story.again(41_023, 900);
        story.client("second");
        let mut story = story.again(41_024, 900);
        story.client("third");
        let mut flows = Flows::default();
        for packet in story.packets() {
            flows.push(&packet.segment(), packet.stamp, &mut |_| {});
        }
        let mut ended = Vec::new();
        let mut more = Vec::new();
        for _ in 0..3 {
            more.push(flows.finish_some(2, &mut |delivery| ended.push(delivery.flow.0)));
        }
        assert_eq!((ended, more), (vec![0, 0, 1, 1, 2, 2], vec![true, false, false]));
        assert_eq!(flows.counters().connections, 3);
    }

    /// What happens to one packet of a conversation on its way into the capture.
    #[derive(Clone, Copy, Debug)]
    struct Fate {
        split: usize,
        repeated: bool,
        late_by: usize,
        lost: bool,
    }

    fn fates() -> impl Strategy<Value = Vec<Fate>> {
        let fate = (0..20_usize, proptest::bool::weighted(0.2), 0..4_usize, proptest::bool::weighted(0.2))
            .prop_map(|(split, repeated, late_by, lost)| Fate { split, repeated, late_by, lost });
        proptest::collection::vec(fate, 40)
    }

    fn talk() -> impl Strategy<Value = Story> {
        proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..20)), 1..30).prop_map(
            |said| {
                let mut story = Story::opened();
                for (client, bytes) in said {
                    let who = if client { Who::Client } else { Who::Server };
                    story.send(who, Flags::default(), &bytes);
                }
                story.fin(Who::Client).fin(Who::Server).ack(Who::Client);
                story
            },
        )
    }

    /// Cuts, repeats, delays and drops the packets after the handshake.
    fn troubled(story: &Story, fates: &[Fate], with_loss: bool) -> Vec<story::Sent> {
        let mut placed = Vec::new();
        for (index, (packet, fate)) in story.packets().into_iter().zip(fates.iter().cycle()).enumerate() {
            if index < 3 {
                placed.push((0, packet));
                continue;
            }
            for part in packet.split(fate.split) {
                if with_loss && fate.lost {
                    continue;
                }
                let at = placed.len() + fate.late_by;
                placed.push((at, part.clone()));
                if fate.repeated {
                    placed.push((at + 1, part));
                }
            }
        }
        placed.sort_by_key(|(at, _)| *at);
        numbered(placed.into_iter().map(|(_, packet)| packet).collect())
    }

    proptest! {
        #[test]
        fn however_the_network_cuts_the_bytes_they_are_the_same(story in talk(), fates in fates()) {
            let plain = told(&story);
            let all = flowed(&troubled(&story, &fates, false));
            prop_assert_eq!(all.len(), 1);
            for (got, plain) in all[0].iter().zip(&plain) {
                prop_assert_eq!(&got.stream, &plain.stream);
                prop_assert_eq!(got.end, plain.end);
            }
        }

        #[test]
        fn what_is_lost_is_said_to_be_lost(story in talk(), fates in fates()) {
            let plain = told(&story);
            let all = flowed(&troubled(&story, &fates, true));
            for (got, plain) in all[0].iter().zip(&plain) {
                // A lost FIN that was acknowledged is a byte that is missing.
                prop_assert!(got.stream.len() <= plain.stream.len() + 1);
                let expected = plain.stream.iter().chain([&None]);
                prop_assert!(got.stream.iter().zip(expected).all(|(got, plain)| got.is_none() || got == plain));
                let seen_to_the_end = got.end == Some(Ending::Fin);
                prop_assert!(!seen_to_the_end || got.stream.len() == plain.stream.len());
            }
        }

        #[test]
        fn any_segments_are_taken(
            segments in proptest::collection::vec(
                (any::<bool>(), any::<(u32, Option<u32>)>(), any::<[bool; 3]>(), proptest::collection::vec(any::<u8>(), 0..9), any::<u16>()),
                0..60,
            ),
            close in any::<bool>(),
        ) {
            let mut story = Story::opened();
            for (client, (sequence, ack), [syn, fin, rst], payload, cut_off) in segments {
                let who = if client { Who::Client } else { Who::Server };
                let mut packet = story.sent[0].clone();
                (packet.who, packet.sequence, packet.ack) = (who, sequence, ack);
                if close {
                    // Near to each other, so that they meet.
                    packet.sequence = sequence % 64;
                    packet.ack = ack.map(|ack| ack % 64);
                }
                packet.flags = Flags { syn: syn && fin && rst, ack: false, fin, rst: rst && !fin };
                (packet.payload, packet.cut_off) = (payload, u32::from(cut_off % 20));
                story.sent.push(packet);
            }
            for sides in flowed(&story.packets()) {
                prop_assert!(sides.iter().all(|side| side.end.is_some()));
            }
        }
    }
}
