//! JSON that does nothing to a terminal.

use std::fmt::Write as _;

use memchr::memchr;

use crate::http::is_unseen;

/// The same JSON, in which also those characters are escaped that RFC 8259 lets stand and that a terminal acts on
/// or does not show: DEL, the C1 controls, and what changes the direction of text. They can stand in strings only.
#[must_use]
pub fn escaped(json: String) -> String {
    if json.is_ascii() && memchr(DELETE, json.as_bytes()).is_none() {
        return json;
    }
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, '\u{7f}'..='\u{9f}') || is_unseen(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a String does not fail.
                _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

const DELETE: u8 = 0x7F;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped_and_means_the_same() {
        let text = "\u{9b}2J\u{7f}\u{202e}\u{e0041}é“plain”";
        let json = escaped(serde_json::to_string(text).unwrap());
        assert_eq!(json, "\"\\u009b2J\\u007f\\u202e\\udb40\\udc41é“plain”\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
