//! `corscope view`.

use std::ffi::OsStr;
use std::path::Path;

use corscope::analyzer::{Options, SourceSummary, analyze_by};
use corscope::diagnose::Proposal;
use corscope::screen::{Live, Model};

use crate::args::View;
use crate::contradicted::say_contradicted;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::screen::{self, Mailbox};
use crate::signals::told_to_end;
use crate::source::{self, Keep, More};
use crate::stop::Stop;
use crate::watch::{Analyst, Teller, watch};

pub(crate) fn run(args: &View, output: Output) -> Result<(), Stop> {
    screen::need_terminal("view", "corscope analyze writes the same as text")?;
    if args.follow {
        return follow(args, output);
    }
    let reads = source::read_all(&args.reading, Keep::Errors, None, &Interrupt::default())?;
    source::say_warnings(reads.iter().map(|read| &read.summary));
    let options = options(args);
    let analysis = analyze_by(&source::threads(&args.reading), reads, &options);
    say_contradicted(&analysis, &options.asserted);
    let setup = screen::setup(args.ascii, args.show_secrets, args.filter.as_deref(), &output)?;
    output.close()?;
    let over = told_to_end()?;
    screen::show(Model::new(analysis, setup), Mailbox::new(), &over)
}

/// What the fix would do is shown beside the cause.
fn options(args: &View) -> Options {
    Options { what_if: Some(Proposal::OfTheCause), ..args.judging.options() }
}

/// A capture that is still being written, as a live capture is shown.
fn follow(args: &View, output: Output) -> Result<(), Stop> {
    let [name] = args.reading.sources.as_slice() else {
        return Err(Stop::Problem("--follow goes on at the end of one source: name one".to_owned()));
    };
    source::can_be_opened(name)?;
    let setup = screen::setup(args.ascii, args.show_secrets, args.filter.as_deref(), &output)?;
    output.close()?;
    let over = told_to_end()?;
    let begin = Live { interface: title(name), ..Live::default() };
    let read = watch(&begin, setup, &over, |teller| {
        let mut followed =
            Followed { live: begin.clone(), analyst: Analyst::new(options(args), args.keep.get()), read: None };
        source::follow(name, Keep::Errors, &Interrupt::by(&over), |more| followed.take(more, teller))?;
        followed.finish(teller);
        Ok(followed.read)
    })?;
    source::say_warnings(&read);
    Ok(())
}

/// The name of a source as the status bar has room for it.
fn title(name: &OsStr) -> String {
    let last = Path::new(name).file_name().unwrap_or(name);
    if name == "-" { "standard input".to_owned() } else { last.to_string_lossy().into_owned() }
}

struct Followed {
    live: Live,
    analyst: Analyst,
    /// What was read so far, once something was.
    read: Option<SourceSummary>,
}

impl Followed {
    fn take(&mut self, more: Option<More>, teller: &mut Teller) {
        if let Some(More { exchanges, summary }) = more {
            self.live.packets = summary.packets;
            self.analyst.add(exchanges);
            self.read = Some(summary);
        }
        if self.analyst.is_due() {
            self.analyze();
        }
        self.tell(teller);
    }

    fn analyze(&mut self) {
        if let Some(read) = &self.read {
            self.analyst.analyze(read.clone());
            self.live.let_go = self.analyst.let_go().total();
        }
    }

    fn tell(&mut self, teller: &mut Teller) {
        let is_new = self.analyst.take_is_new();
        teller.tell(&self.live, is_new.then_some(self.analyst.analysis()));
    }

    /// Nobody wants more, or there is no more that can be read.
    fn finish(&mut self, teller: &mut Teller) {
        self.analyze();
        self.live.ended = Some("it cannot be read any further".to_owned());
        self.tell(teller);
    }
}
