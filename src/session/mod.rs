//! Streams to exchanges: which connections carry HTTP, and what was said on them.
//!
//! [`Sessions`] takes the chunks of all connections and hands on an [`Exchange`] whenever one ends.
//! What a connection carries is told by its bytes, on any port and from its middle as well as from
//! its start; so is who of its ends is the client.

mod connection;
#[cfg(test)]
mod cuts;
mod desk;
mod http1;
mod sniff;
#[cfg(test)]
mod story;

use std::collections::HashMap;
use std::ops::Add;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::flow::{Chunk, Delivery, Ending, FlowId, Side};
use crate::http::{Exchange, HeaderLines, Masking, Time};
use crate::wire::Endpoint;
use connection::Connection;
use desk::Desk;
use sniff::Expect;

/// Bytes of an error's body that are kept: enough to recognise an error page.
pub const ERROR_PAGE: usize = 4 << 10;

/// Which bodies are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// None.
    Nothing,
    /// The first [`ERROR_PAGE`] bytes of answers with a status from 400 on.
    #[default]
    Errors,
    /// The first so many bytes of every body.
    All(usize),
}

/// The memory that may be taken by what is under way on all connections: unfinished heads, and
/// requests that wait for their responses.
pub const MAX_WEIGHT: usize = 256 << 20;

/// From this weight on, of all connections together, those between two exchanges take little room, at the price of
/// some work for each exchange: that of some 1,250 connections.
const REST_WEIGHT: usize = 1 << 20;

/// So many times that where exchanges are kept: those of a connection share what is said of it until it rests, and
/// each rest is paid with saying it again.
const RESTS_LATER: usize = 4;

/// Connections that carry something else than readable HTTP/1, and carry anything at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// TLS.
    pub tls: u64,
    /// HTTP/2 without TLS.
    pub http2: u64,
    /// Anything else.
    pub other: u64,
}

/// What happened on the way, for the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Exchanges handed on.
    pub exchanges: u64,
    /// Connections that carry something else.
    pub unread: Unread,
    /// Bytes on HTTP connections that belong to no message.
    pub skipped_bytes: u64,
    /// How often exchanges were given up because too many were under way.
    pub given_up: u64,
}

impl Add for Counters {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            exchanges: self.exchanges + other.exchanges,
            unread: Unread {
                tls: self.unread.tls + other.unread.tls,
                http2: self.unread.http2 + other.unread.http2,
                other: self.unread.other + other.unread.other,
            },
            skipped_bytes: self.skipped_bytes + other.skipped_bytes,
            given_up: self.given_up + other.given_up,
        }
    }
}

impl Keep {
    /// How many bytes are kept of a body; `status` is that of the answer that it belongs to.
    #[must_use]
    pub fn bytes(self, status: Option<u16>) -> usize {
        match self {
            Self::All(bytes) => bytes,
            Self::Errors if status.is_some_and(|status| status >= 400) => ERROR_PAGE,
            Self::Errors | Self::Nothing => 0,
        }
    }
}

/// What is said on all connections of one capture.
#[derive(Debug)]
pub struct Sessions {
    connections: HashMap<FlowId, Connection, RandomState>,
    /// The weight of all of them, and how much it may be.
    weight: usize,
    max_weight: usize,
    rest_weight: usize,
    desk: Desk,
}

impl Sessions {
    /// `source` is what the exchanges will name as theirs.
    #[must_use]
    pub fn new(source: Arc<str>) -> Self {
        let (max_weight, rest_weight) = (MAX_WEIGHT, REST_WEIGHT);
        Self { connections: HashMap::default(), weight: 0, max_weight, rest_weight, desk: Desk::new(source) }
    }

    /// Keeps these bodies.
    #[must_use]
    pub fn keeping(mut self, keep: Keep) -> Self {
        self.desk.keep = keep;
        self
    }

    /// Keeps what comes up in many heads once, for exchanges that are kept, many of them at once; and with a
    /// `masking` no secrets.
    #[must_use]
    pub fn sharing(mut self, masking: Option<Masking>) -> Self {
        self.desk.lines = HeaderLines::shared().masking(masking);
        self.rest_weight *= RESTS_LATER;
        self
    }

    /// These are only some of the connections of a capture, which has so many such parts: they share the
    /// memory that may be taken.
    #[must_use]
    pub fn one_of(mut self, parts: usize) -> Self {
        self.max_weight /= parts.max(1);
        self.rest_weight /= parts.max(1);
        self
    }

    /// Takes the next chunk, and hands on the exchanges that end with it.
    pub fn push(&mut self, delivery: &Delivery<'_>, sink: &mut impl FnMut(Exchange)) {
        match delivery.chunk {
            Chunk::End(how) => self.end(delivery, how),
            Chunk::Data(_) | Chunk::Gap { .. } => self.hear(delivery),
        }
        self.desk.ready.drain(..).for_each(sink);
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.desk.counters
    }

