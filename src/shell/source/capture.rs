//! A capture read, by one thread or by several: one takes the packets, the others read what they bring.

use std::io;
use std::sync::Arc;
use std::thread;

use corscope::analyzer::{Divided, Ended, Part, Scribe};
use corscope::http::Exchange;
use corscope::wire::Packet;
use corscope::wire::capture::{Error, Reader};

use super::block::{Blocks, Taken};
use super::crew::{self, Crew};
use crate::stop::reason;

/// Blocks whose packets were taken and whose messages are still being read: enough that no thread waits for
/// another, and little memory.
const UNDER_WAY: usize = 4;

/// Threads that read one capture, at most. Packets are taken by one of them, and that is a fifth of the work: more of
/// them would wait, and take memory.
const MAX_THREADS: usize = 6;

/// A source that gives less than this at a time is slow: what it gives is not kept waiting for more.
const LITTLE: usize = 32 << 10;

/// Blocks larger than this, as long records make them, are read one at a time: together they would take too
/// much memory.
const LARGE: usize = 2 << 20;

/// Exchanges that have ended.
pub(crate) enum Handed {
    /// As they are.
    Exchanges(Vec<Arc<Exchange>>),
    /// Written down.
    Text(String),
}

impl Handed {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Exchanges(exchanges) => exchanges.is_empty(),
            Self::Text(text) => text.is_empty(),
        }
    }
}

/// Is handed the exchanges that have ended, and says whether more are wanted.
pub(super) type Wanted<'w> = &'w mut dyn FnMut(Handed) -> bool;

/// Reads all packets of a capture into `part`, where the exchanges stay; returns how many bytes it had.
pub(super) fn read(part: &mut Part, blocks: Blocks, threads: usize) -> Result<u64, String> {
    if threads < 2 {
        return read_on(part, blocks, |_| true);
    }
    let keep = |divided: &mut Divided<'_>, ended| {
        divided.put(ended);
        true
    };
    by_several(part, blocks, threads, |ended| ended, keep)
}

/// Reads all packets of a capture, and hands the exchanges on as they end: written down already, by a scribe for
/// each block who is given room to write in, where several threads read. Returns how many bytes it had.
pub(super) fn hand_on<S: Scribe>(
    part: &mut Part,
    blocks: Blocks,
    threads: usize,
    scribe: impl Fn(String) -> S + Sync,
    wanted: Wanted<'_>,
) -> Result<u64, String> {
    if threads < 2 {
        return read_on(part, blocks, |part| wanted(Handed::Exchanges(part.take_exchanges())));
    }
    let hand_on = |divided: &mut Divided<'_>, written| wanted(Handed::Text(divided.put_written(written)));
    by_several(part, blocks, threads, |ended: Ended| ended.written(&scribe), hand_on)
}

/// Reads all packets of a capture into `part`, and after each block lets somebody look at it, who says
/// whether to go on; returns how many bytes it had.
pub(super) fn read_on(
    part: &mut Part,
    blocks: Blocks,
    mut goes_on: impl FnMut(&mut Part) -> bool,
) -> Result<u64, String> {
    let mut reading = Reading::default();
    let read = blocks.each(|held, _, at_end| {
        let taken = reading.push(held, at_end, &mut |packet| part.packet(&packet))?;
        goes_on(part).then_some(taken)
    });
    reading.finish(part, read)
}

/// A capture file that is being read.
#[derive(Default)]
struct Reading {
    reader: Reader,
    /// Why it is none.
    refused: Option<Error>,
}

impl Reading {
    fn push(&mut self, held: &[u8], at_end: bool, sink: &mut dyn FnMut(Packet<'_>)) -> Option<Taken> {
        let bytes = self.reader.push(held, at_end, sink).map_err(|error| self.refused = Some(error)).ok()?;
        Some(Taken { bytes, needs: self.reader.needs() })
    }

    /// Says of the part what was odd about the file.
    fn finish(mut self, part: &mut Part, read: io::Result<u64>) -> Result<u64, String> {
        if let Some(error) = self.refused {
            return Err(format!("is no capture that can be read: {error}"));
        }
        let kept = self.reader.take_warnings();
        let more = self.reader.warned() - kept.len() as u64;
        for warning in &kept {
            part.damaged(warning.to_string());
        }
        if more > 0 {
            part.damaged(format!("{more} more damaged place(s)"));
        }
        Ok(read.unwrap_or_else(|error| {
            part.damaged(format!("reading ended early: {}", reason(&error)));
            0
        }))
    }
}

/// `make` is what each reader does with the exchanges that have ended, and `take` gets what all of them made of a
/// block; it says whether to go on.
fn by_several<T: Default + Send>(
    part: &mut Part,
    blocks: Blocks,
    threads: usize,
    make: impl Fn(Ended) -> T + Sync,
    mut take: impl FnMut(&mut Divided<'_>, Vec<T>) -> bool,
) -> Result<u64, String> {
    let threads = threads.min(MAX_THREADS);
    let mut reading = Reading::default();
    let (mut divided, readers) = part.divided(crew::readers(threads));
    let crew = Crew::new(readers, make);
    let read = thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| crew.work());
        }
        let giving = crew.giving();
        let mut under_way = 0;
        let read = blocks.each(|held, block, at_end| {
            let taken = reading.push(held, at_end, &mut |packet| divided.packet(&packet, block))?;
            giving.give(divided.take(block));
            under_way += 1;
            let is_alone = held.len() < LITTLE || block.len() > LARGE || at_end;
            let most = if is_alone { 0 } else { UNDER_WAY };
            let mut goes_on = true;
            while under_way > most {
                goes_on &= take(&mut divided, giving.take());
                under_way -= 1;
            }
            goes_on.then_some(taken)
        });
        // What reading ended early with is there as well.
        for _ in 0..under_way {
            take(&mut divided, giving.take());
        }
        read
    });
    drop(divided);
    reading.finish(part, read)
}
