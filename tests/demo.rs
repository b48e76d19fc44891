//! The demo tells the whole story: the bug, its cause, red without the fix, green with it.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up shall fail")]

mod common;

use common::corscope;

#[test]
fn the_demo_shows_the_bug_its_cause_and_the_proof_of_its_fix() {
    let output = corscope(&["demo"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let story = [
        "MixedContent",
        "forwarded-proto-ignored",
        "--forwarded-allow-ips '127.0.0.9'",
        "What to change",
        "asked from 127.0.0.9",
        "1 still-broken",
        "asked from 127.0.0.9",
        "1 fixed",
    ];
    let mut rest = text.as_str();
    for piece in story {
        let at = rest.find(piece);
        assert!(at.is_some(), "{piece} is missing in\n{rest}");
        rest = rest.get(at.unwrap_or_default() + piece.len()..).unwrap_or_default();
    }
}
