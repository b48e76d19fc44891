//! One connection told packet by packet, as a capture: for what hangs on single packets.

/// What two ends say to each other, at a time that nobody minds.
pub(crate) struct Talk {
    file: Vec<u8>,
    /// The client's port and the server's.
    ports: [u16; 2],
    /// The next sequence number of each.
    next: [u32; 2],
    packets: u32,
}

const CLIENT: usize = 0;
const SERVER: usize = 1;

const FIN: u8 = 1;
const SYN: u8 = 2;
const ACK: u8 = 16;

impl Talk {
    /// After the handshake.
    pub(crate) fn to_port(server: u16) -> Self {
        let file = [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 262_144, 101].map(u32::to_le_bytes).concat();
        let talk = Self { file, ports: [40_000, server], next: [1000, 9000], packets: 0 };
        talk.send(CLIENT, SYN, b"", true).send(SERVER, SYN | ACK, b"", true).send(CLIENT, ACK, b"", true)
    }

    pub(crate) fn client(self, says: &str) -> Self {
        self.send(CLIENT, ACK, says.as_bytes(), true).send(SERVER, ACK, b"", true)
    }

    pub(crate) fn server(self, says: &str) -> Self {
        self.send(SERVER, ACK, says.as_bytes(), true).send(CLIENT, ACK, b"", true)
    }

    /// Said, acknowledged, and not captured.
    pub(crate) fn client_unseen(self, says: &str) -> Self {
        self.send(CLIENT, ACK, says.as_bytes(), false).send(SERVER, ACK, b"", true)
    }

    pub(crate) fn server_unseen(self, says: &str) -> Self {
        self.send(SERVER, ACK, says.as_bytes(), false).send(CLIENT, ACK, b"", true)
    }

    /// The pcap file, once both have said good-bye.
    pub(crate) fn pcap(self) -> Vec<u8> {
        self.send(SERVER, FIN | ACK, b"", true).send(CLIENT, FIN | ACK, b"", true).send(SERVER, ACK, b"", true).file
    }

    fn send(mut self, from: usize, flags: u8, payload: &[u8], seen: bool) -> Self {
        let to = 1 - from;
        if seen {
            let record = self.record(from, to, flags, payload);
            self.file.extend(record);
        }
        let counted = u32::from(flags & (SYN | FIN) != 0);
        self.next[from] += u32::try_from(payload.len()).unwrap() + counted;
        self
    }

    fn record(&mut self, from: usize, to: usize, flags: u8, payload: &[u8]) -> Vec<u8> {
        self.packets += 1;
        let len = u32::try_from(40 + payload.len()).unwrap();
        let [.., a, b] = len.to_be_bytes();
        let [.., c, d] = self.packets.to_be_bytes();
        let address = |end: usize| if end == CLIENT { [10, 0, 1, 5] } else { [10, 0, 2, 9] };
        let acknowledged = if flags & ACK == 0 { 0 } else { self.next[to] };
        let mut record = [1_795_417_200, self.packets * 1000, len, len].map(u32::to_le_bytes).concat();
        record.extend([0x45, 0, a, b, c, d, 0x40, 0, 64, 6, 0, 0]);
        record.extend([address(from), address(to)].concat());
        record.extend([self.ports[from], self.ports[to]].map(u16::to_be_bytes).concat());
        record.extend([self.next[from], acknowledged].map(u32::to_be_bytes).concat());
        record.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        record.extend_from_slice(payload);
        record
    }
}
