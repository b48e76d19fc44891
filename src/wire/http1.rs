//! HTTP/1 messages as borrowed views (RFC 9112): where a head ends, its start line, its lines,
//! the size of a chunk.
//!
//! Read leniently, as an observer must: both ends have already agreed on what these bytes mean, so
//! an odd line is reported and kept, and never costs the message. What the oddities amount to is
//! for the reader of these views to say.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memrchr};

/// `GET /items HTTP/1.1`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLine<'a> {
    /// Any token; methods are case-sensitive.
    pub method: &'a [u8],
    /// The request-target as sent. May hold spaces, which no client should send and some do.
    pub target: &'a [u8],
    /// `HTTP/1.1`
    pub version: &'a [u8],
}

/// `HTTP/1.1 200 OK`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusLine<'a> {
    /// `HTTP/1.1`
    pub version: &'a [u8],
    /// Three digits.
    pub status: u16,
    /// Empty when it, or even the space before it, was left out.
    pub reason: &'a [u8],
}

/// One line of a header or trailer section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A name, a colon, a value.
    Field {
        /// As sent, less the white space that may wrongly stand before the colon.
        name: &'a [u8],
        /// Less the optional white space around it.
        value: &'a [u8],
        /// The name is not a token, or white space stands before the colon.
        odd: bool,
    },
    /// A line that begins with white space and continues the value before it (RFC 9112 section
    /// 5.2), less the white space around it.
    Folded(&'a [u8]),
    /// A line without a colon, or without a name before it.
    Invalid(&'a [u8]),
}

/// Where the head that `bytes` begin with ends: behind its empty line. Bytes before `from` are
/// known to hold no such end, apart from its first three bytes.
#[must_use]
pub fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    static EMPTY_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n\r\n"));
    static BARE_EMPTY_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n\n"));
    let rest = bytes.get(from..)?;
    let end = EMPTY_LINE.find(rest).map(|at| at + 3);
    let before = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
    BARE_EMPTY_LINE.find(before).map(|at| at + 2).or(end).map(|end| from + end)
}

/// Splits the first line off: the line without its end, and what follows. Without a line end, all
/// of `bytes` is the line.
#[must_use]
pub fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((line, rest)) = memchr(b'\n', bytes).and_then(|at| bytes.split_at_checked(at)) else {
        return (bytes, &[]);
    };
    (line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default())
}

/// Reads a whole request line, without its end.
#[must_use]
pub fn request_line(line: &[u8]) -> Option<RequestLine<'_>> {
    let line = trim(line);
    let (method, rest) = line.split_at_checked(memchr(b' ', line)?)?;
    let (target, version) = rest.split_at_checked(memrchr(b' ', rest)?)?;
    let (target, version) = (trim(target), trim(version));
    let valid = is_token(method) && !target.is_empty() && is_version(version);
    valid.then_some(RequestLine { method, target, version })
}

/// Reads a whole status line, without its end.
#[must_use]
pub fn status_line(line: &[u8]) -> Option<StatusLine<'_>> {
    let (version, rest) = line.split_at_checked("HTTP/1.1".len())?;
    let (code, rest) = rest.strip_prefix(b" ")?.trim_ascii_start().split_at_checked(3)?;
    let reason = match rest {
        [] => rest,
        [b' ' | b'\t', reason @ ..] => reason,
        _ => return None,
    };
    let status = code
        .iter()
        .try_fold(0, |status, digit| digit.is_ascii_digit().then(|| status * 10 + u16::from(digit - b'0')))?;
    (is_version(version) && status >= 100).then_some(StatusLine { version, status, reason: trim(reason) })
}

/// Fields that [`plain`] reads at most; more are left to [`lines`].
const MAX_PLAIN: usize = 64;

/// Reads the fields of a section, name and value in their order, when nothing in it is odd: no fold, no bare LF, no
/// invalid name. Otherwise it is left to [`lines`], which read what can be read.
pub fn plain<'a, T>(
    section: &'a [u8],
    read: impl FnOnce(&mut dyn Iterator<Item = (&'a str, &'a [u8])>) -> T,
) -> Option<T> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_PLAIN];
    let Ok(httparse::Status::Complete((len, fields))) = httparse::parse_headers(section, &mut slots) else {
        return None;
    };
    (!has_bare_lf(section.get(..len)?)).then(|| read(&mut fields.iter().map(|field| (field.name, field.value))))
}

