//! What a preflight's answer must say (Fetch, "CORS-preflight fetch", steps 7 and on).

use std::cmp::Ordering;

use super::check::{Checked, cors_check};
use super::lists::List;
use super::safelist::is_safe_method;
use super::{Credentials, Error, RedirectMode, Rules, redirect};
use crate::chain::Role;
use crate::http::Response;

/// What the preflight asked for.
pub(super) struct Request<'a> {
    /// The serialized origin that it carried.
    pub(super) origin: &'a str,
    /// Of the request that it asks for, not its own.
    pub(super) credentials: Credentials,
    /// Of the request that it asks for.
    pub(super) redirect: RedirectMode,
    /// The method it asks for.
    pub(super) method: &'a str,
    /// The header names it asks for: lower-case, sorted.
    pub(super) names: &'a [&'a str],
}

/// Whether the answer allows the request, in the order in which the browser looks.
pub(super) fn check_preflight(rules: &Rules, response: &Response, request: &Request<'_>) -> Checked {
    let is_redirect = redirect::is_redirect(rules, response);
    if is_redirect && rules.refuses_preflight_redirects_first() {
        return Checked::Fail(Error::PreflightDisallowedRedirect, String::new());
    }
    match cors_check(rules, Role::Preflight, &response.headers, request.origin, request.credentials) {
        Checked::Pass => {}
        failed => return failed,
    }
    if is_redirect && (request.redirect == RedirectMode::Follow || !rules.asks_preflights_in_the_redirect_mode()) {
        return Checked::Fail(Error::PreflightDisallowedRedirect, String::new());
    }
    if !response.is_ok() {
        return Checked::Fail(Error::PreflightInvalidStatus, String::new());
    }
    check_permissions(rules, response, request)
}

fn check_permissions(rules: &Rules, response: &Response, request: &Request<'_>) -> Checked {
    let methods = response.headers.get("access-control-allow-methods");
    let names = response.headers.get("access-control-allow-headers");
    let (methods, names) = (List::read(&methods), List::read(&names));
    // With credentials an asterisk is a method, or a header, of that name.
    let star = |list: &[&str]| request.credentials != Credentials::Include && list.contains(&"*");
    let allows_method =
        |methods: &[&str]| is_safe_method(request.method) || methods.contains(&request.method) || star(methods);
    let method_refused = || Checked::Fail(Error::MethodDisallowedByPreflightResponse, request.method.to_owned());
    let (methods, mut names) = match (methods, names) {
        (List::Unseen, _) | (_, List::Unseen) => return Checked::Unseen,
        (List::Invalid(value), _) => {
            return Checked::Fail(Error::InvalidAllowMethodsPreflightResponse, value.to_owned());
        }
        (List::Tokens(methods), List::Invalid(_))
            if rules.checks_the_method_before_reading_names() && !allows_method(&methods) =>
        {
            return method_refused();
        }
        (_, List::Invalid(value)) => {
            return Checked::Fail(Error::InvalidAllowHeadersPreflightResponse, value.to_owned());
        }
        (List::Tokens(methods), List::Tokens(names)) => (methods, names),
    };
    if !allows_method(&methods) {
        return method_refused();
    }
    let any_name = star(&names);
    // In order, since both lists may be as long as a head.
    names.sort_unstable_by(|one, other| by_name(one, other));
    let refused = request.names.iter().find(|name| {
        let is_covered = || any_name && (**name != "authorization" || rules.covers_authorization_by_wildcard());
        names.binary_search_by(|listed| by_name(listed, name)).is_err() && !is_covered()
    });
    match refused {
        Some(name) => Checked::Fail(Error::HeaderDisallowedByPreflightResponse, (*name).to_owned()),
        None => Checked::Pass,
    }
}

