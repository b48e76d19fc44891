//! What commands read: captures and exchange files, from files or standard input.

mod block;
mod capture;
mod detect;
mod exchanges;
mod progress;
mod workers;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use corscope::analyzer::Keep;
use corscope::analyzer::Read;
use corscope::import::Ids;

use crate::args::Reading;
use crate::output::say;
use crate::stop::{Stop, reason};
use block::Blocks;
use detect::{Looks, looks};
use progress::Progress;

/// All of a body that an exchange file's line may hold: in base64 it leaves room for the rest of a line
/// (`exchange_file::MAX_LINE`).
pub(crate) const BODIES: Keep = Keep::All(16 << 20);

/// Reads every source, several at a time; what comes of it is in the order in which they were named.
pub(crate) fn read_all(reading: &Reading, keep: Keep) -> Result<Vec<Read>, Stop> {
    let names = &reading.sources;
    if names.iter().filter(|name| *name == "-").count() > 1 {
        return Err(Stop::Problem("standard input (-) can be read only once".to_owned()));
    }
    let done = AtomicU64::new(0);
    let mut progress = Progress::of(names, reading.no_progress);
    let threads = reading.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, Into::into);
    let read =
        workers::each(names, threads, |name| read(name, keep, &done), || progress.show(done.load(Ordering::Relaxed)));
    progress.clear();
    let mut reads = read.into_iter().collect::<Result<Vec<Read>, Stop>>()?;
    make_ids_distinct(&mut reads);
    Ok(reads)
}

/// Says on standard error what was odd about the sources.
pub(crate) fn say_warnings(reads: &[Read]) {
    for summary in reads.iter().map(|read| &read.summary) {
        for warning in &summary.warnings {
            say(&format!("warning: {}: {warning}", summary.path));
        }
    }
}

fn read(name: &OsStr, keep: Keep, done: &AtomicU64) -> Result<Read, Stop> {
    let path: Arc<str> = name.to_string_lossy().into();
    let problem = |what: String| Stop::Problem(format!("{}: {what}", called(&path)));
    let input: Box<dyn io::Read> = if name == "-" { Box::new(io::stdin()) } else { open(name).map_err(problem)? };
    let mut blocks = Blocks::new(input, done);
    let first = blocks.begin().map_err(|error| problem(format!("cannot be read: {}", reason(&error))))?;
    match looks(first) {
        Looks::Capture(kind) => capture::read(&path, kind, blocks, keep).map_err(problem),
        Looks::Exchanges => exchanges::read(&path, blocks, keep).map_err(problem),
        Looks::Other(what) => Err(problem(what)),
    }
}

fn open(name: &OsStr) -> Result<Box<dyn io::Read>, String> {
    if Path::new(name).is_dir() {
        return Err("is a directory: name the captures in it".to_owned());
    }
    match File::open(name) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => Err(format!("cannot be opened: {}", reason(&error))),
    }
}

fn called(path: &str) -> &str {
    if path == "-" { "standard input" } else { path }
}

/// An id that an earlier source used gets a suffix.
fn make_ids_distinct(reads: &mut [Read]) {
    let mut ids = Ids::default();
    for exchange in reads.iter_mut().flat_map(|read| &mut read.exchanges) {
        exchange.id = ids.claim(Arc::clone(&exchange.id));
    }
}
