//! Which response belongs to which request, and in which frames, as tshark sees it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that cannot be set up shall fail"
)]

#[path = "common/traffic/mod.rs"]
mod traffic;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use corscope::analyzer::{Keep, Part, SourceKind};
use corscope::http::{Exchange, State};
use corscope::wire::capture::Reader;
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
    let pair = |exchange: &Arc<Exchange>| Some((exchange.frames.request?.last, exchange.frames.response?.last));
    exchanges.iter().filter_map(pair).collect()
}

/// Told to put segments in order first, as it does not by itself, tshark names of each request the
/// frame that completes its response.
fn tsharks(capture: &Path) -> Pairs {
    let output = Command::new("tshark")
        .args(["-2", "-o", "tcp.reassemble_out_of_order:TRUE", "-d", "tcp.port==8000,http", "-r"])
        .arg(capture)
        .args(["-Y", "http.request", "-T", "fields", "-e", "frame.number", "-e", "http.response_in"])
        .output()
        .unwrap_or_else(|error| panic!("tshark: {error} (tests/setup installs it)"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
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

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng"));
    files.sort();
    files
}
