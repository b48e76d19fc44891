//! One TCP connection: what its two ends say, as packets.

use super::calls::{Ask, Exchange};
use super::{Dice, Traffic};

/// The port of the backend.
const BACKEND: u16 = 8000;

/// A connection of the load balancer to the backend.
pub(super) struct Connection {
    /// Of the load balancer, by which connections are told apart.
    client: [u8; 4],
    ports: [u16; 2],
    /// The next sequence number of each side.
    next: [u32; 2],
    /// What is still to be sent.
    packets: std::vec::IntoIter<Packet>,
    /// What the browser asks next, once it has the answer that is under way.
    then: Option<Ask>,
    exchanges: usize,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// How many segments met trouble.
#[derive(Default)]
pub(super) struct Trouble {
    pub(super) repeated: u64,
    pub(super) swapped: u64,
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const ACK: u8 = 16;

impl Connection {
    /// The `number`th connection, which begins with a handshake.
    pub(super) fn begin(number: u64, dice: &mut Dice) -> Self {
        // Each address of the load balancer has 60 000 ports.
        let [_, _, third, fourth] = (u32::try_from(number / 60_000).unwrap() + 0x0A00_0105).to_be_bytes();
        let port = 1025 + u16::try_from(number % 60_000).unwrap();
        let mut connection = Self {
            client: [10, 0, third, fourth],
            ports: [port, BACKEND],
            // Now and then the numbers wrap.
            next: [dice.next() as u32, u32::MAX - dice.below(20_000) as u32],
            packets: Vec::new().into_iter(),
            then: None,
            exchanges: 0,
            ended: false,
        };
        let packets = [(Side::Client, SYN), (Side::Server, SYN | ACK), (Side::Client, ACK)];
        connection.packets = connection.bare(&packets);
        connection
    }

    /// The next packet, until all is said.
    pub(super) fn next(&mut self) -> Option<Packet> {
        self.packets.next()
    }

    /// How many exchanges there have been.
    pub(super) fn exchanges(&self) -> usize {
        self.exchanges
    }

    /// What the browser asks now that it has its answer.
    pub(super) fn answered(&mut self) -> Option<Ask> {
        self.then.take()
    }

    /// Says a request and its response.
    pub(super) fn exchange(&mut self, exchange: &Exchange, traffic: Traffic, dice: &mut Dice) -> Trouble {
        let mut packets = Vec::new();
        for (side, message) in [(Side::Client, &exchange.request), (Side::Server, &exchange.response)] {
            for piece in message.chunks(traffic.segment) {
                packets.push(self.packet(side, ACK, piece));
            }
            packets.push(self.packet(side.other(), ACK, &[]));
        }
        let (packets, trouble) = troubled(packets, traffic, dice);
        self.packets = packets.into_iter();
        self.then = exchange.then;
        self.exchanges += 1;
        trouble
    }

    /// Says good-bye; false where that has been said already.
    pub(super) fn end(&mut self) -> bool {
        if self.ended {
            return false;
        }
        self.ended = true;
        self.packets = self.bare(&[(Side::Server, FIN | ACK), (Side::Client, FIN | ACK), (Side::Server, ACK)]);
        true
    }

    fn bare(&mut self, packets: &[(Side, u8)]) -> std::vec::IntoIter<Packet> {
        let packets: Vec<Packet> = packets.iter().map(|(side, flags)| self.packet(*side, *flags, &[])).collect();
        packets.into_iter()
    }

    fn packet(&mut self, side: Side, flags: u8, payload: &[u8]) -> Packet {
        let [from, to] = if side == Side::Client { [0, 1] } else { [1, 0] };
        let packet = Packet {
            side,
            client: self.client,
            ports: [self.ports[from], self.ports[to]],
            sequence: self.next[from],
            acknowledgement: if flags & ACK == 0 { 0 } else { self.next[to] },
            flags,
            payload: payload.to_vec(),
        };
        let len = u32::try_from(payload.len()).unwrap() + u32::from(flags & (SYN | FIN) != 0);
        self.next[from] = self.next[from].wrapping_add(len);
        packet
    }
}

impl Side {
    fn other(self) -> Self {
        if self == Self::Client { Self::Server } else { Self::Client }
    }
}

/// Repeats and swaps. What is swapped stays on its side: what the other one says next answers it.
fn troubled(packets: Vec<Packet>, traffic: Traffic, dice: &mut Dice) -> (Vec<Packet>, Trouble) {
    let mut troubled: Vec<Packet> = Vec::with_capacity(packets.len());
    let mut trouble = Trouble::default();
    for packet in packets {
        let carries = !packet.payload.is_empty();
        let behind = troubled.last().is_some_and(|last| last.side == packet.side && !last.payload.is_empty());
        let swap = carries && behind && dice.chance(traffic.swapped, 1000);
        let repeat = carries && dice.chance(traffic.repeated, 1000);
        trouble.swapped += u64::from(swap);
        trouble.repeated += u64::from(repeat);
        let again = repeat.then(|| packet.clone());
        troubled.insert(troubled.len() - usize::from(swap), packet);
        troubled.extend(again);
    }
    (troubled, trouble)
}

#[derive(Clone)]
pub(super) struct Packet {
    side: Side,
    client: [u8; 4],
    ports: [u16; 2],
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    payload: Vec<u8>,
}

impl Packet {
    /// Its record in a pcap file, at a time in microseconds. What is sent a second time is told from
    /// what is captured a second time by its `identification`.
    pub(super) fn record(&self, time: u64, identification: u16) -> Vec<u8> {
        let len = u32::try_from(54 + self.payload.len()).unwrap();
        let mut record = Vec::with_capacity(16 + len as usize);
        let (seconds, microseconds) = ((time / 1_000_000) as u32, (time % 1_000_000) as u32);
        for word in [seconds, microseconds, len, len] {
            record.extend(word.to_le_bytes());
        }
        record.extend([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]);
        record.extend([0x45, 0]);
        record.extend(((len - 14) as u16).to_be_bytes());
        record.extend(identification.to_be_bytes());
        // No checksums, as where the network card computes them.
        record.extend([0x40, 0, 64, 6, 0, 0]);
        let server = [10, 0, 2, 9];
        let ends = if self.side == Side::Client { [self.client, server] } else { [server, self.client] };
        record.extend(ends.as_flattened());
        for port in self.ports {
            record.extend(port.to_be_bytes());
        }
        record.extend(self.sequence.to_be_bytes());
        record.extend(self.acknowledgement.to_be_bytes());
        record.extend([0x50, self.flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        record.extend_from_slice(&self.payload);
        record
    }
}
