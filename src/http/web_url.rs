//! URLs as one asks about them, which seldom needs a parser.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr_iter;
use url::{Host, Url};

use super::plain::{HTTPS, host_start, is_plain_path, plain_host_end};
use super::{Origin, resolve_location};

/// An absolute URL. Parsing costs more than everything else that is done with most of them, and of nearly
/// all it is known without that how they would be serialized (URL Standard): as they are written.
#[derive(Clone, Debug)]
pub struct WebUrl<'a>(Form<'a>);

#[derive(Clone, Debug)]
enum Form<'a> {
    /// An http or https URL that parsing would leave as it is: the host is a name, and there is neither
    /// userinfo, port nor fragment.
    Plain {
        text: Cow<'a, str>,
        /// Where the host ends, and the path begins.
        host_end: usize,
    },
    Parsed(Url),
}

impl<'a> WebUrl<'a> {
    /// Reads an absolute URL; `None` where the text is none.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::plain(Cow::Borrowed(text)).or_else(|text| Url::parse(&text).map(Self::from)).ok()
    }

    /// One that is known to be plain, and where its host ends ([`plain_host_end`]).
    pub(super) fn of_plain(text: &'a str, host_end: usize) -> Self {
        Self(Form::Plain { text: Cow::Borrowed(text), host_end })
    }

    /// The text back where it has to be parsed.
    fn plain(text: Cow<'a, str>) -> Result<Self, Cow<'a, str>> {
        match plain_host_end(&text) {
            Some(host_end) => Ok(Self(Form::Plain { text, host_end })),
            None => Err(text),
        }
    }

    /// As it is serialized.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Plain { text, .. } => text,
            Form::Parsed(url) => url.as_str(),
        }
    }

    /// As it is serialized, without its fragment.
    #[must_use]
    pub fn without_fragment(&self) -> &str {
        match &self.0 {
            Form::Plain { text, .. } => text,
            Form::Parsed(url) => url.as_str().split_once('#').map_or(url.as_str(), |(url, _)| url),
        }
    }

    /// The same, to keep.
    #[must_use]
    pub fn into_text(self) -> Cow<'a, str> {
        match self.0 {
            Form::Plain { text, .. } => text,
            Form::Parsed(mut url) => {
                url.set_fragment(None);
                Cow::Owned(url.into())
            }
        }
    }

    /// Parsed, for what only the parser can tell.
    #[must_use]
    pub fn to_url(&self) -> Option<Cow<'_, Url>> {
        match &self.0 {
            Form::Plain { text, .. } => Url::parse(text).ok().map(Cow::Owned),
            Form::Parsed(url) => Some(Cow::Borrowed(url)),
        }
    }

    /// The scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        match &self.0 {
            Form::Plain { text, .. } if text.starts_with(HTTPS) => "https",
            Form::Plain { .. } => "http",
            Form::Parsed(url) => url.scheme(),
        }
    }

    /// The host as text.
    #[must_use]
    pub fn host_str(&self) -> Option<&str> {
        match &self.0 {
            Form::Plain { text, host_end } => text.get(host_start(text)..*host_end),
            Form::Parsed(url) => url.host_str(),
        }
    }

    /// The host: a name or an address.
    #[must_use]
    pub fn host(&self) -> Option<Host<&str>> {
        match &self.0 {
            Form::Plain { .. } => self.host_str().map(Host::Domain),
            Form::Parsed(url) => url.host(),
        }
    }

    /// The port, unless it is the scheme's own.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match &self.0 {
            Form::Plain { .. } => None,
            Form::Parsed(url) => url.port(),
        }
    }

    /// The port, be it the scheme's own.
    #[must_use]
    pub fn port_or_default(&self) -> Option<u16> {
        match &self.0 {
            Form::Plain { text, .. } => Some(if text.starts_with(HTTPS) { 443 } else { 80 }),
            Form::Parsed(url) => url.port_or_known_default(),
        }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &str {
        match &self.0 {
            Form::Plain { text, host_end } => path_and_query(text, *host_end).0,
            Form::Parsed(url) => url.path(),
        }
    }

    /// The query, where there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        match &self.0 {
            Form::Plain { text, host_end } => path_and_query(text, *host_end).1,
            Form::Parsed(url) => url.query(),
        }
    }

    /// Its origin (HTML, "origin"): opaque unless the scheme is `http` or `https`.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match &self.0 {
            Form::Plain { text, host_end } => text.get(..*host_end).map_or_else(Origin::opaque, Origin::plain),
            Form::Parsed(url) => Origin::of(url),
        }
    }

    /// Whether it leads to the machine itself, which needs no TLS to be trusted (Secure Contexts
    /// 3.1, "potentially trustworthy origin").
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.host() {
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                name == "localhost" || name.ends_with(".localhost")
            }
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether it names a user or a password.
    #[must_use]
    pub fn has_userinfo(&self) -> bool {
        match &self.0 {
            Form::Plain { .. } => false,
            Form::Parsed(url) => !url.username().is_empty() || url.password().is_some_and(|it| !it.is_empty()),
        }
    }

    /// The same by https; `None` where such a URL has no other scheme.
    #[must_use]
    pub fn by_https(&self) -> Option<WebUrl<'static>> {
        match &self.0 {
            Form::Plain { text, host_end } => {
                let start = host_start(text);
                let text = Cow::Owned([HTTPS, text.get(start..)?].concat());
                Some(WebUrl(Form::Plain { text, host_end: host_end - start + HTTPS.len() }))
            }
            Form::Parsed(url) => {
                let mut url = url.clone();
                url.set_scheme("https").ok().map(|()| url.into())
            }
        }
    }

    /// The same by http.
    #[must_use]
    pub fn by_http(&self) -> Option<WebUrl<'static>> {
        let mut url = self.to_url()?.into_owned();
        url.set_scheme("http").ok().map(|()| url.into())
    }

    /// Where a Location field leads from here (see [`resolve_location`]).
    #[must_use]
    pub fn resolve(&self, location: &str) -> Option<WebUrl<'static>> {
        if let Form::Plain { text, host_end } = &self.0
            && let Some(target) = plain_target(text.get(..*host_end)?, location)
        {
            return Some(target);
        }
        resolve_location(&*self.to_url()?, location).map(WebUrl::from)
    }

    /// Whether both have the same origin (HTML, "same origin").
    #[must_use]
    pub fn has_origin_of(&self, other: &WebUrl<'_>) -> bool {
        matches!(self.scheme(), "http" | "https")
            && (self.scheme(), self.host(), self.port()) == (other.scheme(), other.host(), other.port())
    }

    /// Whether that is how it is written, plainly and by https.
    #[must_use]
    pub fn is_plain_https(&self, text: &str) -> bool {
        matches!(&self.0, Form::Plain { text: plain, .. } if plain == text) && text.starts_with(HTTPS)
    }

    /// Whether both are the same in a request line, which has neither fragment nor userinfo.
    #[must_use]
    pub fn is_sent_as(&self, other: &WebUrl<'_>) -> bool {
        match (&self.0, &other.0) {
            (Form::Plain { text: one, .. }, Form::Plain { text: other, .. }) => one == other,
            _ => self.on_the_wire() == other.on_the_wire(),
        }
    }

    fn on_the_wire(&self) -> Cow<'_, str> {
        match &self.0 {
            Form::Plain { text, .. } => Cow::Borrowed(text),
            Form::Parsed(url) => {
                let mut url = url.clone();
                url.set_fragment(None);
                // Only URLs without a host refuse this, and they have no userinfo.
                let _ = url.set_username("").and_then(|()| url.set_password(None));
                Cow::Owned(url.into())
            }
        }
    }
}

