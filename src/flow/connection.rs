//! One TCP connection: both its sides, and the order between them.

use super::key::Key;
use super::stream::{Closing, Overdue, Part, Stream, distance, nearest};
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

/// How far behind the start of a side's bytes those may lie that were captured before it: as much as
/// is sent on a new connection before the first answer, and some.
const MAX_LATE_START: i32 = 1 << 16;

/// Segments of a connection that may come between an acknowledgement and the bytes that it
/// acknowledges, before those are believed to be lost. They can only be late in the capture, whose
/// queues may be a few packets apart.
const PATIENCE_SEGMENTS: u8 = 16;

/// The same in nanoseconds of packet time.
const PATIENCE_TIME: i128 = 1_000_000_000;

/// A SYN between the ports of a connection that does not belong to it. What it opens takes the
/// connection's place once somebody goes on from it; else it was a stray one (RFC 5961 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    source: Endpoint,
    /// The sequence number behind it.
    next: u32,
}

/// Whose a segment is that comes between the ports of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// That connection's.
    This,
    /// A later one's, with what was seen of that before.
    Later(Option<Opening>),
}

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Connection {
    id: FlowId,
    end_a: Endpoint,
    end_b: Endpoint,
    a: Stream,
    b: Stream,
    /// Its first bytes are known, since a SYN was seen.
    from_start: bool,
    opening: Option<Box<Opening>>,
    /// The last packet that was seen of it.
    last: Stamp,
}

impl Connection {
    /// A connection of which `first` is seen now, and was `opened` before, perhaps.
    pub(super) fn new(id: FlowId, first: &Segment<'_>, opened: Option<Opening>, stamp: Stamp) -> Self {
        let (a, b) = (Stream::default(), Stream::default());
        let (end_a, end_b) = (first.source, first.destination);
        let mut connection = Self { id, end_a, end_b, a, b, from_start: opened.is_some(), opening: None, last: stamp };
        if let Some(opened) = opened {
            let stream = connection.stream_mut(connection.side_of(opened.source));
            stream.first = Some(opened.next.wrapping_sub(1));
            stream.place(opened.next);
        }
        connection
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
        self.a.ended.is_some() && self.b.ended.is_some()
    }

    /// Whether the segment belongs to it or to a later connection between the same ports.
    pub(super) fn owner_of(&self, segment: &Segment<'_>) -> Owner {
        if let Some(opening) = self.opening.as_deref().filter(|opening| self.goes_on_from(opening, segment)) {
            return Owner::Later(Some(*opening));
        }
        let stream = self.stream(self.side_of(segment.source));
        let is_later = if segment.flags.syn {
            !starts(stream, segment) && (self.is_closed() || stream.ended.is_some())
        } else {
            !segment.payload.is_empty() && self.is_beyond(stream, segment)
        };
        if is_later { Owner::Later(None) } else { Owner::This }
    }

    /// Whether the segment is one of the connection that another SYN is to open.
    fn goes_on_from(&self, opening: &Opening, segment: &Segment<'_>) -> bool {
        let is_its_own = segment.source == opening.source;
        let flags = segment.flags;
        if flags.rst || (is_its_own && flags.syn) || !(is_its_own || flags.ack) {
            return false;
        }
        let sequence = if is_its_own { segment.sequence } else { segment.acknowledgement };
        let stands = self.stream(self.side_of(opening.source)).next;
        // What is as near to where this connection stands is left to it.
        let is_near = |from| (0..=MAX_LATE_START).contains(&distance(from, sequence));
        let is_far_from_here = distance(stands, sequence).unsigned_abs() > MAX_LATE_START.unsigned_abs();
        is_near(opening.next) && (is_far_from_here || (sequence == opening.next && sequence != stands))
    }