    /// When each request came that is still without its answer, in no order.
    pub fn waiting(&self) -> impl Iterator<Item = Time> {
        self.connections.values().flat_map(Connection::waiting)
    }

    fn hear(&mut self, delivery: &Delivery<'_>) {
        let Delivery { flow, side, stamp, .. } = *delivery;
        let connection = self.connections.entry(flow).or_insert_with(|| {
            let expect = if delivery.from_start { Expect::Start } else { Expect::Anything };
            let connection = Connection::new(flow.0, addresses(delivery), expect);
            self.weight += connection.weight();
            connection
        });
        let others = self.weight - connection.weight();
        connection.wake(flow.0, addresses(delivery));
        match delivery.chunk {
            Chunk::Data(bytes) => connection.data(side, bytes, stamp, &mut self.desk),
            Chunk::Gap { len, cut } => connection.gap(side, len, cut, stamp, &mut self.desk),
            Chunk::End(_) => {}
        }
        let mut weight = connection.weight();
        if others + weight > self.max_weight {
            connection.shed(&mut self.desk);
            weight = connection.weight();
        }
        if others + weight > self.rest_weight {
            connection.rest();
            weight = connection.weight();
        }
        self.weight = others + weight;
    }

    fn end(&mut self, delivery: &Delivery<'_>, how: Ending) {
        let Some(connection) = self.connections.get_mut(&delivery.flow) else { return };
        let others = self.weight - connection.weight();
        connection.wake(delivery.flow.0, addresses(delivery));
        let both = connection.end(delivery.side, how, delivery.stamp, &mut self.desk);
        self.weight = others + connection.weight();
        if both {
            self.weight = others;
            self.connections.remove(&delivery.flow);
        }
    }
}

