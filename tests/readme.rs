//! What the README shows is what the program prints.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up shall fail")]

mod common;

use std::path::Path;

use common::shipped;
use common::tmux::Tmux;

/// Stands for lines that were left out.
const LEFT_OUT: &str = "  …";

#[test]
fn the_report_in_the_readme_is_the_programs() {
    let shown = shown("report");
    let mut command = common::command(&["analyze", "captures/fastapi-broken.pcapng"]);
    let output = command.current_dir(root()).env("COLUMNS", "88").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut rest = printed.as_str();
    for piece in shown.split(&format!("{LEFT_OUT}\n")).filter(|piece| !piece.is_empty()) {
        let at = rest.find(piece);
        assert!(at.is_some(), "the README shows\n{piece}\nwhich is not in\n{rest}");
        rest = rest.get(at.unwrap_or_default() + piece.len()..).unwrap_or_default();
    }
}

#[test]
fn the_screen_in_the_readme_is_the_programs() {
    let terminal = Tmux::start("readme");
    let program = env!("CARGO_BIN_EXE_corscope");
    terminal.press(&[&format!("{program} view {}", shipped("fastapi-broken.pcapng").display()), "Enter"]);
    terminal.wait("n next finding");
    let lines = terminal.run(&["capture-pane", "-p"]);
    let seen = lines.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n";
    assert_eq!(shown("screen"), seen, "the README shows another screen than\n{seen}");
}

/// What the README shows between two marks.
fn shown(name: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (_, after) = readme.split_once(&format!("<!-- {name}:begin -->\n```text\n")).unwrap();
    let (shown, _) = after.split_once(&format!("```\n<!-- {name}:end -->")).unwrap();
    shown.to_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
