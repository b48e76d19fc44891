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
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

pub(crate) use corscope::analyzer::Keep;
use corscope::analyzer::{Read, SourceKind, SourceSummary};
use corscope::http::Exchange;
use corscope::import::Ids;

use crate::args::Reading;
use crate::output::say;
use crate::stop::{Stop, reason};
use block::Blocks;
use detect::{Looks, looks};
use progress::Progress;
pub(crate) use workers::Threads;

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
    let threads = threads(reading).0;
    let read =
        workers::each(names, threads, |name| read(name, keep, &done), || progress.show(done.load(Ordering::Relaxed)));
    progress.clear();
    let mut reads = read.into_iter().collect::<Result<Vec<Read>, Stop>>()?;
    make_ids_distinct(&mut reads);
    Ok(reads)
}

/// The threads that may be used.
pub(crate) fn threads(reading: &Reading) -> Threads {
    Threads(reading.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, Into::into))
}

/// Batches of exchanges that may wait for whoever takes them: enough that neither side waits for the
/// other, and little memory.
const BATCHES: usize = 4;

/// Reads one source and hands its exchanges on as they end, so that memory does not grow with it. It is
/// read by a thread of its own while `take` works on what came before.
pub(crate) fn each_exchange(
    reading: &Reading,
    name: &OsStr,
    keep: Keep,
    mut take: impl FnMut(Exchange) -> Result<(), Stop>,
) -> Result<SourceSummary, Stop> {
    let done = AtomicU64::new(0);
    let mut progress = Progress::of(std::slice::from_ref(&name.to_owned()), reading.no_progress);
    let (batches, arriving) = mpsc::sync_channel::<Vec<Exchange>>(BATCHES);
    let read = &done;
    thread::scope(|scope| {
        // It owns the sending end, whose end tells that all was read.
        let source = scope.spawn(move || {
            // Nobody takes any more once writing has failed.
            open_source(name, read)?.each(keep, &mut |more| more.is_empty() || batches.send(more).is_ok())
        });
        let mut taken = Ok(());
        while taken.is_ok() {
            match arriving.recv_timeout(workers::TICK) {
                Ok(batch) => taken = batch.into_iter().try_for_each(&mut take),
                Err(RecvTimeoutError::Timeout) => progress.show(done.load(Ordering::Relaxed)),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            progress.show(done.load(Ordering::Relaxed));
        }
        drop(arriving);
        progress.clear();
        let summary = source.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        taken.and(summary)
    })
}

/// Says on standard error what was odd about the sources.
pub(crate) fn say_warnings<'a>(summaries: impl IntoIterator<Item = &'a SourceSummary>) {
    for summary in summaries {
        for warning in &summary.warnings {
            say(&format!("warning: {}: {warning}", summary.path));
        }
    }
}

fn read(name: &OsStr, keep: Keep, done: &AtomicU64) -> Result<Read, Stop> {
    open_source(name, done)?.read(keep)
}

/// A source of which it is known what it is.
struct Source<'a> {
    path: Arc<str>,
    blocks: Blocks<'a>,
    kind: SourceKind,
}

fn open_source<'a>(name: &OsStr, done: &'a AtomicU64) -> Result<Source<'a>, Stop> {
    let path: Arc<str> = name.to_string_lossy().into();
    let problem = |what: String| Stop::Problem(format!("{}: {what}", called(&path)));
    let input: Box<dyn io::Read> = if name == "-" { Box::new(io::stdin()) } else { open(name).map_err(problem)? };
    let mut blocks = Blocks::new(input, done);
    let first = blocks.begin().map_err(|error| problem(format!("cannot be read: {}", reason(&error))))?;
    let kind = match looks(first) {
        Looks::Capture(kind) => kind,
        Looks::Exchanges => SourceKind::Exchanges,
        Looks::Other(what) => return Err(problem(what)),
    };
    Ok(Source { path, blocks, kind })
}

impl Source<'_> {
    fn read(self, keep: Keep) -> Result<Read, Stop> {
        let Self { path, blocks, kind } = self;
        let read = match kind {
            SourceKind::Exchanges => exchanges::read(&path, blocks, keep),
            _ => capture::read(&path, kind, blocks, keep),
        };
        read.map_err(|what| Stop::Problem(format!("{}: {what}", called(&path))))
    }

    /// Hands on the exchanges as they end, as long as somebody wants them. A file of exchanges is read
    /// whole first: whether it is one shows at its end.
    fn each(self, keep: Keep, hand_on: &mut dyn FnMut(Vec<Exchange>) -> bool) -> Result<SourceSummary, Stop> {
        if self.kind == SourceKind::Exchanges {
            let read = self.read(keep)?;
            hand_on(read.exchanges.into_iter().map(Arc::unwrap_or_clone).collect());
            return Ok(read.summary);
        }
        let Self { path, blocks, kind } = self;
        let read = capture::each(&path, kind, blocks, keep, hand_on);
        read.map_err(|what| Stop::Problem(format!("{}: {what}", called(&path))))
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
        let id = ids.claim(Arc::clone(&exchange.id));
        if id != exchange.id {
            Arc::make_mut(exchange).id = id;
        }
    }
}
