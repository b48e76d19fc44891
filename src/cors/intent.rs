//! What the page asked, as far as the wire or somebody's word tells.

use url::Url;

use super::Assumption;
use crate::http::Origin;

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
    /// A typed address, a link, a form, a frame.
    Navigation,
}

/// What the page asked.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The page's origin; `None`: the client is no page.
    pub origin: Option<Origin>,
    /// The page's URL, where more than its origin is known.
    pub page_url: Option<Url>,
    /// The page's policy upgrades insecure requests (CSP `upgrade-insecure-requests`).
    pub upgrades_insecure: bool,
    /// The method of the request itself.
    pub method: String,
    /// Where the first request goes.
    pub url: Url,
    /// The request's mode.
    pub mode: Mode,
    /// The request's credentials mode.
    pub credentials: Credentials,
    /// The request's redirect mode.
    pub redirect: RedirectMode,
    /// The calling interface.
    pub api: Api,
    /// The headers that the page's script set, name in lower case and value, as far as they show.
    pub headers: Vec<(String, String)>,
    /// On what evidence the above is believed, where the wire does not prove it.
    pub assumptions: Vec<Assumption>,
}
