//! Bytes to lines, lines to exchanges.

use std::sync::Arc;

use super::read::{self, Place};
use crate::http::{Exchange, HeaderLines};
use crate::import::Ids;

/// The longest line that is read. A body in base64 makes a line long, and a kept body is bounded;
/// what is longer is no line of text.
pub const MAX_LINE: usize = 64 << 20;

/// A line that is no exchange.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, byte {offset}: {what}")]
pub struct LineError {
    /// Counted from 1.
    pub line: u64,
    /// Where in the file the reason stands, counted from 0.
    pub offset: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Reads an exchange file as its bytes come.
///
/// A line that is no exchange is told and passed over; whether the input is an exchange file at
/// all is for the caller to say, when it has seen whether any line was.
#[derive(Debug)]
pub struct Importer {
    source: Arc<str>,
    /// Lines begun so far: the number of the line being read.
    line: u64,
    /// Where in the file that line begins.
    line_start: u64,
    /// The beginning of a line whose end has not come yet; never longer than [`MAX_LINE`].
    carry: Vec<u8>,
    /// The line being read is too long and already told of.
    skipping: bool,
    ids: Ids,
    /// What the heads are made with.
    lines: HeaderLines,
}

impl Importer {
    /// A reader of the file that the user calls `source`.
    #[must_use]
    pub fn new(source: Arc<str>) -> Self {
        Self {
            source,
            line: 1,
            line_start: 0,
            carry: Vec::new(),
            skipping: false,
            ids: Ids::default(),
            lines: HeaderLines::shared(),
        }
    }

    /// Takes the next bytes of the file, cut anywhere, and hands on the lines that end in them.
    pub fn push(&mut self, input: &[u8], sink: &mut dyn FnMut(Result<Exchange, LineError>)) {
        for piece in input.split_inclusive(|&byte| byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(end) => self.end_line(end, sink),
                None => self.keep(piece, sink),
            }
        }
    }

    /// Hands on the last line, which may lack its line end.
    pub fn finish(mut self, sink: &mut dyn FnMut(Result<Exchange, LineError>)) {
        self.end_line(&[], sink);
    }

    fn keep(&mut self, piece: &[u8], sink: &mut dyn FnMut(Result<Exchange, LineError>)) {
        if self.skipping {
            self.line_start += piece.len() as u64;
        } else if self.carry.len() + piece.len() > MAX_LINE {
            sink(Err(self.too_long()));
            self.line_start += (self.carry.len() + piece.len()) as u64;
            self.carry = Vec::new();
            self.skipping = true;
        } else {
            self.carry.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self, end: &[u8], sink: &mut dyn FnMut(Result<Exchange, LineError>)) {
        let mut carry = std::mem::take(&mut self.carry);
        let length = carry.len() + end.len();
        if !self.skipping {
            if length > MAX_LINE {
                sink(Err(self.too_long()));
            } else if carry.is_empty() {
                self.read(end, sink);
            } else {
                carry.extend_from_slice(end);
                self.read(&carry, sink);
            }
        }
        carry.clear();
        self.carry = carry;
        self.skipping = false;
        self.line_start += length as u64 + 1;
        self.line += 1;
    }

    fn read(&mut self, line: &[u8], sink: &mut dyn FnMut(Result<Exchange, LineError>)) {
        let text = without_mark(line, self.line);
        if text.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let place = Place { source: &self.source, line: self.line };
        sink(match read::exchange(text, place, &mut self.lines) {
            Ok(exchange) => Ok(Exchange { id: self.ids.claim(exchange.id.clone()), ..exchange }),
            Err(problem) => {
                let before = (line.len() - text.len()) as u64;
                Err(LineError { line: self.line, offset: self.line_start + before + problem.at, what: problem.what })
            }
        });
    }

    fn too_long(&self) -> LineError {
        LineError { line: self.line, offset: self.line_start, what: format!("is longer than {MAX_LINE} bytes") }
    }
}

/// The first line without the byte order mark that some editors write.
fn without_mark(line: &[u8], number: u64) -> &[u8] {
    match line.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) if number == 1 => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"request":{"time":"2026-11-23T07:00:00Z","method":"GET","url":"https://a.example/x","headers":[]},"response":null}"#;

    /// Reads a file in pieces of `step` bytes.
    fn read_in_steps(file: &str, step: usize) -> (Vec<String>, Vec<LineError>) {
        let (mut ids, mut errors) = (Vec::new(), Vec::new());
        let mut sink = |read: Result<Exchange, LineError>| match read {
            Ok(exchange) => ids.push(exchange.id.to_string()),
            Err(error) => errors.push(error),
        };
        let mut importer = Importer::new("file".into());
        for piece in file.as_bytes().chunks(step) {
            importer.push(piece, &mut sink);
        }
        importer.finish(&mut sink);
        (ids, errors)
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_is_read() {
        let file = format!("{LINE}\r\n\n  {{\"request\": 5}}\n{LINE}");
        let bad_at = file.find('5').unwrap_or_default() as u64;
        for step in [1, 7, 4096] {
            let (ids, errors) = read_in_steps(&file, step);
            assert_eq!(ids, ["e1", "e4"], "in steps of {step}");
            assert_eq!(errors.len(), 1);
            assert_eq!(errors[0].line, 3);
            assert!(errors[0].offset.abs_diff(bad_at) <= 1, "{} is near {bad_at}", errors[0].offset);
            assert!(errors[0].what.contains("invalid type"), "{}", errors[0].what);
        }
    }

    #[test]
    fn an_id_used_before_gets_a_suffix() {
        let named = LINE.replacen('{', r#"{"id":"7","#, 1);
        let file = format!("\u{feff}{named}\n{named}\n{named}\n");
        assert_eq!(read_in_steps(&file, 10).0, ["7", "7~2", "7~3"]);
    }

    #[test]
    fn a_line_without_end_is_passed_over() {
        let mut importer = Importer::new("file".into());
        let (mut read, mut errors) = (0, Vec::new());
        let mut sink = |line: Result<Exchange, LineError>| match line {
            Ok(_) => read += 1,
            Err(error) => errors.push(error),
        };
        let block = vec![b'x'; MAX_LINE / 4];
        for _ in 0..6 {
            importer.push(&block, &mut sink);
        }
        importer.push(format!("\n{LINE}\n{{").as_bytes(), &mut sink);
        importer.finish(&mut sink);
        assert_eq!(read, 1);
        let told: Vec<(u64, u64)> = errors.iter().map(|error| (error.line, error.offset)).collect();
        let last_line = (MAX_LINE / 4 * 6 + 1 + LINE.len() + 1) as u64;
        assert_eq!(told.first(), Some(&(1, 0)));
        assert_eq!(told.last().map(|(line, offset)| (*line, offset / 2)), Some((3, last_line / 2)));
    }
}
