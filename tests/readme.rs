//! What the README shows is what the program prints.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up shall fail")]

mod common;

use std::path::Path;

/// Stands for lines that were left out.
const LEFT_OUT: &str = "  …";

#[test]
fn the_report_in_the_readme_is_the_programs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, after) = readme.split_once("<!-- report:begin -->\n```text\n").unwrap();
    let (shown, _) = after.split_once("```\n<!-- report:end -->").unwrap();
    let mut command = common::command(&["analyze", "captures/fastapi-broken.pcapng"]);
    let output = command.current_dir(root).env("COLUMNS", "88").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut rest = printed.as_str();
    for piece in shown.split(&format!("{LEFT_OUT}\n")).filter(|piece| !piece.is_empty()) {
        let at = rest.find(piece);
        assert!(at.is_some(), "the README shows\n{piece}\nwhich is not in\n{rest}");
        rest = rest.get(at.unwrap_or_default() + piece.len()..).unwrap_or_default();
    }
}