/// The lines of a header or trailer section, up to its empty line or the end of `section`.
pub fn lines(section: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = section;
    std::iter::from_fn(move || {
        let (line, next) = split_line(rest);
        rest = next;
        (!line.is_empty()).then(|| header_line(line))
    })
}

/// The size that a chunk's first line says, its extensions (RFC 9112 section 7.1.1) aside.
#[must_use]
pub fn chunk_size(line: &[u8]) -> Option<u64> {
    let end = memchr(b';', line).unwrap_or(line.len());
    let digits = line.get(..end)?.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |size, &digit| {
        let value = char::from(digit).to_digit(16)?;
        size.checked_mul(16)?.checked_add(u64::from(value))
    })
}

/// Whether a line of `section` ends with a bare LF, which RFC 9112 section 2.2 lets pass.
#[must_use]
pub fn has_bare_lf(section: &[u8]) -> bool {
    memchr_iter(b'\n', section).any(|at| at.checked_sub(1).and_then(|before| section.get(before)) != Some(&b'\r'))
}

/// The characters of a token (RFC 9110 section 5.6.2).
#[must_use]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

/// Whether a token may hold that byte.
#[must_use]
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn header_line(line: &[u8]) -> Line<'_> {
    if matches!(line, [b' ' | b'\t', ..]) {
        return Line::Folded(trim(line));
    }
    let Some((name, value)) = memchr(b':', line).and_then(|colon| line.split_at_checked(colon)) else {
        return Line::Invalid(line);
    };
    let trimmed = trim(name);
    if trimmed.is_empty() {
        return Line::Invalid(line);
    }
    let odd = trimmed.len() != name.len() || !is_token(trimmed);
    Line::Field { name: trimmed, value: trim(value.get(1..).unwrap_or_default()), odd }
}

