//! `corscope completions` and `corscope man`: what is made from the description of the command line.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::{ArgAction, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Args;
use crate::output::Output;
use crate::stop::Stop;

pub(crate) fn completions(shell: Shell, output: Output) -> Result<(), Stop> {
    let mut script = Vec::new();
    let mut whole = Args::command();
    clap_complete::generate(shell, &mut whole, "corscope", &mut script);
    if shell == Shell::Fish {
        script.extend(values_for_fish(&whole).into_bytes());
    }
    write(&script, output)
}

/// The values of arguments that are no options, which the generator leaves out for fish.
fn values_for_fish(whole: &clap::Command) -> String {
    let mut lines = String::new();
    let arguments =
        whole.get_subcommands().flat_map(|command| command.get_positionals().map(move |argument| (command, argument)));
    for (command, argument) in arguments {
        let values = argument.get_possible_values();
        let values: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
        if values.is_empty() {
            continue;
        }
        let (name, values) = (command.get_name(), values.join(" "));
        // Writing to a String does not fail.
        _ = writeln!(lines, "complete -c corscope -n \"__fish_seen_subcommand_from {name}\" -f -a \"{values}\"");
    }
    lines
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
    let synopsis = synopsis(&command);
    let page = Man::new(command).source(concat!("corscope ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    writeln!(text, ".SH SYNOPSIS\n{synopsis}")?;
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

/// The command with all it takes: what an option is followed by, and what may be repeated.
fn synopsis(command: &clap::Command) -> String {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let options = command.get_arguments().filter(|one| !one.is_positional() && !one.is_hide_set());
    let arguments = options.chain(command.get_positionals()).map(argument);
    let commands = command.has_subcommands().then(|| "\\fICOMMAND\\fR [\\fIARGUMENT\\fR]...".to_owned());
    std::iter::once(format!("\\fB{}\\fR", literal(name))).chain(arguments).chain(commands).collect::<Vec<_>>().join(" ")
}

/// `[-i|--interface IFACE]`, `--to URL`, `SOURCE...`.
fn argument(argument: &clap::Arg) -> String {
    let short = argument.get_short().map(|letter| format!("\\fB\\-{letter}\\fR"));
    let long = argument.get_long().map(|name| format!("\\fB\\-\\-{}\\fR", literal(name)));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let takes = argument.get_action().takes_values();
    let value = argument.get_value_names().into_iter().flatten().next().filter(|_| takes);
    let value = value.map(|value| format!("\\fI{}\\fR", literal(value)));
    let written = [names.join("|"), value.unwrap_or_default()].into_iter().filter(|part| !part.is_empty());
    let written = written.collect::<Vec<_>>().join(" ");
    let repeated = if matches!(argument.get_action(), ArgAction::Append) { "..." } else { "" };
    if argument.is_required_set() { format!("{written}{repeated}") } else { format!("[{written}]{repeated}") }
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
