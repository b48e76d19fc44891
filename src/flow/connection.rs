//! One TCP connection: both its sides, and the order between them.

use super::key::Key;
use super::stream::{Closing, Overdue, Part, Stream, distance};
use super::{Chunk, Delivery, Ending, FlowId, Outlet, Side, Stamp};
use crate::wire::{Endpoint, Segment};

/// How far apart two sequence numbers of one connection may lie and still be believed: ten times
/// the largest window that systems grant by themselves.
const MAX_JUMP: i32 = 1 << 26;

/// How much of one side's bytes the capture may lack in one piece: the largest window that there
/// can be (RFC 7323 section 2.3).
const MAX_HOLE: i32 = 1 << 30;

/// How far ahead of the expected sequence number a reset is believed: within what a receiver's
/// window may be (RFC 5961 section 3.2). Blindly sent ones fall elsewhere.
const RESET_WINDOW: i32 = 1 << 20;

/// Segments of a connection that may come between an acknowledgement and the bytes that it
/// acknowledges, before those are believed to be lost. They can only be late in the capture, whose
/// queues may be a few packets apart.
const PATIENCE_SEGMENTS: u8 = 16;

/// The same in nanoseconds of packet time.
const PATIENCE_TIME: i128 = 1_000_000_000;

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Connection {
    id: FlowId,
    end_a: Endpoint,
    end_b: Endpoint,
    a: Stream,
    b: Stream,
    /// The last packet that was seen of it.
    last: Stamp,
}

impl Connection {
    pub(super) fn new(id: FlowId, first: &Segment<'_>, stamp: Stamp) -> Self {
        let (a, b) = (Stream::default(), Stream::default());
        Self { id, end_a: first.source, end_b: first.destination, a, b, last: stamp }
    }

    pub(super) fn id(&self) -> FlowId {
        self.id
    }

    pub(super) fn key(&self) -> Key {
        Key::of(self.end_a, self.end_b)
    }

    pub(super) fn last(&self) -> Stamp {
        self.last
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.a.held_bytes() + self.b.held_bytes()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.a.ended && self.b.ended
    }

    /// Whether the segment belongs to a later connection between the same ports.
    pub(super) fn is_replaced_by(&self, segment: &Segment<'_>) -> bool {
        let stream = self.stream(self.side_of(segment));
        if segment.flags.syn {
            // A repeated SYN has the number of the first; a SYN that answers opens nothing, unless
            // the one that it answers was not captured. What comes right after a SYN may be
            // captured before it.
            let is_start = |first: u32| (0..=1).contains(&distance(segment.sequence, first));
            let same = stream.first.is_none_or(is_start);
            return if segment.flags.ack { !same && self.is_closed() } else { !same || self.is_closed() };
        }
        // Too far off to belong to this one: the SYN of a new one was not captured.
        let jump = distance(stream.next, segment.sequence);
        let is_far = jump < -MAX_JUMP || jump > if self.is_closed() { MAX_JUMP } else { MAX_HOLE };
        stream.placed && !segment.payload.is_empty() && is_far
    }

