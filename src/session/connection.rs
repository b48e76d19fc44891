//! One connection: what it carries, and who is who.

use super::desk::Desk;
use super::http1::{Held, Http1, Rest, Role};
use super::sniff::{Expect, Look, ProxyHeader, behind_blank, look_for_any, proxy_header};
use crate::flow::{Ending, Side, Stamp};
use crate::http::Time;
use crate::wire::Endpoint;

/// The memory that a connection takes beside what it carries, about: its place in a table that is half full.
const CONNECTION_COST: usize = 2 * size_of::<Connection>();

/// What a connection carries.
#[derive(Debug)]
enum Protocol {
    /// Not known, or nothing that is known. What was heard is large, and not needed for long.
    Unknown(Box<Hearings>),
    /// HTTP/1, and which side sends the requests.
    Http1(Box<Http1>, Side),
    /// The same between two exchanges, where there is little room.
    AtRest(Rest, Side),
    Tls,
    Http2,
}

/// Both sides, as long as it is not known what the connection carries.
#[derive(Debug)]
struct Hearings {
    /// That of the connection.
    number: u64,
    a: Hearing,
    b: Hearing,
    /// Bytes that begin nothing that is known.
    skipped: usize,
}

#[derive(Debug)]
struct Hearing {
    address: Endpoint,
    expect: Expect,
    held: Held,
    /// What is held may be the beginning of a header of the PROXY protocol.
    header_begun: bool,
    /// Some of it was lost, and the other side has sent nothing since.
    lost: bool,
    ended: Option<(Ending, Stamp)>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    protocol: Protocol,
    /// Whether side A and side B have ended.
    ended: [bool; 2],
    /// As what it was counted among those that cannot be read.
    counted: Option<Look>,
    /// The first bytes behind the end of HTTP were looked at.
    tunnel_heard: bool,
}

impl Connection {
    /// `addresses` are those of side A and of side B; `expect` is how sure it is that their first bytes begin a message.
    pub(super) fn new(number: u64, addresses: [Endpoint; 2], expect: Expect) -> Self {
        let [a, b] = addresses.map(|address| {
            let held = Held::default();
            Hearing { address, expect, held, header_begun: false, lost: false, ended: None }
        });
        let protocol = Protocol::Unknown(Box::new(Hearings { number, a, b, skipped: 0 }));
        Self { protocol, ended: [false; 2], counted: None, tunnel_heard: false }
    }

    /// The memory that it takes, about.
    pub(super) fn weight(&self) -> usize {
        let carried = match &self.protocol {
            Protocol::Unknown(hearings) => hearings.weight(),
            Protocol::Http1(http, _) => http.weight(),
            Protocol::AtRest(..) | Protocol::Tls | Protocol::Http2 => 0,
        };
        CONNECTION_COST + carried
    }

