//! What the terminal can draw, and how wide it is.

use std::env;
use std::io::{self, IsTerminal as _};

use corscope::report::{Charset, Layout};

/// Where standard output is no terminal and nobody says how wide it is.
const WIDTH: usize = 100;

/// How a text is laid out on standard output.
pub(crate) fn layout(ascii: bool) -> Layout {
    Layout { width: width(), charset: if ascii { Charset::Ascii } else { charset(|name| env::var(name).ok()) } }
}

/// Whether standard output and standard error are the same screen to whoever looks at it.
pub(crate) fn one_screen() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}

fn width() -> usize {
    let terminal = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
    let told = || env::var("COLUMNS").ok()?.parse().ok();
    terminal().or_else(told).unwrap_or(WIDTH)
}

/// The locale's character set, by the variables that name it in the order in which they count. With
/// none of them set, as in most containers, it is taken to be UTF-8: the terminal before which the
/// user sits is.
fn charset(variable: impl Fn(&str) -> Option<String>) -> Charset {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    match locale.map(|locale| locale.to_ascii_lowercase()) {
        Some(locale) if !locale.contains("utf-8") && !locale.contains("utf8") => Charset::Ascii,
        _ => Charset::Unicode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_counts() {
        let charset_of = |set: &[(&str, &str)]| {
            let set = set.to_vec();
            charset(move |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(charset_of(&[]), Charset::Unicode);
        assert_eq!(charset_of(&[("LANG", "de_DE.UTF-8")]), Charset::Unicode);
        assert_eq!(charset_of(&[("LANG", "C.utf8"), ("LC_ALL", "")]), Charset::Unicode);
        assert_eq!(charset_of(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]), Charset::Ascii);
        assert_eq!(charset_of(&[("LC_CTYPE", "de_DE.ISO-8859-1")]), Charset::Ascii);
    }
}
