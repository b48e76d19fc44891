//! The indentation of JSON: that of `serde_json::ser::PrettyFormatter`, each line's written at once.

use std::io::{Result, Write};

use serde_json::ser::Formatter;

/// What one step further in is indented by.
const STEP: &str = "  ";

/// Indents what it writes, as if it stood so deep within another value.
pub(super) struct Indent {
    /// The end of one value's line and the beginning of the next one's.
    between: String,
    /// Whether something stands between the brackets that close next.
    has_value: bool,
}

impl Indent {
    pub(super) fn within(depth: usize) -> Self {
        Self { between: format!(",\n{}", STEP.repeat(depth)), has_value: false }
    }

    fn open(&mut self, to: &mut (impl Write + ?Sized), bracket: &[u8]) -> Result<()> {
        self.between.push_str(STEP);
        self.has_value = false;
        to.write_all(bracket)
    }

    fn close(&mut self, to: &mut (impl Write + ?Sized), bracket: &[u8]) -> Result<()> {
        self.between.truncate(self.between.len().saturating_sub(STEP.len()));
        if self.has_value {
            self.begin_line(to, true)?;
        }
        to.write_all(bracket)
    }

    fn begin_line(&self, to: &mut (impl Write + ?Sized), is_first: bool) -> Result<()> {
        let line = if is_first { self.between.strip_prefix(',').unwrap_or_default() } else { &self.between };
        to.write_all(line.as_bytes())
    }
}

impl Formatter for Indent {
    fn begin_array<W: Write + ?Sized>(&mut self, to: &mut W) -> Result<()> {
        self.open(to, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, to: &mut W) -> Result<()> {
        self.close(to, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, to: &mut W, is_first: bool) -> Result<()> {
        self.begin_line(to, is_first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, _to: &mut W) -> Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: Write + ?Sized>(&mut self, to: &mut W) -> Result<()> {
        self.open(to, b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, to: &mut W) -> Result<()> {
        self.close(to, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, to: &mut W, is_first: bool) -> Result<()> {
        self.begin_line(to, is_first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, to: &mut W) -> Result<()> {
        to.write_all(b": ")
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _to: &mut W) -> Result<()> {
        self.has_value = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::{Serializer, Value, json};

    use super::*;

    fn indented(value: &Value, depth: usize) -> String {
        let mut written = Vec::new();
        value.serialize(&mut Serializer::with_formatter(&mut written, Indent::within(depth))).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn it_is_that_of_the_pretty_formatter() {
        let value = json!({"a": [], "b": {}, "c": [1, [2, {"d": null}], [[]]], "e": {"f": {"g": []}, "h": "i"}});
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(indented(&value, 0), pretty);
        assert_eq!(indented(&value, 2), pretty.replace('\n', "\n    "));
    }
}
