//! However the network cuts the bytes, the exchanges are the same; whatever it loses, none of them
//! claims to be whole and is another.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use proptest::prelude::*;

use super::story::{read, read_packets};
use crate::flow::story::{Sent, Story, Who, numbered};
use crate::http::{Exchange, Extra, Frames, Request, Response, State, Time};
use crate::wire::Flags;

/// What a server answers to one request, by how the body is framed.
#[derive(Clone, Debug)]
enum Answer {
    Length(Vec<u8>),
    Chunks(Vec<Vec<u8>>, bool),
    Empty(u16),
    AfterContinue(Vec<u8>),
}

#[derive(Clone, Debug)]
struct Question {
    method: &'static str,
    body: Option<Vec<u8>>,
    chunked: bool,
}

/// Questions that are sent at once, with their answers, and how the connection goes on.
type Burst = Vec<(Question, Answer)>;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        Just(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        Just(b"GET / HTTP/1.1\r\n\r\n\0".to_vec()),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let method = proptest::sample::select(vec!["GET", "HEAD", "POST", "OPTIONS", "DELETE"]);
    (method, proptest::option::of(bytes()), any::<bool>()).prop_map(|(method, body, chunked)| {
        let body = body.filter(|_| method != "GET" && method != "HEAD");
        Question { method, body, chunked }
    })
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        bytes().prop_map(Answer::Length),
        (proptest::collection::vec(bytes(), 0..4), any::<bool>())
            .prop_map(|(chunks, trailer)| Answer::Chunks(chunks, trailer)),
        proptest::sample::select(vec![204, 304]).prop_map(Answer::Empty),
        bytes().prop_map(Answer::AfterContinue),
    ]
}

fn bursts(longest: usize, most: usize) -> impl Strategy<Value = Vec<Burst>> {
    proptest::collection::vec(proptest::collection::vec((question(), answer()), 1..=longest), 1..=most)
}

/// The packets in words.
fn listed(packets: &[Sent]) -> String {
    let line = |packet: &Sent| {
        let text: String = String::from_utf8_lossy(&packet.payload).chars().take(60).collect();
        let Sent { who, sequence, ack, flags, cut_off, stamp, .. } = packet;
        let flags = [(flags.syn, "S"), (flags.fin, "F"), (flags.rst, "R")]
            .map(|(is, flag)| if is { flag } else { "" })
            .concat();
        format!(
            "{:3} {who:?} {flags} {sequence} +{} cut {cut_off} ack {ack:?} {text:?}\n",
            stamp.frame,
            packet.payload.len()
        )
    };
    packets.iter().map(line).collect()
}

fn chunked(chunks: &[Vec<u8>], trailer: bool) -> Vec<u8> {
    let mut coded = Vec::new();
    for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
        coded.extend(format!("{:x};a=b\r\n", chunk.len()).into_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(if trailer { b"0\r\nX-Trailer: 1\r\n\r\n" } else { b"0\r\n\r\n" });
    coded
}

fn asked(number: usize, question: &Question) -> Vec<u8> {
    let mut head = format!("{} /{number} HTTP/1.1\r\nHost: a.example\r\nX-Number: {number}\r\n", question.method);
    let Some(body) = &question.body else { return (head + "\r\n").into_bytes() };
    if question.chunked {
        head += "Transfer-Encoding: chunked\r\n\r\n";
        return [head.into_bytes(), chunked(&[body.clone(), body.clone()], false)].concat();
    }
    [head.into_bytes(), format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes(), body.clone()].concat()
}

fn answered(number: usize, method: &str, answer: &Answer) -> Vec<u8> {
    let head =
        |status: u16, fields: &str| format!("HTTP/1.1 {status} R\r\nX-Number: {number}\r\n{fields}\r\n").into_bytes();
    let with_length = |body: &[u8]| {
        let head = head(200, &format!("Content-Length: {}\r\n", body.len()));
        if method == "HEAD" { head } else { [head, body.to_vec()].concat() }
    };
    match answer {
        Answer::Length(body) => with_length(body),
        Answer::Empty(status) => head(*status, ""),
        Answer::AfterContinue(body) => [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), with_length(body)].concat(),
        Answer::Chunks(chunks, trailer) => {
            let head = head(200, "Transfer-Encoding: chunked\r\n");
            if method == "HEAD" { head } else { [head, chunked(chunks, *trailer)].concat() }
        }
    }
}

