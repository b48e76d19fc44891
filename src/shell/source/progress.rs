//! How far the reading has come, on a terminal, when it takes long enough to wonder.

use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Sooner than that, a bar would only flicker.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Progress {
    began: Instant,
    /// Nobody wants or could see it.
    silent: bool,
    /// Bytes of all sources; `None` where one of them is no file.
    total: Option<u64>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn of(names: &[OsString], unwanted: bool) -> Self {
        let length = |name: &OsString| fs::metadata(name).ok().filter(fs::Metadata::is_file).map(|file| file.len());
        Self {
            began: Instant::now(),
            silent: unwanted || !io::stderr().is_terminal(),
            total: names.iter().map(length).sum(),
            bar: None,
        }
    }

    /// Draws how much has been read, once it is worth it.
    pub(super) fn show(&mut self, done: u64) {
        if self.silent || self.began.elapsed() < PATIENCE {
            return;
        }
        let total = self.total;
        self.bar.get_or_insert_with(|| bar(total)).set_position(done);
    }

    pub(super) fn clear(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "reading {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left"),
        None => (ProgressBar::new_spinner(), "reading {spinner} {bytes} {bytes_per_sec}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
