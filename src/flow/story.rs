//! Conversations to try the machines with: what two ends send each other, as segments.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use super::{Chunk, Delivery, Ending, Flows, Stamp};
use crate::wire::{Endpoint, Flags, Moment, Segment};

/// One end of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Client,
    Server,
}

/// A segment that owns its payload, with the packet that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) who: Who,
    pub(crate) ports: (u16, u16),
    pub(crate) sequence: u32,
    pub(crate) ack: Option<u32>,
    pub(crate) flags: Flags,
    pub(crate) payload: Vec<u8>,
    pub(crate) cut_off: u32,
    pub(crate) stamp: Stamp,
}

impl Sent {
    pub(crate) fn segment(&self) -> Segment<'_> {
        let (client, server) = (end("10.0.1.5", self.ports.0), end("10.0.2.9", self.ports.1));
        let (source, destination) = match self.who {
            Who::Client => (client, server),
            Who::Server => (server, client),
        };
        Segment {
            source,
            destination,
            sequence: self.sequence,
            acknowledgement: self.ack.unwrap_or_default(),
            flags: Flags { ack: self.ack.is_some(), ..self.flags },
            fingerprint: u32::try_from(self.stamp.frame).unwrap(),
            payload: &self.payload,
            cut_off: self.cut_off,
        }
    }

    /// The same bytes in two segments.
    pub(crate) fn split(self, at: usize) -> [Self; 2] {
        let (head, tail) = self.payload.split_at(at.min(self.payload.len()));
        let first = Self { payload: head.to_vec(), cut_off: 0, flags: Flags::default(), ..self.clone() };
        let sequence = self.sequence.wrapping_add(u32::try_from(head.len()).unwrap());
        [first, Self { payload: tail.to_vec(), sequence, ..self }]
    }
}

fn end(address: &str, port: u16) -> Endpoint {
    Endpoint { address: address.parse().unwrap(), port }
}

/// Writes a conversation down, packet by packet, a millisecond apart.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) sent: Vec<Sent>,
    ports: (u16, u16),
    client: u32,
    server: u32,
}

impl Story {
    /// Two ends that have not said anything yet.
    pub(crate) fn new() -> Self {
        // The client's sequence numbers wrap soon.
        Self { sent: Vec::new(), ports: (41_022, 8000), client: u32::MAX - 40, server: 7000 }
    }

    /// Two ends that have shaken hands.
    pub(crate) fn opened() -> Self {
        Self::new().shake_hands()
    }

    fn shake_hands(mut self) -> Self {
        let syn = Flags { syn: true, ..Flags::default() };
        self.send(Who::Client, syn, b"");
        self.sent.last_mut().unwrap().ack = None;
        self.send(Who::Server, syn, b"").ack(Who::Client);
        self
    }

    /// What follows is said on a new connection.
    pub(crate) fn again(self, client_port: u16, sequence: u32) -> Self {
        let ports = (client_port, self.ports.1);
        Self { sent: self.sent, ports, client: sequence, server: sequence ^ 0xABCD }.shake_hands()
    }

    pub(crate) fn send(&mut self, who: Who, flags: Flags, payload: &[u8]) -> &mut Self {
        let (sequence, ack) = match who {
            Who::Client => (self.client, self.server),
            Who::Server => (self.server, self.client),
        };
        self.sent.push(Sent {
            who,
            ports: self.ports,
            sequence,
            ack: Some(ack),
            flags,
            payload: payload.to_vec(),
            cut_off: 0,
            stamp: Stamp::default(),
        });
        let len = u32::try_from(payload.len()).unwrap() + u32::from(flags.syn) + u32::from(flags.fin);
        let next = sequence.wrapping_add(len);
        match who {
            Who::Client => self.client = next,
            Who::Server => self.server = next,
        }
        self
    }

    pub(crate) fn client(&mut self, payload: impl AsRef<[u8]>) -> &mut Self {
        self.send(Who::Client, Flags::default(), payload.as_ref())
    }

