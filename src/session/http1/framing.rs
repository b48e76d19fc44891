//! How long a message's body is (RFC 9112 section 6.3), read as a backend would read it.

use crate::http::Headers;

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

pub(super) fn of_request(headers: &Headers, warnings: &mut Vec<String>) -> Framing {
    match coded(headers, warnings) {
        Some(framing) => framing,
        None => content_length(headers, warnings).map_or(Framing::NoBody, Framing::Length),
    }
}

/// `method` is the request's, where it is known.
pub(super) fn of_response(status: u16, method: Option<&str>, headers: &Headers, warnings: &mut Vec<String>) -> Framing {
    match (status, method) {
        (101, _) | (200..=299, Some("CONNECT")) => Framing::Tunnel,
        (100..=199 | 204 | 304, _) | (_, Some("HEAD")) => Framing::NoBody,
        _ => match coded(headers, warnings) {
            Some(framing) => framing,
            None => content_length(headers, warnings).map_or(Framing::UntilClose, Framing::Length),
        },
    }
}

/// By Transfer-Encoding, which overrides Content-Length.
fn coded(headers: &Headers, warnings: &mut Vec<String>) -> Option<Framing> {
    let codings: Vec<&str> = headers
        .all("transfer-encoding")
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
        .collect();
    let last = codings.last()?;
    if headers.has("content-length") {
        warnings.push(
            "Transfer-Encoding and Content-Length contradict each other: a smuggling risk; the former is followed"
                .to_owned(),
        );
    }
    if last.eq_ignore_ascii_case("chunked") {
        return Some(Framing::Chunked);
    }
    warnings.push(format!("Transfer-Encoding '{}' does not end with chunked", codings.join(", ")));
    Some(Framing::UntilClose)
}

/// Lengths of one message that are looked at; its head could hold any number.
const MAX_LENGTHS: usize = 16;

/// The first valid length. Repeated ones must agree (RFC 9110 section 8.6); where they do not,
/// servers differ in which they believe, and the first is followed here.
fn content_length(headers: &Headers, warnings: &mut Vec<String>) -> Option<u64> {
    let mut length = None;
    let values = headers.all("content-length").flat_map(|line| line.split(',')).map(str::trim);
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

    /// The framing of a request and of a response with these header lines, and how many warnings.
    fn framed(lines: &[(&str, &str)]) -> (Framing, Framing, usize) {
        let headers = lines.iter().copied().collect();
        let mut warnings = Vec::new();
        let response = of_response(200, Some("GET"), &headers, &mut Vec::new());
        (of_request(&headers, &mut warnings), response, warnings.len())
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
        assert_eq!(coding("identity"), (NoBody, UntilClose, 0));
        assert_eq!(framed(&[("Content-Length", "5"), ("transfer-encoding", "chunked")]), (Chunked, Chunked, 1));
    }

    #[test]
    fn a_long_list_of_lengths_is_no_long_list_of_warnings() {
        assert_eq!(framed(&[("Content-Length", &"x,".repeat(1000))]).2, MAX_LENGTHS);
    }

    #[test]
    fn some_responses_have_no_body_whatever_they_say() {
        let headers = [("Content-Length", "5")].into_iter().collect();
        let framed = |status, method| of_response(status, method, &headers, &mut Vec::new());
        assert_eq!(framed(200, Some("HEAD")), Framing::NoBody);
        assert_eq!(framed(204, Some("GET")), Framing::NoBody);
        assert_eq!(framed(304, None), Framing::NoBody);
        assert_eq!(framed(101, Some("GET")), Framing::Tunnel);
        assert_eq!(framed(200, Some("CONNECT")), Framing::Tunnel);
        assert_eq!(framed(407, Some("CONNECT")), Framing::Length(5));
    }
}
