//! What bytes look like: told by their beginning, never by the port.

use std::ops::BitOr;

use memchr::memchr;

use crate::wire::http1::{is_token_byte, request_line, split_line, status_line};

/// The longest method that is believed. The longest registered one has 17 letters
/// (`UPDATEREDIRECTREF`).
const MAX_METHOD: usize = 32;

/// The longest start line that is waited for. Servers accept 8 KB as a rule, some 64 KB.
const MAX_START_LINE: usize = 64 << 10;

/// `HTTP/1.1 200` and one byte more, which shows that the status ends there.
const STATUS_PREFIX: usize = 13;

/// Methods that begin a request where there may be something else: in the middle of a stream
/// whose message boundaries are not known.
const COMMON_METHODS: [&[u8]; 16] = [
    b"GET",
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"CONNECT",
    b"TRACE",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"REPORT",
];

/// What some bytes begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// An HTTP/1 request.
    Request,
    /// An HTTP/1 response.
    Response,
    /// The preface of an HTTP/2 client (RFC 9113 section 3.4).
    Http2,
    /// A TLS record (RFC 8446 section 5.1).
    Tls,
    /// More bytes are needed to tell.
    Unclear,
    /// Nothing that is known.
    No,
}

/// How sure one can be that a message begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// One should: any method will do.
    Start,
    /// Perhaps: it could as well be the middle of a body.
    Anything,
}

/// What `bytes` look like, where they may be any protocol's.
pub(super) fn look_for_any(bytes: &[u8], expect: Expect) -> Look {
    look_for_tls(bytes).or_else(|| look_for_response(bytes)).unwrap_or_else(|| look_for_request(bytes, expect))
}

/// Empty lines that are passed over before a first message: clients send one, seldom two.
const MAX_BLANK: usize = 8;

/// What is behind empty lines before a first message (RFC 9112 section 2.2).
pub(super) fn behind_blank(bytes: &[u8]) -> &[u8] {
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    if blank <= MAX_BLANK { bytes.get(blank..).unwrap_or_default() } else { bytes }
}

/// A header by which a load balancer says for whom it connects: a line, or binary (the PROXY protocol, versions 1 and 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyHeader {
    None,
    /// More bytes are needed to tell, or to see its end.
    Begun,
    /// There is one, of that length.
    Of(usize),
}

/// The header that `bytes` begin with.
pub(super) fn proxy_header(bytes: &[u8]) -> ProxyHeader {
    const LINES: [&[u8]; 2] = [b"PROXY TCP", b"PROXY UNKNOWN"];
    const MAX_LINE: usize = 107;
    const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    let is_begun = |start: &[u8]| bytes.starts_with(start) || start.starts_with(bytes);
    if LINES.into_iter().any(is_begun) {
        return match memchr(b'\n', bytes.get(..MAX_LINE).unwrap_or(bytes)) {
            Some(end) => ProxyHeader::Of(end + 1),
            None if bytes.len() < MAX_LINE => ProxyHeader::Begun,
            None => ProxyHeader::None,
        };
    }
    if !is_begun(SIGNATURE) {
        return ProxyHeader::None;
    }
    match bytes.get(SIGNATURE.len()..) {
        Some([_, _, high, low, rest @ ..]) => {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            if rest.len() < len { ProxyHeader::Begun } else { ProxyHeader::Of(SIGNATURE.len() + 4 + len) }
        }
        _ => ProxyHeader::Begun,
    }
}

/// Whether `bytes` look like `wanted`, a request or a response: that, unclear, or something else.
pub(super) fn look_for(wanted: Look, bytes: &[u8], expect: Expect) -> Look {
    match wanted {
        Look::Response => look_for_response(bytes).unwrap_or(Look::No),
        _ => look_for_request(bytes, expect),
    }
}

fn look_for_tls(bytes: &[u8]) -> Option<Look> {
    const MAX_RECORD: u16 = (1 << 14) + 2048;
    match *bytes {
        [0x14..=0x17] | [0x14..=0x17, 3] | [0x14..=0x17, 3, 0..=4] | [0x14..=0x17, 3, 0..=4, _] => Some(Look::Unclear),
        [0x14..=0x17, 3, 0..=4, high, low, ..] => {
            (1..=MAX_RECORD).contains(&u16::from_be_bytes([high, low])).then_some(Look::Tls)
        }
        _ => None,
    }
}

fn look_for_response(bytes: &[u8]) -> Option<Look> {
    const START: &[u8] = b"HTTP/1.";
    let common = bytes.len().min(START.len());
    if bytes.get(..common) != START.get(..common) {
        return None;
    }
    if bytes.len() < STATUS_PREFIX && memchr(b'\n', bytes).is_none() {
        return Some(Look::Unclear);
    }
    let line = split_line(bytes).0;
    let start = line.get(..STATUS_PREFIX).unwrap_or(line);
    status_line(start.strip_suffix(b"\r").unwrap_or(start)).map(|_| Look::Response)
}