impl fmt::Display for WebUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Url> for WebUrl<'_> {
    fn from(url: Url) -> Self {
        Self(Form::Parsed(url))
    }
}

/// An absolute Location, or the path of one, that needs no parser either.
fn plain_target(origin: &str, location: &str) -> Option<WebUrl<'static>> {
    let (text, host_end) = if is_plain_path(location) && !location.starts_with("//") {
        ([origin, location].concat(), origin.len())
    } else {
        (location.to_owned(), plain_host_end(location)?)
    };
    Some(WebUrl(Form::Plain { text: Cow::Owned(text), host_end }))
}

/// Of an absolute URL: host and port as they are written, which stand between its second slash and its third.
#[must_use]
pub fn authority(url: &str) -> Option<&str> {
    let mut slashes = memchr_iter(b'/', url.as_bytes());
    let start = slashes.nth(1)? + 1;
    url.get(start..slashes.next().unwrap_or(url.len()))
}

/// Scheme and authority of a URL that has a path, as they are written; of any other, all of it.
#[must_use]
pub fn site(url: &str) -> &str {
    memchr_iter(b'/', url.as_bytes()).nth(2).and_then(|end| url.get(..end)).unwrap_or(url)
}

fn path_and_query(text: &str, host_end: usize) -> (&str, Option<&str>) {
    let behind = text.get(host_end..).unwrap_or_default();
    behind.split_once('?').map_or((behind, None), |(path, query)| (path, Some(query)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const URLS: &str = "https?://[a-z0-9.-]{1,9}(xn--)?[a-z0-9.:-]{0,5}[/?#][-a-zA-Z0-9._~!$&'()*+,;=:@/?%^|`{}\\[\\]\\\\]{0,12}(/[.]{1,2}/?)?";
    const LOCATIONS: &str = "(https?:/?/?[a-z.]{0,9})?[/a-z?#.@:;\\\\ %']{0,12}";

    proptest! {
        #[test]
        fn what_is_plain_stays_as_it_is(text in URLS) {
            if plain_host_end(&text).is_some() {
                prop_assert_eq!(Url::parse(&text).map(String::from), Ok(text));
            }
        }

        #[test]
        fn a_plain_url_is_the_parsed_one(text in URLS) {
            if let (Some(plain), Ok(parsed)) = (WebUrl::parse(&text), Url::parse(&text)) {
                prop_assert_eq!(plain.scheme(), parsed.scheme());
                prop_assert_eq!(plain.host(), parsed.host());
                prop_assert_eq!(plain.host_str(), parsed.host_str());
                prop_assert_eq!(plain.port(), parsed.port());
                prop_assert_eq!(plain.port_or_default(), parsed.port_or_known_default());
                prop_assert_eq!(plain.origin(), Origin::of(&parsed));
                prop_assert_eq!(plain.path(), parsed.path());
                prop_assert_eq!(plain.query(), parsed.query());
                let secured = plain.by_https().map(|url| url.as_str().to_owned());
                let mut other = parsed.clone();
                prop_assert_eq!(secured, other.set_scheme("https").ok().map(|()| other.into()));
            }
        }

        #[test]
        fn a_location_leads_where_the_parser_leads(text in "https?://a[.]example/[a-z/?]{0,5}", location in LOCATIONS) {
            let parsed = resolve_location(&Url::parse(&text).unwrap(), &location).map(String::from);
            let resolved = WebUrl::parse(&text).unwrap().resolve(&location).map(|url| url.as_str().to_owned());
            prop_assert_eq!(resolved, parsed);
        }
    }

    #[test]
    fn a_request_line_has_neither_fragment_nor_userinfo() {
        let is_sent_as = |one, other| WebUrl::parse(one).unwrap().is_sent_as(&WebUrl::parse(other).unwrap());
        assert!(is_sent_as("https://a.example/x", "https://joe:secret@a.example/x#y"));
        assert!(!is_sent_as("https://a.example/x", "https://a.example/y"));
    }
}
