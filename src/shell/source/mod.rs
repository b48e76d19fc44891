//! What commands read: captures and exchange files, from files or standard input, compressed or not.

mod block;
mod capture;
mod crew;
mod detect;
mod exchanges;
mod follow;
mod input;
mod opened;
mod progress;
mod sets;
mod unpack;
mod workers;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

pub(crate) use corscope::analyzer::Keep;
use corscope::analyzer::{Part, Read, Scribe, SourceSummary};
use corscope::http::Masking;
use corscope::import::Ids;

use crate::args::Reading;
use crate::interrupt::Interrupt;
use crate::output::say;
use crate::stop::Stop;
pub(crate) use capture::Handed;
use detect::Looks;
pub(crate) use follow::{More, can_be_opened, follow};
use input::Manner;
use opened::{Source, problem};
use progress::Progress;
use sets::{Place, in_sets};
pub(crate) use workers::Threads;

/// All of a body that an exchange file's line may hold: in base64 it leaves room for the rest of a line
/// (`exchange_file::MAX_LINE`).
pub(crate) const BODIES: Keep = Keep::All(16 << 20);

/// Batches of exchanges that may wait for whoever takes them: enough that neither side waits for the
/// other, and little memory.
const BATCHES: usize = 2;

/// The threads that may be used.
pub(crate) fn threads(reading: &Reading) -> Threads {
    Threads(reading.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, Into::into))
}

/// Reads every source, several at a time; what comes of it is in the order in which they were named.
/// Of captures only what `masking` leaves of secrets is kept. An interrupt ends the reading: what was read so far is
/// the result then.
pub(crate) fn read_all(
    reading: &Reading,
    keep: Keep,
    masking: Option<Masking>,
    interrupt: &Interrupt,
) -> Result<Vec<Read>, Stop> {
    let names = &reading.sources;
    if names.iter().filter(|name| *name == "-").count() > 1 {
        return Err(Stop::Problem("standard input (-) can be read only once".to_owned()));
    }
    say_repeated(names);
    let manner = Manner { interrupt: interrupt.clone(), ..Manner::default() };
    let mut progress = Progress::of(names, reading.no_progress);
    let sets = in_sets(names);
    let threads_each = threads(reading).0.div_ceil(sets.len().max(1));
    let read = workers::each(
        &sets,
        threads(reading).0,
        |set| read_set(set, names, (keep, masking), &manner, threads_each),
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

/// Reads one source and hands its exchanges on as they end, so that memory does not grow with it; where several
/// threads read, a `scribe` has written them down. It is read by threads of its own while `take` works on what came
/// before. An interrupt ends the reading; with `follow` nothing else does, since somebody is still writing the file.
pub(crate) fn each_exchange<S: Scribe>(
    reading: &Reading,
    name: &OsStr,
    keep: Keep,
    follow: bool,
    interrupt: &Interrupt,
    scribe: impl Fn(String) -> S + Sync,
    take: impl FnMut(Handed) -> Result<(), Stop>,
) -> Result<SourceSummary, Stop> {
    let manner = Manner { interrupt: interrupt.clone(), follow, ..Manner::default() };
    let mut progress = Progress::of(std::slice::from_ref(&name.to_owned()), reading.no_progress || follow);
    let (batches, arriving) = mpsc::sync_channel::<Handed>(BATCHES);
    let (read_as, scribe) = (&manner, &scribe);
    // What is followed comes slowly, and is to be handed on at once.
    let threads = if follow { 1 } else { threads(reading).0 };
    thread::scope(|scope| {
        // It owns the sending end, whose end tells that all was read. Nobody takes any more once writing has
        // failed.
        let source = scope.spawn(move || {
            let source = Source::open(name, read_as)?;
            if follow && !matches!(source.looks, Looks::Capture(_)) {
                return Err(source.problem("is no capture: only those can be followed"));
            }
            source.hand_on(keep, threads, scribe, &mut |more| more.is_empty() || batches.send(more).is_ok())
        });
        let taken = take_batches(&arriving, take, || progress.show(manner.done.load(Ordering::Relaxed)));
        drop(arriving);
        progress.clear();
        interrupt.finish();
        let summary = source.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        taken.and(summary)
    })
}

/// Takes batches until no more arrive or taking one fails; calls `meanwhile` now and then.
fn take_batches(
    arriving: &Receiver<Handed>,
    mut take: impl FnMut(Handed) -> Result<(), Stop>,
    mut meanwhile: impl FnMut(),
) -> Result<(), Stop> {
    loop {
        match arriving.recv_timeout(workers::TICK) {
            Ok(batch) => take(batch)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        meanwhile();
    }
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
fn read_set(
    set: &[Place],
    names: &[OsString],
    (keep, masking): (Keep, Option<Masking>),
    manner: &Manner,
    threads: usize,
) -> Result<Vec<(usize, Read)>, Stop> {
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
        let mut reading = part.take().unwrap_or_else(|| Part::new(&path, keep).glancing().sharing(masking));
        let bytes = capture::read(&mut reading, blocks, threads).map_err(|what| problem(&path, &what))?;
        if let Some(why) = ended.why() {
            reading.damaged(why.to_owned());
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

/// Says of names that are there more than once what comes of it: a slip of the hand or of a wildcard.
fn say_repeated(names: &[OsString]) {
    let mut said: Vec<&OsString> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        if names.iter().take(at).any(|before| before == name) && !said.contains(&name) {
            let name_shown = name.to_string_lossy();
            say(&format!("warning: {name_shown}: is named more than once, and its calls are counted as often"));
            said.push(name);
        }
    }
}

/// An id that an earlier source used gets a suffix.
fn make_ids_distinct(reads: &mut [Read]) {
    // Within one no id is there twice.
    if reads.len() < 2 {
        return;
    }
    let mut ids = Ids::default();
    for exchange in reads.iter_mut().flat_map(|read| &mut read.exchanges) {
        let id = ids.claim(exchange.id.clone());
        if id != exchange.id {
            Arc::make_mut(exchange).id = id;
        }
    }
}