/// The addresses of side A and of side B.
fn addresses(delivery: &Delivery<'_>) -> [Endpoint; 2] {
    match delivery.side {
        Side::A => [delivery.source, delivery.destination],
        Side::B => [delivery.destination, delivery.source],
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use super::story::{briefs, read, read_packets};
    use super::*;
    use crate::flow::story::{Story, Who};
    use crate::http::{State, Vantage};

    fn unread(story: &Story) -> Unread {
        let (exchanges, counters) = read_packets(&story.packets());
        assert_eq!(exchanges, []);
        counters.unread
    }

    /// What one side sent, as if nothing of the other had been captured.
    fn only(mut story: Story, who: Who) -> Story {
        story.sent.retain(|packet| packet.who == who);
        story
    }

    #[test]
    fn a_capture_that_begins_in_a_body_joins_its_end_to_no_method() {
        for end in ["abc123", "o"] {
            let mut story = Story::new();
            story.client(end).server("HTTP/1.1 204 No Content\r\n\r\n");
            story
                .client("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n")
                .server("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n");
            let told = read(&story);
            assert_eq!(briefs(&told), [("-", 204, State::NoRequest), ("/a", 404, State::Complete)], "{end}");
            // The byte of a keep-alive probe is followed by no answer.
            story.sent.remove(1);
            let told = read(&story);
            assert!(briefs(&told).iter().any(|told| told.0 == "/a"), "{told:#?}");
        }
    }

    #[test]
    fn secrets_are_kept_neither_of_heads_nor_of_trailers() {
        let masking =
            Masking { is_secret: |name| name.eq_ignore_ascii_case("set-cookie"), masked: |_, _| "masked".into() };
        let mut story = Story::opened();
        story.client("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").server(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: b=2\r\n\r\n",
        );
        let (mut flows, mut exchanges) = (crate::flow::Flows::default(), Vec::new());
        let mut sessions = Sessions::new("story".into()).sharing(Some(masking));
        for packet in &story.packets() {
            flows.push(&packet.segment(), packet.stamp, &mut |delivery| {
                sessions.push(delivery, &mut |exchange| exchanges.push(exchange));
            });
        }
        let response = exchanges[0].response.as_ref().unwrap();
        let kept = [response.headers.first("set-cookie"), response.body.trailers().first("set-cookie")];
        assert_eq!(kept, [Some("masked"); 2]);
    }

    #[test]
    fn a_connection_between_two_exchanges_takes_little_room() {
        let mut story = Story::opened();
        for target in ["/a", "/b"] {
            story.client(format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n"));
            story.server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
        let mut flows = crate::flow::Flows::default();
        let mut sessions = Sessions { rest_weight: 0, ..Sessions::new("story".into()) };
        let mut weights = Vec::new();
        for packet in story.packets() {
            flows.push(&packet.segment(), packet.stamp, &mut |delivery| {
                sessions.push(delivery, &mut |_| {});
                weights.push(sessions.weight);
            });
        }
        let [asked, answered, asked_again, answered_again] = weights[..] else { panic!("{weights:?}") };
        let alone = 2 * size_of::<Connection>();
        assert_eq!((answered, answered_again), (alone, alone));
        assert!(asked > alone + size_of::<http1::Http1>() && asked_again == asked);
    }

    #[test]
    fn a_load_balancer_may_say_first_for_whom_it_connects() {
        let binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\0\x01\x05\x0a\0\x02\x09\xa0\x3e\x1f\x40";
        for header in [b"PROXY TCP4 10.0.1.5 10.0.2.9 41022 8000\r\n".as_slice(), binary] {
            let request = b"LINK /a HTTP/1.1\r\nHost: a.example\r\n\r\n";
            let (mut together, mut apart) = (Story::opened(), Story::opened());
            together.client([header, request].concat()).server("HTTP/1.1 204 No Content\r\n\r\n");
            apart.client(header).client(request).server("HTTP/1.1 204 No Content\r\n\r\n");
            // However it is cut, and where the beginning of the connection was not captured.
            let mut in_pieces = Story::opened();
            for piece in [header, request].concat().chunks(3) {
                in_pieces.client(piece);
            }
            in_pieces.server("HTTP/1.1 204 No Content\r\n\r\n");
            let mut in_the_middle = together.clone();
            in_the_middle.sent.drain(..2);
            for story in [together, apart, in_pieces, in_the_middle] {
                let (told, counters) = read_packets(&story.packets());
                assert_eq!(briefs(&told), [("/a", 204, State::Complete)]);
                assert_eq!((counters.unread, counters.skipped_bytes), (Unread::default(), 0));
            }
        }
    }

    #[test]
    fn what_only_begins_like_the_header_of_a_load_balancer_is_kept() {
        for start in ["\r\n\r\nPOST", "PROXY", "P", "\r", "PROXYFIND"] {
            let request = format!("{start} /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
            let request = if start == "\r" || start == "P" { request.replacen(' ', "OST ", 1) } else { request };
            let request = if start == "\r" { request.replacen('\r', "\r\nP", 1) } else { request };
            let mut story = Story::opened();
            for piece in request.as_bytes().chunks(1) {
                story.client(piece);
            }
            story.server("HTTP/1.1 204 No Content\r\n\r\n");
            let (told, _) = read_packets(&story.packets());
            assert_eq!(briefs(&told), [("/a", 204, State::Complete)], "{request:?}");
        }
    }

    #[test]
    fn an_answer_to_a_head_that_was_not_seen_ends_where_the_next_begins() {
        let mut story = Story::opened();
        story.client("HEAD /a HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n");
        story.client("GET /b HTTP/1.1\r\n\r\n").server("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n");
        story.fin(Who::Server);
        let mut told: Vec<u16> = Vec::new();
        let read = read(&only(story, Who::Server));
        told.extend(briefs(&read).iter().map(|brief| brief.1));
        assert_eq!(told, [200, 404]);
    }

    #[test]
    fn an_exchange_says_where_it_comes_from() {
        let mut story = Story::opened();
        story.client("GET /a HTTP/1.1\r\nHost: a.example\r\n").client("X-Forwarded-Proto: https\r\n\r\n");
        story.server("HTTP/1.1 307 Temporary Redirect\r\nlocation: /b\r\ncontent-length: 2\r\n\r\n").server("ok");
        let read = read(&story);
        let [exchange] = &read[..] else { panic!("{read:#?}") };
        assert_eq!((&*exchange.id, &*exchange.source, &*exchange.protocol), ("0.0", "story", "HTTP/1.1"));
        assert_eq!(exchange.client, "10.0.1.5:41022".parse().ok());
        assert_eq!(exchange.server, "10.0.2.9:8000".parse().ok());
        assert_eq!((exchange.vantage, exchange.url()), (Vantage::Backend, Some("https://a.example/a")));
        let frames = (exchange.frames.request().unwrap(), exchange.frames.response().unwrap());
        assert_eq!((frames.0.first, frames.0.last, frames.1.first, frames.1.last), (4, 5, 6, 7));
        let request = exchange.request.as_ref().unwrap();
        assert_eq!(request.time.to_string(), "1970-01-01T00:00:00.004000Z");
        assert_eq!(request.end_time.unwrap().to_string(), "1970-01-01T00:00:00.005000Z");
        let response = exchange.response.as_ref().unwrap();
        assert_eq!((response.status, &*response.reason), (307, "Temporary Redirect"));
        assert_eq!((response.body.bytes, response.body.kept()), (2, &b"ok"[..]));
        assert_eq!((exchange.state, exchange.end), (State::Complete, crate::http::End::Complete));
        assert!(exchange.warnings.is_empty());
    }

    #[test]
    fn who_asks_is_the_client_whoever_was_seen_first() {
        let mut story = Story::new();
        story.server("rest of a body").client("GET /a HTTP/1.1\r\n\r\n").server("HTTP/1.1 204 No Content\r\n\r\n");
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 204, State::Complete)]);
        assert_eq!(read[0].client, "10.0.1.5:41022".parse().ok());
    }

    #[test]
    fn empty_lines_before_the_first_request_are_passed_over() {
        let request = "GET /a HTTP/1.1\r\n\r\n";
        for pieces in
            [&["\r\nGET /a HTTP/1.1\r\n\r\n"][..], &["\r\n", request], &["\r\n\r\nGE", "T /a HTTP/1.1\r\n\r\n"]]
        {
            let mut story = Story::opened();
            for piece in pieces {
                story.client(piece);
            }
            story.server("\r\nHTTP/1.1 204 No Content\r\n\r\n");
            assert_eq!(briefs(&read(&story)), [("/a", 204, State::Complete)], "{pieces:?}");
        }
    }

    #[test]
    fn other_protocols_are_counted_once_by_kind() {
        let none = Unread::default();
        let mut story = Story::opened();
        assert_eq!(unread(&story), none);
        story.client([0x16, 3, 1, 0, 200, 1, 0]).server([0x16, 3, 3, 0, 90, 2]);
        assert_eq!(unread(&story), Unread { tls: 1, ..none });
        let mut story = Story::opened();
        story.client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        assert_eq!(unread(&story), Unread { http2: 1, ..none });
        let mut story = Story::opened();
        story.server("SSH-2.0-OpenSSH\r\n").client("SSH-2.0-other\r\n");
        assert_eq!(unread(&story), Unread { other: 1, ..none });
        let mut story = Story::opened();
        story.client("GE");
        assert_eq!(unread(&story), Unread { other: 1, ..none });
    }

    #[test]
    fn http_may_come_late() {
        let mut story = Story::opened();
        story.client("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n").client("GET /a HTTP/1.1\r\n\r\n");
        story.server("HTTP/1.1 204 No Content\r\n\r\n");
        let (read, counters) = read_packets(&story.packets());
        assert_eq!(briefs(&read), [("/a", 204, State::Complete)]);
        assert_eq!(counters.unread, Unread::default());
    }

    #[test]
    fn a_tunnel_is_no_http_but_is_told() {
        let mut story = Story::opened();
        story.client("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").server("HTTP/1.1 200 OK\r\n\r\n");
        story.client([0x16, 3, 1, 0, 200, 1, 0]).server("HTTP/1.1 200 OK\r\n\r\n");
        let (read, counters) = read_packets(&story.packets());
        assert_eq!(briefs(&read), [("a:443", 200, State::Complete)]);
        assert_eq!(counters.unread, Unread { tls: 1, ..Unread::default() });
    }

    #[test]
    fn what_is_under_way_is_bounded() {
        let mut flows = crate::flow::Flows::default();
        let mut sessions = Sessions::new("story".into());
        let (mut heaviest, ports) = (0, 1..2000);
        // What a connection takes by itself, less than 1 KB, cannot be given up.
        let most = MAX_WEIGHT + ports.len() * 1024;
        for port in ports {
            let mut story = Story::new().again(port, 7);
            story.client(["POST / HTTP/1.1\r\nA: ", &"x".repeat(60_000)].concat());
            story.client("x".repeat(60_000)).client("x".repeat(60_000)).ack(Who::Server);
            for packet in story.packets() {
                flows.push(&packet.segment(), packet.stamp, &mut |delivery| sessions.push(delivery, &mut |_| {}));
                heaviest = heaviest.max(sessions.weight);
            }
        }
        assert!(sessions.counters().given_up > 0);
        assert!(heaviest <= most && heaviest > MAX_WEIGHT / 2, "{heaviest}");
    }

    #[test]
    fn a_message_weighs_what_it_takes() {
        let mut flows = crate::flow::Flows::default();
        let mut sessions = Sessions::new("story".into());
        let mut story = Story::opened();
        story.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n").server("HTTP/1.1 100 C\r\n\r\n".repeat(100));
        story.server(["HTTP/1.1 200 OK\r\n", &"A:\r\n".repeat(100), "\r\n"].concat());
        for packet in story.packets() {
            flows.push(&packet.segment(), packet.stamp, &mut |delivery| sessions.push(delivery, &mut |_| {}));
        }
        let taken = 100 * size_of::<crate::http::Response>() + 100 * ("A: \r\n".len() + size_of::<u32>());
        assert!(sessions.weight > taken, "{} for {taken}", sessions.weight);
    }
}