/// One connection on which the bursts are said one after the other.
fn told(bursts: &[Burst]) -> Story {
    let mut story = Story::opened();
    let mut number = 0;
    for burst in bursts {
        let numbered: Vec<_> = (number..).zip(burst).collect();
        number += burst.len();
        for (number, (question, _)) in &numbered {
            story.client(asked(*number, question));
        }
        for (number, (question, answer)) in &numbered {
            story.server(answered(*number, question.method, answer));
        }
        story.ack(Who::Client);
    }
    story.fin(Who::Client).fin(Who::Server).ack(Who::Client);
    story
}

/// The same on a connection whose ends acknowledge every packet by itself.
fn acknowledged(story: &Story) -> Story {
    let mut all = story.clone();
    all.sent.clear();
    for (index, packet) in story.sent.iter().enumerate() {
        all.sent.push(packet.clone());
        let next = story.sent.get(index + 1);
        if index > 2 && next.is_some_and(|next| next.who == packet.who) {
            all.sent.push(ack_of(packet));
        }
    }
    all
}

/// The acknowledgement of one packet, by the other end.
fn ack_of(packet: &Sent) -> Sent {
    let who = if packet.who == Who::Client { Who::Server } else { Who::Client };
    let len = u32::try_from(packet.payload.len()).unwrap() + u32::from(packet.flags.fin);
    let (sequence, ack) = (packet.ack.unwrap(), Some(packet.sequence.wrapping_add(len)));
    Sent { who, sequence, ack, flags: Flags::default(), payload: Vec::new(), ..packet.clone() }
}

/// Which part of what was captured is there: from which packet on, and of whom.
#[derive(Clone, Debug)]
struct Vantage {
    from: usize,
    only: Option<Who>,
}

fn vantage() -> impl Strategy<Value = Vantage> {
    let from = prop_oneof![Just(0), 0..12_usize];
    let only = proptest::sample::select(vec![None, None, None, Some(Who::Client), Some(Who::Server)]);
    (from, only).prop_map(|(from, only)| Vantage { from, only })
}

/// Whether it is part of a body that resembles a message: who sees the body from its midst cannot tell.
fn is_imitation(exchange: &Exchange) -> bool {
    let request = exchange.request.as_ref().map(|request| &request.headers);
    let response = exchange.response.as_ref().map(|response| &response.headers);
    request.into_iter().chain(response).any(|headers| !headers.has("x-number"))
}

/// Nothing is pipelined where the beginning is missing: what came before could not be known of.
fn seen_bursts() -> impl Strategy<Value = (Vantage, Vec<Burst>)> {
    vantage().prop_flat_map(|vantage| {
        let longest = if vantage.from == 0 { 3 } else { 1 };
        (Just(vantage), bursts(longest, 12))
    })
}

fn seen_from(vantage: &Vantage, packets: Vec<Sent>) -> Vec<Sent> {
    let of_side = |packet: &Sent| vantage.only.is_none_or(|who| packet.who == who);
    numbered(packets.into_iter().skip(vantage.from).filter(of_side).collect())
}

/// What happens to one packet on its way into the capture.
#[derive(Clone, Copy, Debug)]
struct Fate {
    split: usize,
    repeated: bool,
    late_by: usize,
    lost: bool,
    cut: bool,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let rare = proptest::bool::weighted(0.15);
    let fate = (0..120_usize, rare, 0..4_usize, rare, proptest::bool::weighted(0.05))
        .prop_map(|(split, repeated, late_by, lost, cut)| Fate { split, repeated, late_by, lost, cut });
    proptest::collection::vec(fate, 60)
}

