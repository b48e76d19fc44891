//! `corscope completions` and `corscope man`: what is made from the description of the command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Args;
use crate::output::Output;
use crate::stop::Stop;

pub(crate) fn completions(shell: Shell, output: Output) -> Result<(), Stop> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "corscope", &mut script);
    write(&script, output)
}

pub(crate) fn man(command: Option<&str>, output: Output) -> Result<(), Stop> {
    let mut whole = Args::command();
    // Makes the flags that all commands share known to each of them.
    whole.build();
    let page = match command {
        None => whole,
        Some(name) => match whole.find_subcommand(name) {
            Some(one) => one.clone(),
            None => return Err(Stop::Problem(format!("no command is called '{name}': see corscope --help"))),
        },
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text).map_err(|error| Stop::of_output(&error))?;
    write(&text, output)
}

fn write(text: &[u8], mut output: Output) -> Result<(), Stop> {
    output.line(String::from_utf8_lossy(text).trim_end())?;
    output.close()
}
