//! Why a command ends early.

use std::io;

/// Why a command ends early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The answer is no: exit status 1.
    No(String),
    /// Wrong usage, unreadable input, output that cannot be written: exit status 2.
    Problem(String),
    /// Nobody reads the output any more.
    PipeClosed,
}

impl Stop {
    /// What it means that signals cannot be listened for.
    #[allow(clippy::needless_pass_by_value, reason = "it is for `map_err`")]
    pub(crate) fn of_signals(error: io::Error) -> Self {
        Self::Problem(format!("cannot listen for Ctrl-C: {}", reason(&error)))
    }

    /// What a failed write to standard output means.
    pub(crate) fn of_output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::PipeClosed,
            _ => Self::Problem(format!("cannot write to standard output: {}", reason(error))),
        }
    }
}

/// An error of the system without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let reason = text.split_once(" (os error").map_or(text.as_str(), |(reason, _)| reason);
    let mut characters = reason.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