    /// Takes the next segment. `room` is how many bytes may wait on this connection.
    pub(super) fn push<S>(&mut self, segment: &Segment<'_>, stamp: Stamp, room: usize, out: &mut Outlet<'_, S>)
    where
        S: FnMut(&Delivery<'_>),
    {
        self.last = stamp;
        if self.is_closed() {
            return;
        }
        let side = self.side_of(segment);
        let start = segment.sequence.wrapping_add(u32::from(segment.flags.syn));
        let ack = segment.flags.ack.then_some(segment.acknowledgement);
        let ack = self.acknowledge(side.other(), ack, out);
        let stream = self.stream_mut(side);
        let is_first = stream.first.is_none();
        stream.first.get_or_insert(segment.sequence);
        stream.place(start);
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
        while let Some(side) = self.earliest_held() {
            self.force_front(side, out);
        }
        for side in [Side::A, Side::B] {
            if let Some(owed) = self.stream(side).owed() {
                self.skip_to(side, owed, out);
            }
        }
        self.advance(out);
        for side in [Side::A, Side::B] {
            self.end(side, ending, self.last, out);
        }
    }

    fn side_of(&self, segment: &Segment<'_>) -> Side {
        if segment.source == self.end_a { Side::A } else { Side::B }
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
        out.put(&Delivery { flow: self.id, side, source, destination, stamp, chunk });
    }

    /// Notes what the other side of `side` has received from it, if that can be believed.
    fn acknowledge<S>(&mut self, side: Side, ack: Option<u32>, out: &mut Outlet<'_, S>) -> Option<u32>
    where
        S: FnMut(&Delivery<'_>),
    {
        let ack = ack?;
        let stream = self.stream_mut(side);
        stream.place(ack);
        if distance(stream.next, ack) > MAX_JUMP {
            return None;
        }
        if distance(stream.acked, ack) > 0 {
            stream.acked = ack;
            // Of a side that no packet was captured of, none will be late.
            if stream.first.is_none() {
                self.skip_to(side, ack, out);
            }
        }
        Some(ack)
    }

    /// Hands the part on if it is the next, keeps it if it is ahead, drops it if it came before.
    fn accept<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, part: Part<'_>, out: &mut Outlet<'_, S>) {
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        let ahead = distance(stream.next, part.end());
        if stream.ended || part.is_empty() || !(1..=MAX_HOLE).contains(&ahead) {
            return;
        }
        let part = part.from(stream.next);
        if part.start == stream.next && stream.holds_nothing() && other.has_reached(part.ack) {
            self.hand_on(side, part, out);
        } else {
            self.stream_mut(side).hold(part);
        }
    }

    fn hand_on<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, part: Part<'_>, out: &mut Outlet<'_, S>) {
        if !part.data.is_empty() {
            self.put(side, part.stamp, Chunk::Data(part.data), out);
        }
        if part.cut > 0 {
            self.put(side, part.stamp, Chunk::Gap { len: u64::from(part.cut), cut: true }, out);
        }
        self.stream_mut(side).next = part.end();
    }

    fn note_fin(&mut self, side: Side, part: Part<'_>) {
        let stream = self.stream_mut(side);
        let at = part.end();
        if !stream.ended && stream.closing.is_none() && distance(stream.next, at) >= 0 {
            stream.closing = Some(Box::new(Closing { at, how: Ending::Fin, ack: part.ack, stamp: part.stamp }));
        }
    }

    fn note_reset(&mut self, side: Side, part: Part<'_>, is_first: bool) {
        let stream = self.stream_mut(side);
        let ahead = if is_first { 0 } else { distance(stream.next, part.start) };
        // One behind: the sequence number of its own FIN.
        if !(-1..=RESET_WINDOW).contains(&ahead) {
            return;
        }
        let fin = stream.closing.as_ref().map(|closing| closing.at).filter(|at| at.wrapping_add(1) == part.start);
        let at = fin.unwrap_or(if ahead > 0 { part.start } else { stream.next });
        stream.closing = Some(Box::new(Closing { at, how: Ending::Reset, ack: part.ack, stamp: part.stamp }));
    }

    /// Hands on whatever has become the next, on both sides, until nothing has.
    fn advance<S: FnMut(&Delivery<'_>)>(&mut self, out: &mut Outlet<'_, S>) {
        while self.release(Side::A, out) | self.release(Side::B, out) {}
    }

    fn release<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) -> bool {
        let mut released = false;
        while self.is_front_due(side) {
            self.hand_on_front(side, out);
            released = true;
        }
        released | self.close_when_due(side, out)
    }

    fn is_front_due(&self, side: Side) -> bool {
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        stream.front().is_some_and(|part| distance(stream.next, part.start) <= 0 && other.has_reached(part.ack))
    }

