//! A capture read, by one thread or by several: one takes the packets, the others read what they bring.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, Scope};

use corscope::analyzer::{Batch, Ended, LaneReader, Part};
use corscope::http::Exchange;
use corscope::wire::capture::{Error, Reader};

use super::block::{Blocks, Taken};
use crate::stop::reason;

/// Blocks whose packets were taken and whose messages are still being read: enough that no thread waits for
/// another, and little memory.
const UNDER_WAY: usize = 8;

/// A source that gives less than this at a time is slow: what it gives is not kept waiting for more.
const LITTLE: usize = 32 << 10;

/// Is handed the exchanges that have ended, and says whether more are wanted.
pub(super) type Wanted<'w> = &'w mut dyn FnMut(Vec<Arc<Exchange>>) -> bool;

/// Reads all packets of a capture into `part`, where the exchanges stay unless they are wanted as they end;
/// returns how many bytes it had.
pub(super) fn read(part: &mut Part, blocks: Blocks, threads: usize, wanted: Option<Wanted<'_>>) -> Result<u64, String> {
    let mut reader = Reader::new();
    let mut refused: Option<Error> = None;
    let read = if threads > 1 {
        by_several(part, blocks, threads, wanted, &mut reader, &mut refused)
    } else {
        by_one(part, blocks, wanted, &mut reader, &mut refused)
    };
    if let Some(error) = refused {
        return Err(format!("is no capture that can be read: {error}"));
    }
    let kept = reader.take_warnings();
    let more = reader.warned() - kept.len() as u64;
    for warning in &kept {
        part.warn(warning.to_string());
    }
    if more > 0 {
        part.warn(format!("{more} more damaged place(s)"));
    }
    Ok(read.unwrap_or_else(|error| {
        part.warn(format!("reading ended early: {}", reason(&error)));
        0
    }))
}

fn by_one(
    part: &mut Part,
    blocks: Blocks,
    mut wanted: Option<Wanted<'_>>,
    reader: &mut Reader,
    refused: &mut Option<Error>,
) -> io::Result<u64> {
    blocks.each(|held, _, at_end| {
        let bytes = reader.push(held, at_end, &mut |packet| part.packet(&packet));
        let bytes = bytes.map_err(|error| *refused = Some(error)).ok()?;
        let goes_on = wanted.as_mut().is_none_or(|wanted| wanted(part.take_exchanges()));
        goes_on.then_some(Taken { bytes, needs: reader.needs() })
    })
}

fn by_several(
    part: &mut Part,
    blocks: Blocks,
    threads: usize,
    mut wanted: Option<Wanted<'_>>,
    reader: &mut Reader,
    refused: &mut Option<Error>,
) -> io::Result<u64> {
    thread::scope(|scope| {
        let (mut divided, readers) = part.divided(threads);
        let mut desks: Vec<Desk> = readers.into_iter().map(|lanes| Desk::open(scope, lanes)).collect();
        let mut under_way = 0;
        let read = blocks.each(|held, block, at_end| {
            let bytes = reader.push(held, at_end, &mut |packet| divided.packet(&packet, block));
            let bytes = bytes.map_err(|error| *refused = Some(error)).ok()?;
            for (desk, batch) in desks.iter_mut().zip(divided.take(block)) {
                desk.give(batch);
            }
            under_way += 1;
            let most = if held.len() < LITTLE || at_end { 0 } else { UNDER_WAY };
            while under_way > most {
                divided.put(desks.iter_mut().map(Desk::take).collect());
                under_way -= 1;
            }
            let goes_on = wanted.as_mut().is_none_or(|wanted| wanted(divided.take_exchanges()));
            goes_on.then_some(Taken { bytes, needs: reader.needs() })
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
                if done.send(lanes.read(&batch)).is_err() {
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
