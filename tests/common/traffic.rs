//! Traffic between a load balancer and its backends, made up: many keep-alive connections at once,
//! packet by packet, with the same bytes for the same [`Traffic`] on every machine.
//!
//! Included by path where it is needed, and on nothing but the standard library.
#![allow(dead_code, reason = "each user takes what it needs")]

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
    /// The longest body.
    pub(crate) longest_body: u64,
    /// Of a hundred segments with bytes, so many come a second time.
    pub(crate) repeated: u64,
    /// Of a hundred segments with bytes, so many are captured behind the next one of their side.
    pub(crate) swapped: u64,
}

/// The bytes that a segment takes at most: an Ethernet frame's, less the headers.
const SEGMENT: usize = 1448;

/// 2026-11-23T07:00:00Z.
const START: u64 = 1_795_417_200_000_000;

impl Traffic {
    /// A pcap file of it, with microseconds, Ethernet and IPv4.
    pub(crate) fn pcap(self) -> Vec<u8> {
        let mut dice = Dice(self.seed | 1);
        let mut file = Vec::new();
        for word in [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 262_144, 1] {
            file.extend(word.to_le_bytes());
        }
        let mut waiting = (0..self.connections).map(|number| self.connection(number, &mut dice)).collect::<Vec<_>>();
        waiting.reverse();
        let mut open: Vec<std::vec::IntoIter<Packet>> = Vec::new();
        let mut time = START;
        loop {
            while open.len() < self.open
                && let Some(packets) = waiting.pop()
            {
                open.push(packets.into_iter());
            }
            if open.is_empty() {
                return file;
            }
            let turn = dice.below(open.len() as u64) as usize;
            time += 1 + dice.below(200);
            match open[turn].next() {
                Some(packet) => packet.write(time, &mut file),
                None => drop(open.swap_remove(turn)),
            }
        }
    }

    /// How many exchanges there are.
    pub(crate) fn count(self) -> usize {
        self.connections * self.exchanges
    }

    fn connection(self, number: usize, dice: &mut Dice) -> Vec<Packet> {
        let mut talk = Talk::begin(number, dice);
        for exchange in 0..self.exchanges {
            let post = dice.below(4) == 0;
            let body = if post { text(dice.below(self.longest_body)) } else { Vec::new() };
            let (method, length) =
                if post { ("POST", format!("Content-Length: {}\r\n", body.len())) } else { ("GET", String::new()) };
            let request = format!(
                "{method} /items/{number}/{exchange} HTTP/1.1\r\nHost: request.example.com\r\nX-Forwarded-For: 203.0.113.50\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nOrigin: https://client.example.com\r\n{length}\r\n"
            );
            talk.say(Side::Client, &[request.into_bytes(), body].concat());
            talk.say(Side::Server, &answer(exchange, text(dice.below(self.longest_body)), dice));
        }
        talk.end();
        self.trouble(talk.packets, dice)
    }

    /// Repeats and swaps, behind the handshake. What is swapped stays on its side: what the other
    /// one says next answers it.
    fn trouble(self, packets: Vec<Packet>, dice: &mut Dice) -> Vec<Packet> {
        let mut troubled: Vec<Packet> = Vec::with_capacity(packets.len());
        for packet in packets {
            let last = troubled.last().filter(|last| last.side == packet.side && !last.payload.is_empty());
            let swap = last.is_some() && !packet.payload.is_empty() && dice.below(100) < self.swapped;
            let repeat = !packet.payload.is_empty() && dice.below(100) < self.repeated;
            let at = if swap { troubled.len() - 1 } else { troubled.len() };
            troubled.insert(at, packet.clone());
            if repeat {
                troubled.push(packet);
            }
        }
        troubled
    }
}