/// `HTTP/1.0`, `HTTP/1.1`, and `HTTP/2.0` of the HTTP/2 preface.
fn is_version(version: &[u8]) -> bool {
    matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// Removes spaces and tabs, and nothing else, from both ends.
fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use proptest::prelude::*;

    use super::*;

    fn field<'a>(name: &'a str, value: &'a str) -> Line<'a> {
        Line::Field { name: name.as_bytes(), value: value.as_bytes(), odd: false }
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nA: b\r\n\r\nbody", 0), Some(24));
        assert_eq!(head_end(b"GET / HTTP/1.1\nA: b\n\nbody", 0), Some(21));
        assert_eq!(head_end(b"GET / HTTP/1.1\nA: b\n\r\n", 0), Some(22));
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nA: b\r\n\r", 0), None);
    }

    #[test]
    fn a_request_line_has_three_parts() {
        let line = request_line(b"GET /a?b HTTP/1.1").unwrap();
        assert_eq!((line.method, line.target, line.version), (&b"GET"[..], &b"/a?b"[..], &b"HTTP/1.1"[..]));
        assert_eq!(request_line(b"GET /a b HTTP/1.0 ").unwrap().target, b"/a b");
        for refused in [&b"GET /"[..], b"GET  HTTP/1.1", b"GET / SIP/2.0", b"G\"T / HTTP/1.1", b"", b" / HTTP/1.1"] {
            assert_eq!(request_line(refused), None);
        }
    }

    #[test]
    fn a_status_line_may_lack_its_reason() {
        assert_eq!(status_line(b"HTTP/1.1 307 Temporary Redirect").unwrap().reason, b"Temporary Redirect");
        assert_eq!(status_line(b"HTTP/1.1 200 ").unwrap(), status_line(b"HTTP/1.1 200").unwrap());
        for refused in
            [&b"HTTP/1.1 20"[..], b"HTTP/1.1 2000", b"HTTP/1.1 099 x", b"HTTP/1.1-200", b"HTTP", b"HTTP/1.1 2x0 OK"]
        {
            assert_eq!(status_line(refused), None);
        }
    }

    #[test]
    fn odd_lines_are_told_apart_and_cost_no_other() {
        let section =
            b"Host: a\r\nX : 1\r\n a fold \r\nno colon\r\n: no name\r\nB\xE9:2\nEmpty:\r\n\r\nbody: not a line";
        let read: Vec<_> = lines(section).collect();
        assert_eq!(
            read,
            [
                field("Host", "a"),
                Line::Field { name: b"X", value: b"1", odd: true },
                Line::Folded(b"a fold"),
                Line::Invalid(b"no colon"),
                Line::Invalid(b": no name"),
                Line::Field { name: b"B\xE9", value: b"2", odd: true },
                field("Empty", ""),
            ]
        );
        assert!(has_bare_lf(section));
        assert!(!has_bare_lf(b"a\r\nb\r\n"));
    }

    #[test]
    fn only_a_plain_section_is_read_as_one() {
        let count = |section: &[u8]| plain(section, |fields| fields.count());
        assert_eq!(count(b"A: 1\r\nB:\r\n\r\n"), Some(2));
        for odd in [&b"A: 1\n\n"[..], b"A : 1\r\n\r\n", b"A: 1\r\n b\r\n\r\n", b"no colon\r\n\r\n", b"A: 1\r\n"] {
            assert_eq!(count(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn a_chunk_size_is_hexadecimal() {
        assert_eq!(chunk_size(b"1aF"), Some(0x1AF));
        assert_eq!(chunk_size(b"0 ; name=\"value\"\r"), Some(0));
        for refused in [&b""[..], b";x", b"0x10", b"-1", b"11111111111111111"] {
            assert_eq!(chunk_size(refused), None);
        }
    }

    fn text(pattern: &'static str) -> impl Strategy<Value = String> {
        proptest::string::string_regex(pattern).unwrap()
    }

    proptest! {
        /// What a strict parser accepts is read as it reads it.
        #[test]
        fn agrees_with_httparse(
            method in text("[A-Z]{1,8}"),
            target in text("/[!-~]{0,20}"),
            fields in proptest::collection::vec((text("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}"), text("[ -~\u{e0}-\u{ff}]{0,20}")), 0..8),
        ) {
            let mut head = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
            for (name, value) in &fields {
                head.extend(format!("{name}: {value}\r\n").into_bytes());
            }
            head.extend(b"\r\n");
            let mut slots = [httparse::EMPTY_HEADER; 8];
            let mut strict = httparse::Request::new(&mut slots);
            prop_assert_eq!(strict.parse(&head).unwrap(), httparse::Status::Complete(head_end(&head, 0).unwrap()));
            let (first, section) = split_line(&head);
            let line = request_line(first).unwrap();
            prop_assert_eq!(line.method, strict.method.unwrap().as_bytes());
            prop_assert_eq!(line.target, strict.path.unwrap().as_bytes());
            let expected: Vec<_> = strict.headers.iter()
                .map(|header| Line::Field { name: header.name.as_bytes(), value: header.value, odd: false })
                .collect();
            prop_assert_eq!(lines(section).collect::<Vec<_>>(), expected.clone());
            let fields = plain(section, |fields| {
                fields.map(|(name, value)| Line::Field { name: name.as_bytes(), value, odd: false }).collect()
            });
            prop_assert_eq!(fields, Some(expected));
        }

        #[test]
        fn a_head_ends_at_its_first_empty_line(bytes in "[a\r\n]{0,12}", from in 0..4_usize) {
            let is_end = |end: &usize| {
                let before = bytes.get(from..*end).unwrap_or_default();
                before.ends_with("\n\n") || before.ends_with("\n\r\n")
            };
            prop_assert_eq!(head_end(bytes.as_bytes(), from), (from..=bytes.len()).find(is_end));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>, from in 0..40_usize) {
            let _ = (head_end(&bytes, from), request_line(&bytes), status_line(&bytes), chunk_size(&bytes), has_bare_lf(&bytes));
            let _ = lines(&bytes).count();
        }
    }
}
