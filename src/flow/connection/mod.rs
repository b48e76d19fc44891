//! One TCP connection: what a segment of it sets off.
//!
//! It has to be known whose the segment is and whether it is believed ([`owner`]), in which order both sides' bytes
//! are handed on ([`order`]), and when one that is missing is waited for no longer ([`hole`]).

mod hole;
mod order;
mod owner;

use super::key::Seed;
use super::stream::{Part, Stream};
use super::{Chunk, Delivery, Ending, FlowId, MAX_SILENCE, Outlet, Side, Stamp};
use crate::wire::{Endpoint, Segment};
pub(super) use owner::{Opening, Owner};

/// How far apart two sequence numbers of one connection may lie and still be believed: ten times
/// the largest window that systems grant by themselves.
const MAX_JUMP: i32 = 1 << 26;

/// How much of one side's bytes the capture may lack in one piece: the largest window that there
/// can be (RFC 7323 section 2.3).
const MAX_HOLE: i32 = 1 << 30;

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Connection {
    id: FlowId,
    end_a: Endpoint,
    end_b: Endpoint,
    a: Stream,
    b: Stream,
    opening: Option<Box<Opening>>,
    /// The last packet that was seen of it.
    last: Stamp,
}

impl Connection {
    /// A connection of which `first` is seen now, and was `opened` before, perhaps.
    pub(super) fn new(id: FlowId, first: &Segment<'_>, opened: Option<Opening>, stamp: Stamp) -> Self {
        let (a, b) = (Stream::default(), Stream::default());
        let (end_a, end_b) = (first.source, first.destination);
        let mut connection = Self { id, end_a, end_b, a, b, opening: None, last: stamp };
        if let Some(opened) = opened {
            let stream = connection.stream_mut(connection.side_of(opened.source));
            stream.see(opened.next.wrapping_sub(1), opened.next);
            stream.begin(opened.next.wrapping_sub(1));
        }
        connection
    }

    pub(super) fn id(&self) -> FlowId {
        self.id
    }

    /// The hash of its ends.
    pub(super) fn hash(&self, seed: Seed) -> u64 {
        seed.hash(self.end_a, self.end_b)
    }

    /// Whether these are its ends, whichever is which.
    pub(super) fn is_between(&self, one: Endpoint, other: Endpoint) -> bool {
        let ends = [self.end_a, self.end_b];
        ends == [one, other] || ends == [other, one]
    }

    pub(super) fn last(&self) -> Stamp {
        self.last
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.a.held_bytes() + self.b.held_bytes()
    }

    /// Whether no packet of it came for so long that it is given up.
    pub(super) fn is_silent(&self, now: Stamp) -> bool {
        now.time.nanoseconds().saturating_sub(self.last.time.nanoseconds()) > MAX_SILENCE
    }

    pub(super) fn is_closed(&self) -> bool {
        self.a.ended.is_some() && self.b.ended.is_some()
    }

    /// Takes the next segment. `room` is how many bytes may wait on this connection.
    pub(super) fn push<S>(&mut self, segment: &Segment<'_>, stamp: Stamp, room: usize, out: &mut Outlet<'_, S>)
    where
        S: FnMut(&Delivery<'_>),
    {
        self.last = stamp;
        let side = self.side_of(segment.source);
        if self.is_closed() || !self.is_believed(side, segment) {
            return;
        }
        let start = segment.sequence.wrapping_add(u32::from(segment.flags.syn));
        let ack = segment.flags.ack.then_some(segment.acknowledgement);
        let ack = self.acknowledge(side, start, ack, out);
        let stream = self.stream_mut(side);
        let is_first = stream.see(segment.sequence, start);
        if segment.flags.syn {
            stream.begin(segment.sequence);
        }
        let part = Part { start, data: segment.payload, cut: segment.cut_off, ack, stamp };
        if segment.flags.rst {
            self.note_reset(side, part, is_first);
        } else {
            self.accept(side, part, out);
            if segment.flags.fin {
                self.note_fin(side, part);
            }
        }
        if self.a.is_unsettled() || self.b.is_unsettled() {
            self.advance(out);
            self.give_up_overdue(Side::A, out);
            self.give_up_overdue(Side::B, out);
            self.make_room(side, room, out);
        }
    }

    /// Hands on what waits, with gaps where something is missing, and ends both sides.
    pub(super) fn finish<S: FnMut(&Delivery<'_>)>(&mut self, ending: Ending, out: &mut Outlet<'_, S>) {
        self.wait_no_longer(out);
        self.advance(out);
        for side in [Side::A, Side::B] {
            self.end(side, ending, self.last, out);
        }
    }

    fn side_of(&self, source: Endpoint) -> Side {
        if source == self.end_a { Side::A } else { Side::B }
    }

    /// Whether its first bytes are known, since a SYN was seen.
    fn is_from_start(&self) -> bool {
        self.a.opened || self.b.opened
    }

    fn stream(&self, side: Side) -> &Stream {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    fn stream_mut(&mut self, side: Side) -> &mut Stream {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    fn put<S: FnMut(&Delivery<'_>)>(&self, side: Side, stamp: Stamp, chunk: Chunk<'_>, out: &mut Outlet<'_, S>) {
        let (source, destination) = match side {
            Side::A => (self.end_a, self.end_b),
            Side::B => (self.end_b, self.end_a),
        };
        let from_start = self.is_from_start();
        out.put(&Delivery { flow: self.id, side, source, destination, from_start, stamp, chunk });
    }
}
