//! JSON written field by field. Lines of exchanges are written by the million, and most of each is texts in
//! which nothing has to be escaped: those are taken as they stand.

use memchr::memchr3;

use crate::import::escaped::{DELETE, escaped};

/// An object that is being written.
pub(super) struct Object<'o> {
    out: &'o mut String,
    /// What stands before the next field.
    before: char,
}

impl<'o> Object<'o> {
    pub(super) fn begin(out: &'o mut String) -> Self {
        Self { out, before: '{' }
    }

    pub(super) fn end(self) {
        if self.before == '{' {
            self.out.push('{');
        }
        self.out.push('}');
    }

    /// The name of a field, whose value is to follow; names have nothing to be escaped.
    pub(super) fn key(&mut self, name: &'static str) -> &mut String {
        self.out.push(self.before);
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.before = ',';
        self.out
    }

    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        text(self.key(name), value);
    }

    /// `null` where there is none.
    pub(super) fn text_or_null(&mut self, name: &'static str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    /// Nothing where there is none.
    pub(super) fn text_if_any(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(super) fn number(&mut self, name: &'static str, value: u64) {
        number(self.key(name), value);
    }

    pub(super) fn truth(&mut self, name: &'static str, value: bool) {
        self.key(name).push_str(if value { "true" } else { "false" });
    }

    pub(super) fn null(&mut self, name: &'static str) {
        self.key(name).push_str("null");
    }

    pub(super) fn object(&mut self, name: &'static str) -> Object<'_> {
        Object::begin(self.key(name))
    }

    pub(super) fn list<T>(
        &mut self,
        name: &'static str,
        items: impl IntoIterator<Item = T>,
        item: impl FnMut(&mut String, T),
    ) {
        list(self.key(name), items, item);
    }
}

pub(super) fn list<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut item: impl FnMut(&mut String, T)) {
    out.push('[');
    for (nth, value) in items.into_iter().enumerate() {
        if nth > 0 {
            out.push(',');
        }
        item(out, value);
    }
    out.push(']');
}

pub(super) fn text(out: &mut String, value: &str) {
    if has_to_be_escaped(value) {
        // A text has no way to fail.
        out.push_str(&escaped(serde_json::to_string(value).unwrap_or_default()));
    } else {
        plain_text(out, value);
    }
}

/// A text in which nothing has to be escaped.
pub(super) fn plain_text(out: &mut String, value: &str) {
    out.reserve(value.len() + 2);
    out.push('"');
    out.push_str(value);
    out.push('"');
}

pub(super) fn number(out: &mut String, value: u64) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// RFC 8259 section 7; and what a terminal acts on.
fn has_to_be_escaped(value: &str) -> bool {
    controls(value) > 0 || has_other(value)
}

/// Whether nothing has to be escaped in any of `lines` lines, of which this is the whole text: each of them
/// ends with CR LF.
pub(super) fn lines_are_plain(text: &str, lines: usize) -> bool {
    controls(text) == 2 * lines && !has_other(text)
}

/// All bytes are looked at, many at once, which takes less time than to stop at the first.
fn controls(text: &str) -> usize {
    // Of no more bytes than a byte can count.
    let chunks = text.as_bytes().chunks(128);
    chunks.map(|chunk| usize::from(chunk.iter().map(|&byte| u8::from(byte < b' ')).fold(0, u8::wrapping_add))).sum()
}

fn has_other(text: &str) -> bool {
    !text.is_ascii() || memchr3(b'"', b'\\', DELETE, text.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_object_is_written_as_it_is_filled() {
        let mut out = String::new();
        let mut object = Object::begin(&mut out);
        object.text("text", "a");
        object.text_or_null("none", None);
        object.text_if_any("left out", None);
        object.number("number", 17);
        object.truth("truth", true);
        object.list("list", [1, 2], number);
        object.object("empty").end();
        object.end();
        assert_eq!(out, r#"{"text":"a","none":null,"number":17,"truth":true,"list":[1,2],"empty":{}}"#);
    }

    proptest! {
        #[test]
        fn a_text_is_read_back_as_it_was(value: String) {
            let mut out = String::new();
            text(&mut out, &value);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), value);
        }
    }
}