/// Cuts, repeats and delays the packets behind the handshake, and loses some.
fn troubled(story: &Story, fates: &[Fate], with_loss: bool) -> Vec<Sent> {
    let mut fates = fates.iter().cycle();
    let mut placed = Vec::new();
    for (index, packet) in story.packets().into_iter().enumerate() {
        let Some(fate) = fates.next().filter(|_| index > 2) else { continue };
        let [first, rest] = packet.split(fate.split);
        for (part, fate) in [first, rest].into_iter().zip(fates.by_ref()) {
            if with_loss && fate.lost {
                continue;
            }
            let part = if with_loss && fate.cut { cut_short(part) } else { part };
            let at = placed.len() + fate.late_by;
            placed.push((at, part.clone()));
            if fate.repeated {
                placed.push((at + 1, part));
            }
        }
    }
    placed.sort_by_key(|(at, _)| *at);
    let handshake = story.packets().into_iter().take(3);
    numbered(handshake.chain(placed.into_iter().map(|(_, packet)| packet)).collect())
}

fn cut_short(mut packet: Sent) -> Sent {
    let kept = packet.payload.len() / 2;
    packet.cut_off = u32::try_from(packet.payload.len() - kept).unwrap();
    packet.payload.truncate(kept);
    packet
}

/// The exchanges without what depends on the packets alone.
fn essence(exchanges: Vec<Exchange>) -> Vec<Exchange> {
    let time = Time::from_nanoseconds(0, 0);
    let timeless = |response: Response| Response { time, end_time: None, ..response };
    exchanges
        .into_iter()
        .map(|exchange| Exchange {
            frames: Frames::default(),
            request: exchange.request.map(|request| Request { time, end_time: None, ..request }),
            response: exchange.response.map(timeless),
            extras: Extra {
                interim: exchange.extras.interim.iter().cloned().map(timeless).collect(),
                ..Extra::clone(&exchange.extras)
            }
            .into(),
            ..exchange
        })
        .collect()
}

