//! The scheme of a request whose line has no URL.

use crate::http::{Context, Headers, Request, Target, WebUrl, is_navigation};

/// `Host` names no scheme, so the URL that was rebuilt from it is one by http, unless a proxy said otherwise. A page
/// on https can send nothing there (mixed content), and the request was sent: it went by https. Says whether that
/// made another URL of it.
///
/// It is for what the browser's side wrote down; elsewhere [`crate::http::asked_url`] concludes the same.
pub(super) fn follow_page(request: &mut Request, context: Option<&Context>) -> bool {
    if !is_of_secure_page(&request.headers, context) {
        return false;
    }
    let url = request.url().and_then(WebUrl::parse).filter(|url| url.scheme() == "http" && !url.is_loopback());
    let Some(url) = url.and_then(|url| url.by_https()) else { return false };
    request.target = Target::new(request.target.as_str(), Some(url.into_text().into_owned()));
    true
}

/// Whether a page on https made the request for a part of itself: navigations may lead to http.
fn is_of_secure_page(headers: &Headers, context: Option<&Context>) -> bool {
    let told = |of: fn(&Context) -> &Option<String>| context.and_then(|context| of(context).as_deref());
    let mode = told(|context| &context.mode).or_else(|| headers.first("sec-fetch-mode"));
    let page = told(|context| &context.page_origin).or_else(|| told(|context| &context.page_url));
    let page = page.or_else(|| headers.first("origin")).and_then(WebUrl::parse);
    !is_navigation(mode, headers) && page.is_some_and(|page| page.scheme() == "https")
}
