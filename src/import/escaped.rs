//! JSON that does nothing to a terminal.

use std::fmt::Write as _;

use crate::http::is_unseen;

const DEL: u8 = 0x7F;

/// The same JSON, in which also those characters are escaped that RFC 8259 lets stand and that a terminal acts on
/// or does not show: DEL, the C1 controls, and what changes the direction of text. They can stand in strings only.
#[must_use]
pub fn escaped(json: String) -> String {
    let (mut escaped, mut done) = (String::new(), 0);
    for (at, character) in beyond_ascii(&json).filter(|(_, character)| is_acted_on(*character)) {
        escaped.push_str(json.get(done..at).unwrap_or_default());
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            // Writing to a String does not fail.
            _ = write!(escaped, "\\u{unit:04x}");
        }
        done = at + character.len_utf8();
    }
    if done == 0 {
        return json;
    }
    escaped.push_str(json.get(done..).unwrap_or_default());
    escaped
}

/// Whether there is nothing in a JSON to escape, since all of it is below DEL.
#[must_use]
pub fn needs_no_escape(json: &[u8]) -> bool {
    json.iter().copied().fold(0, u8::max) < DEL
}

fn is_acted_on(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}') || is_unseen(character)
}

/// The characters from DEL on, and where they stand.
fn beyond_ascii(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + plain_len(text.as_bytes().get(from..)?);
        let character = text.get(at..)?.chars().next()?;
        from = at + character.len_utf8();
        Some((at, character))
    })
}

/// How many bytes there are before the first from DEL on. Many are looked at at once: texts are long, and such bytes
/// are few.
fn plain_len(bytes: &[u8]) -> usize {
    const AT_ONCE: usize = 64;
    let (blocks, _) = bytes.as_chunks::<AT_ONCE>();
    let plain = AT_ONCE * blocks.iter().take_while(|block| needs_no_escape(*block)).count();
    plain + bytes.iter().skip(plain).take_while(|byte| **byte < DEL).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped_and_means_the_same() {
        let text = "\u{9b}2J\u{7f}\u{202e}\u{e0041}é“plain”";
        let json = escaped(serde_json::to_string(text).unwrap());
        assert_eq!(json, "\"\\u009b2J\\u007f\\u202e\\udb40\\udc41é“plain”\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    proptest! {
        #[test]
        fn every_character_is_looked_at(text in "([ -~]{0,12}[\u{7e}-\u{a1}\u{ff}“”\u{200b}\u{e0041}\u{10000}]{0,2}){0,6}") {
            let mut expected = String::new();
            for character in text.chars() {
                if is_acted_on(character) {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        _ = write!(expected, "\\u{unit:04x}");
                    }
                } else {
                    expected.push(character);
                }
            }
            prop_assert_eq!(escaped(text), expected);
        }
    }
}
