//! `corscope completions` and `corscope man`: what is made from the description of the command line.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

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
    write(&rendered(page).map_err(|error| Stop::of_output(&error))?, output)
}

/// A manual page. What stands below the help is set line by line: examples must not be filled.
fn rendered(command: clap::Command) -> io::Result<Vec<u8>> {
    let below = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let is_whole = command.has_subcommands();
    let page = Man::new(command).source(concat!("corscope ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    if is_whole {
        page.render_subcommands_section(&mut text)?;
    }
    for paragraph in below.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        section(paragraph, &mut text)?;
    }
    Ok(text)
}

/// `Examples:` and the lines below it, or `Filters: …`, as a section of its own.
fn section(paragraph: &str, text: &mut Vec<u8>) -> io::Result<()> {
    let Some((title, body)) = paragraph.split_once(':') else { return Ok(()) };
    writeln!(text, ".SH {}", title.to_uppercase())?;
    let Some(lines) = body.strip_prefix('\n') else { return writeln!(text, "{}", literal(body.trim())) };
    writeln!(text, ".nf")?;
    for line in lines.lines() {
        writeln!(text, "{}", literal(line.strip_prefix("  ").unwrap_or(line)))?;
    }
    writeln!(text, ".fi")
}

/// Text that is shown, and copied, as it is: no request, no typographic dash or quote.
fn literal(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

fn write(text: &[u8], mut output: Output) -> Result<(), Stop> {
    output.line(String::from_utf8_lossy(text).trim_end())?;
    output.close()
}
