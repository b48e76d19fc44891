//! What the page asked, as far as the wire or somebody's word tells.

use std::borrow::Cow;

use super::Assumption;
use crate::http::{Origin, WebUrl};

/// Fetch, "request mode".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `cors`
    Cors,
    /// `no-cors`
    NoCors,
    /// `same-origin`
    SameOrigin,
    /// `navigate`
    Navigate,
}

/// Fetch, "credentials mode".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// `omit`
    Omit,
    /// `same-origin`
    SameOrigin,
    /// `include`
    Include,
}

/// Fetch, "redirect mode".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectMode {
    /// `follow`
    Follow,
    /// `error`
    Error,
    /// `manual`
    Manual,
}

/// Which interface of the page made the call: it chooses the console's wording and what mixed
/// content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `fetch()`
    Fetch,
    /// `XMLHttpRequest`
    Xhr,
    /// `<img>`
    Image,
    /// `<script>`
    Script,
    /// `<link rel=stylesheet>`
    Style,
    /// A web font.
    Font,
    /// `<audio>`
    Audio,
    /// `<video>`
    Video,
    /// `EventSource`
    EventSource,
    /// `navigator.sendBeacon()`
    Beacon,
    /// A typed address, a link, a form, a frame.
    Navigation,
}

/// What the page asked.
#[derive(Clone, Debug)]
pub struct Intent<'a> {
    /// The page's origin; `None`: the client is no page.
    pub origin: Option<Origin>,
    /// The page's URL, where more than its origin is known.
    pub page_url: Option<WebUrl<'a>>,
    /// The page's policy upgrades insecure requests (CSP `upgrade-insecure-requests`).
    pub upgrades_insecure: bool,
    /// The page's Content-Security-Policy, where it is known.
    pub policy: Option<&'a str>,
    /// The method of the request itself.
    pub method: &'a str,
    /// Where the first request goes.
    pub url: WebUrl<'a>,
    /// The request's mode.
    pub mode: Mode,
    /// The request's credentials mode.
    pub credentials: Credentials,
    /// The request's redirect mode.
    pub redirect: RedirectMode,
    /// The calling interface.
    pub api: Api,
    /// The headers that the page's script set, as far as they show.
    pub headers: Vec<AuthorHeader<'a>>,
    /// The first hop's Origin was already `null` although the page's origin is known: redirects
    /// that were not captured came before.
    pub origin_is_null: bool,
    /// A preflight is sent whatever the request looks like (Fetch, "use-CORS-preflight flag").
    pub uses_preflight: bool,
    /// On what evidence the above is believed, where the wire does not prove it.
    pub assumptions: Vec<Assumption>,
}

/// A request header that the page's script set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorHeader<'a> {
    /// In lower case.
    pub name: Cow<'a, str>,
    /// `None` where only a preflight names it: then the browser found it to be unsafe.
    pub value: Option<&'a str>,
}

impl<'a> AuthorHeader<'a> {
    /// A header whose value was seen.
    #[must_use]
    pub fn new(name: &'a str, value: &'a str) -> Self {
        Self { name: lower_case(name), value: Some(value) }
    }
}

/// A name in lower case, as most are.
pub(super) fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

impl Mode {
    /// As the standard and the JSON name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cors => "cors",
            Self::NoCors => "no-cors",
            Self::SameOrigin => "same-origin",
            Self::Navigate => "navigate",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Cors, Self::NoCors, Self::SameOrigin, Self::Navigate].into_iter().find(|mode| mode.name() == name)
    }
}

impl Credentials {
    /// As the standard and the JSON name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Omit => "omit",
            Self::SameOrigin => "same-origin",
            Self::Include => "include",
        }
    }

    /// The credentials mode of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Omit, Self::SameOrigin, Self::Include].into_iter().find(|mode| mode.name() == name)
    }
}

impl RedirectMode {
    /// As the standard names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Follow => "follow",
            Self::Error => "error",
            Self::Manual => "manual",
        }
    }

    /// The redirect mode of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Follow, Self::Error, Self::Manual].into_iter().find(|mode| mode.name() == name)
    }
}
