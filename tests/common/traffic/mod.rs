//! Traffic between a load balancer and its backends, made up: many keep-alive connections at once,
//! packet by packet, with the same bytes for the same [`Traffic`] on every machine.
//!
//! Included by path where it is needed, by tests, benchmarks and `examples/make_capture.rs`, and on
//! nothing but the standard library.
#![allow(dead_code, reason = "each user takes what it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "what it makes is its own: what cannot be made shall fail"
)]

mod calls;
mod connection;

use std::collections::BTreeMap;
use std::io::{self, Write};

use calls::Calls;
use connection::{Connection, Packet};

/// What to make.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    /// Starts the dice.
    pub(crate) seed: u64,
    /// Connections that are open at the same time.
    pub(crate) open: usize,
    /// Connections altogether.
    pub(crate) connections: usize,
    /// Exchanges of each connection, one after the other.
    pub(crate) exchanges: usize,
    /// Behind so many bytes of the file no connection and no exchange begins any more.
    pub(crate) size: u64,
    /// The longest body.
    pub(crate) longest_body: u64,
    /// A body's length is drawn below the longest, which is halved up to so many times before: long
    /// bodies are as rare as in life.
    pub(crate) halvings: u64,
    /// The bytes that a segment takes at most.
    pub(crate) segment: usize,
    /// Of a thousand segments with bytes, so many come a second time.
    pub(crate) repeated: u64,
    /// Of a thousand segments with bytes, so many are captured behind the next one of their side.
    pub(crate) swapped: u64,
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Truth {
    pub(crate) bytes: u64,
    pub(crate) packets: u64,
    pub(crate) connections: u64,
    /// Requests, each of which was answered.
    pub(crate) exchanges: u64,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) methods: BTreeMap<&'static str, u64>,
    /// Segments that came a second time.
    pub(crate) repeated: u64,
    /// Segments that were captured behind the next one.
    pub(crate) swapped: u64,
}

impl Traffic {
    /// Small bodies: the heads are most of it.
    pub(crate) const SMALL: Self = Self {
        seed: 1,
        open: 500,
        connections: usize::MAX,
        exchanges: 200,
        size: u64::MAX,
        longest_body: 2 << 10,
        halvings: 6,
        segment: 1448,
        repeated: 5,
        swapped: 2,
    };

    /// Bodies of all lengths.
    pub(crate) const MIXED: Self = Self { open: 1000, longest_body: 64 << 10, halvings: 8, ..Self::SMALL };

    /// Long bodies in jumbo frames.
    pub(crate) const LARGE: Self =
        Self { open: 60, exchanges: 100, longest_body: 2 << 20, segment: 8948, ..Self::MIXED };

    /// Connections of one exchange each.
    pub(crate) const MANY: Self = Self { open: 2000, exchanges: 1, ..Self::SMALL };

    /// A pcap file of it, with microseconds, Ethernet and IPv4.
    pub(crate) fn pcap(self) -> Vec<u8> {
        let mut file = Vec::new();
        self.write(&mut file).unwrap();
        file
    }

    /// Writes the pcap file as it is made, and tells what is in it.
    pub(crate) fn write(self, to: impl Write) -> io::Result<Truth> {
        Maker::new(self, to).run()
    }

    /// How many exchanges there are, unless the size ends them sooner.
    pub(crate) fn count(self) -> usize {
        self.connections * self.exchanges
    }

    fn body(self, dice: &mut Dice) -> u64 {
        let halved = dice.below(self.halvings + 1);
        dice.below(self.longest_body >> halved)
    }
}

/// 2026-11-23T07:00:00Z, in microseconds.
const START: u64 = 1_795_417_200_000_000;

/// Microseconds between two packets at the most.
const PAUSE: u64 = 20;

struct Maker<W> {
    traffic: Traffic,
    to: W,
    time: u64,
    dice: Dice,
    calls: Calls,
    open: Vec<Connection>,
    truth: Truth,
}

impl<W: Write> Maker<W> {
    fn new(traffic: Traffic, to: W) -> Self {
        Self {
            traffic,
            to,
            time: START,
            dice: Dice(traffic.seed | 1),
            calls: Calls::default(),
            open: Vec::new(),
            truth: Truth::default(),
        }
    }

    fn run(mut self) -> io::Result<Truth> {
        let header = [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 262_144, 1].map(u32::to_le_bytes).concat();
        self.put(&header)?;
        loop {
            while self.open.len() < self.traffic.open && self.may_open() {
                self.open.push(Connection::begin(self.truth.connections, &mut self.dice));
                self.truth.connections += 1;
            }
            if self.open.is_empty() {
                self.to.flush()?;
                return Ok(self.truth);
            }
            let turn = self.dice.below(self.open.len() as u64) as usize;
            match self.open[turn].next() {
                Some(packet) => self.send(&packet)?,
                None => self.go_on(turn),
            }
        }
    }

    fn may_open(&self) -> bool {
        self.truth.connections < self.traffic.connections as u64 && !self.is_full()
    }

    fn is_full(&self) -> bool {
        self.truth.bytes >= self.traffic.size
    }

    /// All that a connection had to say is said: the next exchange, or its end.
    fn go_on(&mut self, turn: usize) {
        let full = self.is_full();
        let Self { traffic, dice, calls, open, truth, .. } = self;
        let connection = &mut open[turn];
        calls.follow(connection.answered());
        if connection.exchanges() < traffic.exchanges && !full {
            let exchange = calls.next(|dice| traffic.body(dice), dice);
            truth.exchanges += 1;
            *truth.statuses.entry(exchange.status).or_default() += 1;
            *truth.methods.entry(exchange.method).or_default() += 1;
            let trouble = connection.exchange(&exchange, *traffic, dice);
            truth.repeated += trouble.repeated;
            truth.swapped += trouble.swapped;
        } else if !connection.end() {
            open.swap_remove(turn);
        }
    }

    fn send(&mut self, packet: &Packet) -> io::Result<()> {
        self.time += 1 + self.dice.below(PAUSE);
        self.truth.packets += 1;
        self.put(&packet.record(self.time, self.truth.packets as u16))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.truth.bytes += bytes.len() as u64;
        self.to.write_all(bytes)
    }
}

/// xorshift64: enough for dice.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`, or 0.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// True `times` times in `of`.
    fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }
}