    /// Whether the bytes lie where the side cannot have sent them on this connection: too far off, or behind its
    /// FIN. The SYN of another one was not captured, then.
    fn is_beyond(&self, stream: &Stream, segment: &Segment<'_>) -> bool {
        let ahead = distance(stream.next, segment.sequence);
        let furthest = if self.is_closed() { MAX_JUMP } else { MAX_HOLE };
        stream.placed && (ahead < -MAX_JUMP || ahead > furthest || (stream.ended == Some(Ending::Fin) && ahead >= 0))
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
        self.from_start |= segment.flags.syn;
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

    /// Whether the segment can be what an end of this connection sent (RFC 9293 section 3.10.7.4).
    fn is_believed(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        if segment.flags.syn {
            return self.is_own_syn(side, segment);
        }
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        let ahead = distance(stream.next, segment.sequence);
        if !stream.placed {
            // Nobody answers a SYN by acknowledging less.
            let answers = |first| !segment.flags.ack || distance(first, segment.acknowledgement) >= 0;
            return !self.from_start || other.first.is_none_or(answers);
        }
        if segment.flags.rst {
            // One behind: the sequence number of its own FIN.
            return stream.first.is_none() || (-1..=RESET_WINDOW).contains(&ahead);
        }
        (-MAX_JUMP..=MAX_HOLE).contains(&ahead)
    }

    /// Whether a SYN is of this connection; one that is not is remembered.
    fn is_own_syn(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        if starts(stream, segment) {
            return true;
        }
        let is_answered = !segment.flags.ack && other.first.is_some();
        if stream.sent_nothing() && other.sent_nothing() && !is_answered {
            // The answer to a repeated SYN may have a number of its own (RFC 4987 section 3.6), and what came
            // before it be of the connection before.
            *self.stream_mut(side) = Stream::default();
            self.stream_mut(side.other()).forget_acknowledged();
            return true;
        }
        let opening = Opening { source: segment.source, next: segment.sequence.wrapping_add(1) };
        self.opening = Some(Box::new(opening));
        false
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

    fn side_of(&self, source: Endpoint) -> Side {
        if source == self.end_a { Side::A } else { Side::B }
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
        let from_start = self.from_start;
        out.put(&Delivery { flow: self.id, side, source, destination, from_start, stamp, chunk });
    }

    /// Notes what `by` had received from the other side when it sent what begins at `sequence`, if that can be believed.
    fn acknowledge<S>(&mut self, by: Side, sequence: u32, ack: Option<u32>, out: &mut Outlet<'_, S>) -> Option<u32>
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
            if stream.is_unheard && stream.first.is_none() && is_next {
                self.skip_to(by.other(), ack, out);
            }
        }
        Some(ack)
    }

    /// Hands the part on if it is the next, keeps it if it is ahead, drops it if it came before.
    fn accept<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, part: Part<'_>, out: &mut Outlet<'_, S>) {
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
        if stream.ended.is_none() && stream.closing().is_none() && distance(stream.next, at) >= 0 {
            stream.set_closing(Some(Closing { at, how: Ending::Fin, ack: part.ack, stamp: part.stamp }));
        }
    }

    fn note_reset(&mut self, side: Side, part: Part<'_>, is_first: bool) {
        let stream = self.stream_mut(side);
        let ahead = if is_first { 0 } else { distance(stream.next, part.start) };
        let fin = stream.closing().map(|closing| closing.at).filter(|at| at.wrapping_add(1) == part.start);
        let at = fin.unwrap_or(if ahead > 0 { part.start } else { stream.next });
        stream.set_closing(Some(Closing { at, how: Ending::Reset, ack: part.ack, stamp: part.stamp }));
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
        stream.front().is_some_and(|part| stream.is_front_next() && other.has_reached(part.ack))
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

    fn end<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, how: Ending, stamp: Stamp, out: &mut Outlet<'_, S>) {
        let stream = self.stream_mut(side);
        if stream.ended.is_some() {
            return;
        }
        stream.ended = Some(how);
        while stream.pop().is_some() {}
        stream.set_overdue(None);
        self.put(side, stamp, Chunk::End(how), out);
    }

    /// Goes on behind a hole once nobody can be expected to fill it any more.
    fn give_up_overdue<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) {
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

    fn make_room<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, room: usize, out: &mut Outlet<'_, S>) {
        while self.stream(side).is_overfull(room) {
            out.counters.overfull += 1;
            self.force_front(side, out);
        }
    }

    /// Hands on the first that waits, whatever it waits for.
    fn force_front<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, out: &mut Outlet<'_, S>) {
        if let Some(end) = self.stream(side).front().map(|part| part.end()) {
            self.skip_to(side, end, out);
        }
    }

    /// Hands on all of one side up to `until`, with gaps where there is nothing, and of the other
    /// side what came before that.
    fn skip_to<S: FnMut(&Delivery<'_>)>(&mut self, side: Side, until: u32, out: &mut Outlet<'_, S>) {
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

    /// The side of what came first, of all that waits.
    fn earliest_held(&self) -> Option<Side> {
        [Side::A, Side::B]
            .into_iter()
            .filter_map(|side| self.stream(side).front().map(|part| (part.stamp.frame, side)))
            .min_by_key(|&(frame, _)| frame)
            .map(|(_, side)| side)
    }
}

/// What is in the way.
enum Obstacle {
    /// Bytes of that side, up to there, that are not in the capture.
    Hole(Side, u32),
    /// What waits on that side waits in vain.
    Doubt(Side),
}