proptest! {
    #[test]
    fn however_the_network_cuts_the_bytes_the_exchanges_are_the_same(bursts in bursts(3, 4), fates in fates()) {
        let story = told(&bursts);
        let plain = essence(read(&story));
        prop_assert_eq!(plain.len(), bursts.iter().map(Vec::len).sum::<usize>());
        prop_assert!(plain.iter().all(|exchange| exchange.state == State::Complete && exchange.warnings.is_empty()));
        let (troubled, _) = read_packets(&troubled(&story, &fates, false));
        prop_assert_eq!(essence(troubled), plain);
    }

    #[test]
    fn byte_by_byte_is_the_same_as_whole(bursts in bursts(2, 4)) {
        let story = told(&bursts);
        let mut packets = Vec::new();
        for packet in story.packets() {
            let mut rest = packet;
            while rest.payload.len() > 1 {
                let [first, second] = rest.split(1);
                packets.push(first);
                rest = second;
            }
            packets.push(rest);
        }
        prop_assert_eq!(essence(read_packets(&numbered(packets)).0), essence(read(&story)));
    }

    #[test]
    fn wherever_it_was_captured_nothing_claims_to_be_whole_and_is_another(
        (vantage, bursts) in seen_bursts(), fates in fates(), with_acks in any::<bool>(),
    ) {
        let story = told(&bursts);
        let plain = essence(read(&story));
        let story = if with_acks { acknowledged(&story) } else { story };
        let packets = seen_from(&vantage, troubled(&story, &fates, true));
        let exchanges = essence(read_packets(&packets).0);
        for exchange in exchanges.iter().filter(|exchange| vantage.from == 0 || !is_imitation(exchange)) {
            if exchange.state == State::Complete {
                let same = plain.iter().any(|plain| {
                    (&plain.request, &plain.response) == (&exchange.request, &exchange.response)
                });
                prop_assert!(same, "{:#?}\n{}", exchange, listed(&packets));
            }
            // Every request was answered: of none may be said that it was not, unless its answer is
            // among the last, where nothing shows that there was one.
            let target = exchange.request.as_ref().map_or("", |request| request.target.trim_start_matches('/'));
            let is_last = target.parse().is_ok_and(|number: usize| number >= plain.len() - bursts.last().map_or(0, Vec::len));
            prop_assert!(exchange.state != State::NoResponse || is_last, "{:#?}\n{}", exchange, listed(&packets));
        }
    }

    #[test]
    fn a_capture_that_begins_later_has_all_that_comes_later(
        mut bursts in bursts(1, 5), splits in proptest::collection::vec(0..120_usize, 1..9), from in 3..20_usize,
    ) {
        // Of an answer to a HEAD that was not seen it cannot be told whether a body is to come.
        bursts.iter_mut().flatten().filter(|(question, _)| question.method == "HEAD").for_each(|told| told.0.method = "GET");
        let packets = acknowledged(&told(&bursts)).packets();
        let split = packets.into_iter().zip(splits.iter().cycle()).flat_map(|(packet, at)| packet.split(*at));
        let packets = numbered(split.skip(from).collect());
        // Whoever sees a body that resembles a message from its midst cannot tell.
        let imitates = |packet: &Sent| packet.payload.starts_with(b"GET / ") || packet.payload.starts_with(b"HTTP/1.1 200 OK");
        prop_assume!(!packets.iter().any(imitates));
        let first = (0..bursts.len()).find(|number| {
            let start = format!(" /{number} ");
            packets.iter().any(|packet| String::from_utf8_lossy(&packet.payload).contains(&start))
        });
        let read = read_packets(&packets).0;
        // The method of the first may be in the packet before.
        for number in first.map_or(0..0, |first| first + 1..bursts.len()) {
            let target = format!("/{number}");
            let is_whole = |exchange: &&Exchange| {
                let numbers = [
                    exchange.request.as_ref().map(|request| request.headers.first("x-number")),
                    exchange.response.as_ref().map(|response| response.headers.first("x-number")),
                ];
                exchange.state == State::Complete && numbers == [Some(target.get(1..)); 2]
            };
            prop_assert!(read.iter().any(|exchange| is_whole(&exchange)), "{number} {read:#?} {}", listed(&packets));
        }
    }

    #[test]
    fn any_bytes_are_read(said in proptest::collection::vec((any::<bool>(), noise(), 0..30_u32), 0..20)) {
        let mut story = Story::opened();
        for (client, bytes, cut) in said {
            let who = if client { Who::Client } else { Who::Server };
            story.send(who, Flags::default(), &bytes);
            if cut == 0 {
                story.lost();
            } else if cut < 6 && bytes.len() > 6 {
                story.cut(cut);
            }
        }
        let _ = read(&story);
    }
}

/// Bytes that resemble HTTP.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let pieces = [
        "GET ",
        "/ ",
        "HTTP/1.1",
        "\r\n",
        "\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 \r\n\r\n",
        "Content-Length: 3\r\n",
        "\r\n\r\n",
        "Transfer-Encoding: chunked\r\n",
        "3\r\nabc\r\n",
        "0\r\n\r\n",
        "POST / HTTP/1.1\r\n",
        "CONNECT a:1 HTTP/1.1\r\n",
        "\r",
        " x",
        ":",
        "\0\u{ff}",
        "HTTP/1.1 101 S\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "ffffffffffffffff\r\n",
        "Content-Length: 99999999999999999999\r\n",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..8)
        .prop_map(|pieces| pieces.concat().into_bytes())
}
