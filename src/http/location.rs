//! Where a Location field points to.

use std::borrow::Cow;

use url::Url;

/// A Location resolved against the URL it came from, whose fragment it inherits (Fetch 2.2.6,
/// "location URL"); `None` where it does not parse.
#[must_use]
pub fn resolve_location(base: &Url, location: &str) -> Option<Url> {
    let mut url = base.join(&without_more_slashes(&as_utf8(location))).ok()?;
    if url.fragment().is_none() {
        url.set_fragment(base.fragment());
    }
    Some(url)
}

/// Browsers read the bytes of a Location as UTF-8 where they are that, and encode them one by one where
/// they are not (`HttpResponseHeaders::IsRedirect` in Chromium).
fn as_utf8(latin1: &str) -> String {
    let bytes: Option<Vec<u8>> = latin1.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.unwrap_or_else(|| latin1.chars().map(encoded).collect())
}

fn encoded(c: char) -> String {
    if c.is_ascii() { c.to_string() } else { format!("%{:02X}", u32::from(c)) }
}

/// What begins with more than two slashes names a host like what begins with two (URL Standard,
/// "special authority ignore slashes state"), which the parser does not know of a relative URL.
fn without_more_slashes(location: &str) -> Cow<'_, str> {
    let is_slash = |c| matches!(c, '/' | '\\');
    let text = location.trim_start_matches(|c| c <= ' ');
    let rest = text.trim_start_matches(is_slash);
    if text.len() - rest.len() > 2 { format!("//{rest}").into() } else { location.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_inherited() -> Result<(), url::ParseError> {
        let base = Url::parse("https://a.example/x#frag")?;
        let resolved = |location| resolve_location(&base, location).map(String::from);
        assert_eq!(resolved("/y").as_deref(), Some("https://a.example/y#frag"));
        assert_eq!(resolved("//b.example/y#own").as_deref(), Some("https://b.example/y#own"));
        assert_eq!(resolved("/caf\u{c3}\u{a9}").as_deref(), Some("https://a.example/caf%C3%A9#frag"));
        assert_eq!(resolved("/caf\u{e9}").as_deref(), Some("https://a.example/caf%E9#frag"));
        assert_eq!(resolved("///b.example/y").as_deref(), Some("https://b.example/y#frag"));
        assert_eq!(resolved("https://[bad"), None);
        Ok(())
    }
}
