//! Standard output and standard error.

use std::io::{self, BufWriter, StdoutLock, Write as _};

use anstream::{AutoStream, ColorChoice};
use corscope::report::{Charset, visible};

use crate::args::Color;
use crate::stop::Stop;

/// Standard output. Nothing is done before [`Output::close`] has said so: what is buffered may
/// still fail.
pub(crate) struct Output {
    to: BufWriter<StdoutLock<'static>>,
    colours: bool,
}

impl Output {
    pub(crate) fn new(color: Color) -> Self {
        let stdout = io::stdout().lock();
        let colours = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => AutoStream::choice(&stdout) != ColorChoice::Never,
        };
        Self { to: BufWriter::with_capacity(64 << 10, stdout), colours }
    }

    /// Whether colours are wanted.
    pub(crate) fn colours(&self) -> bool {
        self.colours
    }

    /// Writes text with ANSI styles in it, which are taken out where nobody wants them.
    pub(crate) fn styled(&mut self, text: &str) -> Result<(), Stop> {
        let written = if self.colours {
            self.to.write_all(text.as_bytes())
        } else {
            write!(self.to, "{}", anstream::adapter::strip_str(text))
        };
        written.map_err(|error| Stop::of_output(&error))
    }

    /// Writes data as it is.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Stop> {
        self.to.write_all(text.as_bytes()).map_err(|error| Stop::of_output(&error))
    }

    /// Writes a line of data as it is.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Stop> {
        let written = self.to.write_all(line.as_bytes()).and_then(|()| self.to.write_all(b"\n"));
        written.map_err(|error| Stop::of_output(&error))
    }

    /// Writes whatever `write` writes, and a line end behind it.
    pub(crate) fn written(&mut self, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<(), Stop> {
        let written = write(&mut self.to).and_then(|()| self.to.write_all(b"\n"));
        written.map_err(|error| Stop::of_output(&error))
    }

    /// Lets what was written so far be seen.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        self.to.flush().map_err(|error| Stop::of_output(&error))
    }

    /// Writes what is still buffered.
    pub(crate) fn close(mut self) -> Result<(), Stop> {
        self.flush()
    }
}

/// Says one line on standard error. That nobody hears it is no reason to stop.
pub(crate) fn say(what: &str) {
    _ = writeln!(io::stderr(), "corscope: {}", visible(what, Charset::Unicode));
}