/// Whether a SYN is the one that the side's bytes begin with. It may be captured after what comes right behind it.
fn starts(stream: &Stream, syn: &Segment<'_>) -> bool {
    let first = stream.first.or_else(|| stream.placed.then_some(stream.next));
    first.is_none_or(|first| (0..=MAX_LATE_START).contains(&distance(syn.sequence, first)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use crate::flow::Ending;
    use crate::flow::story::{Got, Sent, Story, Who, flowed};
    use crate::wire::Flags;

    /// The bytes of each connection's client and server.
    fn bytes(story: &Story) -> Vec<[String; 2]> {
        let text = |got: &Got| String::from_utf8(got.bytes()).unwrap();
        flowed(&story.packets()).iter().map(|sides| [text(&sides[0]), text(&sides[1])]).collect()
    }

    fn syn(story: &Story, sequence: u32) -> Sent {
        Sent { sequence, ..story.sent[0].clone() }
    }

    fn only(story: &Story, who: Who) -> Story {
        let mut story = story.clone();
        story.sent.retain(|packet| packet.who == who);
        story
    }

    #[test]
    fn a_stray_syn_ends_nothing() {
        let mut story = Story::opened();
        story.client("one").server("two");
        story.sent.push(syn(&story, 123_456_789));
        // The challenge, with the numbers that the connection has.
        story.ack(Who::Server).client("three").server("four");
        assert_eq!(bytes(&story), [["onethree".to_owned(), "twofour".to_owned()]]);
    }

    #[test]
    fn a_handshake_between_used_ports_opens_a_new_connection() {
        for lost in [None, Some(0), Some(1), Some(2)] {
            let mut story = Story::opened();
            story.client("one").server("two");
            let before = story.sent.len();
            let mut story = story.again(41_022, 123_456_789);
            story.client("three").server("four");
            if let Some(lost) = lost {
                story.sent.remove(before + lost);
            }
            let expected = [["one", "two"], ["three", "four"]].map(|sides| sides.map(str::to_owned));
            assert_eq!(bytes(&story), expected, "without packet {lost:?} of the handshake");
            let all = flowed(&story.packets());
            assert_eq!(all[0][0].end, Some(Ending::Replaced));
        }
    }

    #[test]
    fn a_handshake_of_which_one_side_is_seen_opens_a_new_connection() {
        let mut story = Story::opened();
        story.client("one").server("two");
        let mut story = story.again(41_022, 123_456_789);
        story.client("three").server("four");
        assert_eq!(
            bytes(&only(&story, Who::Server)),
            [["", "two"], ["", "four"]].map(|sides| sides.map(str::to_owned))
        );
        assert_eq!(
            bytes(&only(&story, Who::Client)),
            [["one", ""], ["three", ""]].map(|sides| sides.map(str::to_owned))
        );
    }

    #[test]
    fn the_answer_to_a_repeated_syn_may_have_another_number() {
        let mut story = Story::new();
        let start = Story::opened();
        let answer = Sent { sequence: 5_000_000, ..start.sent[1].clone() };
        story.sent.extend([start.sent[0].clone(), answer]);
        let mut rest = Story::opened();
        rest.client("one").server("two");
        story.sent.extend(rest.sent);
        assert_eq!(bytes(&story), [["one".to_owned(), "two".to_owned()]]);
    }

    #[test]
    fn a_challenge_from_the_connection_before_is_not_believed() {
        for handshake in [0, 900] {
            let mut story = Story::opened();
            story.client("one").server("two").fin(Who::Client).fin(Who::Server).ack(Who::Client);
            let (challenge, before) = (story.sent[story.sent.len() - 2].clone(), story.sent.len());
            let challenge = Sent { flags: Flags::default(), ..challenge };
            let mut story = story.again(41_022, 50_000_000 + handshake);
            story.client("three").server("four");
            story.sent.insert(before + 1, challenge);
            let expected = [["one", "two"], ["three", "four"]].map(|sides| sides.map(str::to_owned));
            assert_eq!(bytes(&story), expected);
        }
    }

    #[test]
    fn bytes_behind_a_fin_are_of_another_connection() {
        let mut story = Story::opened();
        story.client("one").server("two").fin(Who::Client).fin(Who::Server).ack(Who::Client);
        story.client("three").server("four");
        let expected = [["one", "two"], ["three", "four"]].map(|sides| sides.map(str::to_owned));
        assert_eq!(bytes(&story), expected);
    }

    #[test]
    fn a_reset_out_of_place_acknowledges_nothing() {
        let mut story = Story::opened();
        story.client("one");
        let reset = Flags { rst: true, ..Flags::default() };
        let blind = Sent { who: Who::Server, sequence: 7000 + (1 << 24), flags: reset, ..story.sent[3].clone() };
        story.sent.push(Sent { ack: Some(5000), payload: Vec::new(), ..blind });
        story.client("two").server("three");
        let all = flowed(&story.packets());
        assert_eq!((all.len(), all[0][0].bytes(), &all[0][0].gaps), (1, b"onetwo".to_vec(), &vec![]));
    }

    #[test]
    fn an_acknowledgement_may_be_captured_before_the_first_bytes() {
        let mut story = Story::opened();
        story.client("one").server("two").ack(Who::Client).swapped().client("three").server("four");
        story.sent.drain(..3);
        assert_eq!(bytes(&story), [["onethree".to_owned(), "twofour".to_owned()]]);
    }
}
