//! Where a redirect leads (Fetch 2.2.6, "location URL").

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Error, Mode, RedirectMode, Rules};
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

/// Whether the browser takes a response for a redirect.
pub(super) fn is_redirect(rules: &Rules, response: &Response) -> bool {
    let is_empty = || response.headers.first("location") == Some("");
    response.is_redirect() && !(is_empty() && rules.ignores_an_empty_location())
}

/// A Location that the network stack refuses before anything else looks at the response, in browsers where
/// that is so.
pub(super) fn broken(
    rules: &Rules,
    mode: RedirectMode,
    base: &WebUrl<'_>,
    response: &Response,
) -> Option<(Error, String)> {
    if !response.headers.has("location") || !rules.refuses_broken_locations_first() {
        return None;
    }
    match target(rules, base, response) {
        Target::Refused(Error::InvalidRedirect, location) => {
            let is_looked_at = mode == RedirectMode::Follow || rules.reads_locations_in_every_redirect_mode();
            // Chromium takes a host with a space in it for a name that cannot be resolved.
            let is_broken = response.is_redirect() && base.resolve(&location.replace(' ', "-")).is_none();
            (is_looked_at && is_broken).then_some((Error::InvalidRedirect, location))
        }
        Target::Refused(error, parameter) => Some((error, parameter)),
        Target::To(url) if response.is_redirect() && mode == RedirectMode::Follow => {
            let is_refused = rules.refuses_local_schemes_first() && is_local_scheme(url.scheme());
            is_refused.then_some((Error::UnsafeRedirect, String::new()))
        }
        Target::None | Target::To(_) | Target::Unseen => None,
    }
}

/// Fetch, "location URL", with each browser's view of what a Location field is.
pub(super) fn target(rules: &Rules, base: &WebUrl<'_>, response: &Response) -> Target {
    if !response.headers.is_complete() {
        return Target::Unseen;
    }
    let mut lines = response.headers.all("location");
    let Some(location) = lines.next() else { return Target::None };
    if lines.any(|other| other != location || !rules.merges_equal_locations()) {
        return Target::Refused(Error::MultipleLocations, String::new());
    }
    if location.is_empty() && rules.ignores_an_empty_location() {
        return Target::None;
    }
    let location = if location.contains(is_control_or_space) && rules.escapes_controls_in_locations() {
        Cow::Owned(escaped(location))
    } else {
        Cow::Borrowed(location)
    };
    match base.resolve(&location) {
        Some(url) => Target::To(url),
        None => Target::Refused(Error::InvalidRedirect, location.into_owned()),
    }
}

fn is_control_or_space(c: char) -> bool {
    c.is_ascii_control() || c == ' '
}

/// A Location with its control characters and spaces in percent-encoding.
fn escaped(location: &str) -> String {
    let mut text = String::with_capacity(location.len());
    for c in location.chars() {
        if is_control_or_space(c) {
            let _ = write!(text, "%{:02X}", u32::from(c)); // writing to a String cannot fail
        } else {
            text.push(c);
        }
    }
    text
}

/// What a redirect to something else than HTTP is called: the network stack refuses what is local
/// (`net::ERR_UNSAFE_REDIRECT`), the CORS layer the rest.
pub(super) fn refused_scheme(mode: Mode, target: &WebUrl<'_>) -> Error {
    if mode != Mode::Cors || is_local_scheme(target.scheme()) {
        Error::UnsafeRedirect
    } else {
        Error::CorsDisabledScheme
    }
}

/// Schemes that no redirect may lead to (Chromium 156, measured; `javascript` is not among them).
pub(super) fn is_local_scheme(scheme: &str) -> bool {
    matches!(
        scheme,
        "data" | "file" | "filesystem" | "blob" | "about" | "chrome" | "chrome-extension" | "chrome-untrusted"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::Browser;
    use crate::http::testing::exchange;

    #[test]
    fn firefox_escapes_what_the_standard_drops() {
        let leads_to = |browser: Browser, location: &str| {
            let redirect = exchange("GET", "https://a.example/x").status(302).answer("Location", location).build();
            let response = redirect.response.as_ref().unwrap();
            match target(&Rules::of(browser), &WebUrl::parse("https://a.example/x").unwrap(), response) {
                Target::To(url) => url.to_string(),
                _ => "nowhere".to_owned(),
            }
        };
        assert_eq!(leads_to(Browser::Standard, "/a\tb"), "https://a.example/ab");
        assert_eq!(leads_to(Browser::Firefox, "/a\tb"), "https://a.example/a%09b");
        assert_eq!(leads_to(Browser::Chromium, "https://b.\texample/"), "https://b.example/");
        assert_eq!(leads_to(Browser::Firefox, "https://b.\texample/"), "nowhere");
        assert_eq!(leads_to(Browser::Firefox, "/a b"), "https://a.example/a%20b");
    }
}
