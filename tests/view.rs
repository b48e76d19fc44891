//! `corscope view` in a real terminal, which tmux is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up shall fail")]

mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::tmux::Tmux;
use common::{corscope, shipped};

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
