//! A real terminal, which tmux is.

use std::process::Command;
use std::time::{Duration, Instant};

/// Longer than any screen takes, even where many tests run at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a screen, so that looking does not keep the program from drawing.
const BREATH: Duration = Duration::from_millis(20);

/// A tmux server of this test alone, with a shell in it.
pub(crate) struct Tmux(String);

impl Tmux {
    pub(crate) fn start(name: &str) -> Self {
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

    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux").args(["-L", &self.0]).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("tmux is needed (tests/setup installs it): {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn press(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    pub(crate) fn wait(&self, text: &str) -> String {
        self.until(text, true)
    }

    /// Until a text is gone: Escape and the next key, sent at once, would be Alt and that key.
    pub(crate) fn wait_gone(&self, text: &str) -> String {
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
            std::thread::sleep(BREATH);
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        _ = Command::new("tmux").args(["-L", &self.0, "kill-server"]).output();
    }
}
