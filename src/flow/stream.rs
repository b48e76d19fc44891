//! One side of a connection in sequence space: what was handed on, what waits, what is missing.

use std::collections::VecDeque;

use super::{Ending, Stamp};

/// Bytes that may wait behind a hole: as much as a sender may have under way before it has to
/// stop, by the largest receive window that Linux grants by itself (6 MB).
const MAX_HELD_BYTES: usize = 6 << 20;

/// Pieces that may wait behind a hole: that window in segments of an ordinary Ethernet, twice.
const MAX_HELD_PIECES: usize = 8192;

/// What a waiting piece is counted for beside its bytes, so that empty ones are bounded too.
const PIECE_COST: usize = 96;

/// Part of a side's bytes, as one packet brought them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// Sequence number of the first byte.
    pub(super) start: u32,
    pub(super) data: &'a [u8],
    /// Bytes behind `data` that were sent and cut off.
    pub(super) cut: u32,
    /// What the sender had received when it sent this.
    pub(super) ack: Option<u32>,
    pub(super) stamp: Stamp,
}

impl Part<'_> {
    /// Sequence number of the first byte behind it.
    pub(super) fn end(&self) -> u32 {
        self.start.wrapping_add(sequence_len(self.data)).wrapping_add(self.cut)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.data.is_empty() && self.cut == 0
    }

    /// Without the bytes before `sequence`.
    pub(super) fn from(mut self, sequence: u32) -> Self {
        let Ok(before) = u32::try_from(distance(self.start, sequence)) else { return self };
        self.start = sequence;
        let beyond_data = before.saturating_sub(sequence_len(self.data));
        self.data = self.data.get(before as usize..).unwrap_or_default();
        self.cut = self.cut.saturating_sub(beyond_data);
        self
    }

    /// Without the bytes from `sequence` on, which lies within it.
    fn until(mut self, sequence: u32) -> Self {
        let len = sequence.wrapping_sub(self.start);
        self.cut = len.saturating_sub(sequence_len(self.data));
        self.data = self.data.get(..len as usize).unwrap_or(self.data);
        self
    }
}

/// A part that waits, in memory of its own.
#[derive(Debug)]
pub(super) struct Held {
    start: u32,
    data: Box<[u8]>,
    cut: u32,
    ack: Option<u32>,
    stamp: Stamp,
}

impl Held {
    pub(super) fn part(&self) -> Part<'_> {
        Part { start: self.start, data: &self.data, cut: self.cut, ack: self.ack, stamp: self.stamp }
    }

    fn cost(&self) -> usize {
        self.data.len() + PIECE_COST
    }
}

/// A FIN or RST that was seen and takes effect once all before it was handed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    /// Sequence number behind the side's last byte.
    pub(super) at: u32,
    pub(super) how: Ending,
    pub(super) ack: Option<u32>,
    pub(super) stamp: Stamp,
}

/// Bytes that the other side has acknowledged and the capture has not shown yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overdue {
    pub(super) until: u32,
    /// The packet that showed it.
    pub(super) since: Stamp,
    /// Segments of the connection that may still come before.
    pub(super) patience: u8,
}

/// One side of a connection.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// Sequence number of the next byte to hand on; means nothing of a side that is not placed.
    pub(super) next: u32,
    /// The highest acknowledgement of the other side; equals `next` at first.
    pub(super) acked: u32,
    /// Sequence number of the first segment that was seen: the SYN's, as a rule.
    first: u32,
    known: Known,
    /// That was a SYN: another one with another number is of another connection.
    pub(super) opened: bool,
    /// How it ended. Behind a FIN `next` lies too.
    pub(super) ended: Option<Ending>,
    /// Bytes of it were waited for in vain.
    pub(super) is_unheard: bool,
    /// In memory of its own, since few have any, and there may be very many sides.
    pending: Option<Box<Pending>>,
}

/// Where a side stands, and whence that is known. There may be very many sides: in one byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    #[default]
    Nothing,
    /// By the other side's word: no segment of its own was seen.
    Placed,
    /// By a segment of its own.
    Seen,
}

