//! The screen of `view` on something that goes on: a live capture, or a file that is still being written.
//!
//! One thread learns more, and analyses anew what it keeps ([`Analyst`]); another shows what comes of it. A mailbox with
//! room for a few messages lies between them.

mod analyst;
mod kept;
#[cfg(test)]
pub(crate) mod testing;

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread;

use corscope::analyzer::Analysis;
use corscope::screen::{Live, Message, Model, Setup, Snapshot};

use crate::screen::{self, Mailbox, OverOnPanic};
use crate::stop::Stop;
pub(crate) use analyst::Analyst;
#[cfg(feature = "live")]
pub(crate) use kept::Calls;

/// Shows what `learn` tells, which a thread of its own does until `over` is set; begins with how things stand.
pub(crate) fn watch<T: Send>(
    begin: &Live,
    setup: Setup,
    over: &Arc<AtomicBool>,
    learn: impl FnOnce(&mut Teller) -> Result<T, Stop> + Send,
) -> Result<T, Stop> {
    let mut model = Model::new(Analysis::default(), setup);
    model.update(Message::Live(Box::new(begin.clone())));
    let mailbox = Mailbox::new();
    let mut teller = Teller { slot: mailbox.slot(), unsent: None };
    thread::scope(|scope| {
        let learner = scope.spawn(move || {
            let _watched = OverOnPanic(over);
            let learnt = learn(&mut teller);
            if learnt.is_err() {
                over.store(true, Ordering::Relaxed);
            }
            learnt
        });
        let shown = screen::show(model, mailbox, over);
        // Also where there was no screen to be left: nobody is told anything any more.
        over.store(true, Ordering::Relaxed);
        let learnt = learner.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
        shown.and(learnt)
    })
}

/// Tells the screen, and waits for it as little as possible: more comes in meanwhile.
pub(crate) struct Teller {
    slot: SyncSender<Message>,
    /// Had no room the last time.
    unsent: Option<Box<Snapshot>>,
}

impl Teller {
    /// Says how things stand, and what is known where that is new.
    pub(crate) fn tell(&mut self, live: &Live, new: Option<&Analysis>) {
        if let Some(analysis) = new {
            self.unsent = Some(Box::new(Snapshot::new(analysis.clone())));
        }
        let status = Message::Live(Box::new(live.clone()));
        if live.ended.is_some() {
            // The last word must arrive, unless the screen was left.
            let snapshot = self.unsent.take().map(Message::Analysis);
            _ = snapshot.into_iter().chain([status]).try_for_each(|message| self.slot.send(message));
            return;
        }
        if let Some(snapshot) = self.unsent.take()
            && let Err(TrySendError::Full(Message::Analysis(snapshot))) =
                self.slot.try_send(Message::Analysis(snapshot))
        {
            self.unsent = Some(snapshot);
        }
        // The next status makes up for one that is lost.
        _ = self.slot.try_send(status);
    }
}