/// The order of names, which have no letter case.
fn by_name(one: &str, other: &str) -> Ordering {
    one.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(other.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::Browser;
    use crate::http::{Body, Time};

    fn response(status: u16, lines: &[(&str, &str)]) -> Response {
        Response {
            time: Time::from_nanoseconds(0, 6),
            end_time: None,
            status,
            reason: "".into(),
            headers: lines.iter().copied().collect(),
            body: Body::default(),
        }
    }

    fn check(browser: Browser, response: &Response, method: &str, names: &[&str], credentials: Credentials) -> Checked {
        let request =
            Request { origin: "https://a.example", credentials, redirect: RedirectMode::Follow, method, names };
        check_preflight(&Rules::of(browser), response, &request)
    }

    const ORIGIN: (&str, &str) = ("access-control-allow-origin", "https://a.example");
    const METHODS: &str = "access-control-allow-methods";
    const NAMES: &str = "access-control-allow-headers";

    #[test]
    fn a_redirect_is_refused_before_anything_else_is_read() {
        let redirect = response(308, &[("Location", "https://b.example/")]);
        let refused = Checked::Fail(Error::PreflightDisallowedRedirect, String::new());
        assert_eq!(check(Browser::Chromium, &redirect, "PUT", &[], Credentials::Omit), refused);
        let missing = Checked::Fail(Error::PreflightMissingAllowOriginHeader, String::new());
        assert_eq!(check(Browser::Standard, &redirect, "PUT", &[], Credentials::Omit), missing);
        let status = Checked::Fail(Error::PreflightInvalidStatus, String::new());
        for nowhere in [&[ORIGIN][..], &[ORIGIN, ("Location", "")]] {
            assert_eq!(check(Browser::Chromium, &response(302, nowhere), "PUT", &[], Credentials::Omit), status);
        }
    }

    #[test]
    fn methods_are_compared_with_their_letter_case() {
        let lower = response(204, &[ORIGIN, (METHODS, "put")]);
        let refused = Checked::Fail(Error::MethodDisallowedByPreflightResponse, "PUT".into());
        assert_eq!(check(Browser::Chromium, &lower, "PUT", &[], Credentials::Omit), refused);
        assert_eq!(check(Browser::Chromium, &lower, "POST", &[], Credentials::Omit), Checked::Pass);
    }

    #[test]
    fn an_asterisk_means_all_only_without_credentials() {
        let star = response(200, &[ORIGIN, ("access-control-allow-credentials", "true"), (METHODS, "*"), (NAMES, "*")]);
        assert_eq!(check(Browser::Chromium, &star, "PUT", &["x-a"], Credentials::Omit), Checked::Pass);
        let refused = Checked::Fail(Error::MethodDisallowedByPreflightResponse, "PUT".into());
        assert_eq!(check(Browser::Chromium, &star, "PUT", &["x-a"], Credentials::Include), refused);
        let refused = Checked::Fail(Error::HeaderDisallowedByPreflightResponse, "x-a".into());
        assert_eq!(check(Browser::Chromium, &star, "POST", &["x-a"], Credentials::Include), refused);
    }

    #[test]
    fn browsers_let_an_asterisk_cover_authorization() {
        let star = response(200, &[ORIGIN, (NAMES, "*")]);
        assert_eq!(check(Browser::Chromium, &star, "GET", &["authorization"], Credentials::Omit), Checked::Pass);
        let refused = Checked::Fail(Error::HeaderDisallowedByPreflightResponse, "authorization".into());
        assert_eq!(check(Browser::Standard, &star, "GET", &["authorization"], Credentials::Omit), refused);
    }

    #[test]
    fn a_bad_token_spoils_its_list() {
        let bad = response(200, &[ORIGIN, (METHODS, "PUT"), (NAMES, "x a, x-b")]);
        let invalid = Checked::Fail(Error::InvalidAllowHeadersPreflightResponse, "x a, x-b".into());
        assert_eq!(check(Browser::Chromium, &bad, "PUT", &["x-b"], Credentials::Omit), invalid);
        assert_eq!(check(Browser::Chromium, &bad, "DELETE", &["x-b"], Credentials::Omit), invalid);
        let refused = Checked::Fail(Error::MethodDisallowedByPreflightResponse, "DELETE".into());
        assert_eq!(check(Browser::Firefox, &bad, "DELETE", &["x-b"], Credentials::Omit), refused);
    }
}
