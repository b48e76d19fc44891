//! Texts of a message that take little memory: a capture holds them by the million.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::WebUrl;
use super::plain::plain_host_end;

/// A short text that is in many messages: a method, a reason phrase. Its copies share it, and each takes the
/// room of one pointer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<Box<str>>);

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Box<str>>> From<T> for Text {
    fn from(text: T) -> Self {
        Self(Arc::new(text.into()))
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        **self.0 == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self.0 == **other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        **self.0 == **other
    }
}

impl PartialEq<Text> for String {
    fn eq(&self, other: &Text) -> bool {
        **self == **other.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A request-target as it was sent (RFC 9112 section 3.2), and the URL that it stands for: as a rule the
/// one ends with the other, and both are one text.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    text: Box<str>,
    /// Where the URL ends, which begins the text; [`UNKNOWN`] where it is not known.
    url_end: u32,
    /// Where the target begins, which ends the text.
    start: u32,
    /// Where the host of a URL ends that needs no parser, as nearly all do; [`UNKNOWN`] for one that does.
    host_end: u32,
}

/// No text is that long.
const UNKNOWN: u32 = u32::MAX;

impl Target {
    /// `url` is the absolute URL as the client used it, path and query verbatim; `None` where it cannot be
    /// known (no Host, CONNECT, `*`).
    #[must_use]
    pub fn new(target: &str, url: Option<String>) -> Self {
        let Some(mut text) = url else {
            return Self { text: target.into(), url_end: UNKNOWN, start: 0, host_end: UNKNOWN };
        };
        let url_end = length(&text);
        let host_end = plain_host_end(&text).and_then(|end| u32::try_from(end).ok()).unwrap_or(UNKNOWN);
        if !text.ends_with(target) {
            text.push_str(target);
        }
        let start = text.get(..text.len() - target.len()).map_or(0, length);
        Self { text: text.into(), url_end, start, host_end }
    }

    /// The target exactly as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.get(self.start as usize..).unwrap_or_default()
    }

    /// The URL, where it is known.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        if self.url_end == UNKNOWN { None } else { self.text.get(..self.url_end as usize) }
    }

    /// The URL, to ask about it; `None` where it is not known, or no URL.
    #[must_use]
    pub fn web_url(&self) -> Option<WebUrl<'_>> {
        let url = self.url()?;
        if self.host_end == UNKNOWN { WebUrl::parse(url) } else { Some(WebUrl::of_plain(url, self.host_end as usize)) }
    }
}

/// What a request line holds is shorter than that by far.
fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

impl Deref for Target {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Target {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Target {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({:?})", self.as_str(), self.url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_and_its_url_are_as_they_were_given() {
        for (target, url) in [
            ("/a?b", Some("https://a.example/a?b")),
            ("http://a.example/", Some("http://a.example/")),
            ("/a", Some("https://b.example/other")),
            ("*", None),
            ("", Some("")),
            ("", None),
            ("/", Some("")),
        ] {
            let both = Target::new(target, url.map(str::to_owned));
            assert_eq!((both.as_str(), both.url()), (target, url));
        }
    }
}