/// What waits on a side.
#[derive(Debug, Default)]
struct Pending {
    /// In order of sequence, without overlap, all at or behind `next`.
    held: VecDeque<Held>,
    held_bytes: usize,
    closing: Option<Closing>,
    overdue: Option<Overdue>,
}

impl Stream {
    /// Takes note of its SYN, which was seen.
    pub(super) fn begin(&mut self, sequence: u32) {
        (self.first, self.opened) = (sequence, true);
    }

    /// Fixes where the stream stands, unless that is known.
    pub(super) fn place(&mut self, next: u32) {
        if !self.is_placed() {
            (self.next, self.acked, self.known) = (next, next, Known::Placed);
        }
    }

    /// The same by a segment of its own, which begins with `sequence` and whose first byte is `next`; says whether
    /// it is the first one.
    pub(super) fn see(&mut self, sequence: u32, next: u32) -> bool {
        self.place(next);
        let is_first = self.known != Known::Seen;
        if is_first {
            (self.first, self.known) = (sequence, Known::Seen);
        }
        is_first
    }

    /// Whether it is known where the stream stands.
    pub(super) fn is_placed(&self) -> bool {
        self.known != Known::Nothing
    }

    /// Sequence number of the first segment of it that was seen.
    pub(super) fn first(&self) -> Option<u32> {
        (self.known == Known::Seen).then_some(self.first)
    }

    /// Whether all that `ack` acknowledges was handed on.
    pub(super) fn has_reached(&self, ack: Option<u32>) -> bool {
        self.ended.is_some() || !self.is_placed() || ack.is_none_or(|ack| distance(self.next, ack) <= 0)
    }

    /// Whether what lies before `sequence` was not handed on, and may still be.
    pub(super) fn lacks(&self, sequence: u32) -> bool {
        self.ended.is_none() && distance(self.next, sequence) > 0
    }

    /// Whether no bytes of it were seen.
    pub(super) fn sent_nothing(&self) -> bool {
        self.ended.is_none() && self.holds_nothing() && self.closing().is_none() && self.stands_at_start()
    }

    /// Whether nothing of it was handed on but its SYN.
    pub(super) fn stands_at_start(&self) -> bool {
        (0..=1).contains(&distance(self.first().unwrap_or(self.next), self.next))
    }

    /// Takes back what the other side has acknowledged: it was another connection's.
    pub(super) fn forget_acknowledged(&mut self) {
        self.acked = self.next;
        self.set_overdue(None);
    }

    /// Whether the first that waits lacks nothing before it.
    pub(super) fn is_front_next(&self) -> bool {
        self.first_held().is_some_and(|held| distance(self.next, held.start) <= 0)
    }

    /// What the next piece, or the end, has to wait for of the other side.
    pub(super) fn waits_for(&self) -> Option<u32> {
        if self.is_front_next() {
            return self.first_held()?.ack;
        }
        let closing = self.closing().filter(|closing| distance(self.next, closing.at) <= 0)?;
        closing.ack
    }

    /// The packet that brought the next piece, or the end.
    pub(super) fn waiting_since(&self) -> Option<u64> {
        let front = self.first_held().filter(|_| self.is_front_next()).map(|held| held.stamp.frame);
        front.or_else(|| self.closing().map(|closing| closing.stamp.frame))
    }

    /// How far the bytes are missing that come next, up to `until` at most: to what waits, or to the end. A FIN is no
    /// byte that is missing.
    pub(super) fn hole_end(&self, until: u32) -> u32 {
        let bounds = self.first_held().map(|held| held.start).into_iter();
        let bounds = bounds.chain(self.closing().map(|closing| closing.at));
        bounds.fold(until, |until, bound| nearest(self.next, until, bound))
    }

