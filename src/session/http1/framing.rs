//! How long a message's body is (RFC 9112 section 6.3), read as a backend would read it.

use crate::http::{Headers, trim_ows};
use crate::wire::http1::StatusLine;

/// What ends a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    NoBody,
    /// Its length.
    Length(u64),
    /// The last chunk.
    Chunked,
    /// The end of the connection.
    UntilClose,
    /// What follows is no HTTP (RFC 9110 sections 7.8 and 9.3.6), on either side.
    Tunnel,
}

/// `version` is what the request line says.
pub(super) fn of_request(version: &[u8], headers: &Headers, warnings: &mut Vec<String>) -> Framing {
    match coded(version, headers, warnings) {
        Some(framing) => framing,
        None => content_length(headers, warnings).map_or(Framing::NoBody, Framing::Length),
    }
}

/// `method` is the request's, where it is known.
pub(super) fn of_response(
    line: StatusLine<'_>,
    method: Option<&str>,
    headers: &Headers,
    warnings: &mut Vec<String>,
) -> Framing {
    match (line.status, method) {
        (101, _) | (200..=299, Some("CONNECT")) => Framing::Tunnel,
        (100..=199 | 204 | 304, _) | (_, Some("HEAD")) => Framing::NoBody,
        _ => match coded(line.version, headers, warnings) {
            Some(framing) => framing,
            None => content_length(headers, warnings).map_or(Framing::UntilClose, Framing::Length),
        },
    }
}

/// By Transfer-Encoding, which overrides Content-Length. Where it is not as it should be, servers
/// differ in what they make of it, and that is how requests are smuggled (RFC 9112 section 11.2).
fn coded(version: &[u8], headers: &Headers, warnings: &mut Vec<String>) -> Option<Framing> {
    let codings: Vec<&str> = headers
        .all("transfer-encoding")
        .flat_map(|line| line.split(','))
        .map(trim_ows)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
        .collect();
    let last = codings.last()?;
    if headers.has("content-length") {
        warnings.push(
            "Transfer-Encoding and Content-Length contradict each other: a smuggling risk; the former is followed"
                .to_owned(),
        );
    }
    if version == b"HTTP/1.0" {
        warnings.push("Transfer-Encoding is unknown to HTTP/1.0: a smuggling risk; it is followed".to_owned());
    }
    if last.eq_ignore_ascii_case("chunked") {
        if codings.iter().filter(|coding| coding.eq_ignore_ascii_case("chunked")).count() > 1 {
            warnings.push("Transfer-Encoding names chunked twice: a smuggling risk; it is decoded once".to_owned());
        }
        return Some(Framing::Chunked);
    }
    warnings.push(format!(
        "Transfer-Encoding '{}' does not end with chunked: a smuggling risk; all that follows is read as the body",
        codings.join(", ")
    ));
    Some(Framing::UntilClose)
}

/// Lengths of one message that are looked at; its head could hold any number.
const MAX_LENGTHS: usize = 16;

/// The first valid length. Repeated ones must agree (RFC 9110 section 8.6); where they do not,
/// servers differ in which they believe, and the first is followed here.
fn content_length(headers: &Headers, warnings: &mut Vec<String>) -> Option<u64> {
    let mut length = None;
    let values = headers.all("content-length").flat_map(|line| line.split(',')).map(trim_ows);
    for value in values.take(MAX_LENGTHS) {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match (value.parse::<u64>().ok().filter(|_| digits), length) {
            (None, _) => warnings.push(format!("Content-Length '{value}' is no length: it is not used")),
            (Some(new), None) => length = Some(new),
            (Some(new), Some(first)) if new != first => warnings.push(format!(
                "Content-Length is given as {first} and as {new}: a smuggling risk; the first is followed"
            )),
            (Some(_), Some(_)) => {}
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> StatusLine<'static> {
        StatusLine { version: b"HTTP/1.1", status, reason: b"" }
    }

    /// The framing of a request and of a response with these header lines, and how many warnings.
    fn framed(lines: &[(&str, &str)]) -> (Framing, Framing, usize) {
        let headers = lines.iter().copied().collect();
        let mut warnings = Vec::new();
        let response = of_response(answer(200), Some("GET"), &headers, &mut Vec::new());
        (of_request(b"HTTP/1.1", &headers, &mut warnings), response, warnings.len())
    }

    #[test]
    fn the_headers_say_the_length() {
        use Framing::{Chunked, Length, NoBody, UntilClose};
        let length = |value| framed(&[("Content-Length", value)]);
        let coding = |value| framed(&[("Transfer-Encoding", value)]);
        assert_eq!(framed(&[]), (NoBody, UntilClose, 0));
        assert_eq!(length("12"), (Length(12), Length(12), 0));
        assert_eq!(length("12, 12"), (Length(12), Length(12), 0));
        assert_eq!(length("12, 13"), (Length(12), Length(12), 1));
        for refused in ["", "+5", "-1", "0x5", "5 5", "99999999999999999999"] {
            assert_eq!(length(refused), (NoBody, UntilClose, 1), "{refused}");
        }
        assert_eq!(coding("gzip, Chunked"), (Chunked, Chunked, 0));
        assert_eq!(coding("chunked, gzip"), (UntilClose, UntilClose, 1));
        assert_eq!(coding("chunked, chunked"), (Chunked, Chunked, 1));
        // What only some servers take for white space makes another coding of it.
        for other in ["\u{b}chunked", "chunked\u{a0}", "xchunked", "chunked;q=1", "\"chunked\""] {
            assert_eq!(coding(other), (UntilClose, UntilClose, 1), "{other}");
        }
        assert_eq!(coding("identity"), (NoBody, UntilClose, 0));
        assert_eq!(framed(&[("Content-Length", "5"), ("transfer-encoding", "chunked")]), (Chunked, Chunked, 1));
    }

    #[test]
    fn an_old_message_that_is_coded_is_told() {
        let headers = [("Transfer-Encoding", "chunked")].into_iter().collect();
        let mut warnings = Vec::new();
        assert_eq!(of_request(b"HTTP/1.0", &headers, &mut warnings), Framing::Chunked);
        let line = StatusLine { version: b"HTTP/1.0", ..answer(200) };
        assert_eq!(of_response(line, Some("GET"), &headers, &mut warnings), Framing::Chunked);
        assert_eq!(warnings.len(), 2);
    }

    #[test]
    fn a_long_list_of_lengths_is_no_long_list_of_warnings() {
        assert_eq!(framed(&[("Content-Length", &"x,".repeat(1000))]).2, MAX_LENGTHS);
    }

    #[test]
    fn some_responses_have_no_body_whatever_they_say() {
        let headers = [("Content-Length", "5")].into_iter().collect();
        let framed = |status, method| of_response(answer(status), method, &headers, &mut Vec::new());
        assert_eq!(framed(200, Some("HEAD")), Framing::NoBody);
        assert_eq!(framed(204, Some("GET")), Framing::NoBody);
        assert_eq!(framed(304, None), Framing::NoBody);
        assert_eq!(framed(101, Some("GET")), Framing::Tunnel);
        assert_eq!(framed(200, Some("CONNECT")), Framing::Tunnel);
        assert_eq!(framed(407, Some("CONNECT")), Framing::Length(5));
    }
}
