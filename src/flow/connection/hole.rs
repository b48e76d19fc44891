//! What is missing, and when it is waited for no longer.

use super::Connection;
use crate::flow::stream::{Closing, Overdue, Part, distance, nearest};
use crate::flow::{Chunk, Delivery, Outlet, Side};

/// Segments of a connection that may come between an acknowledgement and the bytes that it
/// acknowledges, before those are believed to be lost. They can only be late in the capture, whose
/// queues may be a few packets apart.
const PATIENCE_SEGMENTS: u8 = 16;

/// The same in nanoseconds of packet time.
const PATIENCE_TIME: i128 = 1_000_000_000;

impl Connection {
    /// Goes on behind a hole once nobody can be expected to fill it any more.
    pub(super) fn give_up_overdue<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) {
        let now = self.last;
        let stream = self.stream_mut(side);
        let Some(owed) = stream.owed() else {
            stream.set_overdue(None);
            return;
        };
        let next = stream.next;
        let Some(overdue) = stream.overdue_mut().filter(|overdue| distance(next, overdue.until) > 0) else {
            let overdue = Overdue { until: owed, since: now, patience: PATIENCE_SEGMENTS };
            stream.set_overdue(Some(overdue));
            return;
        };
        overdue.patience = overdue.patience.saturating_sub(1);
        let waited = now.time.nanoseconds().saturating_sub(overdue.since.time.nanoseconds());
        if overdue.patience == 0 || waited > PATIENCE_TIME {
            let until = overdue.until;
            stream.is_unheard = true;
            stream.set_overdue(None);
            self.skip_to(side, until, out);
        }
    }

    pub(super) fn make_room<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, room: usize, out: &mut Outlet<'_, S>) {
        while self.stream(side).is_overfull(room) {
            out.counters.overfull += 1;
            self.force_front(side, out);
        }
    }

    /// Hands on all that waits, in the order in which it was captured, and all that is known to be missing.
    pub(super) fn wait_no_longer<S: FnMut(&Delivery<'_>)>(&mut self, out: &mut Outlet<'_, S>) {
        while let Some(side) = self.earliest_held() {
            self.force_front(side, out);
        }
        for side in [Side::A, Side::B] {
            if let Some(owed) = self.stream(side).owed() {
                self.skip_to(side, owed, out);
            }
        }
    }

    /// The side of what came first, of all that waits.
    fn earliest_held(&self) -> Option<Side> {
        [Side::A, Side::B]
            .into_iter()
            .filter_map(|side| self.stream(side).front().map(|part| (part.stamp.frame, side)))
            .min_by_key(|&(frame, _)| frame)
            .map(|(_, side)| side)
    }

    /// Hands on the first that waits, whatever it waits for.
    pub(super) fn force_front<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) {
        if let Some(end) = self.stream(side).front().map(|part| part.end()) {
            self.skip_to(side, end, out);
        }
    }

    /// Hands on all of one side up to `until`, with gaps where there is nothing, and of the other
    /// side what came before that.
    pub(super) fn skip_to<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, until: u32, out: &mut Outlet<'_, S>) {
        self.advance(out);
        while self.stream(side).lacks(until) {
            match self.obstacle(side, until) {
                Obstacle::Hole(side, until) => self.make_gap(side, until, out),
                Obstacle::Doubt(side) => self.believe(side, out),
            }
            self.advance(out);
        }
    }

    /// What is in the way of handing on all of a side up to `until`, when nothing is due.
    ///
    /// A gap is made as late as can be: what the other side sent without having received any of it comes first.
    fn obstacle(&self, side: Side, until: u32) -> Obstacle {
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        match (stream.waits_for(), other.waits_for()) {
            // Each says that the other came first. One was sent again, with a later acknowledgement.
            (Some(_), Some(_)) => Obstacle::Doubt(if self.came_first(side) { side } else { side.other() }),
            (Some(awaited), None) => Obstacle::Hole(side.other(), other.hole_end(awaited)),
            (None, Some(awaited)) => Obstacle::Hole(side, stream.hole_end(nearest(stream.next, until, awaited))),
            (None, None) if self.comes_later(side) => {
                let theirs = other.front().map_or(other.next, |part| part.start);
                Obstacle::Hole(side.other(), other.hole_end(theirs))
            }
            (None, None) => {
                // They may have been sent in its midst.
                let seen = other.front().and_then(|part| part.ack).filter(|&ack| distance(stream.next, ack) > 0);
                let until = seen.map_or(until, |seen| nearest(stream.next, until, seen));
                Obstacle::Hole(side, stream.hole_end(until))
            }
        }
    }

    /// Whether, of two sides with holes, this one's comes behind what waits on the other.
    fn comes_later(&self, side: Side) -> bool {
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        let Some(theirs) = other.front() else { return false };
        let saw_none_of_it = theirs.ack.is_none_or(|ack| distance(stream.next, ack) <= 0);
        let is_before = |ours: Part<'_>| ours.ack.is_none_or(|ack| distance(theirs.start, ack) > 0);
        saw_none_of_it && stream.front().is_none_or(is_before)
    }

    /// Whether what waits on the side was captured before what waits on the other.
    fn came_first(&self, side: Side) -> bool {
        self.stream(side).waiting_since() <= self.stream(side.other()).waiting_since()
    }

    /// Takes what waits on a side for what needs not to be waited for.
    fn believe<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) {
        let stream = self.stream_mut(side);
        if stream.is_front_next() {
            self.hand_on_front(side, out);
        } else {
            let closing = stream.closing().map(|closing| Closing { ack: None, ..*closing });
            stream.set_closing(closing);
        }
    }

    /// Makes a gap of what is missing up to `until`.
    fn make_gap<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, until: u32, out: &mut Outlet<'_, S>) {
        let stream = self.stream_mut(side);
        let len = u64::from(until.wrapping_sub(stream.next));
        stream.next = until;
        self.put(side, self.last, Chunk::Gap { len, cut: false }, out);
    }
}

