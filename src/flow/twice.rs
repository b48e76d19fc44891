//! Packets that were captured twice: on a bridge and on the port behind it, as they came and as they
//! left, outside of a tunnel and within it.
//!
//! A packet sent again is another one: its IP identification is new, and with the timestamp option
//! its checksum too. So a segment is the same packet if all of that is the same within a moment.

use super::key::fold;
use crate::wire::{Moment, Segment};

/// How far apart the captures of one packet may lie, in nanoseconds: the queues between two
/// interfaces of a host, or a mirror and what it mirrors.
pub(super) const MAX_DELAY: i128 = 10_000_000;

/// How many packets are remembered. It need not be more than come within that time; they fit into
/// the nearest cache of a processor.
const REMEMBERED: usize = 1024;

/// The packets of the last moment.
#[derive(Debug)]
pub(super) struct Twice {
    recent: Box<[Seen; REMEMBERED]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// 0 where nothing was seen yet.
    print: u64,
    nanoseconds: i64,
}

impl Default for Twice {
    fn default() -> Self {
        Self { recent: Box::new([Seen::default(); REMEMBERED]) }
    }
}

impl Twice {
    /// Whether the packet was there a moment ago; it is remembered from now on. `ends` is the hash of its ends.
    pub(super) fn has_seen(&mut self, ends: u64, segment: &Segment<'_>, time: Moment) -> bool {
        let print = print(ends, segment);
        let (second, nanosecond) = time.second_and_nanosecond();
        let nanoseconds = second.saturating_mul(1_000_000_000).saturating_add(nanosecond.into());
        let Some(place) = self.recent.get_mut((print >> 32) as usize % REMEMBERED) else { return false };
        let before = std::mem::replace(place, Seen { print, nanoseconds });
        before.print == print && i128::from(before.nanoseconds.abs_diff(nanoseconds)) <= MAX_DELAY
    }
}

/// All that is the same in both captures of one packet.
fn print(ends: u64, segment: &Segment<'_>) -> u64 {
    let numbers = u64::from(segment.sequence) << 32 | u64::from(segment.acknowledgement);
    let flags = segment.flags;
    let bits = [flags.syn, flags.ack, flags.fin, flags.rst].iter().fold(0, |bits, flag| bits << 1 | u64::from(*flag));
    let lengths = (segment.payload.len() as u64) << 32 | u64::from(segment.cut_off);
    let direction = u64::from(segment.source.port);
    let words = [numbers, u64::from(segment.fingerprint) << 24 | bits << 16 | direction, lengths];
    words.into_iter().fold(ends, fold) | 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;
    use crate::flow::key::Seed;
    use crate::wire::{Endpoint, Flags};

    fn end(text: &str) -> Endpoint {
        let address: std::net::SocketAddr = text.parse().unwrap();
        Endpoint { address: address.ip(), port: address.port() }
    }

    fn segment() -> Segment<'static> {
        Segment {
            source: end("10.0.0.1:40000"),
            destination: end("10.0.0.2:80"),
            sequence: 1000,
            acknowledgement: 2000,
            flags: Flags { ack: true, ..Flags::default() },
            fingerprint: 0x1234_5678,
            payload: b"hello",
            cut_off: 0,
        }
    }

    #[test]
    fn the_same_packet_is_known_for_a_moment() {
        let (mut twice, seed) = (Twice::default(), Seed::default());
        let mut is_known = |segment: Segment<'_>, milliseconds: i128| {
            let ends = seed.hash(segment.source, segment.destination);
            twice.has_seen(ends, &segment, Moment::from_nanoseconds(milliseconds * 1_000_000, 6))
        };
        assert!(!is_known(segment(), 5));
        assert!(is_known(segment(), 5));
        assert!(is_known(segment(), 15));
        assert!(is_known(segment(), 5), "clocks may run back");
        assert!(!is_known(segment(), 16));
        let other = [
            Segment { fingerprint: 0x1235_5678, ..segment() },
            Segment { fingerprint: 0x1234_5679, ..segment() },
            Segment { sequence: 1001, ..segment() },
            Segment { acknowledgement: 2001, ..segment() },
            Segment { payload: b"hell", cut_off: 1, ..segment() },
            Segment { flags: Flags { fin: true, ack: true, ..Flags::default() }, ..segment() },
            Segment { source: end("10.0.0.3:40000"), ..segment() },
            Segment { source: segment().destination, destination: segment().source, ..segment() },
        ];
        for segment in other {
            assert!(!is_known(segment, 16), "{segment:?}");
        }
    }
}
