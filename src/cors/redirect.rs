//! Where a redirect leads (Fetch 2.2.6, "location URL").

use super::{Browser, Error, Mode};
use crate::http::{Response, WebUrl};

/// Where a redirect leads.
pub(super) enum Target {
    /// Nowhere: the response itself is the answer.
    None,
    /// There.
    To(WebUrl<'static>),
    /// To a network error, with what it is about.
    Refused(Error, String),
    /// Not all of the head was captured.
    Unseen,
}

/// Fetch, "location URL", with each browser's view of what a Location field is.
pub(super) fn target(browser: Browser, base: &WebUrl<'_>, response: &Response) -> Target {
    if !response.headers.is_complete() {
        return Target::Unseen;
    }
    let mut lines = response.headers.all("location");
    let Some(location) = lines.next() else { return Target::None };
    if lines.any(|other| other != location || !browser.merges_equal_locations()) {
        return Target::Refused(Error::MultipleLocations, String::new());
    }
    if location.is_empty() && browser.ignores_an_empty_location() {
        return Target::None;
    }
    match base.resolve(location) {
        Some(url) => Target::To(url),
        None => Target::Refused(Error::InvalidRedirect, location.to_owned()),
    }
}

/// What a redirect to something else than HTTP is called: the network stack refuses what could
/// run or read locally (`net::ERR_UNSAFE_REDIRECT`), the CORS layer the rest.
pub(super) fn refused_scheme(mode: Mode, target: &WebUrl<'_>) -> Error {
    const UNSAFE: [&str; 6] = ["data", "file", "filesystem", "blob", "about", "javascript"];
    if mode != Mode::Cors || UNSAFE.contains(&target.scheme()) {
        Error::UnsafeRedirect
    } else {
        Error::CorsDisabledScheme
    }
}
