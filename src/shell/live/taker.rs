//! The thread that takes packets from the kernel, and does nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use corscope::wire::Moment;
use pcap::{Active, BreakLoop, Capture, Packet, Stat};

use super::open::{DIGITS, READ_TIMEOUT};
use super::queue::{Batch, Queue};

/// How often the kernel is asked what it dropped.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// How long to sleep where there is nothing to take and nothing to wait for.
const NAP: Duration = Duration::from_millis(10);

/// Takes packets until it is told to end.
pub(super) struct Taker {
    pub(super) queue: Arc<Queue>,
    told_to_end: Arc<AtomicBool>,
    wake: BreakLoop,
}

impl Taker {
    pub(super) fn start(mut capture: Capture<Active>) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let told_to_end = Arc::new(AtomicBool::new(false));
        let taker =
            Self { queue: Arc::clone(&queue), told_to_end: Arc::clone(&told_to_end), wake: capture.breakloop_handle() };
        thread::Builder::new().name("taker".to_owned()).spawn(move || {
            queue.end(take_all(capture, &queue, &told_to_end));
        })?;
        Ok(taker)
    }

    /// Nothing more is wanted. The queue says when the last packet is in it.
    pub(super) fn tell_to_end(&self) {
        self.told_to_end.store(true, Ordering::Relaxed);
        self.wake.breakloop();
    }
}

fn take_all(mut capture: Capture<Active>, queue: &Queue, told_to_end: &AtomicBool) -> Result<(), String> {
    let mut batch = Batch::default();
    let mut drops = Counted::default();
    let mut asked = Instant::now();
    while !told_to_end.load(Ordering::Relaxed) {
        let taken = capture.dispatch(None, |packet| batch.push(moment(&packet), packet.data, packet.header.len));
        queue.lay_down(&mut batch);
        if let Err(error) = taken
            && !told_to_end.load(Ordering::Relaxed)
        {
            return Err(error.to_string());
        }
        if asked.elapsed() >= ASK_EVERY {
            drops.ask(&mut capture, queue);
            asked = Instant::now();
        }
    }
    let mut capture = take_rest(capture, &mut batch, queue)?;
    drops.ask(&mut capture, queue);
    Ok(())
}

/// Takes what the kernel still holds back: it hands packets over when a block is full, or after the
/// read timeout.
fn take_rest(capture: Capture<Active>, batch: &mut Batch, queue: &Queue) -> Result<Capture<Active>, String> {
    let end = Instant::now() + READ_TIMEOUT + NAP;
    let mut capture = capture.setnonblock().map_err(|error| error.to_string())?;
    while Instant::now() < end {
        match capture.dispatch(None, |packet| batch.push(moment(&packet), packet.data, packet.header.len)) {
            Ok(0) | Err(_) => thread::sleep(NAP),
            Ok(_) => queue.lay_down(batch),
        }
    }
    queue.lay_down(batch);
    Ok(capture)
}

/// With the precision that was asked for, the microseconds are of that precision.
fn moment(packet: &Packet<'_>) -> Moment {
    let time = packet.header.ts;
    let unit = 10_i128.pow(9 - u32::from(DIGITS));
    Moment::from_nanoseconds(i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_usec) * unit, DIGITS)
}

/// The kernel counts in 32 bits and begins anew; this does not.
#[derive(Default)]
struct Counted {
    last: [u32; 2],
    sum: [u64; 2],
}

impl Counted {
    fn ask(&mut self, capture: &mut Capture<Active>, queue: &Queue) {
        // An interface that has just gone has nothing more to say.
        let Ok(Stat { dropped, if_dropped, .. }) = capture.stats() else { return };
        let [kernel, interface] = self.add([dropped, if_dropped]);
        queue.count(kernel, interface);
    }

    fn add(&mut self, now: [u32; 2]) -> [u64; 2] {
        for ((sum, last), now) in self.sum.iter_mut().zip(&mut self.last).zip(now) {
            *sum += u64::from(now.wrapping_sub(*last));
            *last = now;
        }
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_that_begin_anew_go_on() {
        let mut counted = Counted::default();
        assert_eq!(counted.add([u32::MAX, 3]), [u64::from(u32::MAX), 3]);
        assert_eq!(counted.add([1, 4]), [u64::from(u32::MAX) + 2, 4]);
    }
}
