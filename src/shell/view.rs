//! `corscope view`.

use std::io::{self, IsTerminal as _};

use corscope::analyzer::analyze;
use corscope::screen::Model;

use crate::args::View;
use crate::output::Output;
use crate::screen::{self, Mailbox};
use crate::signals::told_to_end;
use crate::source::{self, Keep};
use crate::stop::Stop;

pub(crate) fn run(args: &View, output: Output) -> Result<(), Stop> {
    if !io::stdout().is_terminal() {
        let what = "view needs a terminal, and standard output is none: corscope analyze writes the same as text";
        return Err(Stop::Problem(what.to_owned()));
    }
    let reads = source::read_all(&args.reading, Keep::Errors)?;
    source::say_warnings(&reads);
    let analysis = analyze(reads, &args.judging.options());
    let setup = screen::setup(args.ascii, args.show_secrets, args.filter.as_deref(), &output)?;
    output.close()?;
    let over = told_to_end()?;
    screen::show(Model::new(analysis, setup), Mailbox::new(), &over)
}