    /// Up to where the side is known to have sent, and to be unable to send again, when that is
    /// beyond what was handed on.
    pub(super) fn owed(&self) -> Option<u32> {
        let reset = self.closing().filter(|closing| closing.how == Ending::Reset).map(|closing| closing.at);
        let acked = (self.is_placed() && self.ended.is_none()).then_some(self.acked);
        let furthest = acked.into_iter().chain(reset).max_by_key(|&sequence| distance(self.next, sequence))?;
        (self.ended.is_none() && distance(self.next, furthest) > 0).then_some(furthest)
    }

    /// Whether something waits, closes or is missing: rare, and then the slow path is taken.
    pub(super) fn is_unsettled(&self) -> bool {
        self.pending.is_some() || (self.is_placed() && distance(self.next, self.acked) > 0)
    }

    pub(super) fn holds_nothing(&self) -> bool {
        self.first_held().is_none()
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.held_bytes)
    }

    pub(super) fn is_overfull(&self, room: usize) -> bool {
        let Some(pending) = &self.pending else { return false };
        pending.held_bytes > room.min(MAX_HELD_BYTES) || pending.held.len() > MAX_HELD_PIECES
    }

    pub(super) fn front(&self) -> Option<Part<'_>> {
        self.first_held().map(Held::part)
    }

    fn first_held(&self) -> Option<&Held> {
        self.pending.as_ref()?.held.front()
    }

    pub(super) fn pop(&mut self) -> Option<Held> {
        let pending = self.pending.as_mut()?;
        let held = pending.held.pop_front()?;
        pending.held_bytes -= held.cost();
        self.tidy();
        Some(held)
    }

    pub(super) fn closing(&self) -> Option<&Closing> {
        self.pending.as_ref()?.closing.as_ref()
    }

    pub(super) fn set_closing(&mut self, closing: Option<Closing>) {
        if closing.is_some() || self.pending.is_some() {
            self.pending.get_or_insert_default().closing = closing;
            self.tidy();
        }
    }

    pub(super) fn overdue_mut(&mut self) -> Option<&mut Overdue> {
        self.pending.as_mut()?.overdue.as_mut()
    }

    pub(super) fn set_overdue(&mut self, overdue: Option<Overdue>) {
        if overdue.is_some() || self.pending.is_some() {
            self.pending.get_or_insert_default().overdue = overdue;
            self.tidy();
        }
    }

    /// Gives the memory back of what does not wait any more.
    fn tidy(&mut self) {
        let is_empty =
            |pending: &Pending| pending.held.is_empty() && pending.closing.is_none() && pending.overdue.is_none();
        self.pending.take_if(|pending| is_empty(pending));
    }

    /// Keeps what nothing that waits already covers: first bytes win.
    pub(super) fn hold(&mut self, part: Part<'_>) {
        let mut rest = part;
        while !rest.is_empty() {
            let next = self.next;
            let offset = |sequence| distance(next, sequence);
            let held = &self.pending.get_or_insert_default().held;
            let place = held.partition_point(|held| offset(held.part().end()) <= offset(rest.start));
            let covered = held.get(place).map(Held::part).filter(|held| offset(held.start) < offset(rest.end()));
            let Some((start, end)) = covered.map(|held| (held.start, held.end())) else {
                self.insert(place, rest);
                return;
            };
            if offset(rest.start) < offset(start) {
                self.insert(place, rest.until(start));
            }
            if offset(rest.end()) <= offset(end) {
                return;
            }
            rest = rest.from(end);
        }
    }

    fn insert(&mut self, place: usize, part: Part<'_>) {
        let held = Held { start: part.start, data: part.data.into(), cut: part.cut, ack: part.ack, stamp: part.stamp };
        let pending = self.pending.get_or_insert_default();
        pending.held_bytes += held.cost();
        pending.held.insert(place, held);
    }
}

/// How far `to` lies ahead of `from` (RFC 9293 section 3.4: sequence numbers wrap).
pub(super) fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

/// The one that comes first behind `from`.
pub(super) fn nearest(from: u32, one: u32, other: u32) -> u32 {
    if distance(from, one) <= distance(from, other) { one } else { other }
}

/// The length of a payload: at most 64 KB, since that is what a packet can hold.
pub(super) fn sequence_len(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap_or(u32::MAX)
}
