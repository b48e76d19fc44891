//! However the network cuts the bytes, the exchanges are the same; whatever it loses, none of them
//! claims to be whole and is another.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use proptest::prelude::*;

use super::story::{read, read_packets};
use crate::flow::story::{Sent, Story, Who, numbered};
use crate::http::{Exchange, Frames, Request, Response, State, Time};

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

fn bursts(longest: usize) -> impl Strategy<Value = Vec<Burst>> {
    proptest::collection::vec(proptest::collection::vec((question(), answer()), 1..=longest), 1..5)
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
            interim: exchange.interim.into_iter().map(timeless).collect(),
            response: exchange.response.map(timeless),
            ..exchange
        })
        .collect()
}

proptest! {
    #[test]
    fn however_the_network_cuts_the_bytes_the_exchanges_are_the_same(bursts in bursts(3), fates in fates()) {
        let story = told(&bursts);
        let plain = essence(read(&story));
        prop_assert_eq!(plain.len(), bursts.iter().map(Vec::len).sum::<usize>());
        prop_assert!(plain.iter().all(|exchange| exchange.state == State::Complete && exchange.warnings.is_empty()));
        let (troubled, _) = read_packets(&troubled(&story, &fates, false));
        prop_assert_eq!(essence(troubled), plain);
    }

    #[test]
    fn byte_by_byte_is_the_same_as_whole(bursts in bursts(2)) {
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
    fn what_is_lost_makes_no_other_exchange(bursts in bursts(3), fates in fates()) {
        let story = told(&bursts);
        let plain = essence(read(&story));
        let (troubled, _) = read_packets(&troubled(&story, &fates, true));
        for exchange in essence(troubled) {
            if exchange.state == State::Complete {
                let same = plain.iter().any(|plain| {
                    (&plain.request, &plain.response) == (&exchange.request, &exchange.response)
                });
                prop_assert!(same, "{:#?}", exchange);
            }
            // Every request was answered: of none may be said that it was not, unless its answer is
            // among the last, where nothing shows that there was one.
            let target = exchange.request.as_ref().map_or("", |request| request.target.trim_start_matches('/'));
            let is_last = target.parse().is_ok_and(|number: usize| number >= plain.len() - bursts.last().map_or(0, Vec::len));
            prop_assert!(exchange.state != State::NoResponse || is_last, "{:#?}", exchange);
        }
    }

    #[test]
    fn any_bytes_are_read(said in proptest::collection::vec((any::<bool>(), noise(), 0..30_u32), 0..20)) {
        let mut story = Story::opened();
        for (client, bytes, cut) in said {
            let who = if client { Who::Client } else { Who::Server };
            story.send(who, crate::wire::Flags::default(), &bytes);
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
