//! What the fuzz targets do with their input. `tests/fuzz_corpus.rs` does the same with what they
//! have found, in every run of the tests.
//!
//! None may panic, and each holds a property besides: what is read does not depend on the pieces
//! in which the input comes, what is written is read back equal, nothing from the wire reaches a
//! terminal as it stands.
#![allow(dead_code, reason = "each target uses its own")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a fuzz target shall fail"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use corscope::analyzer::{Glances, Keep, Options, Part, Read, SourceKind, SourceSummary, Unread, analyze};
use corscope::flow::{Chunk, Flows, Stamp};
use corscope::http::{Exchange, Frames, State, Time};
use corscope::import::exchange_file::{Bodies, Importer, LineError, Writer};
use corscope::report::{Charset, Layout, WIDEST, json, markdown, redacted, text};
use corscope::session::{Counters, Sessions};
use corscope::wire::capture::{Detected, Reader, Warning, detect};
use corscope::wire::http1::{request_line, split_line, status_line};
use corscope::wire::link::{Decoded, decode};
use corscope::wire::{Endpoint, Flags, LinkType, Moment, Packet, Segment};

/// A capture file, whole and in pieces: the packets and the damage are the same.
pub(crate) fn capture(input: &[u8]) {
    let step = usize::from(input.last().copied().unwrap_or_default()) + 1;
    assert_eq!(packets(input, input.len().max(1)), packets(input, step));
}

/// A packet behind its link type and how much more of it there was: a segment holds no more bytes
/// than its packet, and claims no more than an IP packet can hold.
pub(crate) fn link(input: &[u8]) {
    let [low, high, missing, data @ ..] = input else { return };
    let link = LinkType(u16::from_le_bytes([*low, *high]));
    let original_len = u32::try_from(data.len()).unwrap() + u32::from(*missing);
    let packet = Packet { number: 1, time: Moment::default(), link, data, original_len };
    let check = |decoded: Decoded<'_>| {
        let Decoded::Tcp(segment) = decoded else { return };
        let longest = data.len().max(usize::from(u16::MAX)) + usize::from(*missing);
        assert!(segment.payload.len() <= data.len(), "{segment:?}");
        assert!(segment.payload.len() + segment.cut_off as usize <= longest, "{segment:?}");
    };
    match decode(&packet) {
        Decoded::Several(aggregate) => aggregate.each(check),
        one => check(one),
    }
}

/// A conversation (see [`Told`]): it is read, every side ends, and where nothing about it was odd,
/// it is read the same byte by byte.
pub(crate) fn streams(input: &[u8]) {
    let segments = told(input);
    let (whole, clean) = heard(&segments);
    let plain = |exchange: &Exchange| exchange.state == State::Complete && exchange.warnings.is_empty();
    let is_plain = clean && whole.iter().all(plain) && segments.iter().all(|segment| segment.in_order);
    if is_plain && begin_as_http(&segments) {
        let (apart, _) = heard(&byte_by_byte(&segments));
        assert_eq!(essence(whole), essence(apart));
    }
}

/// An exchange file, whole and in pieces; what was read is written and read back equal.
pub(crate) fn exchanges(input: &[u8]) {
    let step = usize::from(input.last().copied().unwrap_or_default()) + 1;
    let whole = lines(input, input.len().max(1));
    assert_eq!(whole, lines(input, step));
    for exchange in whole.into_iter().flatten() {
        let mut writer = Writer::new(Bodies::Kept);
        writer.write(&exchange);
        let written = writer.into_lines();
        assert_eq!(lines(written.as_bytes(), written.len()), [Ok(exchange)], "{written}");
    }
}

/// Any file, analysed: the report is JSON, and text that a terminal can be shown.
pub(crate) fn report(input: &[u8]) {
    let path: Arc<str> = "input".into();
    let read = match detect(input) {
        Detected::Pcap | Detected::Pcapng => of_capture(input, &path),
        Detected::NeedMore | Detected::Unknown => of_exchanges(input, &path),
    };
    let analysis = redacted(&analyze(vec![read], &Options::default()));
    serde_json::from_str::<serde_json::Value>(&json(&analysis)).expect("the report is JSON");
    let layout = Layout { width: WIDEST, charset: Charset::Unicode };
    for shown in [text(&analysis, layout, true), text(&analysis, layout, false), markdown(&analysis, true)] {
        assert!(is_harmless(&shown), "{shown:?}");
    }
}

/// A packet that owns its bytes: number, time, link type, bytes, original length.
type Owned = (u64, Moment, LinkType, Vec<u8>, u32);

fn packets(input: &[u8], step: usize) -> Result<(Vec<Owned>, Vec<Warning>), String> {
    let mut reader = Reader::new();
    let mut packets = Vec::new();
    let mut take = |packet: Packet<'_>| {
        packets.push((packet.number, packet.time, packet.link, packet.data.to_vec(), packet.original_len));
    };
    let (mut from, mut to) = (0, 0);
    loop {
        to = input.len().min((from + reader.needs()).max(to + step));
        let at_end = to == input.len();
        from += reader.push(&input[from..to], at_end, &mut take).map_err(|error| error.to_string())?;
        assert!(from <= to);
        if at_end {
            assert_eq!(from, to, "all of it is consumed");
            return Ok((packets, reader.take_warnings()));
        }
    }
}

