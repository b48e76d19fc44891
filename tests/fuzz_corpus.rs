//! What the fuzz targets have found so far, once more in every run of the tests.
//!
//! `fuzz/README.md` says how they are run to find more.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up shall fail")]

#[path = "../fuzz/bodies.rs"]
mod bodies;

use std::fs;
use std::path::Path;

#[test]
fn captures_are_read() {
    each("capture", bodies::capture);
}

#[test]
fn packets_are_decoded() {
    each("link", bodies::link);
}

#[test]
fn conversations_are_followed() {
    each("streams", bodies::streams);
}

#[test]
fn exchange_files_are_imported() {
    each("exchanges", bodies::exchanges);
}

#[test]
fn any_file_gives_a_report() {
    each("report", bodies::report);
}

fn each(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut run = 0;
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let input = fs::read(&path).unwrap();
        let ended = std::panic::catch_unwind(|| body(&input));
        assert!(ended.is_ok(), "{}", path.display());
        run += 1;
    }
    assert!(run > 0, "{} is empty", folder.display());
}
