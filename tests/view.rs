//! `corscope view` in a real terminal, which tmux is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up shall fail")]

mod common;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::tmux::Tmux;
use common::{analysis, corscope, outcomes, shipped};

fn begin(tmux: &Tmux) {
    let program = env!("CARGO_BIN_EXE_corscope");
    let capture = shipped("fastapi-broken.pcapng");
    tmux.press(&[&format!("{program} view {}; echo status $?", capture.display()), "Enter"]);
    tmux.wait("forwarded-proto-ignored");
}

#[test]
fn keys_are_obeyed_and_the_terminal_is_given_back() {
    let tmux = Tmux::start("keys");
    begin(&tmux);
    tmux.press(&["?"]);
    tmux.wait("next call with a finding");
    tmux.press(&["Escape"]);
    tmux.wait_gone("next call with a finding");
    tmux.press(&["2"]);
    tmux.wait("a-c-allow-origin");
    tmux.press(&["Q"]);
    tmux.wait("status 0");
    assert_eq!(tmux.run(&["display-message", "-p", "#{alternate_on} #{mouse_any_flag}"]).trim(), "0 0");
}

#[test]
fn told_to_end_it_gives_the_terminal_back() {
    let tmux = Tmux::start("term");
    begin(&tmux);
    let shell = tmux.run(&["display-message", "-p", "#{pane_pid}"]);
    let killed = Command::new("pkill").args(["-TERM", "-P", shell.trim(), "corscope"]).status().unwrap();
    assert!(killed.success());
    tmux.wait("status 0");
    assert_eq!(tmux.run(&["display-message", "-p", "#{alternate_on} #{mouse_any_flag}"]).trim(), "0 0");
}

#[test]
fn it_ends_with_its_terminal() {
    let tmux = Tmux::start("gone");
    begin(&tmux);
    let shell = tmux.run(&["display-message", "-p", "#{pane_pid}"]);
    let found = Command::new("pgrep").args(["-P", shell.trim(), "corscope"]).output().unwrap();
    let process = format!("/proc/{}", String::from_utf8_lossy(&found.stdout).trim());
    assert!(Path::new(&process).join("status").exists(), "{process}");
    drop(tmux);
    let end = Instant::now() + Duration::from_secs(30);
    while Path::new(&process).exists() {
        assert!(Instant::now() < end, "it goes on without its terminal");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_capture_that_grows_is_followed() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("growing.pcap");
    let whole = fs::read(shipped("hypercorn-broken.pcap")).unwrap();
    let calls = outcomes(&analysis(&shipped("hypercorn-broken.pcap"))).len();
    // Not even its beginning has been written.
    fs::write(&file, b"").unwrap();
    let mut writer = OpenOptions::new().append(true).open(&file).unwrap();
    let mut write = |bytes: &[u8]| writer.write_all(bytes).unwrap();
    let tmux = Tmux::start("follow");
    let program = env!("CARGO_BIN_EXE_corscope");
    tmux.press(&[&format!("{program} view --follow {}; echo status $?", file.display()), "Enter"]);
    tmux.wait("Waiting for calls");
    let (first, rest) = whole.split_at(whole.len() / 2);
    write(first);
    let seen = tmux.wait("forwarded-proto-ignored");
    assert!(seen.contains("LIVE growing.pcap"), "{seen}");
    assert!(!seen.contains(&format!("Calls 1/{calls}")), "{seen}");
    write(rest);
    tmux.wait(&format!("Calls 1/{calls}"));
    tmux.press(&["Q"]);
    tmux.wait("status 0");
}

#[test]
fn what_nothing_was_written_to_can_be_left() {
    let file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let tmux = Tmux::start("unwritten");
    let program = env!("CARGO_BIN_EXE_corscope");
    tmux.press(&[&format!("{program} view --follow {}; echo status $?", file.path().display()), "Enter"]);
    tmux.wait("Waiting for calls");
    tmux.press(&["Q"]);
    tmux.wait("status 0");
}

#[test]
fn only_one_capture_that_is_there_can_be_followed() {
    let tmux = Tmux::start("unfollowed");
    // Numbered, so that none is taken for the next.
    let told = |number: u8, arguments: &str| {
        let program = env!("CARGO_BIN_EXE_corscope");
        tmux.press(&[&format!("clear; {program} view --follow {arguments}; echo {number}: status $?"), "Enter"]);
        tmux.wait(&format!("{number}: status 2"))
    };
    assert!(told(1, "a b").contains("--follow goes on at the end of one source: name one"));
    let exchanges = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::write(exchanges.path(), corscope(&["extract", "fastapi-broken.pcapng"]).stdout).unwrap();
    assert!(told(2, exchanges.path().to_str().unwrap()).contains("is no capture: only those can be followed"));
    assert!(
        told(3, "nothing-of-that-name").contains("nothing-of-that-name: cannot be opened: no such file or directory")
    );
}

#[test]
fn the_demo_can_be_looked_through() {
    let tmux = Tmux::start("demo");
    tmux.press(&[&format!("{} demo --view; echo status $?", env!("CARGO_BIN_EXE_corscope")), "Enter"]);
    tmux.wait("1 blocked");
    tmux.wait("forwarded-proto-ignored");
    tmux.press(&["Q"]);
    tmux.wait("status 0");
}

#[test]
fn without_a_terminal_it_says_so() {
    let output = corscope(&["view", "fastapi-broken.pcapng"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("corscope analyze") && told.lines().count() == 1, "{told}");
}
