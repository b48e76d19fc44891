//! For how long a browser answers from its cache with what it has stored (RFC 9111), as far as redirects need it.

use crate::http::{Headers, Response};

/// Whether a stored redirect is an answer to the same request within the same call: `HttpResponseHeaders::
/// GetFreshnessLifetimes` (Chromium 156, measured). What is permanent is good for ever where nothing else is said.
pub(super) fn is_fresh(response: &Response) -> bool {
    let headers = &response.headers;
    let says = |name: &str, word: &str| elements(headers, name).any(|it| it.eq_ignore_ascii_case(word));
    let is_kept_out =
        says("cache-control", "no-store") || says("cache-control", "no-cache") || says("pragma", "no-cache");
    if is_kept_out || says("vary", "*") {
        return false;
    }
    if let Some(seconds) = max_age(headers) {
        let age = headers.first("age").and_then(|age| age.parse().ok()).unwrap_or(0);
        return seconds > age;
    }
    if let Some(expires) = headers.first("expires") {
        // Without a date it is measured by the browser's own clock, which is not on the wire.
        return headers.first("date").and_then(date).zip(date(expires)).is_some_and(|(now, expires)| now < expires);
    }
    matches!(response.status, 300 | 301 | 308)
}

/// The elements of a list of which nothing is in quotes that matters.
fn elements<'h>(headers: &'h Headers, name: &str) -> impl Iterator<Item = &'h str> {
    headers.all(name).flat_map(|line| line.split(',')).map(str::trim)
}

fn max_age(headers: &Headers) -> Option<u64> {
    elements(headers, "cache-control").find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let value = value.trim_matches('"').parse().ok();
        value.filter(|_| name.eq_ignore_ascii_case("max-age"))
    })
}

/// A date as `Sun, 06 Nov 1994 08:49:37 GMT`, to compare: year, month, day, time of day.
fn date(text: &str) -> Option<(u16, usize, u8, &str)> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.split(' ');
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    Some((year.parse().ok()?, month, day.parse().ok()?, time))
}

#[cfg(test)]
mod tests {
    use crate::http::testing::exchange;

    #[test]
    fn a_redirect_is_fresh_as_it_says_or_as_its_status_does() {
        let is_fresh = |status: u16, lines: &[(&str, &str)]| {
            let mut redirect = exchange("GET", "https://a.example/").status(status);
            for (name, value) in lines {
                redirect = redirect.answer(name, value);
            }
            super::is_fresh(redirect.build().response.as_ref().unwrap())
        };
        let control = |value| [("Cache-Control", value)];
        let now = ("Date", "Mon, 23 Nov 2026 07:00:00 GMT");
        for (status, lines) in [
            (301, &[][..]),
            (308, &control("private, must-revalidate")),
            (302, &control("max-age=600")),
            (307, &control("public, Max-Age=600")),
            (302, &[now, ("Expires", "Mon, 23 Nov 2026 07:00:01 GMT")]),
        ] {
            assert!(is_fresh(status, lines), "{status} {lines:?}");
        }
        for (status, lines) in [
            (302, &[][..]),
            (302, &control("s-maxage=600, immutable")),
            (301, &control("max-age=0")),
            (301, &control("No-Store")),
            (301, &control("no-cache")),
            (301, &[("Pragma", "no-cache")]),
            (301, &[("Vary", "*")]),
            (302, &[("Cache-Control", "max-age=60"), ("Age", "100")]),
            (301, &[now, ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")]),
            (301, &[now, ("Expires", "0")]),
            (301, &[("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")]),
        ] {
            assert!(!is_fresh(status, lines), "{status} {lines:?}");
        }
    }
}
