//! Readers of what packets bring, and the threads that work them: as many as may be used, the one that takes packets
//! among them, and each does what there is to do. Threads with fixed work would wait for one another.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use corscope::analyzer::{Batch, Ended, LaneReader};

/// Readers for each thread: what they have to do differs, and a thread that takes packets reads little besides.
const READERS_EACH: usize = 2;

/// How many readers there are for so many threads.
pub(super) fn readers(threads: usize) -> usize {
    threads * READERS_EACH
}

/// Readers, and what `make` does with the exchanges that end.
pub(super) struct Crew<'a, T, F> {
    readers: Vec<Mutex<LaneReader<'a>>>,
    make: F,
    board: Mutex<Board<T>>,
    /// The board was written on.
    changed: Condvar,
}

/// What is to be done, and what came of it.
struct Board<T> {
    desks: Vec<Desk<T>>,
    /// Nothing more will be given.
    is_over: bool,
}

/// Those of one reader, first come first.
struct Desk<T> {
    batches: VecDeque<Batch>,
    results: VecDeque<T>,
    /// A thread reads for it.
    is_taken: bool,
}

impl<'a, T: Default, F: Fn(Ended) -> T> Crew<'a, T, F> {
    pub(super) fn new(readers: Vec<LaneReader<'a>>, make: F) -> Self {
        let desk = || Desk { batches: VecDeque::new(), results: VecDeque::new(), is_taken: false };
        let board = Board { desks: readers.iter().map(|_| desk()).collect(), is_over: false };
        let readers = readers.into_iter().map(Mutex::new).collect();
        Self { readers, make, board: Mutex::new(board), changed: Condvar::new() }
    }

    /// Reads until all is read and nothing more comes.
    pub(super) fn work(&self) {
        let mut board = self.board();
        while !board.is_over || board.next().is_some() {
            board = self.go_on(board);
        }
    }

    /// Whoever gives out batches: when that is dropped, nothing more will be given.
    pub(super) fn giving(&self) -> Giving<'_, 'a, T, F> {
        Giving(self)
    }

    /// Reads one batch, or waits where there is none to be read.
    fn go_on<'b>(&'b self, mut board: MutexGuard<'b, Board<T>>) -> MutexGuard<'b, Board<T>> {
        let Some(at) = board.next() else {
            return self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
        };
        let batch = board.desks.get_mut(at).and_then(Desk::begin);
        drop(board);
        let mut reading = Reading { crew: self, at, result: None };
        if let (Some(reader), Some(batch)) = (self.readers.get(at), batch) {
            let ended = reader.lock().unwrap_or_else(PoisonError::into_inner).read(batch);
            reading.result = Some((self.make)(ended));
        }
        drop(reading);
        self.board()
    }

    /// What is on it is whole at any time.
    fn board(&self) -> MutexGuard<'_, Board<T>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end at which batches are given out and results taken.
pub(super) struct Giving<'c, 'a, T, F>(&'c Crew<'a, T, F>)
where
    T: Default,
    F: Fn(Ended) -> T;

impl<T: Default, F: Fn(Ended) -> T> Giving<'_, '_, T, F> {
    /// Hands out a batch for each reader.
    pub(super) fn give(&self, batches: Vec<Batch>) {
        for (desk, batch) in self.0.board().desks.iter_mut().zip(batches) {
            desk.batches.push_back(batch);
        }
        self.0.changed.notify_all();
    }

    /// What became of the batches that were given first. Reads others while it is not there.
    pub(super) fn take(&self) -> Vec<T> {
        let mut board = self.0.board();
        while board.desks.iter().any(|desk| desk.results.is_empty()) {
            board = self.0.go_on(board);
        }
        board.desks.iter_mut().filter_map(|desk| desk.results.pop_front()).collect()
    }
}

impl<T: Default, F: Fn(Ended) -> T> Drop for Giving<'_, '_, T, F> {
    fn drop(&mut self) {
        self.0.board().is_over = true;
        self.0.changed.notify_all();
    }
}

impl<T> Board<T> {
    /// The desk that is furthest behind, of those that nobody reads for.
    fn next(&self) -> Option<usize> {
        let waiting = self.desks.iter().enumerate().filter(|(_, desk)| !desk.is_taken && !desk.batches.is_empty());
        waiting.max_by_key(|(at, desk)| (desk.batches.len(), std::cmp::Reverse(*at))).map(|(at, _)| at)
    }
}

impl<T> Desk<T> {
    fn begin(&mut self) -> Option<Batch> {
        self.is_taken = true;
        self.batches.pop_front()
    }
}

/// A batch that is being read. With a panic it has no result, which whoever waits for it does not wait for then.
struct Reading<'c, 'a, T: Default, F: Fn(Ended) -> T> {
    crew: &'c Crew<'a, T, F>,
    at: usize,
    result: Option<T>,
}

impl<T: Default, F: Fn(Ended) -> T> Drop for Reading<'_, '_, T, F> {
    fn drop(&mut self) {
        if let Some(desk) = self.crew.board().desks.get_mut(self.at) {
            desk.results.push_back(self.result.take().unwrap_or_default());
            desk.is_taken = false;
        }
        self.crew.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use corscope::analyzer::{Keep, Part};

    use super::*;

    const READERS: usize = 4;

    #[test]
    fn a_panic_keeps_nobody_waiting() {
        let mut part = Part::new(&"some".into(), Keep::Errors);
        let (mut divided, readers) = part.divided(READERS);
        let is_first = AtomicBool::new(true);
        let crew = Crew::new(readers, |_| {
            assert!(!is_first.swap(false, Ordering::Relaxed), "what a panic says");
            1
        });
        thread::scope(|scope| {
            let giving = crew.giving();
            giving.give(divided.take(&Arc::default()));
            assert!(scope.spawn(|| crew.work()).join().is_err());
            let made = giving.take();
            assert_eq!((made.len(), made.iter().sum::<usize>()), (READERS, READERS - 1), "of one there is nothing");
        });
    }
}
