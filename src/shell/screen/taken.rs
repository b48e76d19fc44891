//! The terminal while it is ours.

use std::io::{self, Stdout};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui_crossterm::crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use ratatui_crossterm::crossterm::execute;
use ratatui_crossterm::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

/// The terminal while it is ours; dropped, or when a thread panics, it is as it was.
pub(super) struct Taken {
    /// To leave the screen a second time would put the cursor back over what was said since.
    given_back: Arc<AtomicBool>,
}

impl Taken {
    pub(super) fn take() -> io::Result<Self> {
        let taken = Self { given_back: Arc::new(AtomicBool::new(false)) };
        let (given_back, before) = (Arc::clone(&taken.given_back), panic::take_hook());
        panic::set_hook(Box::new(move |what| {
            give_back(&given_back);
            before(what);
        }));
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste)?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back(&self.given_back);
    }
}

/// Nothing better can be done where one of these fails.
fn give_back(given_back: &AtomicBool) {
    if given_back.swap(true, Ordering::Relaxed) {
        return;
    }
    _ = execute!(stdout(), DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen);
    _ = disable_raw_mode();
}

fn stdout() -> Stdout {
    io::stdout()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tmux::Tmux;

    const SAID: &str = "what a panic says";

    #[test]
    #[ignore = "it is run by the next one, in a terminal"]
    fn panics_while_the_terminal_is_taken() {
        let _taken = Taken::take().unwrap();
        panic!("{SAID}");
    }

    #[test]
    fn a_panic_is_read_on_a_terminal_that_was_given_back() {
        let tests = std::env::current_exe().unwrap();
        let one = "screen::taken::tests::panics_while_the_terminal_is_taken";
        let terminal = Tmux::start("panic");
        terminal.press(&[&format!("{} --ignored --nocapture --exact {one}; stty -a", tests.display()), "Enter"]);
        let seen = terminal.wait("iutf8");
        assert!(seen.contains(SAID) && seen.contains(" icanon") && seen.contains(" echo "), "{seen}");
        let modes = terminal.run(&["display-message", "-p", "#{alternate_on} #{mouse_any_flag}"]);
        assert_eq!(modes.trim(), "0 0");
    }
}
