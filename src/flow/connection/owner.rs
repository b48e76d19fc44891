//! Whose a segment is that comes between the ports of a connection, and whether it is believed.

use super::{Connection, MAX_HOLE, MAX_JUMP};
use crate::flow::stream::{Stream, distance};
use crate::flow::{Ending, Side, Stamp};
use crate::wire::{Endpoint, Segment};

/// How far ahead of the expected sequence number a reset is believed: within what a receiver's
/// window may be (RFC 5961 section 3.2). Blindly sent ones fall elsewhere.
const RESET_WINDOW: i32 = 1 << 20;

/// How far behind the start of a side's bytes those may lie that were captured before it: as much as
/// is sent on a new connection before the first answer, and some.
const MAX_LATE_START: i32 = 1 << 16;

/// How long behind the end of its connection a SYN may be captured, in nanoseconds: the queues of a capture may be that
/// far apart.
const MAX_LATE_SYN: i128 = 1_000_000_000;

/// Whose a segment is that comes between the ports of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) enum Owner {
    /// That connection's.
    This,
    /// A later one's, with what was seen of that before.
    Later(Option<Opening>),
}

/// A SYN between the ports of a connection that does not belong to it, or bytes that lie too far off. What it opens
/// takes the connection's place once somebody goes on from it; else it was a stray one (RFC 5961 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) struct Opening {
    pub(super) source: Endpoint,
    /// The sequence number behind it.
    pub(super) next: u32,
    pub(super) is_syn: bool,
}

impl Connection {
    /// Whether the segment belongs to it or to a later connection between the same ports.
    pub(in crate::flow) fn owner_of(&self, segment: &Segment<'_>, stamp: Stamp) -> Owner {
        if let Some(opening) = self.opening.as_deref().filter(|opening| self.goes_on_from(opening, segment)) {
            return Owner::Later(Some(*opening).filter(|opening| opening.is_syn));
        }
        let stream = self.stream(self.side_of(segment.source));
        let is_later = if segment.flags.syn {
            let has_ended = self.is_closed() || stream.ended.is_some();
            has_ended && (!starts(stream, segment) || self.is_asked_again(segment, stamp))
        } else {
            !segment.payload.is_empty() && self.is_beyond(stream, segment, stamp)
        };
        if is_later { Owner::Later(None) } else { Owner::This }
    }

    /// Whether a SYN with the number of this connection, which is closed, is to open it once more: as Windows asks
    /// again after a refusal, and as programs do that number by themselves.
    fn is_asked_again(&self, syn: &Segment<'_>, stamp: Stamp) -> bool {
        let is_over = (self.a.stands_at_start() && self.b.stands_at_start()) || self.is_quiet(stamp);
        !syn.flags.ack && self.is_closed() && is_over
    }

    /// Whether the segment is one of the connection that another SYN is to open.
    fn goes_on_from(&self, opening: &Opening, segment: &Segment<'_>) -> bool {
        let is_its_own = segment.source == opening.source;
        let flags = segment.flags;
        // A firewall that gives a connection numbers of its own may be captured on both sides: there the other end
        // acknowledges what lies too far off, and this one goes on in between.
        let may_be = is_its_own || (flags.ack && opening.is_syn);
        if flags.rst || (is_its_own && flags.syn) || !may_be {
            return false;
        }
        let sequence = if is_its_own { segment.sequence } else { segment.acknowledgement };
        let stands = self.stream(self.side_of(opening.source)).next;
        // What is as near to where this connection stands is left to it.
        let is_near = |from| (0..=MAX_LATE_START).contains(&distance(from, sequence));
        let is_far_from_here = distance(stands, sequence).unsigned_abs() > MAX_LATE_START.unsigned_abs();
        is_near(opening.next) && (is_far_from_here || (sequence == opening.next && sequence != stands))
    }

    /// Whether nothing was said for longer than packets of one moment may be captured apart.
    fn is_quiet(&self, now: Stamp) -> bool {
        now.time.nanoseconds().saturating_sub(self.last.time.nanoseconds()) > MAX_LATE_SYN
    }

    /// Whether the bytes lie where the side cannot have sent them on this connection: too far off, or behind its
    /// FIN. The SYN of another one was not captured, then. Too far off amid a conversation they are a stray's, unless
    /// somebody goes on from them.
    fn is_beyond(&self, stream: &Stream, segment: &Segment<'_>, stamp: Stamp) -> bool {
        let ahead = distance(stream.next, segment.sequence);
        let furthest = if self.is_closed() { MAX_JUMP } else { MAX_HOLE };
        let is_far = ahead < -MAX_JUMP || ahead > furthest;
        let is_over = self.is_closed() || self.is_quiet(stamp);
        stream.is_placed() && ((is_far && is_over) || (stream.ended == Some(Ending::Fin) && ahead >= 0))
    }

    /// Whether the segment can be what an end of this connection sent (RFC 9293 section 3.10.7.4).
    pub(super) fn is_believed(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        if segment.flags.syn {
            return self.is_own_syn(side, segment);
        }
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        let ahead = distance(stream.next, segment.sequence);
        if !stream.is_placed() {
            // Nobody answers a SYN by acknowledging less.
            let answers = |first| !segment.flags.ack || distance(first, segment.acknowledgement) >= 0;
            return !self.is_from_start() || other.first().is_none_or(answers);
        }
        if segment.flags.rst {
            // One behind: the sequence number of its own FIN.
            return stream.first().is_none() || (-1..=RESET_WINDOW).contains(&ahead);
        }
        let is_near = (-MAX_JUMP..=MAX_HOLE).contains(&ahead);
        self.note_stray(segment, is_near);
        is_near
    }

