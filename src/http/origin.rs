//! Origins, as the Fetch and HTML standards serialize and compare them.

use std::fmt;

use url::Url;

use super::WebUrl;
use super::plain::{HTTP, HTTPS, is_plain_host};

/// An origin in its serialized form: `https://client.example.com`, or `null` for an opaque one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin(String);

/// Why a text is not a serialized origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an origin: write scheme://host[:port], or null")]
pub struct OriginError(String);

impl Origin {
    /// How the opaque origin is serialized.
    pub const OPAQUE: &str = "null";

    /// The opaque origin, which equals no other.
    #[must_use]
    pub fn opaque() -> Self {
        Self(Self::OPAQUE.to_owned())
    }

    /// The origin of a URL (HTML, "origin"): opaque unless the scheme is `http` or `https`.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        match url.scheme() {
            "http" | "https" => Self(url.origin().ascii_serialization()),
            _ => Self::opaque(),
        }
    }

    /// Reads the value of an Origin field, which browsers always send serialized; a text that is
    /// neither an origin nor `null` is refused.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        if text == "null" {
            return Ok(Self::opaque());
        }
        // Nearly all are plain, and need no parser.
        if text.strip_prefix(HTTPS).is_some_and(|it| is_plain_authority(it, 443))
            || text.strip_prefix(HTTP).is_some_and(|it| is_plain_authority(it, 80))
        {
            return Ok(Self(text.to_owned()));
        }
        let refused = || OriginError(text.to_owned());
        let url = Url::parse(text).map_err(|_| refused())?;
        let has_more = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        if has_more || url.host_str().is_none_or(str::is_empty) {
            return Err(refused());
        }
        // Extensions have origins too (`chrome-extension://…`): they are compared as they stand.
        let origin = Self::of(&url);
        Ok(if origin.is_opaque() { Self(text.to_owned()) } else { origin })
    }

    /// As a header carries it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the opaque origin.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        self.0 == "null"
    }

    /// Whether pages of this origin were loaded over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Whether the URL has this origin. An opaque origin is the origin of no URL.
    #[must_use]
    pub fn is_same_as(&self, url: &WebUrl<'_>) -> bool {
        let Some(authority) = self.0.strip_prefix(url.scheme()).and_then(|rest| rest.strip_prefix("://")) else {
            return false;
        };
        let Some(rest) = url.host_str().and_then(|host| authority.strip_prefix(host)) else { return false };
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().ok(),
            None if rest.is_empty() => None,
            None => return false,
        };
        matches!(url.scheme(), "http" | "https") && port == url.port()
    }

    /// The origin of a URL that is plain up to there.
    pub(super) fn plain(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host, with or without a port, that serializing leaves as it is: without the scheme's own port.
fn is_plain_authority(authority: &str, default: u16) -> bool {
    let Some((host, port)) = authority.split_once(':') else { return is_plain_host(authority) };
    let is_as_serialized = port.parse().is_ok_and(|port: u16| port != default) && !port.starts_with(['0', '+']);
    is_as_serialized && is_plain_host(host)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_origin_is_as_the_parser_serializes_it(text in "https?://[a-z0-9.-]{1,9}(:(80|443|[0-9+]{0,6}))?") {
            let parsed = Url::parse(&text).ok().map(|url| Origin::of(&url));
            prop_assert_eq!(Origin::parse(&text).ok(), parsed);
        }
    }

    #[test]
    fn default_ports_are_left_out() -> Result<(), OriginError> {
        assert_eq!(Origin::parse("https://a.example:443")?.as_str(), "https://a.example");
        assert_eq!(Origin::parse("http://a.example:8080")?.as_str(), "http://a.example:8080");
        Ok(())
    }

    #[test]
    fn extensions_have_origins() -> Result<(), OriginError> {
        assert_eq!(Origin::parse("chrome-extension://abc")?.as_str(), "chrome-extension://abc");
        Ok(())
    }

    #[test]
    fn opaque_origins_are_the_same_as_nothing() -> Result<(), url::ParseError> {
        assert!(!Origin::opaque().is_same_as(&Url::parse("data:,x")?.into()));
        Ok(())
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in ["", "*", "a.example", "https://a.example/path", "https://a.example/?q", "data:,x"] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }
}