/// A response whose body is framed by its length, by chunks, or not at all.
fn answer(exchange: usize, body: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let head = |status: &str, fields: &str| {
        format!("HTTP/1.1 {status}\r\ndate: Mon, 23 Nov 2026 07:00:00 GMT\r\nserver: uvicorn\r\naccess-control-allow-origin: *\r\nx-number: {exchange}\r\n{fields}\r\n").into_bytes()
    };
    match dice.below(8) {
        0 => head("204 No Content", ""),
        1 => head("307 Temporary Redirect", "location: http://request.example.com/items/\r\ncontent-length: 0\r\n"),
        2 | 3 => {
            let mut message = head("200 OK", "transfer-encoding: chunked\r\n");
            for chunk in body.chunks(1 + dice.below(3000) as usize) {
                message.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                message.extend(chunk);
                message.extend(b"\r\n");
            }
            message.extend(b"0\r\n\r\n");
            message
        }
        _ => [head("200 OK", &format!("content-length: {}\r\n", body.len())), body].concat(),
    }
}

fn text(len: u64) -> Vec<u8> {
    b"HTTP/1.1 is not spoken within a body.\n".iter().copied().cycle().take(len as usize).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// Two ends of a connection that say one thing after the other.
struct Talk {
    packets: Vec<Packet>,
    ports: [u16; 2],
    client: [u8; 4],
    /// The next sequence number of each side.
    next: [u32; 2],
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const ACK: u8 = 16;

impl Talk {
    fn begin(number: usize, dice: &mut Dice) -> Self {
        let [_, _, third, fourth] = (u32::try_from(number / 60_000).unwrap() + 0x0A00_0105).to_be_bytes();
        let port = 1025 + u16::try_from(number % 60_000).unwrap();
        let mut talk = Self {
            packets: Vec::new(),
            ports: [port, 8000],
            client: [10, 0, third, fourth],
            // Now and then the numbers wrap.
            next: [dice.next() as u32, u32::MAX - dice.below(20_000) as u32],
        };
        talk.send(Side::Client, SYN, &[]);
        talk.send(Side::Server, SYN | ACK, &[]);
        talk.send(Side::Client, ACK, &[]);
        talk
    }

    fn say(&mut self, side: Side, message: &[u8]) {
        for piece in message.chunks(SEGMENT) {
            self.send(side, ACK, piece);
        }
        self.send(if side == Side::Client { Side::Server } else { Side::Client }, ACK, &[]);
    }

    fn end(&mut self) {
        self.send(Side::Server, FIN | ACK, &[]);
        self.send(Side::Client, FIN | ACK, &[]);
        self.send(Side::Server, ACK, &[]);
    }

    fn send(&mut self, side: Side, flags: u8, payload: &[u8]) {
        let [from, to] = if side == Side::Client { [0, 1] } else { [1, 0] };
        self.packets.push(Packet {
            side,
            client: self.client,
            ports: [self.ports[from], self.ports[to]],
            sequence: self.next[from],
            acknowledgement: if flags & ACK == 0 { 0 } else { self.next[to] },
            flags,
            payload: payload.to_vec(),
        });
        let len = u32::try_from(payload.len()).unwrap() + u32::from(flags & (SYN | FIN) != 0);
        self.next[from] = self.next[from].wrapping_add(len);
    }
}

#[derive(Clone)]
struct Packet {
    side: Side,
    client: [u8; 4],
    ports: [u16; 2],
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    payload: Vec<u8>,
}

impl Packet {
    fn write(&self, time: u64, file: &mut Vec<u8>) {
        let len = u32::try_from(54 + self.payload.len()).unwrap();
        let (seconds, microseconds) = ((time / 1_000_000) as u32, (time % 1_000_000) as u32);
        for word in [seconds, microseconds, len, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00]);
        file.extend([0x45, 0]);
        file.extend(((len - 14) as u16).to_be_bytes());
        // No checksums, as where the network card computes them.
        file.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        let server = [10, 0, 2, 9];
        let ends = if self.side == Side::Client { [self.client, server] } else { [server, self.client] };
        file.extend(ends.concat());
        file.extend(self.ports.map(u16::to_be_bytes).concat());
        file.extend(self.sequence.to_be_bytes());
        file.extend(self.acknowledgement.to_be_bytes());
        file.extend([0x50, self.flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        file.extend(&self.payload);
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
}
