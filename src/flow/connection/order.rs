//! The order in which both sides' bytes are handed on: nothing overtakes what it acknowledges.

use super::{Connection, MAX_HOLE, MAX_JUMP};
use crate::flow::stream::{Closing, Part, distance};
use crate::flow::{Chunk, Delivery, Ending, Outlet, Side, Stamp};

impl Connection {
    /// Notes what `by` had received from the other side when it sent what begins at `sequence`, if that can be believed.
    pub(super) fn acknowledge<S>(
        &mut self,
        by: Side,
        sequence: u32,
        ack: Option<u32>,
        out: &mut Outlet<'_, S>,
    ) -> Option<u32>
    where
        S: FnMut(&Delivery<'_>),
    {
        let ack = ack?;
        let is_next = self.stream(by).has_reached(Some(sequence));
        let stream = self.stream_mut(by.other());
        stream.place(ack);
        if distance(stream.next, ack) > MAX_JUMP {
            return None;
        }
        if distance(stream.acked, ack) > 0 {
            stream.acked = ack;
            // Of a side that no packet was captured of, none will be late.
            if stream.is_unheard && stream.first().is_none() && is_next {
                self.skip_to(by.other(), ack, out);
            }
        }
        Some(ack)
    }

    /// Hands the part on if it is the next, keeps it if it is ahead, drops it if it came before.
    pub(super) fn accept<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, part: Part<'_>, out: &mut Outlet<'_, S>) {
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        let ahead = distance(stream.next, part.end());
        if stream.ended.is_some() || part.is_empty() || !(1..=MAX_HOLE).contains(&ahead) {
            return;
        }
        let part = part.from(stream.next);
        if part.start == stream.next && stream.holds_nothing() && other.has_reached(part.ack) {
            self.hand_on(side, part, out);
        } else {
            self.stream_mut(side).hold(part);
        }
    }

    pub(super) fn note_fin(&mut self, side: Side, part: Part<'_>) {
        let stream = self.stream_mut(side);
        let at = part.end();
        if stream.ended.is_none() && stream.closing().is_none() && distance(stream.next, at) >= 0 {
            stream.set_closing(Some(Closing { at, how: Ending::Fin, ack: part.ack, stamp: part.stamp }));
        }
    }

    pub(super) fn note_reset(&mut self, side: Side, part: Part<'_>, is_first: bool) {
        let stream = self.stream_mut(side);
        let ahead = if is_first { 0 } else { distance(stream.next, part.start) };
        let fin = stream.closing().map(|closing| closing.at).filter(|at| at.wrapping_add(1) == part.start);
        let at = fin.unwrap_or(if ahead > 0 { part.start } else { stream.next });
        stream.set_closing(Some(Closing { at, how: Ending::Reset, ack: part.ack, stamp: part.stamp }));
    }

    /// Hands on whatever has become the next, on both sides, until nothing has.
    pub(super) fn advance<S: FnMut(&Delivery<'_>)>(&mut self, out: &mut Outlet<'_, S>) {
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
        stream.front().is_some_and(|part| stream.is_front_next() && other.has_reached(part.ack))
    }

    pub(super) fn hand_on_front<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) {
        let stream = self.stream_mut(side);
        let next = stream.next;
        if let Some(held) = stream.pop().filter(|held| distance(next, held.part().end()) > 0) {
            self.hand_on(side, held.part().from(next), out);
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

    fn close_when_due<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) -> bool {
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        let Some(closing) = stream.closing().copied() else { return false };
        if distance(stream.next, closing.at) > 0 || !other.has_reached(closing.ack) {
            return false;
        }
        self.stream_mut(side).set_closing(None);
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
        while !self.stream(side.other()).holds_nothing() && self.stream(side.other()).ended.is_none() {
            self.force_front(side.other(), out);
        }
        self.end(side, Ending::Reset, stamp, out);
        self.end(side.other(), Ending::Reset, stamp, out);
    }

    pub(super) fn end<S: FnMut(&Delivery<'_>)>(
        &mut self,
        side: Side,
        how: Ending,
        stamp: Stamp,
        out: &mut Outlet<'_, S>,
    ) {
        let stream = self.stream_mut(side);
        if stream.ended.is_some() {
            return;
        }
        stream.ended = Some(how);
        while stream.pop().is_some() {}
        stream.set_overdue(None);
        self.put(side, stamp, Chunk::End(how), out);
    }
}
