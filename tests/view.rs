//! `corscope view` in a real terminal, which tmux is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up shall fail")]

mod common;

use std::process::Command;
use std::time::{Duration, Instant};

use common::{corscope, shipped};

/// Longer than any screen takes, even where many tests run at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// A tmux server of this test alone, with a shell in it.
struct Tmux(String);

impl Tmux {
    fn start(name: &str) -> Self {
        let tmux = Self(format!("corscope-{name}-{}", std::process::id()));
        tmux.run(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "120",
            "-y",
            "36",
            "env PS1='ready> ' LC_ALL=C.UTF-8 sh",
        ]);
        tmux.wait("ready>");
        tmux
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux").args(["-L", &self.0]).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("tmux is needed (tests/setup installs it): {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn press(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    fn wait(&self, text: &str) -> String {
        self.until(text, true)
    }

    /// Until a text is gone: Escape and the next key, sent at once, would be Alt and that key.
    fn wait_gone(&self, text: &str) -> String {
        self.until(text, false)
    }

    fn until(&self, text: &str, shown: bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.run(&["capture-pane", "-p"]);
            if seen.contains(text) == shown {
                return seen;
            }
            assert!(Instant::now() < end, "'{text}' shown: never {shown}:\n{seen}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        _ = Command::new("tmux").args(["-L", &self.0, "kill-server"]).output();
    }
}

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
fn without_a_terminal_it_says_so() {
    let output = corscope(&["view", "fastapi-broken.pcapng"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("corscope analyze") && told.lines().count() == 1, "{told}");
}
