//! JSON written field by field. Lines of exchanges are written by the million, and most of each is texts in
//! which nothing has to be escaped: those are taken as they stand.

use crate::import::escaped::escaped;

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
    if is_plain(value) {
        plain_text(out, value);
    } else {
        // A text has no way to fail.
        out.push_str(&escaped(serde_json::to_string(value).unwrap_or_default()));
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

/// Whether nothing in a text has to be escaped: nothing that RFC 8259 section 7 names, nor what a terminal acts on.
pub(super) fn is_plain(text: &str) -> bool {
    let is_plain = |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    // All bytes are looked at, many at once, which takes less time than to stop at the first.
    text.bytes().fold(true, |all, byte| all & is_plain(byte))
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