/// What is in the way.
enum Obstacle {
    /// Bytes of that side, up to there, that are not in the capture.
    Hole(Side, u32),
    /// What waits on that side waits in vain.
    Doubt(Side),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use crate::flow::story::{Story, Who, told};
    use crate::flow::{Chunk, Ending, Flows};

    #[test]
    fn what_was_acknowledged_and_never_came_is_a_gap() {
        let mut story = Story::opened();
        story.client("one").client("lost").lost().client("two");
        for _ in 0..20 {
            story.server(".");
        }
        let mut gap_at = None;
        let mut flows = Flows::default();
        for packet in story.packets() {
            flows.push(&packet.segment(), packet.stamp, &mut |delivery| {
                if let Chunk::Gap { len, .. } = delivery.chunk {
                    gap_at = Some((packet.stamp.frame, len));
                }
            });
        }
        assert_eq!(gap_at, Some((22, 4)));
        assert_eq!(flows.counters().lost_bytes, 4);
        let [client, server] = told(&story);
        assert_eq!((client.bytes(), client.gaps), (b"onetwo".to_vec(), vec![4]));
        assert_eq!(server.bytes().len(), 20);
    }

    #[test]
    fn what_was_not_acknowledged_is_waited_for() {
        let mut story = Story::opened();
        story.server("one").server("two").server("three");
        let late = story.sent.remove(3);
        let mut ack = Story::opened();
        ack.ack(Who::Client);
        for _ in 0..30 {
            story.sent.push(ack.sent[3].clone());
        }
        story.sent.push(late);
        let [_, server] = told(&story);
        assert_eq!((server.bytes(), server.gaps), (b"onetwothree".to_vec(), vec![]));
    }

    #[test]
    fn of_a_side_that_was_not_captured_the_gaps_are_known() {
        let mut story = Story::opened();
        story.client("one").server("12345").lost().ack(Who::Client).client("two");
        story.sent.retain(|packet| packet.who == Who::Client);
        let [client, server] = told(&story);
        assert_eq!((client.bytes(), client.gaps), (b"onetwo".to_vec(), vec![]));
        assert_eq!((server.gaps, server.end), (vec![5], Some(Ending::CaptureEnded)));
    }

    #[test]
    fn what_waits_behind_a_hole_is_bounded() {
        let mut story = Story::opened();
        story.client("lost").lost();
        for _ in 0..120 {
            story.client(vec![0; 60_000]);
        }
        let mut flows = Flows::default();
        let mut bytes = 0;
        for packet in story.packets() {
            flows.push(&packet.segment(), packet.stamp, &mut |delivery| {
                bytes += if let Chunk::Data(data) = delivery.chunk { data.len() } else { 0 };
            });
        }
        assert_eq!((bytes, flows.counters().overfull, flows.waiting), (120 * 60_000, 1, 0));
    }
}
