//! What commands read: captures and exchange files, from files or standard input, compressed or not.

mod block;
mod capture;
mod detect;
mod exchanges;
mod input;
mod progress;
mod sets;
mod unpack;
mod workers;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use corscope::analyzer::{Part, Read, SourceSummary};
use corscope::http::Exchange;
use corscope::import::Ids;

use crate::args::Reading;
use crate::interrupt::Interrupt;
use crate::output::say;
use crate::stop::{Stop, reason};
use block::Blocks;
use detect::{Looks, looks};
use input::{Ended, Input, Manner};
use progress::Progress;
use sets::{Place, in_sets};

/// How much of each body is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// Enough to know an error page by.
    Beginnings,
    /// All that an exchange file's line may hold.
    Bodies,
}

impl Keep {
    /// The bytes of one body.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Beginnings => 4 << 10,
            // In base64 it leaves room for the rest of a line: see `exchange_file::MAX_LINE`.
            Self::Bodies => 16 << 20,
        }
    }
}

/// Reads every source, several at a time; what comes of it is in the order in which they were named.
/// An interrupt ends the reading: what was read so far is the result then.
pub(crate) fn read_all(reading: &Reading, keep: Keep, interrupt: &Interrupt) -> Result<Vec<Read>, Stop> {
    let names = &reading.sources;
    if names.iter().filter(|name| *name == "-").count() > 1 {
        return Err(Stop::Problem("standard input (-) can be read only once".to_owned()));
    }
    let manner = Manner { interrupt: interrupt.clone(), ..Manner::default() };
    let mut progress = Progress::of(names, reading.no_progress);
    let threads = reading.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, Into::into);
    let sets = in_sets(names);
    let read = workers::each(
        &sets,
        threads,
        |set| read_set(set, names, keep, &manner),
        || progress.show(manner.done.load(Ordering::Relaxed)),
    );
    progress.clear();
    interrupt.finish();
    let read = read.into_iter().collect::<Result<Vec<_>, Stop>>()?;
    let mut placed: Vec<(usize, Read)> = read.into_iter().flatten().collect();
    placed.sort_by_key(|(place, _)| *place);
    let mut reads: Vec<Read> = placed.into_iter().map(|(_, read)| read).collect();
    make_ids_distinct(&mut reads);
    Ok(reads)
}

/// Reads one capture and goes on where it ends, until there is an interrupt. Hands out every
/// exchange as it ends.
pub(crate) fn follow(
    name: &OsStr,
    keep: Keep,
    interrupt: &Interrupt,
    mut sink: impl FnMut(Vec<Exchange>),
) -> Result<SourceSummary, Stop> {
    let manner = Manner { interrupt: interrupt.clone(), follow: true, ..Manner::default() };
    let source = Source::open(name, &manner)?;
    let Looks::Capture(kind) = source.looks else {
        return Err(source.problem("is no capture: only those can be followed"));
    };
    let mut part = Part::new(&source.path, keep.bytes());
    let bytes = capture::read(&mut part, source.blocks, |part| sink(part.take_exchanges()))
        .map_err(|what| problem(&source.path, &what))?;
    let Read { summary, exchanges } = part.finish(Arc::clone(&source.path), kind, bytes);
    sink(exchanges);
    Ok(summary)
}

/// Says on standard error what was odd about the sources.
pub(crate) fn say_warnings<'a>(summaries: impl IntoIterator<Item = &'a SourceSummary>) {
    for summary in summaries {
        for warning in &summary.warnings {
            say(&format!("warning: {}: {warning}", summary.path));
        }
    }
}

/// Reads the files of one set one after the other, as one capture as long as they are one.
fn read_set(set: &[Place], names: &[OsString], keep: Keep, manner: &Manner) -> Result<Vec<(usize, Read)>, Stop> {
    let mut reads = Vec::new();
    let mut part: Option<Part> = None;
    for (nth, place) in set.iter().enumerate() {
        let Some(name) = names.get(place.at) else { continue };
        let source = Source::open(name, manner)?;
        let Looks::Capture(kind) = source.looks else {
            reads.push((place.at, source.exchanges(keep)?));
            continue;
        };
        let Source { path, blocks, ended, .. } = source;
        let mut reading = part.take().unwrap_or_else(|| Part::new(&path, keep.bytes()));
        let bytes = capture::read(&mut reading, blocks, |_| {}).map_err(|what| problem(&path, &what))?;
        if let Some(why) = ended.why() {
            reading.warn(why.to_owned());
        }
        let next = set.get(nth + 1).filter(|next| next.goes_on_after(reading.latest()));
        let read = match next.and_then(|next| names.get(next.at)) {
            Some(next) => {
                let read = reading.turn(path, kind, bytes, &next.to_string_lossy().into());
                part = Some(reading);
                read
            }
            None => reading.finish(path, kind, bytes),
        };
        reads.push((place.at, read));
    }
    Ok(reads)
}

/// A source that was opened, and what it looks like.
struct Source {
    path: Arc<str>,
    blocks: Blocks,
    ended: Ended,
    looks: Looks,
}

impl Source {
    fn open(name: &OsStr, manner: &Manner) -> Result<Self, Stop> {
        let path: Arc<str> = name.to_string_lossy().into();
        let Input { bytes, ended } = Input::open(name, manner).map_err(|what| problem(&path, &what))?;
        let mut blocks = Blocks::new(bytes);
        let first = blocks.begin().map_err(|error| problem(&path, &format!("cannot be read: {}", reason(&error))))?;
        if let (true, Some(why)) = (first.is_empty(), ended.why()) {
            return Err(problem(&path, &format!("cannot be read: {why}")));
        }
        let looks = looks(first);
        if let Looks::Other(what) = &looks {
            return Err(problem(&path, what));
        }
        Ok(Self { path, blocks, ended, looks })
    }

    fn problem(&self, what: &str) -> Stop {
        problem(&self.path, what)
    }

    fn exchanges(self, keep: Keep) -> Result<Read, Stop> {
        let mut read = exchanges::read(&self.path, self.blocks, keep).map_err(|what| problem(&self.path, &what))?;
        read.summary.warnings.extend(self.ended.why().map(str::to_owned));
        Ok(read)
    }
}

fn problem(path: &str, what: &str) -> Stop {
    Stop::Problem(format!("{}: {what}", if path == "-" { "standard input" } else { path }))
}

/// An id that an earlier source used gets a suffix.
fn make_ids_distinct(reads: &mut [Read]) {
    let mut ids = Ids::default();
    for exchange in reads.iter_mut().flat_map(|read| &mut read.exchanges) {
        exchange.id = ids.claim(Arc::clone(&exchange.id));
    }
}
