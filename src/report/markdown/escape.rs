//! Text in Markdown that stays text: nothing in it can end a table or a code block, become a link,
//! HTML or a mention.

use crate::report::escape::{Charset, visible};

/// A value from the wire as code.
pub(super) fn code(text: &str) -> String {
    let shown = visible(text, Charset::Unicode);
    if shown.is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&shown) + 1);
    // A blank at both ends is taken off by whoever renders it, and parts the fence from a backtick.
    let pad = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{shown}{pad}{fence}")
}

/// A value as code in a table.
pub(super) fn cell(text: &str) -> String {
    in_cell(&code(text))
}

/// Markdown made fit for a table, whose cells end at `|` even within code.
pub(super) fn in_cell(markdown: &str) -> String {
    let mut shown = String::new();
    let mut before = ' ';
    for character in markdown.chars() {
        match (before, character) {
            // Behind a backslash the `|` would end the cell again.
            ('\\', '|') => shown.push_str("x7C"),
            (_, '|') => shown.push_str("\\|"),
            _ => shown.push(character),
        }
        before = character;
    }
    shown
}

/// Prose with values from the wire in it: every word that Markdown could take for more than a word
/// becomes code.
pub(super) fn prose(text: &str) -> String {
    let paragraphs = text.split('\n').map(str::trim).filter(|paragraph| !paragraph.is_empty());
    let shown: Vec<String> = paragraphs.map(sentence).collect();
    shown.join("\n\n")
}

/// Prose in one line, for headings, lists and tables.
pub(super) fn sentence(text: &str) -> String {
    let words = text.split_whitespace().enumerate();
    let shown: Vec<String> =
        words.map(|(at, one)| if at == 0 && begins_block(one) { code(one) } else { word(one) }).collect();
    shown.join(" ")
}

/// Whether a word at the beginning of a line would make it a list or a rule.
fn begins_block(word: &str) -> bool {
    let digits = word.trim_end_matches(['.', ')']);
    matches!(word.bytes().next(), Some(b'-' | b'+' | b'='))
        || (digits.len() < word.len() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn word(word: &str) -> String {
    let shown = visible(word, Charset::Unicode);
    let active = |character: char| "\\`*_[]<>|~&#@!".contains(character);
    if !shown.contains(active) && !shown.contains("://") && !shown.to_ascii_lowercase().contains("www.") {
        return shown;
    }
    // Punctuation of the sentence stays outside.
    let start = word.len() - word.trim_start_matches('(').len();
    let end = word.trim_end_matches(['.', ',', ';', ':', ')']).len().max(start);
    let (Some(open), Some(inner), Some(close)) = (word.get(..start), word.get(start..end), word.get(end..)) else {
        return code(word);
    };
    if inner.is_empty() { code(word) } else { format!("{open}{}{close}", code(inner)) }
}

/// Lines as a block of code.
pub(super) fn block(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| visible(line, Charset::Unicode)).collect();
    let shown = lines.join("\n");
    let fence = "`".repeat(longest_run(&shown).max(2) + 1);
    format!("{fence}text\n{shown}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_cannot_be_left() {
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("\x1b\n"), r"`\x1B\x0A`");
        assert_eq!(cell("a|b\\|c"), r"`a\|b\x7Cc`");
        assert_eq!(block("```\n# a"), "````text\n```\n# a\n````\n");
    }

    #[test]
    fn prose_keeps_its_words_and_quotes_the_rest() {
        assert_eq!(prose("It redirects to http://a/b."), "It redirects to `http://a/b`.");
        assert_eq!(prose("see <script> [a](b) @all!"), "see `<script>` `[a](b`) `@all!`");
        assert_eq!(prose("- one\n1. two\n# three"), "`-` one\n\n`1.` two\n\n`#` three");
        assert_eq!(prose("(X-Forwarded-Proto: https), plain."), "(X-Forwarded-Proto: https), plain.");
        assert_eq!(prose("set allow_origins, then"), "set `allow_origins`, then");
    }
}