    fn hand_on_front<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) {
        let stream = self.stream_mut(side);
        let next = stream.next;
        if let Some(held) = stream.pop().filter(|held| distance(next, held.part().end()) > 0) {
            self.hand_on(side, held.part().from(next), out);
        }
    }

    fn close_when_due<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) -> bool {
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        let Some(closing) = stream.closing.as_deref().copied() else { return false };
        if distance(stream.next, closing.at) > 0 || !other.has_reached(closing.ack) {
            return false;
        }
        self.stream_mut(side).closing = None;
        match closing.how {
            Ending::Reset => self.reset(side, closing.stamp, out),
            how => {
                self.end(side, how, closing.stamp, out);
                self.stream_mut(side).next = closing.at.wrapping_add(1);
            }
        }
        true
    }

    /// A reset ends both sides; what the other one had under way is handed on first.
    fn reset<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, stamp: Stamp, out: &mut Outlet<'_, S>) {
        while !self.stream(side.other()).holds_nothing() && !self.stream(side.other()).ended {
            self.force_front(side.other(), out);
        }
        self.end(side, Ending::Reset, stamp, out);
        self.end(side.other(), Ending::Reset, stamp, out);
    }

    fn end<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, how: Ending, stamp: Stamp, out: &mut Outlet<'_, S>) {
        let stream = self.stream_mut(side);
        if std::mem::replace(&mut stream.ended, true) {
            return;
        }
        while stream.pop().is_some() {}
        stream.overdue = None;
        self.put(side, stamp, Chunk::End(how), out);
    }

    /// Goes on behind a hole once nobody can be expected to fill it any more.
    fn give_up_overdue<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) {
        let now = self.last;
        let stream = self.stream_mut(side);
        let Some(owed) = stream.owed() else {
            stream.overdue = None;
            return;
        };
        let next = stream.next;
        let Some(overdue) = stream.overdue.as_deref_mut().filter(|overdue| distance(next, overdue.until) > 0) else {
            let overdue = Overdue { until: owed, since: now, patience: PATIENCE_SEGMENTS };
            stream.overdue = Some(Box::new(overdue));
            return;
        };
        overdue.patience = overdue.patience.saturating_sub(1);
        let waited = now.time.nanoseconds().saturating_sub(overdue.since.time.nanoseconds());
        if overdue.patience == 0 || waited > PATIENCE_TIME {
            let until = overdue.until;
            stream.overdue = None;
            self.skip_to(side, until, out);
            self.advance(out);
        }
    }

    fn make_room<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, room: usize, out: &mut Outlet<'_, S>) {
        while self.stream(side).is_overfull(room) {
            out.counters.overfull += 1;
            self.force_front(side, out);
        }
    }

    /// Hands on the first that waits, whatever it waits for.
    fn force_front<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) {
        let Some(end) = self.stream(side).front().map(|part| part.end()) else { return };
        self.skip_to(side, end, out);
        let stream = self.stream_mut(side);
        if stream.front().is_some_and(|part| part.end() == end) {
            // It lies behind the side's own FIN, and is believed less.
            stream.pop();
        }
        self.advance(out);
    }

    /// Hands on all of one side up to `until`, with gaps where there is nothing, and of the other
    /// side what was received before that was sent.
    fn skip_to<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, until: u32, out: &mut Outlet<'_, S>) {
        let other = side.other();
        while let Some((start, ack)) = self.front_before(side, until) {
            let ack = ack.unwrap_or(self.stream(other).next);
            // What the piece acknowledges comes first, unless that claims the same of the piece.
            let cause = self.front_before(other, ack);
            let is_cause = |&(_, ack): &(u32, Option<u32>)| ack.is_none_or(|ack| distance(start, ack) <= 0);
            if let Some((cause_start, cause_ack)) = cause.filter(is_cause) {
                self.leave_out(side, cause_ack.unwrap_or(start), out);
                self.leave_out(other, cause_start, out);
                self.hand_on_if_front(other, cause_start, out);
            } else {
                self.leave_out(other, ack, out);
                self.leave_out(side, start, out);
                self.hand_on_if_front(side, start, out);
            }
        }
        self.leave_out(side, until, out);
    }

    /// Hands on the first piece that waits, if it is the one that begins at `start`.
    fn hand_on_if_front<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, start: u32, out: &mut Outlet<'_, S>) {
        if self.stream(side).front().is_some_and(|part| part.start == start) {
            self.hand_on_front(side, out);
        }
    }

    /// The first piece that waits, if it begins before `until`: where, and what it acknowledges.
    fn front_before(&self, side: Side, until: u32) -> Option<(u32, Option<u32>)> {
        let stream = self.stream(side);
        let front = stream.front().map(|part| (part.start, part.ack));
        front.filter(|&(start, _)| !stream.ended && distance(start, until) > 0)
    }

    /// Makes a gap of what is missing up to `until`, or to the first piece that waits. What the
    /// other side sent on receiving part of it comes in its midst.
    fn leave_out<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, until: u32, out: &mut Outlet<'_, S>) {
        while let Some(ack) = self.ack_of_next(side.other()).filter(|&ack| distance(ack, until) >= 0) {
            self.make_gap(side, ack, out);
            if distance(self.stream(side).next, ack) > 0 {
                // A piece that waits, or a FIN, is in the way.
                return;
            }
            self.hand_on_front(side.other(), out);
        }
        self.make_gap(side, until, out);
    }

    /// What the next piece of a side acknowledges, if that piece is there and waits for nothing else.
    fn ack_of_next(&self, side: Side) -> Option<u32> {
        let stream = self.stream(side);
        stream.front().filter(|part| !stream.ended && distance(stream.next, part.start) <= 0)?.ack
    }

    fn make_gap<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, until: u32, out: &mut Outlet<'_, S>) {
        let stream = self.stream(side);
        let next = stream.next;
        // A FIN that waits is no byte that is missing.
        let fin = stream.closing.as_ref().map(|closing| closing.at);
        let bounds = stream.front().map(|part| part.start).into_iter().chain(fin);
        let until = bounds.fold(until, |until, bound| if distance(bound, until) > 0 { bound } else { until });
        if stream.ended || distance(next, until) <= 0 {
            return;
        }
        self.stream_mut(side).next = until;
        let len = u64::from(until.wrapping_sub(next));
        self.put(side, self.last, Chunk::Gap { len, cut: false }, out);
    }

    /// The side of what came first, of all that waits.
    fn earliest_held(&self) -> Option<Side> {
        [Side::A, Side::B]
            .into_iter()
            .filter_map(|side| self.stream(side).front().map(|part| (part.stamp.frame, side)))
            .min_by_key(|&(frame, _)| frame)
            .map(|(_, side)| side)
    }
}
