//! What each browser's console prints, word for word.

mod chromium;
mod firefox;
mod safari;

use super::{Hop, Intent};
use crate::http::WebUrl;

pub(super) use chromium::chromium;
pub(super) use firefox::firefox;
pub(super) use safari::safari;

/// The page's URL; where only its origin is known, the root of that.
fn page_url(intent: &Intent<'_>) -> String {
    let of_origin = || intent.origin.as_ref().map(|origin| format!("{origin}/"));
    intent.page_url.as_ref().map(|url| url.as_str().to_owned()).or_else(of_origin).unwrap_or_default()
}

/// Where a redirect leads.
fn redirects_to(hop: &Hop) -> Option<WebUrl<'static>> {
    let location = hop.answer.as_ref()?.location.as_deref()?;
    WebUrl::parse(&hop.url)?.resolve(location)
}
