//! The event loop around the library's screen. It takes messages, draws, and performs effects; what
//! they mean the screen knows.

mod events;
mod taken;

use std::env;
use std::ffi::OsStr;
use std::io::{self, IsTerminal as _, Stdout, Write as _};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use corscope::screen::{Effect, Message, Model, Setup, draw};
use ratatui::Terminal;
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::terminal::size;

use crate::output::Output;
use crate::stop::{Stop, reason};
use crate::terminal::layout;
use taken::Taken;

/// How soon a signal to end is noticed.
const PATIENCE: Duration = Duration::from_millis(100);

/// Messages that may wait: an analysis among them can be large.
const ROOM: usize = 8;

/// Where all that the screen is to know comes in.
pub(crate) struct Mailbox {
    put: SyncSender<Message>,
    take: Receiver<Message>,
}

impl Mailbox {
    pub(crate) fn new() -> Self {
        let (put, take) = mpsc::sync_channel(ROOM);
        Self { put, take }
    }

    /// For whoever has something to tell.
    pub(crate) fn slot(&self) -> SyncSender<Message> {
        self.put.clone()
    }
}

/// While a thread holds it, a panic there ends the screen: the terminal was given back for its words.
pub(crate) struct OverOnPanic<'a>(pub(crate) &'a AtomicBool);

impl Drop for OverOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// Refuses to begin without a terminal; `otherwise` says what to do then.
pub(crate) fn need_terminal(command: &str, otherwise: &str) -> Result<(), Stop> {
    match no_screen(io::stdout().is_terminal(), env::var_os("TERM").as_deref()) {
        Some(why) => Err(Stop::Problem(format!("{command} needs a terminal, and {why}: {otherwise}"))),
        None => Ok(()),
    }
}

/// Why nothing can be drawn on standard output. A terminal that calls itself dumb moves no cursor: what
/// would move it stands in the text there.
fn no_screen(is_terminal: bool, term: Option<&OsStr>) -> Option<&'static str> {
    if !is_terminal {
        Some("standard output is none")
    } else if term.is_some_and(|term| term == "dumb") {
        Some("this one cannot draw a screen (TERM=dumb)")
    } else {
        None
    }
}

/// How a screen begins on this terminal.
pub(crate) fn setup(ascii: bool, show_secrets: bool, filter: Option<&str>, output: &Output) -> Result<Setup, Stop> {
    Ok(Setup {
        size: size().map_err(|error| problem(&error))?,
        charset: layout(ascii).charset,
        colours: output.colours(),
        show_secrets,
        filter: filter.unwrap_or_default().to_owned(),
    })
}

/// Shows a model until it is left, or `over` is set from outside. It is set in any case afterwards.
pub(crate) fn show(model: Model, mailbox: Mailbox, over: &Arc<AtomicBool>) -> Result<(), Stop> {
    let taken = Taken::take().map_err(|error| problem(&error))?;
    let Mailbox { put, take } = mailbox;
    // Nobody waits for this thread: on a terminal that is gone it never comes back from looking for events.
    let listening = Arc::clone(over);
    thread::spawn(move || {
        let _watched = OverOnPanic(&listening);
        _ = events::hand_on(&put, &listening);
        listening.store(true, Ordering::Relaxed);
    });
    let shown = run(model, &take, over);
    over.store(true, Ordering::Relaxed);
    // Whoever still has something to tell is not kept waiting.
    drop(take);
    drop(taken);
    shown.map_err(|error| problem(&error))
}

fn run(mut model: Model, mailbox: &Receiver<Message>, over: &AtomicBool) -> io::Result<()> {
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    terminal.draw(|frame| draw(&model, frame))?;
    while !over.load(Ordering::Relaxed) {
        let message = match mailbox.recv_timeout(PATIENCE) {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        // What has come meanwhile is taken as well before anything is shown: keys may come faster than a screen.
        for message in iter::once(message).chain(mailbox.try_iter().take(ROOM)) {
            match model.take(message) {
                Some(Effect::Quit) => return Ok(()),
                Some(Effect::Copy(text)) => copy(&text)?,
                None => {}
            }
        }
        model.settle();
        terminal.draw(|frame| draw(&model, frame))?;
    }
    Ok(())
}

fn problem(error: &io::Error) -> Stop {
    Stop::Problem(format!("the terminal cannot be used: {}", reason(error)))
}

fn stdout() -> Stdout {
    io::stdout()
}

/// OSC 52: the terminal, however far away, puts it into the clipboard.
fn copy(text: &str) -> io::Result<()> {
    let mut out = stdout();
    write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(text))?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_needs_a_terminal_that_can_draw() {
        let dumb = Some(OsStr::new("dumb"));
        assert_eq!(no_screen(false, None), Some("standard output is none"));
        assert_eq!(no_screen(false, dumb), Some("standard output is none"));
        assert_eq!(no_screen(true, dumb), Some("this one cannot draw a screen (TERM=dumb)"));
        assert_eq!(no_screen(true, Some(OsStr::new("xterm-256color"))), None);
        assert_eq!(no_screen(true, None), None);
    }
}
