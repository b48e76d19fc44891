//! `corscope view`.

use corscope::analyzer::{Options, analyze_by};
use corscope::diagnose::Proposal;
use corscope::screen::Model;

use crate::args::View;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::screen::{self, Mailbox};
use crate::signals::told_to_end;
use crate::source::{self, Keep};
use crate::stop::Stop;

pub(crate) fn run(args: &View, output: Output) -> Result<(), Stop> {
    screen::need_terminal("view", "corscope analyze writes the same as text")?;
    let reads = source::read_all(&args.reading, Keep::Errors, &Interrupt::default())?;
    source::say_warnings(reads.iter().map(|read| &read.summary));
    // What the fix would do is shown beside the cause.
    let options = Options { what_if: Some(Proposal::OfTheCause), ..args.judging.options() };
    let analysis = analyze_by(&source::threads(&args.reading), reads, &options);
    let setup = screen::setup(args.ascii, args.show_secrets, args.filter.as_deref(), &output)?;
    output.close()?;
    let over = told_to_end()?;
    screen::show(Model::new(analysis, setup), Mailbox::new(), &over)
}
