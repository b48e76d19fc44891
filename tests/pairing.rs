//! Which response belongs to which request, and in which frames, as tshark sees it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that cannot be set up shall fail"
)]

#[path = "common/talk.rs"]
mod talk;
#[path = "common/traffic/mod.rs"]
mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use corscope::analyzer::{Keep, Part, SourceKind};
use corscope::http::{Exchange, State};
use corscope::wire::capture::Reader;
use talk::Talk;
use traffic::Traffic;

/// The frame in which a request ends, and the one in which its response does.
type Pairs = BTreeSet<(u64, u64)>;

/// Not any seed will do: tshark 4.0 calls a chunked response malformed whose very last byte comes in a
/// segment of its own, and pairs it with nothing.
const PLAIN: Traffic = Traffic {
    seed: 3,
    open: 40,
    connections: 120,
    exchanges: 12,
    longest_body: 9000,
    halvings: 0,
    repeated: 0,
    swapped: 0,
    ..Traffic::SMALL
};

#[test]
fn interleaved_connections_are_paired_as_tshark_pairs_them() {
    agree(PLAIN);
}

#[test]
fn repeated_and_reordered_segments_are_paired_as_tshark_pairs_them() {
    agree(Traffic { seed: 8, repeated: 40, swapped: 40, ..PLAIN });
}

#[test]
fn the_captures_are_paired_as_tshark_pairs_them() {
    let mut compared = 0;
    for capture in captures() {
        let bytes = std::fs::read(&capture).unwrap();
        let pairs = tsharks(&capture);
        assert_eq!(ours(&exchanges(&bytes)), pairs, "{}", capture.display());
        compared += pairs.len();
    }
    assert!(compared > 50, "{compared}");
}

/// The requests and responses of a capture, without saying which belongs to which: how often each is there.
type Named = BTreeMap<String, usize>;

const BODIES_MAY_LACK: [&str; 2] = ["-o", "http.desegment_body:FALSE"];

/// Of each kind of capture that docs/captures.md says tshark reads less of, unless it is told that option.
#[test]
fn what_tshark_leaves_out_by_itself_it_names_when_it_is_told_to() {
    const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const POST: &str = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nwhole";
    const UPGRADE: &str = "GET /c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let get = |talk: Talk| talk.client(GET);
    let http = || get(Talk::to_port(8080));
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\na";
    agree_on("a hole in a body", http().server(head).server_unseen("bcd").server("efgh"), &BODIES_MAY_LACK);
    agree_on("a request broken off", http().server(OK).client(POST).server(OK), &BODIES_MAY_LACK);
    agree_on("a response lost", get(http().server_unseen(OK)).server(OK).client(GET).server(OK), &[]);
    agree_on("an exchange lost", get(http().server(OK).client_unseen(GET).server_unseen(OK)).server(OK), &[]);
    agree_on("another protocol", Talk::to_port(8080).client(UPGRADE).server(SWITCH).server("\x01\x02"), &[]);
    agree_on("SSH's port", get(Talk::to_port(22)).server("SSH-2.0-a\r\n"), &["-d", "tcp.port==22,http"]);
    agree_on("the port of SOCKS", get(Talk::to_port(1080)).server(OK), &["-d", "tcp.port==1080,http"]);
}

fn agree_on(what: &str, talk: Talk, told: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.pcap");
    let bytes = talk.pcap();
    std::fs::write(&path, &bytes).unwrap();
    let mut named = Named::new();
    for exchange in exchanges(&bytes) {
        let request = exchange.request.as_ref().map(|request| format!("{} {}", request.method, request.target));
        let response = exchange.response.as_ref().map(|response| response.status.to_string());
        for message in request.into_iter().chain(response) {
            *named.entry(message).or_default() += 1;
        }
    }
    assert_eq!(named, named_by_tshark(&path, told), "{what}");
}

fn named_by_tshark(capture: &Path, told: &[&str]) -> Named {
    let fields = ["-e", "http.request.method", "-e", "http.request.uri", "-e", "http.response.code"];
    let lines = tshark(capture, &[told, &["-Y", "http", "-T", "fields"], &fields].concat());
    let mut named = Named::new();
    for line in lines.lines() {
        let Some((request, response)) = line.rsplit_once('\t') else { continue };
        let request = request.replace('\t', " ");
        for message in [request.trim(), response].into_iter().filter(|message| !message.is_empty()) {
            *named.entry(message.to_owned()).or_default() += 1;
        }
    }
    named
}

fn agree(traffic: Traffic) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traffic.pcap");
    let bytes = traffic.pcap();
    std::fs::write(&path, &bytes).unwrap();
    let exchanges = exchanges(&bytes);
    let whole = exchanges.iter().filter(|exchange| exchange.state == State::Complete && exchange.warnings.is_empty());
    assert_eq!(whole.count(), traffic.count());
    for exchange in &exchanges {
        // The answer carries the number of its question.
        let asked = exchange.request.as_ref().unwrap().target.rsplit('/').next();
        assert_eq!(exchange.response.as_ref().unwrap().headers.first("x-number"), asked, "{}", exchange.id);
    }
    let (ours, tsharks) = (ours(&exchanges), tsharks(&path));
    assert_eq!(tsharks.len(), traffic.count());
    let differing: Vec<_> = ours.symmetric_difference(&tsharks).collect();
    assert!(differing.is_empty(), "{} of {} differ: {differing:?}", differing.len(), tsharks.len());
}

fn exchanges(capture: &[u8]) -> Vec<Arc<Exchange>> {
    let path: Arc<str> = "capture".into();
    let mut part = Part::new(&path, Keep::Nothing);
    Reader::new().push(capture, true, &mut |packet| part.packet(&packet)).unwrap();
    part.finish(path, SourceKind::Pcap, 0).exchanges
}

fn ours(exchanges: &[Arc<Exchange>]) -> Pairs {
    let pair = |exchange: &Arc<Exchange>| Some((exchange.frames.request()?.last, exchange.frames.response()?.last));
    exchanges.iter().filter_map(pair).collect()
}

/// Told to put segments in order first, as it does not by itself, tshark names of each request the
/// frame that completes its response.
fn tsharks(capture: &Path) -> Pairs {
    let in_order = ["-2", "-o", "tcp.reassemble_out_of_order:TRUE", "-d", "tcp.port==8000,http"];
    let pairs = ["-Y", "http.request", "-T", "fields", "-e", "frame.number", "-e", "http.response_in"];
    let lines = tshark(capture, &[&in_order[..], &pairs].concat());
    let pair = |line: &str| {
        let (request, response) = line.split_once('\t')?;
        // Requests that end in one frame are on one line.
        let (requests, responses) = (request.split(','), response.split(','));
        Some(
            requests
                .cycle()
                .zip(responses)
                .map(|(request, response)| (request.parse().ok(), response.parse().ok()))
                .collect::<Vec<_>>(),
        )
    };
    lines.lines().filter_map(pair).flatten().filter_map(|(request, response)| Some((request?, response?))).collect()
}

/// What tshark prints of a capture.
fn tshark(capture: &Path, arguments: &[&str]) -> String {
    let output = Command::new("tshark")
        .arg("-n")
        .args(arguments)
        .arg("-r")
        .arg(capture)
        .output()
        .unwrap_or_else(|error| panic!("tshark: {error} (tests/setup installs it)"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng"));
    files.sort();
    files
}
