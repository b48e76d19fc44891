//! `corscope capture`: packets taken as they come, analysed while they do.
//!
//! One thread takes packets and does nothing else ([`taker`]); it lays them down in a queue that
//! holds so many bytes ([`queue`]). Another reads the queue ([`follow`]): it writes the file, pushes
//! the packets into the library's [`corscope::analyzer::Part`], and analyses anew what it has kept
//! whenever exchanges have ended ([`crate::watch::Analyst`]). What comes of it goes to the screen or, without one, to
//! lines on standard output.

mod follow;
mod headless;
mod interfaces;
mod open;
mod queue;
mod screen;
mod settled;
mod summary;
mod taker;
mod writer;

use crate::args::Capture;
use crate::output::Output;
use crate::screen::need_terminal;
use crate::stop::Stop;
use writer::Writer;

pub(crate) fn run(args: &Capture, output: Output) -> Result<(), Stop> {
    if args.list {
        return interfaces::list(output);
    }
    if !args.headless {
        need_terminal("capture", "--headless prints a line for each call")?;
    }
    let opened = open::open(args)?;
    let writer = args.write.as_deref().map(|path| Writer::create(path, &opened)).transpose().map_err(Stop::Problem)?;
    let run = if args.headless { headless::run } else { screen::run };
    run(args, opened, writer, output)
}