    /// When each request came that is still without its answer.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Time> {
        let http = if let Protocol::Http1(http, _) = &self.protocol { Some(http) } else { None };
        http.into_iter().flat_map(|http| http.waiting())
    }

    /// Takes little room from now on, if nothing is under way.
    pub(super) fn rest(&mut self) {
        if let Protocol::Http1(http, client) = &self.protocol
            && let Some(rest) = http.at_rest()
        {
            self.protocol = Protocol::AtRest(rest, *client);
        }
    }

    /// Goes on after a rest. `number` is that of the connection, `addresses` are those of side A and of side B.
    pub(super) fn wake(&mut self, number: u64, addresses: [Endpoint; 2]) {
        if let Protocol::AtRest(rest, client) = self.protocol {
            let [a, b] = addresses;
            let addresses = if client == Side::A { [a, b] } else { [b, a] };
            self.protocol = Protocol::Http1(Box::new(Http1::woken(number, addresses, rest)), client);
        }
    }

    /// Takes the next bytes of one side.
    pub(super) fn data(&mut self, side: Side, mut bytes: &[u8], stamp: Stamp, desk: &mut Desk) {
        if let Protocol::Unknown(hearings) = &mut self.protocol {
            bytes = hearings.of(side).behind_preamble(bytes, stamp);
            let found = hearings.listen(side, bytes, stamp);
            self.become_what_was(found, side, desk);
        }
        if let Protocol::Http1(http, client) = &mut self.protocol {
            if http.is_tunnel() && !self.tunnel_heard {
                self.tunnel_heard = true;
                let found = look_for_any(bytes, Expect::Start);
                return self.count_tunnel(found, desk);
            }
            http.data(role(side, *client), bytes, stamp, desk);
        }
    }

    /// Takes note of bytes of one side that are not in the capture.
    pub(super) fn gap(&mut self, side: Side, len: u64, cut: bool, stamp: Stamp, desk: &mut Desk) {
        match &mut self.protocol {
            Protocol::Http1(http, client) => http.gap(role(side, *client), len, cut, stamp, desk),
            Protocol::Unknown(hearings) => {
                let hearing = hearings.of(side);
                (hearing.held, hearing.expect, hearing.lost) = (Held::default(), Expect::Anything, true);
            }
            Protocol::AtRest(..) | Protocol::Tls | Protocol::Http2 => {}
        }
    }

    /// One side has ended; says whether both have.
    pub(super) fn end(&mut self, side: Side, how: Ending, stamp: Stamp, desk: &mut Desk) -> bool {
        let [a, b] = &mut self.ended;
        *(if side == Side::A { &mut *a } else { &mut *b }) = true;
        let both = *a && *b;
        match &mut self.protocol {
            Protocol::Http1(http, client) => http.end(role(side, *client), how, stamp, desk),
            Protocol::Unknown(hearings) => {
                hearings.of(side).ended = Some((how, stamp));
                if both && hearings.hold_something() {
                    self.count(Some(Look::No), desk);
                }
            }
            Protocol::AtRest(..) | Protocol::Tls | Protocol::Http2 => {}
        }
        both
    }

    /// Gives up what it waits for, to make room.
    pub(super) fn shed(&mut self, desk: &mut Desk) {
        match &mut self.protocol {
            Protocol::Http1(http, _) => http.shed(desk),
            Protocol::Unknown(hearings) => (hearings.a.held, hearings.b.held) = (Held::default(), Held::default()),
            Protocol::AtRest(..) | Protocol::Tls | Protocol::Http2 => {}
        }
    }

    /// `found` is what bytes of `side` look like.
    fn become_what_was(&mut self, found: Look, side: Side, desk: &mut Desk) {
        match found {
            Look::Unclear => {}
            Look::No => self.count(Some(Look::No), desk),
            Look::Request => self.become_http(side, desk),
            Look::Response => self.become_http(side.other(), desk),
            Look::Tls => self.become_unread(Protocol::Tls, found, desk),
            Look::Http2 => self.become_unread(Protocol::Http2, found, desk),
        }
    }

    fn become_http(&mut self, client_side: Side, desk: &mut Desk) {
        self.count(None, desk);
        let Protocol::Unknown(hearings) = &mut self.protocol else { return };
        let sides = [client_side, client_side.other()];
        let addresses = sides.map(|side| hearings.of(side).address);
        let heard = sides.map(|side| {
            let hearing = hearings.of(side);
            (std::mem::take(&mut hearing.held), hearing.expect)
        });
        let held: usize = heard.iter().map(|(held, _)| held.bytes.len()).sum();
        let mut http = Box::new(Http1::new(hearings.number, addresses, heard));
        desk.counters.skipped_bytes += (hearings.skipped + held.saturating_sub(http.held())) as u64;
        if hearings.of(client_side).lost {
            http.lose_requests();
        }
        for side in [Side::A, Side::B] {
            if let Some((how, stamp)) = hearings.of(side).ended {
                http.end(role(side, client_side), how, stamp, desk);
            }
        }
        self.protocol = Protocol::Http1(http, client_side);
    }

    fn become_unread(&mut self, protocol: Protocol, found: Look, desk: &mut Desk) {
        self.count(Some(found), desk);
        self.protocol = protocol;
    }

    /// What is tunnelled may be told as well; what is not known is not counted, since the way into
    /// the tunnel was read.
    fn count_tunnel(&mut self, found: Look, desk: &mut Desk) {
        if matches!(found, Look::Tls | Look::Http2) {
            self.count(Some(found), desk);
        }
    }

    /// Counts the connection among those that cannot be read, or not any more.
    fn count(&mut self, kind: Option<Look>, desk: &mut Desk) {
        if let Some(before) = std::mem::replace(&mut self.counted, kind) {
            *counter(before, desk) -= 1;
        }
        if let Some(kind) = kind {
            *counter(kind, desk) += 1;
        }
    }
}

