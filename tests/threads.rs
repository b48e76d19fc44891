//! Whatever the number of threads, what comes of a capture is the same to the byte.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up shall fail")]

mod common;
#[path = "common/traffic/mod.rs"]
mod traffic;

use std::path::{Path, PathBuf};

use common::corscope;
use traffic::{Traffic, Truth};

/// Larger than the blocks that threads hand each other, many times over.
const SIZE: u64 = 3 << 20;

/// More than there are lanes, and none that divides their number.
const THREADS: [&str; 4] = ["2", "3", "4", "11"];

#[test]
fn heads_are_read_alike() {
    alike("small", Traffic { open: 40, size: SIZE, ..Traffic::SMALL });
}

#[test]
fn many_connections_are_read_alike() {
    alike("many", Traffic { open: 300, size: SIZE, ..Traffic::MANY });
}

#[test]
fn long_bodies_are_read_alike() {
    alike("large", Traffic { open: 20, size: SIZE, longest_body: 200 << 10, ..Traffic::LARGE });
}

#[test]
fn reordered_and_repeated_segments_are_read_alike() {
    alike("troubled", Traffic { open: 40, size: SIZE, repeated: 60, swapped: 90, segment: 300, ..Traffic::SMALL });
}

/// Also where connections cross from one file into the next, and where the second file is cut off.
#[test]
fn files_that_follow_each_other_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Traffic { open: 40, size: SIZE, ..Traffic::SMALL }.pcap();
    // Behind the file header, record after record.
    let mut at = 24;
    while at < whole.len() / 2 {
        at += 16 + u32::from_le_bytes(whole[at + 8..at + 12].try_into().unwrap()) as usize;
    }
    let parts = [whole[..at].to_vec(), [&whole[..24], &whole[at..whole.len() - 7]].concat()];
    let paths: Vec<PathBuf> = (0..2).map(|nth| folder.path().join(format!("part{nth}.pcap"))).collect();
    for (path, part) in paths.iter().zip(parts) {
        std::fs::write(path, part).unwrap();
    }
    all_alike(&paths);
}

fn alike(name: &str, traffic: Traffic) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("{name}.pcap"));
    let truth = traffic.write(std::fs::File::create(&path).unwrap()).unwrap();
    all_alike(std::slice::from_ref(&path));
    as_it_was(&path, &truth);
}

fn all_alike(paths: &[PathBuf]) {
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    for command in [&["extract"][..], &["analyze"], &["analyze", "--format", "json"]] {
        let run = |threads: &str| {
            let output = corscope(&[command, &["--threads", threads], &paths].concat());
            (output.status.code(), output.stdout, output.stderr)
        };
        let alone = run("1");
        assert!(alone.0 == Some(0) && !alone.1.is_empty(), "{command:?}: {}", String::from_utf8_lossy(&alone.2));
        for threads in THREADS {
            assert!(run(threads) == alone, "{command:?} with {threads} threads");
        }
    }
}

/// Exchanges are there once, and none is missing.
fn as_it_was(path: &Path, truth: &Truth) {
    let lines = corscope(&["extract", path.to_str().unwrap()]).stdout;
    let lines = String::from_utf8(lines).unwrap();
    assert_eq!(lines.lines().count() as u64, truth.exchanges);
    assert!(lines.lines().all(|line| line.contains(r#""state":"complete","end":"complete""#)));
}
