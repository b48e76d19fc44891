//! A capture that is still being written, read on as it grows.

use std::ffi::OsStr;
use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread;

use corscope::analyzer::{Part, SourceSummary};
use corscope::http::Exchange;

use super::input::Manner;
use super::{BATCHES, Keep, Looks, Source, capture, problem, workers};
use crate::interrupt::Interrupt;
use crate::stop::{Stop, reason};

/// What came since the last time.
pub(crate) struct More {
    pub(crate) exchanges: Vec<Arc<Exchange>>,
    /// Of all that was read so far.
    pub(crate) summary: SourceSummary,
}

/// Says so early where a source cannot be opened. A FIFO is only opened once: that waits for its writer.
pub(crate) fn can_be_opened(name: &OsStr) -> Result<(), Stop> {
    let is_other = std::fs::metadata(name).is_ok_and(|found| !found.is_file());
    if name == "-" || is_other {
        return Ok(());
    }
    let refused = |error| problem(&name.to_string_lossy(), &format!("cannot be opened: {}", reason(&error)));
    File::open(name).map(|_| ()).map_err(refused)
}

/// Reads a capture, and goes on at its end until it is interrupted. `take` is given what came, and nothing where nothing
/// came for a while.
pub(crate) fn follow(
    name: &OsStr,
    keep: Keep,
    interrupt: &Interrupt,
    mut take: impl FnMut(Option<More>),
) -> Result<(), Stop> {
    let manner = Manner { interrupt: interrupt.clone(), follow: true, ..Manner::default() };
    let (put, arriving) = mpsc::sync_channel(BATCHES);
    thread::scope(|scope| {
        // It owns the sending end, whose end tells that nothing more comes.
        let reader = scope.spawn(move || read_on(name, keep, &manner, &put));
        loop {
            match arriving.recv_timeout(workers::TICK) {
                Ok(more) => take(Some(more)),
                Err(RecvTimeoutError::Timeout) => take(None),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn read_on(name: &OsStr, keep: Keep, manner: &Manner, put: &SyncSender<More>) -> Result<(), Stop> {
    let source = match Source::open(name, manner) {
        // Nobody waits any more for it to become something.
        Err(_) if manner.interrupt.is_wanted() => return Ok(()),
        opened => opened?,
    };
    let Looks::Capture(kind) = source.looks else {
        return Err(source.problem("is no capture: only those can be followed"));
    };
    let Source { path, blocks, ended, .. } = source;
    let mut part = Part::new(&path, keep).sharing(None);
    let hand_on = |part: &mut Part| {
        let exchanges = part.take_exchanges();
        put.send(More { exchanges, summary: part.summary(Arc::clone(&path), kind, 0) }).is_ok()
    };
    capture::read_on(&mut part, blocks, hand_on).map_err(|what| problem(&path, &what))?;
    if let Some(why) = ended.why() {
        part.damaged(why.to_owned());
    }
    part.end();
    hand_on(&mut part);
    Ok(())
}