    pub(crate) fn server(&mut self, payload: impl AsRef<[u8]>) -> &mut Self {
        self.send(Who::Server, Flags::default(), payload.as_ref())
    }

    pub(crate) fn ack(&mut self, who: Who) -> &mut Self {
        self.send(who, Flags::default(), b"")
    }

    pub(crate) fn fin(&mut self, who: Who) -> &mut Self {
        self.send(who, Flags { fin: true, ..Flags::default() }, b"")
    }

    pub(crate) fn reset(&mut self, who: Who) -> &mut Self {
        self.send(who, Flags { rst: true, ..Flags::default() }, b"")
    }

    /// The last segment was not captured.
    pub(crate) fn lost(&mut self) -> &mut Self {
        self.sent.pop();
        self
    }

    /// The last segment was captured, but not its last `bytes`.
    pub(crate) fn cut(&mut self, bytes: u32) -> &mut Self {
        let last = self.sent.last_mut().unwrap();
        last.cut_off = bytes;
        last.payload.truncate(last.payload.len() - bytes as usize);
        self
    }

    /// The last two segments were captured the other way round.
    pub(crate) fn swapped(&mut self) -> &mut Self {
        let last = self.sent.len() - 1;
        self.sent.swap(last, last - 1);
        self
    }

    /// The packets in the order in which they stand, numbered from 1.
    pub(crate) fn packets(&self) -> Vec<Sent> {
        numbered(self.sent.clone())
    }
}

/// Numbers and times packets in the order in which they stand.
pub(crate) fn numbered(mut sent: Vec<Sent>) -> Vec<Sent> {
    for (packet, frame) in sent.iter_mut().zip(1..) {
        packet.stamp = Stamp { frame, time: Moment::from_nanoseconds(i128::from(frame) * 1_000_000, 6) };
    }
    sent
}

/// What came of one side of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Got {
    /// Bytes with the packet that held them.
    pub(crate) pieces: Vec<(u64, Vec<u8>)>,
    pub(crate) gaps: Vec<u64>,
    /// All of it, `None` for a byte that is missing.
    pub(crate) stream: Vec<Option<u8>>,
    pub(crate) end: Option<Ending>,
}

impl Got {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }
}

/// Runs packets through [`Flows`]; what came, by connection, of the side on the client's port and
/// of the other.
pub(crate) fn flowed(packets: &[Sent]) -> Vec<[Got; 2]> {
    let mut flows = Flows::default();
    let mut got: Vec<[Got; 2]> = Vec::new();
    let mut sink = |delivery: &Delivery<'_>| {
        let number = usize::try_from(delivery.flow.0).unwrap();
        got.resize_with(got.len().max(number + 1), Default::default);
        let is_server = usize::from(delivery.source.port == 8000);
        let side = got.get_mut(number).and_then(|sides| sides.get_mut(is_server)).unwrap();
        assert_eq!(side.end, None, "nothing follows an end");
        match delivery.chunk {
            Chunk::Data(bytes) => {
                assert!(!bytes.is_empty());
                side.pieces.push((delivery.stamp.frame, bytes.to_vec()));
                side.stream.extend(bytes.iter().copied().map(Some));
            }
            Chunk::Gap { len, .. } => {
                side.gaps.push(len);
                // Longer ones are of no story, but of segments made up at random.
                side.stream.resize(side.stream.len() + usize::try_from(len.min(1 << 16)).unwrap(), None);
            }
            Chunk::End(how) => side.end = Some(how),
        }
    };
    for packet in packets {
        flows.push(&packet.segment(), packet.stamp, &mut sink);
    }
    flows.finish(&mut sink);
    got
}

/// The one connection of a story: what the client's side gave, and the server's.
pub(crate) fn told(story: &Story) -> [Got; 2] {
    let mut all = flowed(&story.packets());
    assert_eq!(all.len(), 1);
    all.remove(0)
}
