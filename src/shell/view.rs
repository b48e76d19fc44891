//! `corscope view`.

use corscope::analyzer::analyze;
use corscope::screen::Model;

use crate::args::View;
use crate::output::Output;
use crate::screen::{self, Mailbox};
use crate::signals::told_to_end;
use crate::source::{self, Keep};
use crate::stop::Stop;

pub(crate) fn run(args: &View, output: Output) -> Result<(), Stop> {
    screen::need_terminal("view", "corscope analyze writes the same as text")?;
    let reads = source::read_all(&args.reading, Keep::Beginnings)?;
    source::say_warnings(&reads);
    let analysis = analyze(reads, &args.judging.options());
    let setup = screen::setup(args.ascii, args.show_secrets, args.filter.as_deref(), &output)?;
    output.close()?;
    let over = told_to_end()?;
    screen::show(Model::new(analysis, setup), Mailbox::new(), &over)
}