/// A segment that owns its bytes.
///
/// Written down, a conversation is one segment after the other, with a byte 0xFF between them.
/// A segment is a byte of the flags below, a byte for how far its sequence number is off
/// (with [`Told::SHIFTED`]), one for how many bytes were cut off (with [`Told::CUT`]), its payload.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    server: bool,
    port: u16,
    sequence: u32,
    acknowledgement: u32,
    flags: Flags,
    payload: Vec<u8>,
    cut_off: u32,
    /// It is all there, and what its side sent before it was captured before it.
    in_order: bool,
}

impl Told {
    pub(crate) const SERVER: u8 = 1;
    pub(crate) const SYN: u8 = 2;
    pub(crate) const FIN: u8 = 4;
    pub(crate) const RST: u8 = 8;
    pub(crate) const SHIFTED: u8 = 16;
    pub(crate) const CUT: u8 = 32;
    pub(crate) const OTHER_CONNECTION: u8 = 64;
    pub(crate) const NOT_CAPTURED: u8 = 128;

    /// One byte's worth of offset: small ones exact, large ones up to half of all numbers.
    fn shift(byte: u8) -> u32 {
        let small = i32::from(byte.cast_signed());
        let large = (small.abs() - 63).max(0);
        let shift = if large == 0 { small } else { small.signum() * large.saturating_pow(5) };
        shift.cast_unsigned()
    }
}

fn told(input: &[u8]) -> Vec<Told> {
    // The client's numbers wrap soon.
    let mut next = [[u32::MAX - 60, 7000], [5, 900]];
    let (mut in_order, mut opened) = (true, [false; 2]);
    let mut begun = [[false; 2]; 2];
    let mut segments = Vec::new();
    for piece in input.split(|&byte| byte == 0xFF) {
        let Some((&bits, mut rest)) = piece.split_first() else { continue };
        let has = |bit: u8| bits & bit != 0;
        let mut byte = |wanted: bool| match rest.split_first() {
            Some((&byte, behind)) if wanted => {
                rest = behind;
                byte
            }
            _ => 0,
        };
        let (shift, cut_off) = (Told::shift(byte(has(Told::SHIFTED))), u32::from(byte(has(Told::CUT))));
        let (server, other) = (has(Told::SERVER), has(Told::OTHER_CONNECTION));
        let next = &mut next[usize::from(other)];
        // The first of all answers nothing.
        let ack = !has(Told::SYN) || std::mem::replace(&mut opened[usize::from(other)], true);
        let flags = Flags { syn: has(Told::SYN), ack, fin: has(Told::FIN), rst: has(Told::RST) };
        let len = u32::try_from(rest.len()).unwrap() + cut_off + u32::from(flags.syn) + u32::from(flags.fin);
        let sequence = next[usize::from(server)].wrapping_add(shift);
        if shift == 0 {
            next[usize::from(server)] = sequence.wrapping_add(len);
        }
        // A second connection between the same ports need not begin as the first did.
        in_order &= !std::mem::replace(&mut begun[usize::from(other)][usize::from(server)], true) || !has(Told::SYN);
        // What a reset brings along is nobody's to read.
        in_order &= shift == 0 && cut_off == 0 && !has(Told::NOT_CAPTURED) && !has(Told::RST);
        if !has(Told::NOT_CAPTURED) {
            let acknowledgement = next[usize::from(!server)];
            let port = 41_022 + u16::from(other);
            let payload = rest.to_vec();
            segments.push(Told { server, port, sequence, acknowledgement, flags, payload, cut_off, in_order });
        }
    }
    segments
}

fn byte_by_byte(segments: &[Told]) -> Vec<Told> {
    let mut apart = Vec::new();
    for segment in segments {
        let last = segment.payload.len().saturating_sub(1);
        for (at, byte) in (0..last).zip(&segment.payload) {
            let syn = segment.flags.syn && at == 0;
            let before = u32::try_from(at).unwrap() + u32::from(segment.flags.syn && at > 0);
            // Before the other side was heard there is nothing to acknowledge.
            let flags = Flags { syn, ack: segment.flags.ack, ..Flags::default() };
            let sequence = segment.sequence.wrapping_add(before);
            apart.push(Told { sequence, flags, payload: vec![*byte], cut_off: 0, ..segment.clone() });
        }
        let syn = segment.flags.syn && last == 0;
        let before = u32::try_from(last).unwrap() + u32::from(segment.flags.syn && last > 0);
        let sequence = segment.sequence.wrapping_add(before);
        let flags = Flags { syn, ..segment.flags };
        apart.push(Told { sequence, flags, payload: segment.payload[last..].to_vec(), ..segment.clone() });
    }
    apart
}

