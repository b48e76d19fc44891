//! The shell around the library: files, sockets, threads, the clock and the terminal.
//!
//! It decides nothing about HTTP. Results go to standard output, everything else to standard error;
//! the exit status is 0 for done, 1 for a no, 2 for what could not be done.

mod analyze;
mod args;
mod connection;
mod contradicted;
mod demo;
mod explain;
mod extract;
mod generate;
mod interrupt;
#[cfg(feature = "live")]
mod live;
mod output;
mod replay;
mod screen;
mod signals;
mod source;
mod stop;
mod terminal;
#[cfg(test)]
#[path = "../../tests/common/tmux.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod tmux;
mod usage;
mod view;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Args, Command};
use output::Output;
use stop::Stop;

/// A capture is millions of small pieces of memory, taken on one thread and given back on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(refused) => return refuse(&refused),
    };
    let output = Output::new(args.color);
    let done = match &args.command {
        Command::Analyze(analyze) => analyze::run(analyze, output),
        Command::View(view) => view::run(view, output),
        Command::Extract(extract) => extract::run(extract, output),
        Command::Replay(replay) => replay::run(replay, output),
        Command::Demo(demo) => demo::run(demo, output),
        Command::Explain(explain) => explain::run(explain, output),
        #[cfg(feature = "live")]
        Command::Capture(capture) => live::run(capture, output),
        Command::Completions(completions) => generate::completions(completions.shell, output),
        Command::Man(man) => generate::man(man.command.as_deref(), output),
    };
    exit_code(done)
}

fn exit_code(done: Result<(), Stop>) -> ExitCode {
    match done {
        // Whoever closed the pipe has read what they wanted.
        Ok(()) | Err(Stop::PipeClosed) => ExitCode::SUCCESS,
        Err(Stop::No(why)) => {
            output::say(&why);
            ExitCode::from(1)
        }
        Err(Stop::Problem(what)) => {
            output::say(&what);
            ExitCode::from(2)
        }
    }
}

/// Help and version are results; all else that clap refuses is wrong usage.
fn refuse(refused: &clap::Error) -> ExitCode {
    if refused.use_stderr() {
        return exit_code(Err(Stop::Problem(usage::problem(refused, std::env::args_os().skip(1)))));
    }
    let mut output = Output::new(args::Color::Auto);
    exit_code(output.styled(&refused.render().ansi().to_string()).and_then(|()| output.close()))
}
