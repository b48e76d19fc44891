//! Text from the wire made harmless for a terminal, and long text made short.

use std::fmt::Write as _;

use crate::http::is_unseen;

/// Which characters a terminal can draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// All of Unicode.
    #[default]
    Unicode,
    /// Only ASCII.
    Ascii,
}

/// Shows every character that a terminal would act upon, or draw as nothing, by its code instead:
/// controls (ESC among them), bidirectional overrides, zero-width characters, and the bytes above
/// ASCII, whose meaning a header does not tell. All text that is not corscope's own comes through here.
#[must_use]
pub fn visible(text: &str, charset: Charset) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' '..='~' => shown.push(character),
            // Writing to a String does not fail.
            '\0'..='\u{ff}' => _ = write!(shown, "\\x{:02X}", u32::from(character)),
            _ if is_unseen(character) => _ = write!(shown, "\\u{{{:X}}}", u32::from(character)),
            _ => push_in(charset, character, &mut shown),
        }
    }
    shown
}

/// corscope's own words, in the characters that the terminal has.
#[must_use]
pub(super) fn own_words(text: &str, charset: Charset) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|character| push_in(charset, character, &mut shown));
    shown
}

fn push_in(charset: Charset, character: char, shown: &mut String) {
    if charset == Charset::Unicode || character.is_ascii() {
        return shown.push(character);
    }
    match character {
        '…' => shown.push_str("..."),
        '“' | '”' => shown.push('"'),
        '‘' | '’' => shown.push('\''),
        '–' | '—' | '·' | '•' => shown.push('-'),
        '→' => shown.push_str("->"),
        _ => _ = write!(shown, "\\u{{{:X}}}", u32::from(character)),
    }
}

/// So much more may stay: to say that it is gone would take as long.
const SLACK: usize = 40;

/// Cuts the middle out of a text of many more than `limit` characters, and says how much is gone.
#[must_use]
pub fn elide(text: &str, limit: usize) -> String {
    let length = text.chars().count();
    if length <= limit + SLACK {
        return text.to_owned();
    }
    let tail = limit / 4;
    let head = limit - tail;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!("{start}…[{} of {length} characters left out]…{end}", length - limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_act_upon() {
        assert_eq!(
            visible("a\x1b[31mb\r\n\0\x7f\u{9b}\u{e9}", Charset::Unicode),
            r"a\x1B[31mb\x0D\x0A\x00\x7F\x9B\xE9"
        );
        assert_eq!(visible("\u{202e}gpj\u{200b}\u{2066}", Charset::Unicode), r"\u{202E}gpj\u{200B}\u{2066}");
        assert_eq!(visible("“a”…", Charset::Unicode), "“a”…");
        assert_eq!(visible("“a”… 日", Charset::Ascii), "\"a\"... \\u{65E5}");
    }

    #[test]
    fn long_text_says_how_much_is_gone() {
        let long = "a".repeat(300) + "b";
        let short = elide(&long, 40);
        assert!(short.starts_with("aaa") && short.ends_with('b'));
        assert!(short.contains("[261 of 301 characters left out]"), "{short}");
        assert_eq!(elide("short", 40), "short");
        assert_eq!(elide(&"a".repeat(50), 40), "a".repeat(50));
    }
}