    /// Remembers bytes that lie too far off, until their sender goes on with this connection.
    fn note_stray(&mut self, segment: &Segment<'_>, is_near: bool) {
        let stray = self.opening.as_deref().filter(|opening| !opening.is_syn);
        if is_near {
            if stray.is_some_and(|stray| stray.source == segment.source) {
                self.opening = None;
            }
        } else if !segment.payload.is_empty() && (self.opening.is_none() || stray.is_some()) {
            let len = u32::try_from(segment.payload.len()).unwrap_or_default();
            let next = segment.sequence.wrapping_add(len).wrapping_add(segment.cut_off);
            self.opening = Some(Box::new(Opening { source: segment.source, next, is_syn: false }));
        }
    }

    /// Whether a SYN is of this connection; one that is not is remembered.
    fn is_own_syn(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        let (stream, other) = (self.stream(side), self.stream(side.other()));
        if starts(stream, segment) {
            return true;
        }
        let is_answered = !segment.flags.ack && other.first().is_some();
        if stream.sent_nothing() && other.sent_nothing() && !is_answered {
            // The answer to a repeated SYN may have a number of its own (RFC 4987 section 3.6), and what came
            // before it be of the connection before.
            *self.stream_mut(side) = Stream::default();
            self.stream_mut(side.other()).forget_acknowledged();
            return true;
        }
        let opening = Opening { source: segment.source, next: segment.sequence.wrapping_add(1), is_syn: true };
        self.opening = Some(Box::new(opening));
        false
    }
}

/// Whether a SYN is the one that the side's bytes begin with. It may be captured after what comes right behind it.
fn starts(stream: &Stream, syn: &Segment<'_>) -> bool {
    if stream.opened {
        return stream.first() == Some(syn.sequence);
    }
    let first = stream.first().or_else(|| stream.is_placed().then_some(stream.next));
    first.is_none_or(|first| (0..=MAX_LATE_START).contains(&distance(syn.sequence, first)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use crate::flow::Ending;
    use crate::flow::story::{Got, Sent, Story, Who, flowed};
    use crate::wire::{Flags, Moment};

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

    #[test]
    fn ports_may_be_used_again_with_a_lower_number() {
        let start = Story::opened().sent[0].sequence;
        for below in [1, 5000, 1 << 16, 1 << 20] {
            for end in ["none", "fin", "reset"] {
                let mut story = Story::opened();
                story.client("one").server("two");
                match end {
                    "fin" => drop(story.fin(Who::Client).fin(Who::Server).ack(Who::Client).clone()),
                    "reset" => drop(story.reset(Who::Server).clone()),
                    _ => {}
                }
                let mut story = story.again(41_022, start.wrapping_sub(below));
                story.client("three").server("four");
                let expected = [["one", "two"], ["three", "four"]].map(|sides| sides.map(str::to_owned));
                assert_eq!(bytes(&story), expected, "{below} below, after {end}");
            }
        }
    }

    #[test]
    fn ports_may_be_used_again_with_the_same_number() {
        let start = Story::opened().sent[0].sequence;
        let mut story = Story::opened();
        story.client("one").server("two").fin(Who::Client).fin(Who::Server).ack(Who::Client);
        let before = story.sent.len();
        let mut story = story.again(41_022, start);
        story.client("three").server("four");
        let expected = [["one", "two"], ["three", "four"]].map(|sides| sides.map(str::to_owned));
        let text = |got: &Got| String::from_utf8(got.bytes()).unwrap();
        let said = |pause: i128| {
            let mut packets = story.packets();
            for packet in &mut packets[before..] {
                let time = packet.stamp.time.nanoseconds() + pause;
                packet.stamp.time = Moment::from_nanoseconds(time, 6);
            }
            flowed(&packets).iter().map(|sides| [text(&sides[0]), text(&sides[1])]).collect::<Vec<_>>()
        };
        assert_eq!(said(2_000_000_000), expected);

        // Refused at first: it says that it was reset.
        let mut story = Story::new();
        let syn = Story::opened().sent[0].clone();
        story.sent.push(syn.clone());
        let reset = Flags { rst: true, ..Flags::default() };
        let ack = Some(syn.sequence.wrapping_add(1));
        story.sent.push(Sent { who: Who::Server, sequence: 0, ack, flags: reset, ..syn });
        let mut again = Story::opened();
        again.client("one").server("two");
        story.sent.extend(again.sent);
        assert_eq!(bytes(&story).last().unwrap(), &["one".to_owned(), "two".to_owned()]);
    }

    #[test]
    fn stray_bytes_end_nothing() {
        for far in [1 << 31, (1 << 30) + 77, u32::MAX - (1 << 27)] {
            let mut story = Story::opened();
            story.client("one").server("two");
            let stray = Sent { sequence: story.sent[2].sequence.wrapping_add(far), ..story.sent[2].clone() };
            story.sent.push(Sent { payload: b"stray".to_vec(), ..stray });
            story.client("three").server("four");
            assert_eq!(bytes(&story), [["onethree".to_owned(), "twofour".to_owned()]], "{far}");
        }
    }

    #[test]
    fn bytes_far_off_are_of_another_connection_once_somebody_goes_on_from_them() {
        let mut story = Story::opened();
        story.client("one").server("two");
        let before = story.sent.len();
        let mut story = story.again(41_022, story_start().wrapping_add(1 << 31));
        story.sent.truncate(before);
        story.client("lost").client("three").server("four").client("five");
        let said = bytes(&story);
        assert_eq!(said[1], ["threefive".to_owned(), "four".to_owned()]);
    }

    fn story_start() -> u32 {
        Story::opened().sent[0].sequence
    }
}
