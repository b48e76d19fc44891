//! What a page's script may read of a response (Fetch 2.2.6, filtered responses).

use std::borrow::Cow;
use std::collections::HashSet;

use super::intent::lower_case;
use super::lists::tokens;
use super::safelist::is_readable;
use super::{Credentials, ResponseType};
use crate::http::Headers;

/// Whether the script may read a header that is there; `name` in lower case.
#[must_use]
pub fn can_read(kind: ResponseType, headers: &Headers, credentials: Credentials, name: &str) -> bool {
    visible(kind, headers, credentials).iter().any(|visible| visible == name)
}

/// The header names that the script may read: lower-case, sorted, each once.
pub(super) fn visible(kind: ResponseType, headers: &Headers, credentials: Credentials) -> Vec<String> {
    let exposed = headers.get("access-control-expose-headers");
    // A list with a bad element exposes nothing, but fails nothing either.
    let exposed = exposed.value().and_then(|value| tokens(value).ok()).unwrap_or_default();
    // A set, since both lists may be as long as a head.
    let exposed: HashSet<Cow<'_, str>> = exposed.into_iter().map(lower_case).collect();
    let all_exposed = credentials != Credentials::Include && exposed.contains("*");
    let is_visible = |name: &str| match kind {
        ResponseType::Basic => true,
        ResponseType::Cors => all_exposed || is_readable(name) || exposed.contains(name),
        ResponseType::Opaque | ResponseType::OpaqueRedirect => false,
    };
    let mut names: Vec<String> = headers
        .iter()
        .map(|line| lower_case(line.name))
        .filter(|name| !is_forbidden(name) && is_visible(name))
        .map(Cow::into_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Fetch, "forbidden response-header name".
fn is_forbidden(name: &str) -> bool {
    matches!(name, "set-cookie" | "set-cookie2")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(expose: &str, credentials: Credentials) -> Vec<String> {
        let lines =
            [("Content-Type", "x"), ("X-Total", "2"), ("Set-Cookie", "a=b"), ("Access-Control-Expose-Headers", expose)];
        visible(ResponseType::Cors, &lines.into_iter().collect(), credentials)
    }

    #[test]
    fn what_is_exposed_can_be_read() {
        assert_eq!(read("x-total", Credentials::Include), ["content-type", "x-total"]);
        assert_eq!(read("*", Credentials::Omit), ["access-control-expose-headers", "content-type", "x-total"]);
        assert_eq!(read("*", Credentials::Include), ["content-type"]);
        assert_eq!(read("x-total, \"bad\"", Credentials::Omit), ["content-type"]);
    }
}