fn look_for_request(bytes: &[u8], expect: Expect) -> Look {
    let longest = bytes.get(..=MAX_METHOD).unwrap_or(bytes);
    let Some(end) = longest.iter().position(|&byte| !is_token_byte(byte)) else {
        let may_be = match expect {
            Expect::Start => bytes.len() <= MAX_METHOD,
            Expect::Anything => COMMON_METHODS.iter().any(|method| method.starts_with(bytes)),
        };
        return if may_be { Look::Unclear } else { Look::No };
    };
    let method = bytes.get(..end).unwrap_or_default();
    let is_method = match expect {
        Expect::Start => end > 0,
        Expect::Anything => COMMON_METHODS.contains(&method),
    };
    if !is_method || bytes.get(end) != Some(&b' ') {
        return Look::No;
    }
    let is_whole = memchr(b'\n', bytes).is_some();
    let line = split_line(bytes).0;
    let text = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > MAX_START_LINE || holds_control(text) {
        return Look::No;
    }
    if !is_whole {
        return Look::Unclear;
    }
    match request_line(line) {
        // Spaces in a target are forgiven where there is no doubt that it is one.
        Some(line) if line.target.contains(&b' ') && !COMMON_METHODS.contains(&line.method) => Look::No,
        Some(line) if line.version.starts_with(b"HTTP/1.") => Look::Request,
        Some(line) if line.version == b"HTTP/2.0" && line.method == b"PRI" => Look::Http2,
        _ => Look::No,
    }
}

/// A line that comes byte by byte is looked at as often: all at once is faster than up to the first.
fn holds_control(text: &[u8]) -> bool {
    text.iter().map(|&byte| byte < b' ' && byte != b'\t').fold(false, BitOr::bitor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at_start(bytes: impl AsRef<[u8]>) -> Look {
        look_for_any(bytes.as_ref(), Expect::Start)
    }

    #[test]
    fn protocols_are_told_by_their_first_bytes() {
        assert_eq!(at_start("GET / HTTP/1.1\r\n"), Look::Request);
        assert_eq!(at_start("BREW /pot HTTP/1.0\n"), Look::Request);
        assert_eq!(at_start("GET /a b HTTP/1.1\r\n"), Look::Request);
        assert_eq!(at_start("HTTP/1.1 200 OK\r\n"), Look::Response);
        assert_eq!(at_start("HTTP/1.0 204\n"), Look::Response);
        assert_eq!(at_start("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Look::Http2);
        assert_eq!(at_start([0x16, 3, 1, 0, 200, 1]), Look::Tls);
        for other in [
            "SSH-2.0-x\r\n",
            "NICK a\r\n",
            "ETA about \u{e9} HOST / HTTP/1.1\r\n",
            "OPTIONS * RTSP/1.0\r\n",
            "HTTP/2 200\r\n",
            "HTTP/1.1 2000 \r\n",
            "\0\0",
            " ",
        ] {
            assert_eq!(at_start(other), Look::No, "{other}");
        }
    }

    #[test]
    fn in_the_middle_only_common_methods_are_believed() {
        assert_eq!(look_for_any(b"word word HTTP/1.1\r\n", Expect::Anything), Look::No);
        assert_eq!(look_for_any(b"word", Expect::Anything), Look::No);
        assert_eq!(look_for_any(b"OPT", Expect::Anything), Look::Unclear);
        assert_eq!(look_for_any(b"GET / HTTP/1.1\r\n", Expect::Anything), Look::Request);
    }

    #[test]
    fn what_is_still_short_is_unclear() {
        for whole in ["HEAD /a HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "PRI * HTTP/2.0\r\n"] {
            let told: Vec<_> = (1..=whole.len()).filter_map(|len| whole.get(..len)).map(at_start).collect();
            assert!(!told.contains(&Look::No), "{told:?}");
            assert_eq!(told.last(), Some(&at_start(whole)));
        }
        assert_eq!(at_start([0x16, 3]), Look::Unclear);
    }

    proptest! {
        /// What is told of a beginning holds for all that may follow it.
        #[test]
        fn more_bytes_change_no_mind(
            start in proptest::sample::select(vec!["", "GET ", "HTTP/1.1 20", "PRI * HTTP/2.0", "\u{16}\u{3}\u{1}"]),
            rest: Vec<u8>,
        ) {
            let bytes = [start.as_bytes(), &rest].concat();
            for expect in [Expect::Start, Expect::Anything] {
                let told: Vec<_> = (1..=bytes.len()).filter_map(|len| bytes.get(..len)).map(|bytes| look_for_any(bytes, expect)).collect();
                let first = told.iter().position(|look| *look != Look::Unclear).unwrap_or(told.len());
                prop_assert!(told.iter().skip(first).all(|look| Some(look) == told.get(first)), "{told:?}");
            }
        }
    }
}
