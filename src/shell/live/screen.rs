//! A capture on the screen of `corscope view`, which follows it.

use std::panic;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread;

use corscope::analyzer::Analysis;
use corscope::screen::{Live, Message, Model, Snapshot};

use super::follow::{Ended, News, follow};
use super::open::Opened;
use super::summary::conclude;
use super::writer::Writer;
use crate::args::Capture;
use crate::output::Output;
use crate::screen::{self, Mailbox, OverOnPanic};
use crate::signals::told_to_end;
use crate::stop::Stop;

pub(super) fn run(args: &Capture, opened: Opened, writer: Option<Writer>, output: Output) -> Result<(), Stop> {
    let over = told_to_end()?;
    let setup = screen::setup(args.ascii, args.show_secrets, args.filter.as_deref(), &output)?;
    output.close()?;
    let mut model = Model::new(Analysis::default(), setup);
    model.update(Message::Live(Box::new(Live { interface: opened.name.clone(), ..Live::default() })));
    let mailbox = Mailbox::new();
    let mut teller = Teller { slot: mailbox.slot(), unsent: None };
    let ended = thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let _watched = OverOnPanic(&over);
            let ended = follow(args, opened, writer, &over, &mut |news| {
                teller.tell(news);
                Ok(())
            });
            if ended.is_err() {
                over.store(true, Ordering::Relaxed);
            }
            ended
        });
        let shown = screen::show(model, mailbox, &over);
        let ended: Result<Ended, Stop> = follower.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked));
        shown.and(ended)
    })?;
    conclude(&ended)
}

/// Tells the screen, and waits for it as little as possible: packets come in meanwhile.
struct Teller {
    slot: SyncSender<Message>,
    /// Had no room the last time.
    unsent: Option<Box<Snapshot>>,
}

impl Teller {
    fn tell(&mut self, news: &News<'_>) {
        if news.is_new {
            self.unsent = Some(Box::new(Snapshot::new(news.analysis.clone())));
        }
        let live = Message::Live(Box::new(news.live.clone()));
        if news.live.ended.is_some() {
            // The last word must arrive, unless the screen was left.
            let snapshot = self.unsent.take().map(Message::Analysis);
            _ = snapshot.into_iter().chain([live]).try_for_each(|message| self.slot.send(message));
            return;
        }
        if let Some(snapshot) = self.unsent.take()
            && let Err(TrySendError::Full(Message::Analysis(snapshot))) =
                self.slot.try_send(Message::Analysis(snapshot))
        {
            self.unsent = Some(snapshot);
        }
        // The next status makes up for one that is lost.
        _ = self.slot.try_send(live);
    }
}
