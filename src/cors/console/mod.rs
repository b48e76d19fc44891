//! What each browser's console prints, word for word.

mod chromium;
mod firefox;
mod safari;

use super::{Hop, Intent};
use crate::chain::Role;
use crate::http::{WebUrl, is_redirect_status};

pub(super) use chromium::chromium;
pub(super) use firefox::firefox;
pub(super) use safari::safari;

/// The page's URL; where only its origin is known, the root of that.
fn page_url(intent: &Intent<'_>) -> String {
    let of_origin = || intent.origin.as_ref().map(|origin| format!("{origin}/"));
    intent.page_url.as_ref().map(|url| url.as_str().to_owned()).or_else(of_origin).unwrap_or_default()
}

/// A hop with the fragment that redirects gave its URL: no request carries it, and consoles print it.
fn as_named(hops: &[Hop], index: usize) -> Option<Hop> {
    let mut hop = hops.get(index)?.clone();
    let is_followed = |before: &&Hop| {
        before.role == Role::Actual && before.answer.as_ref().is_some_and(|it| is_redirect_status(it.status))
    };
    let before = hops.get(..index)?.iter().rev().filter(is_followed);
    let fragment = before.filter_map(redirects_to).find_map(|to| Some(to.as_str().split_once('#')?.1.to_owned()));
    if let Some(fragment) = fragment {
        hop.url.extend(["#", &fragment]);
    }
    Some(hop)
}

/// Where a redirect leads.
fn redirects_to(hop: &Hop) -> Option<WebUrl<'static>> {
    let location = hop.answer.as_ref()?.location.as_deref()?;
    WebUrl::parse(&hop.url)?.resolve(location)
}
