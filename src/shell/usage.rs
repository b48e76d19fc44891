//! Wrong usage in one line: clap tells it in several.

use std::ffi::OsString;

use clap::CommandFactory as _;

use crate::args::Args;

/// What is wrong with the command line, and where to read how it is right.
pub(crate) fn problem(refused: &clap::Error, arguments: impl IntoIterator<Item = OsString>) -> String {
    let told = what(&refused.render().to_string());
    let whole = Args::command();
    let command = arguments.into_iter().find_map(|argument| whole.find_subcommand(argument));
    match command.map(clap::Command::get_name) {
        Some(command) => format!("{told}; see corscope {command} --help"),
        None => format!("{told}; see corscope --help"),
    }
}

/// Clap's words up to the usage, its lines joined.
fn what(rendered: &str) -> String {
    let words = rendered.strip_prefix("error: ").unwrap_or(rendered);
    let words = words.split("\nUsage: ").next().unwrap_or_default();
    let words = words.split("\nFor more information").next().unwrap_or_default();
    let mut joined = String::new();
    for line in words.lines().map(str::trim).filter(|line| !line.is_empty()) {
        joined.push_str(match line {
            _ if joined.is_empty() => "",
            _ if joined.ends_with(':') || line.starts_with('[') => " ",
            _ if line.starts_with("tip: ") => "; ",
            _ => ", ",
        });
        joined.push_str(line.strip_prefix("tip: ").unwrap_or(line));
    }
    joined
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn told(line: &str) -> String {
        let arguments = || line.split_whitespace().map(OsString::from);
        let refused = Args::try_parse_from(std::iter::once("corscope".into()).chain(arguments())).err();
        refused.map(|refused| problem(&refused, arguments())).unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_is_told_in_one_line() {
        assert_eq!(
            told("analyze x --mode kors"),
            "invalid value 'kors' for '--mode <MODE>' [possible values: cors, no-cors, same-origin, navigate]; a \
             similar value exists: 'cors'; see corscope analyze --help"
        );
        assert_eq!(
            told("replay"),
            "the following required arguments were not provided: --to <URL>, <SOURCE>...; see corscope replay --help"
        );
        assert_eq!(
            told("analyze x --formt json"),
            "unexpected argument '--formt' found; a similar argument exists: '--format'; see corscope analyze --help"
        );
        let filter = told("analyze x --filter colour:red");
        assert!(filter.starts_with("invalid value 'colour:red' for '--filter <EXPR>': at character 1: "), "{filter}");
        assert!(filter.ends_with("origin, id; see corscope analyze --help"), "{filter}");
        assert!(told("look x").starts_with("unrecognized subcommand 'look'"), "{}", told("look x"));
    }

    #[test]
    fn without_a_command_all_are_named() {
        let told = told("");
        let begins = "'corscope' requires a subcommand but one was not provided [subcommands: analyze, ";
        assert!(told.starts_with(begins) && told.ends_with("; see corscope --help"), "{told}");
        assert_eq!(told.lines().count(), 1);
    }
}
