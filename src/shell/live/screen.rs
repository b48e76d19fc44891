//! A capture on the screen of `corscope view`, which follows it.

use corscope::screen::Live;

use super::follow::follow;
use super::open::Opened;
use super::summary::conclude;
use super::writer::Writer;
use crate::args::Capture;
use crate::output::Output;
use crate::screen;
use crate::signals::told_to_end;
use crate::stop::Stop;
use crate::watch::watch;

pub(super) fn run(args: &Capture, opened: Opened, writer: Option<Writer>, output: Output) -> Result<(), Stop> {
    let over = told_to_end()?;
    let setup = screen::setup(args.ascii, args.show_secrets, args.filter.as_deref(), &output)?;
    output.close()?;
    let begin = Live { interface: opened.name.clone(), ..Live::default() };
    let ended = watch(&begin, setup, &over, |teller| {
        follow(args, opened, writer, &over, &mut |news| {
            teller.tell(news.live, news.is_new.then_some(news.analysis));
            Ok(())
        })
    })?;
    conclude(&ended)
}