impl Hearings {
    fn of(&mut self, side: Side) -> &mut Hearing {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    fn hold_something(&self) -> bool {
        [&self.a, &self.b].iter().any(|hearing| !hearing.held.bytes.is_empty())
    }

    fn weight(&self) -> usize {
        size_of::<Self>() + self.a.held.bytes.capacity() + self.b.held.bytes.capacity()
    }

    /// Looks at bytes for a protocol that is known; [`Look::Unclear`] of none. Those of HTTP are left to its readers.
    fn listen(&mut self, side: Side, bytes: &[u8], stamp: Stamp) -> Look {
        self.of(side.other()).lost = false;
        if bytes.is_empty() {
            return Look::Unclear;
        }
        let hearing = self.of(side);
        let before = hearing.held.bytes.len();
        hearing.held.add(bytes, stamp);
        let mut found = look_for_any(&hearing.held.bytes, hearing.expect);
        if found == Look::No {
            // What was held is nothing; but where a segment starts, a message may.
            hearing.held = Held::default();
            hearing.expect = Expect::Anything;
            found = if before > 0 { look_for_any(bytes, Expect::Anything) } else { Look::No };
            if found == Look::Unclear {
                hearing.held.add(bytes, stamp);
            }
            self.skipped += before + if found == Look::No { bytes.len() } else { 0 };
        } else if found != Look::Unclear {
            hearing.held.bytes.truncate(before);
        }
        found
    }
}

impl Hearing {
    /// Without what may stand before a first message: a header of the PROXY protocol, which may come in pieces, and
    /// empty lines. Such a header is known for what it is even where these bytes may not be the first.
    fn behind_preamble<'b>(&mut self, bytes: &'b [u8], stamp: Stamp) -> &'b [u8] {
        let before = self.held.bytes.len();
        if before > 0 && !self.header_begun {
            return bytes;
        }
        self.header_begun = false;
        let header = if before == 0 {
            proxy_header(bytes)
        } else {
            self.held.add(bytes, stamp);
            proxy_header(&self.held.bytes)
        };
        match header {
            ProxyHeader::Of(len) => {
                (self.held, self.expect) = (Held::default(), Expect::Start);
                behind_blank(bytes.get(len.saturating_sub(before)..).unwrap_or_default())
            }
            ProxyHeader::Begun if self.expect == Expect::Start => {
                if before == 0 {
                    self.held.add(bytes, stamp);
                }
                self.header_begun = true;
                &[]
            }
            _ => {
                self.held.bytes.truncate(before);
                // The binary header begins with empty lines.
                if behind_blank(&self.held.bytes).is_empty() {
                    self.held = Held::default();
                }
                let is_first = self.held.bytes.is_empty() && self.expect == Expect::Start;
                if is_first { behind_blank(bytes) } else { bytes }
            }
        }
    }
}

fn counter(kind: Look, desk: &mut Desk) -> &mut u64 {
    let unread = &mut desk.counters.unread;
    match kind {
        Look::Tls => &mut unread.tls,
        Look::Http2 => &mut unread.http2,
        _ => &mut unread.other,
    }
}

fn role(side: Side, client: Side) -> Role {
    if side == client { Role::Client } else { Role::Server }
}
