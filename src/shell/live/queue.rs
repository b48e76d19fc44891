//! Packets between the thread that takes them and the one that reads them.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use corscope::wire::{LinkType, Moment, Packet};

/// Bytes that may wait to be read. While what was kept is analysed, nobody reads: this bridges half
/// a second at a gigabit a second.
const ROOM: usize = 64 << 20;

/// Packets that were taken, in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    heads: Vec<Head>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    time: Moment,
    /// Captured bytes.
    len: usize,
    /// On the wire.
    original_len: u32,
}

impl Batch {
    pub(super) fn push(&mut self, time: Moment, data: &[u8], original_len: u32) {
        self.bytes.extend_from_slice(data);
        self.heads.push(Head { time, len: data.len(), original_len });
    }

    /// The packets, numbered from `first` on.
    pub(super) fn packets(&self, first: u64, link: LinkType) -> impl Iterator<Item = Packet<'_>> {
        let mut rest = self.bytes.as_slice();
        (first..).zip(&self.heads).map(move |(number, head)| {
            let (data, after) = rest.split_at_checked(head.len).unwrap_or((rest, &[]));
            rest = after;
            Packet { number, time: head.time, link, data, original_len: head.original_len }
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.heads.len() as u64
    }

    /// Captured bytes of all packets.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Keeps the first packets only.
    pub(super) fn truncate(&mut self, packets: u64) {
        self.heads.truncate(usize::try_from(packets).unwrap_or(usize::MAX));
        self.bytes.truncate(self.heads.iter().map(|head| head.len).sum());
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.heads.clear();
    }

    /// The memory that it takes.
    fn size(&self) -> usize {
        self.bytes.len() + self.heads.len() * size_of::<Head>()
    }
}

/// Packets that were lost on the way, by who dropped them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Drops {
    pub(super) kernel: u64,
    pub(super) interface: u64,
    pub(super) queue: u64,
}

/// What the reader is told beside the packets.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) drops: Drops,
    /// Nothing more comes, and why where nobody asked for it.
    pub(super) ended: Option<Result<(), String>>,
}

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    came: Condvar,
    room: usize,
}

#[derive(Debug, Default)]
struct State {
    batch: Batch,
    drops: Drops,
    ended: Option<Result<(), String>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl Queue {
    fn with_room(room: usize) -> Self {
        Self { state: Mutex::default(), came: Condvar::new(), room }
    }

    /// Lays packets down, as many as there is room for; the others are dropped and counted.
    pub(super) fn lay_down(&self, packets: &mut Batch) {
        if packets.heads.is_empty() {
            return;
        }
        let mut state = self.state();
        if state.batch.heads.is_empty() && packets.size() <= self.room {
            mem::swap(&mut state.batch, packets);
        } else {
            let State { batch, drops, .. } = &mut *state;
            for packet in packets.packets(0, LinkType(0)) {
                if batch.size() + size_of::<Head>() + packet.data.len() > self.room {
                    drops.queue += 1;
                } else {
                    batch.push(packet.time, packet.data, packet.original_len);
                }
            }
        }
        drop(state);
        packets.clear();
        self.came.notify_one();
    }

    /// What the kernel says of lost packets, since the beginning.
    pub(super) fn count(&self, kernel: u64, interface: u64) {
        let mut state = self.state();
        state.drops = Drops { kernel, interface, ..state.drops };
    }

    /// Nothing more will be laid down.
    pub(super) fn end(&self, how: Result<(), String>) {
        self.state().ended = Some(how);
        self.came.notify_one();
    }

    /// Takes what is there, and waits for it if it must, so long at the most.
    pub(super) fn take(&self, into: &mut Batch, patience: Duration) -> Told {
        into.clear();
        let nothing = |state: &mut State| state.batch.heads.is_empty() && state.ended.is_none();
        let waited = self.came.wait_timeout_while(self.state(), patience, nothing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut state.batch, into);
        Told { drops: state.drops, ended: state.ended.clone() }
    }

    /// A thread that panicked left nothing half done in it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(packets: &[&[u8]]) -> Batch {
        let mut batch = Batch::default();
        for data in packets {
            batch.push(Moment::default(), data, 9);
        }
        batch
    }

    fn taken(queue: &Queue) -> (Vec<Vec<u8>>, Told) {
        let mut into = Batch::default();
        let told = queue.take(&mut into, Duration::ZERO);
        (into.packets(1, LinkType(1)).map(|packet| packet.data.to_vec()).collect(), told)
    }

    #[test]
    fn packets_come_out_as_they_went_in() {
        let queue = Queue::default();
        queue.lay_down(&mut batch(&[b"one", b""]));
        queue.lay_down(&mut batch(&[b"three"]));
        assert_eq!(taken(&queue).0, [b"one".to_vec(), b"".to_vec(), b"three".to_vec()]);
        assert_eq!(taken(&queue).0, Vec::<Vec<u8>>::new());
    }

    #[test]
    fn what_has_no_room_is_dropped_and_counted() {
        let queue = Queue::with_room(2 * size_of::<Head>() + 8);
        queue.lay_down(&mut batch(&[b"one"]));
        queue.lay_down(&mut batch(&[b"too long for it", b"two", b"x"]));
        queue.count(5, 6);
        let (packets, told) = taken(&queue);
        assert_eq!(packets, [b"one".to_vec(), b"two".to_vec()]);
        assert_eq!(told.drops, Drops { kernel: 5, interface: 6, queue: 2 });
        queue.lay_down(&mut batch(&[&[0; 999]]));
        assert_eq!(taken(&queue).1.drops.queue, 3);
    }

    #[test]
    fn the_end_comes_with_the_last_packets() {
        let queue = Queue::default();
        queue.lay_down(&mut batch(&[b"last"]));
        queue.end(Err("the cable".to_owned()));
        let (packets, told) = taken(&queue);
        assert_eq!((packets.len(), told.ended), (1, Some(Err("the cable".to_owned()))));
    }

    #[test]
    fn a_batch_can_be_cut_short() {
        let mut batch = batch(&[b"one", b"two"]);
        batch.truncate(1);
        assert_eq!((batch.len(), batch.bytes()), (1, 3));
        batch.truncate(7);
        assert_eq!(batch.len(), 1);
    }
}
