//! Work done by several threads, its results in the order of the work.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use corscope::analyzer::Workers;

/// How often `meanwhile` is called while the work goes on.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Does `work` on each item by up to `threads` threads, and `meanwhile` on this one.
pub(super) fn each<I: Sync, T: Send>(
    items: &[I],
    threads: usize,
    work: impl Fn(&I) -> T + Sync,
    mut meanwhile: impl FnMut(),
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let mut finished: Vec<Option<T>> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            let (done, next, work) = (done.clone(), &next, &work);
            scope.spawn(move || {
                while let Some((at, item)) = take(items, next) {
                    // Nobody waits for results only when this scope is being left by a panic.
                    _ = done.send((at, work(item)));
                }
            });
        }
        drop(done);
        loop {
            match results.recv_timeout(TICK) {
                Ok((at, result)) => {
                    if let Some(place) = finished.get_mut(at) {
                        *place = Some(result);
                    }
                }
                Err(RecvTimeoutError::Timeout) => meanwhile(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
    finished.into_iter().flatten().collect()
}

/// Into how many shares work is divided for each thread: some items take longer, and a thread may have to wait.
const SHARES_EACH: usize = 16;

/// As many threads as there are to share work.
pub(crate) struct Threads(pub(crate) usize);

impl Workers for Threads {
    fn map<I: Sync, T: Send>(&self, items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
        let threads = self.0.min(items.len());
        if threads < 2 {
            return items.iter().map(work).collect();
        }
        let shares: Vec<&[I]> = items.chunks(items.len().div_ceil(threads * SHARES_EACH)).collect();
        let next = AtomicUsize::new(0);
        let some = || {
            let taken = std::iter::from_fn(|| take(&shares, &next));
            taken.map(|(at, share)| (at, share.iter().map(&work).collect())).collect::<Vec<(usize, Vec<T>)>>()
        };
        let mut done: Vec<(usize, Vec<T>)> = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(some)).collect();
            // This thread has nothing else to do meanwhile.
            let mine = some();
            let join = |other: ScopedJoinHandle<'_, _>| other.join().unwrap_or_else(|panic| resume_unwind(panic));
            mine.into_iter().chain(others.into_iter().flat_map(join)).collect()
        });
        done.sort_unstable_by_key(|(at, _)| *at);
        done.into_iter().flat_map(|(_, results)| results).collect()
    }
}

fn take<'a, I>(items: &'a [I], next: &AtomicUsize) -> Option<(usize, &'a I)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, items.get(at)?))
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn results_keep_the_order_of_the_work() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 3, 200] {
            let doubled = each(&items, threads, |item| item * 2, || {});
            assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
        assert!(each(&Vec::<usize>::new(), 4, |item| *item, || {}).is_empty());
    }

    #[test]
    fn shared_work_keeps_its_order() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [0, 1, 2, 3, 200] {
            assert_eq!(
                Threads(threads).map(&items, |item| item * 2),
                items.iter().map(|item| item * 2).collect::<Vec<_>>()
            );
        }
        assert!(Threads(2).map(&Vec::<usize>::new(), |item| *item).is_empty());
    }

    #[test]
    fn a_panic_in_shared_work_is_one_here() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 2, 3] {
            let shared =
                catch_unwind(|| Threads(threads).map(&items, |item| assert!(*item != 50, "what a panic says")));
            assert!(shared.is_err());
        }
    }
}
