//! What a page may send to, and read from, another origin without asking (Fetch, section 2.2).

use super::intent::lower_case;
use super::{AuthorHeader, mime};

/// Values longer than this are not safelisted (Fetch, "CORS-safelisted request-header", step 1).
const LONGEST_SAFE_VALUE: usize = 128;

/// Safelisted values that add up to more than this are not safelisted after all (Fetch,
/// "CORS-unsafe request-header names", step 5).
const LARGEST_SAFE_SUM: usize = 1024;

/// Response headers that a page may read without the server's word.
const READABLE: [&str; 7] =
    ["cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"];

/// Headers that describe a request's body: they go when a redirect drops the body.
const DESCRIBES_BODY: [&str; 4] = ["content-encoding", "content-language", "content-location", "content-type"];

/// Fetch, "CORS-safelisted method".
pub(super) fn is_safe_method(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "POST")
}

/// Fetch, "CORS-safelisted response-header name", without those that the server exposes.
pub(super) fn is_readable(name: &str) -> bool {
    READABLE.iter().any(|readable| name.eq_ignore_ascii_case(readable))
}

/// Fetch, "request-body-header name".
pub(super) fn describes_body(name: &str) -> bool {
    DESCRIBES_BODY.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Fetch, "CORS-unsafe request-header names": lower-case, sorted, each once.
pub(super) fn unsafe_names<'a>(headers: impl Iterator<Item = &'a AuthorHeader<'a>>) -> Vec<&'a str> {
    let (mut names, mut safe, mut sum) = (Vec::new(), Vec::new(), 0);
    for header in headers {
        if header.is_safe() {
            sum += header.value.map_or(0, length);
            safe.push(&*header.name);
        } else {
            names.push(&*header.name);
        }
    }
    if sum > LARGEST_SAFE_SUM {
        names.append(&mut safe);
    }
    names.sort_unstable();
    names.dedup();
    names
}

impl AuthorHeader<'_> {
    /// A header without a value is one that a preflight asked for: the browser found it unsafe.
    fn is_safe(&self) -> bool {
        self.value.is_some_and(|value| is_safe_header(&self.name, value))
    }
}

/// Fetch, "CORS-safelisted request-header".
pub(super) fn is_safe_header(name: &str, value: &str) -> bool {
    // Of most headers the name tells, and nobody has to look at a long value.
    let is_safe: fn(&str) -> bool = match &*lower_case(name) {
        "accept" => |value| !has_unsafe_byte(value),
        "accept-language" | "content-language" => |value| value.chars().all(is_language_character),
        "content-type" => is_type_of_form,
        "range" => is_simple_range,
        _ => return false,
    };
    length(value) <= LONGEST_SAFE_VALUE && is_safe(value)
}

/// The number of bytes on the wire: one code point is one byte.
fn length(value: &str) -> usize {
    value.chars().count()
}

/// Fetch, "CORS-unsafe request-header byte".
fn has_unsafe_byte(value: &str) -> bool {
    value.bytes().any(|byte| match byte {
        b'\t' => false,
        b'"' | b'(' | b')' | b':' | b'<' | b'>' | b'?' | b'@' | b'[' | b'\\' | b']' | b'{' | b'}' | 0x7f => true,
        byte => byte < b' ',
    })
}

fn is_language_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || " *,-.;=".contains(c)
}

fn is_type_of_form(value: &str) -> bool {
    const TYPES: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
    let is_one = |essence: &str| TYPES.iter().any(|one| essence.eq_ignore_ascii_case(one));
    !has_unsafe_byte(value) && mime::essence(value).is_some_and(is_one)
}

/// Fetch, "parse a single range header value" without white space, of which the first position
/// must be there.
fn is_simple_range(value: &str) -> bool {
    let Some((first, last)) = value.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return false;
    };
    let (Some(first), Some(last)) = (digits(first), digits(last)) else { return false };
    !first.is_empty() && (last.is_empty() || is_not_greater(first, last))
}

/// The text itself when it is empty or all digits, leading zeros removed from a number.
fn digits(text: &str) -> Option<&str> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let trimmed = text.trim_start_matches('0');
    Some(if trimmed.is_empty() && !text.is_empty() { "0" } else { trimmed })
}

/// Compares decimal numbers of any length.
fn is_not_greater(a: &str, b: &str) -> bool {
    (a.len(), a) <= (b.len(), b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_the_standards() {
        assert!(is_safe_header("Accept", &"a".repeat(128)));
        assert!(!is_safe_header("Accept", &"a".repeat(129)));
        let longest = "a".repeat(128);
        let mut many = vec![AuthorHeader::new("accept", &longest); 8];
        assert!(unsafe_names(many.iter()).is_empty(), "1024 bytes are still fine");
        many.push(AuthorHeader::new("accept", "a"));
        assert_eq!(unsafe_names(many.iter()), ["accept"]);
    }

    #[test]
    fn content_types_of_forms_are_safe() {
        for safe in
            ["text/plain", "TEXT/PLAIN;charset=utf-8", "text/plain;", "text/plain;garbage", "multipart/form-data"]
        {
            assert!(is_safe_header("content-type", safe), "{safe}");
        }
        for not_safe in ["application/json", "text/plain,text/plain", "text /plain", "text/plain,", "text/html", ""] {
            assert!(!is_safe_header("content-type", not_safe), "{not_safe}");
        }
    }

    #[test]
    fn only_one_plain_range_is_safe() {
        for safe in ["bytes=0-", "bytes=1-2", "bytes=0-00", "bytes=100-0000200"] {
            assert!(is_safe_header("range", safe), "{safe}");
        }
        for not_safe in ["bytes=-500", "bytes=2-1", "bytes=1-2,4-5", "bytes= 1-2", "Bytes=1-2", "bytes=1", "1-2"] {
            assert!(!is_safe_header("range", not_safe), "{not_safe}");
        }
    }

    #[test]
    fn language_values_are_letters_and_their_marks() {
        assert!(is_safe_header("Accept-Language", "en-US,en;q=0.9"));
        assert!(!is_safe_header("Accept-Language", "en_US"));
        assert!(is_safe_header("accept", "\u{e9}"), "bytes from 0x80 are safe in Accept");
        assert!(!is_safe_header("accept", "a\"b"));
    }

    #[test]
    fn names_come_sorted_and_once() {
        let headers = [("X-B", "1"), ("x-a", "1"), ("x-b", "2"), ("Accept", "*/*")];
        let mut headers = headers.map(|(name, value)| AuthorHeader::new(name, value)).to_vec();
        headers.push(AuthorHeader { name: "accept-language".into(), value: None });
        assert_eq!(unsafe_names(headers.iter()), ["accept-language", "x-a", "x-b"]);
    }
}
