//! A capture read, by one thread or by several: one takes the packets, the others read what they bring.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, Scope};

use corscope::analyzer::{Batch, Ended, LaneReader, Part};
use corscope::http::Exchange;
use corscope::wire::Packet;
use corscope::wire::capture::{Error, Reader};

use super::block::{Blocks, Taken};
use crate::stop::reason;

/// Blocks whose packets were taken and whose messages are still being read: enough that no thread waits for
/// another, and little memory.
const UNDER_WAY: usize = 8;

/// A source that gives less than this at a time is slow: what it gives is not kept waiting for more.
const LITTLE: usize = 32 << 10;

/// Blocks larger than this, as long records make them, are read one at a time: together they would take too
/// much memory.
const LARGE: usize = 2 << 20;

/// Is handed the exchanges that have ended, and says whether more are wanted.
pub(super) type Wanted<'w> = &'w mut dyn FnMut(Vec<Arc<Exchange>>) -> bool;

/// Reads all packets of a capture into `part`, where the exchanges stay unless they are wanted as they end;
/// returns how many bytes it had.
pub(super) fn read(
    part: &mut Part,
    blocks: Blocks,
    threads: usize,
    mut wanted: Option<Wanted<'_>>,
) -> Result<u64, String> {
    if threads < 2 {
        return read_on(part, blocks, |part| wanted.as_mut().is_none_or(|wanted| wanted(part.take_exchanges())));
    }
    let mut reading = Reading::default();
    let read = by_several(part, blocks, threads, wanted, &mut reading);
    reading.finish(part, read)
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

fn by_several(
    part: &mut Part,
    blocks: Blocks,
    threads: usize,
    mut wanted: Option<Wanted<'_>>,
    reading: &mut Reading,
) -> io::Result<u64> {
    thread::scope(|scope| {
        let (mut divided, readers) = part.divided(threads);
        let mut desks: Vec<Desk> = readers.into_iter().map(|lanes| Desk::open(scope, lanes)).collect();
        let mut under_way = 0;
        let read = blocks.each(|held, block, at_end| {
            let taken = reading.push(held, at_end, &mut |packet| divided.packet(&packet, block))?;
            for (desk, batch) in desks.iter_mut().zip(divided.take(block)) {
                desk.give(batch);
            }
            under_way += 1;
            let is_alone = held.len() < LITTLE || block.len() > LARGE || at_end;
            let most = if is_alone { 0 } else { UNDER_WAY };
            while under_way > most {
                divided.put(desks.iter_mut().map(Desk::take).collect());
                under_way -= 1;
            }
            let goes_on = wanted.as_mut().is_none_or(|wanted| wanted(divided.take_exchanges()));
            goes_on.then_some(taken)
        });
        // What reading ended early with is there as well.
        for _ in 0..under_way {
            divided.put(desks.iter_mut().map(Desk::take).collect());
        }
        read
    })
}

/// One thread that reads what packets bring.
struct Desk {
    batches: SyncSender<Batch>,
    ended: Receiver<Ended>,
}

impl Desk {
    fn open<'scope>(scope: &'scope Scope<'scope, '_>, mut lanes: LaneReader<'scope>) -> Self {
        let (batches, given) = mpsc::sync_channel::<Batch>(UNDER_WAY + 1);
        let (done, ended) = mpsc::sync_channel(UNDER_WAY + 1);
        scope.spawn(move || {
            for batch in given {
                // Nobody takes it any more when this scope is being left by a panic.
                if done.send(lanes.read(batch)).is_err() {
                    break;
                }
            }
        });
        Self { batches, ended }
    }

    /// It is only gone with a panic, which its scope hands on.
    fn give(&mut self, batch: Batch) {
        _ = self.batches.send(batch);
    }

    /// What became of the batch that was given first.
    fn take(&mut self) -> Ended {
        self.ended.recv().unwrap_or_default()
    }
}