/// Whether each side of each connection begins with a message, so that nothing has to be looked for.
fn begin_as_http(segments: &[Told]) -> bool {
    let mut sides: BTreeMap<(u16, bool), Vec<u8>> = BTreeMap::new();
    for segment in segments {
        sides.entry((segment.port, segment.server)).or_default().extend(&segment.payload);
    }
    sides.into_iter().all(|((_, server), bytes)| {
        let line = split_line(&bytes).0;
        let asked = || request_line(line).filter(|it| !it.target.contains(&b' '));
        let version = if server { status_line(line).map(|it| it.version) } else { asked().map(|it| it.version) };
        // A line with anything odd in it is read where nothing else is expected, and begins nothing.
        let is_odd = line.first().is_some_and(u8::is_ascii_whitespace) || line.iter().any(u8::is_ascii_control);
        bytes.is_empty() || !is_odd && version.is_some_and(|version| version.starts_with(b"HTTP/1."))
    })
}

/// The exchanges, and whether nothing was lost, skipped or left unread on the way.
fn heard(segments: &[Told]) -> (Vec<Exchange>, bool) {
    let mut flows = Flows::default();
    let mut sessions = Sessions::new("told".into()).keeping(Keep::All(64));
    let (mut exchanges, mut ended) = (Vec::new(), 0);
    for (segment, frame) in segments.iter().zip(1..) {
        let client = Endpoint { address: [10, 0, 1, 5].into(), port: segment.port };
        let server = Endpoint { address: [10, 0, 2, 9].into(), port: 8000 };
        let (source, destination) = if segment.server { (server, client) } else { (client, server) };
        let segment = Segment {
            source,
            destination,
            sequence: segment.sequence,
            acknowledgement: segment.acknowledgement,
            flags: segment.flags,
            payload: &segment.payload,
            cut_off: segment.cut_off,
            fingerprint: u32::try_from(frame).unwrap_or_default(),
        };
        let stamp = Stamp { frame, time: Moment::from_nanoseconds(i128::from(frame) * 1_000_000, 6) };
        flows.push(&segment, stamp, &mut |delivery| {
            ended += u64::from(matches!(delivery.chunk, Chunk::End(_)));
            sessions.push(delivery, &mut |exchange| exchanges.push(exchange));
        });
    }
    flows.finish(&mut |delivery| {
        ended += u64::from(matches!(delivery.chunk, Chunk::End(_)));
        sessions.push(delivery, &mut |exchange| exchanges.push(exchange));
    });
    assert_eq!(ended, 2 * flows.counters().connections, "every side ends, and once");
    let counters = sessions.counters();
    let all_read = counters == Counters { exchanges: counters.exchanges, ..Counters::default() };
    (exchanges, all_read && flows.counters().lost_bytes == 0)
}

/// The exchanges without what depends on the packets alone.
fn essence(mut exchanges: Vec<Exchange>) -> Vec<Exchange> {
    let time = Time::from_nanoseconds(0, 0);
    for exchange in &mut exchanges {
        exchange.frames = Frames::default();
        if let Some(request) = &mut exchange.request {
            (request.time, request.end_time) = (time, None);
        }
        for response in exchange.extras.interim.iter_mut().chain(&mut exchange.response) {
            (response.time, response.end_time) = (time, None);
        }
    }
    exchanges
}

fn lines(input: &[u8], step: usize) -> Vec<Result<Exchange, LineError>> {
    let mut importer = Importer::new("input".into());
    let mut lines = Vec::new();
    for piece in input.chunks(step.max(1)) {
        importer.push(piece, &mut |line| lines.push(line));
    }
    importer.finish(&mut |line| lines.push(line));
    lines
}

fn of_capture(input: &[u8], path: &Arc<str>) -> Read {
    let mut part = Part::new(path, Keep::All(64)).sharing(None);
    let mut reader = Reader::new();
    let result = reader.push(input, true, &mut |packet| part.packet(&packet));
    for warning in reader.take_warnings() {
        part.damaged(warning.to_string());
    }
    if let Err(error) = result {
        part.damaged(error.to_string());
    }
    part.finish(Arc::clone(path), SourceKind::Pcap, input.len() as u64)
}

fn of_exchanges(input: &[u8], path: &Arc<str>) -> Read {
    let exchanges: Vec<Exchange> = lines(input, input.len()).into_iter().flatten().collect();
    let summary = SourceSummary {
        path: Arc::clone(path),
        kind: SourceKind::Exchanges,
        packets: 0,
        bytes: input.len() as u64,
        connections: 0,
        exchanges: exchanges.len() as u64,
        unread: Unread::default(),
        lost_bytes: 0,
        damage: None,
        warnings: Vec::new(),
    };
    Read { summary, exchanges: exchanges.into_iter().map(Arc::new).collect(), glances: Glances::default() }
}

/// Whether a text holds no control character but line ends and the colours of our own.
fn is_harmless(text: &str) -> bool {
    let coloured = text.split("\u{1b}[").enumerate().map(|(number, piece)| {
        let colour = piece.trim_start_matches(|character: char| character.is_ascii_digit() || character == ';');
        if number == 0 { piece } else { colour.strip_prefix('m').unwrap_or("\u{1b}") }
    });
    coloured.into_iter().all(|piece| piece.chars().all(|character| character == '\n' || !character.is_control()))
}
