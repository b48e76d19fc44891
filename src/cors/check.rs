//! The CORS check (Fetch, section 4.10) and what each browser calls its failures.

use super::repeated::combined;
use super::{Credentials, Error, Rules};
use crate::chain::Role;
use crate::http::{Field, Headers};

/// What the check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    Pass,
    Fail(Error, String),
    /// Not all of the head was captured.
    Unseen,
}

/// The CORS check: `origin` is the serialized origin that the request carried.
pub(super) fn cors_check(
    rules: &Rules,
    role: Role,
    headers: &Headers,
    origin: &str,
    credentials: Credentials,
) -> Checked {
    let fail = |kind: Kind, parameter: &str| Checked::Fail(kind.error(role), parameter.to_owned());
    let include = credentials == Credentials::Include;
    let name = "access-control-allow-origin";
    let allowed = match headers.get(name) {
        Field::Unseen => return Checked::Unseen,
        Field::Absent => return fail(Kind::Missing, ""),
        Field::Present(value) => value,
    };
    // Lines are joined by commas.
    let are_several = allowed.contains(',') && headers.all(name).count() > 1;
    if are_several && rules.refuses_allow_origin_lines(headers) {
        return fail(Kind::Multiple, &allowed);
    }
    let allowed = match combined(rules, headers, name) {
        Field::Present(value) if are_several => value,
        _ => allowed,
    };
    if allowed == "*" {
        return if include { fail(Kind::Wildcard, "") } else { Checked::Pass };
    }
    if allowed != origin {
        return fail(mismatch(&allowed), &allowed);
    }
    if !include {
        return Checked::Pass;
    }
    match combined(rules, headers, "access-control-allow-credentials") {
        Field::Present(value) if value == "true" => Checked::Pass,
        Field::Present(value) => fail(Kind::NoCredentials, &value),
        Field::Absent => fail(Kind::NoCredentials, ""),
        Field::Unseen => Checked::Unseen,
    }
}

/// In how many ways Chromium says that the value is not the origin; the standard knows one.
fn mismatch(value: &str) -> Kind {
    if value.contains([' ', ',']) {
        Kind::Multiple
    } else if value != "null" && !is_url(value) {
        Kind::Invalid
    } else {
        Kind::Mismatch
    }
}

/// Whether Chromium reads the value as a URL (`GURL`): its bytes are taken for UTF-8, and what stands
/// behind `xn--` is not decoded (Chromium 156, measured).
fn is_url(value: &str) -> bool {
    // Each code point is one byte on the wire.
    let bytes: Vec<u8> = value.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase().replace("xn--", "xn__");
    url::Url::parse(&text).is_ok()
}

#[derive(Clone, Copy)]
enum Kind {
    Missing,
    Multiple,
    Invalid,
    Mismatch,
    Wildcard,
    NoCredentials,
}

impl Kind {
    fn error(self, role: Role) -> Error {
        match (role, self) {
            (Role::Actual, Self::Missing) => Error::MissingAllowOriginHeader,
            (Role::Actual, Self::Multiple) => Error::MultipleAllowOriginValues,
            (Role::Actual, Self::Invalid) => Error::InvalidAllowOriginValue,
            (Role::Actual, Self::Mismatch) => Error::AllowOriginMismatch,
            (Role::Actual, Self::Wildcard) => Error::WildcardOriginNotAllowed,
            (Role::Actual, Self::NoCredentials) => Error::InvalidAllowCredentials,
            (Role::Preflight, Self::Missing) => Error::PreflightMissingAllowOriginHeader,
            (Role::Preflight, Self::Multiple) => Error::PreflightMultipleAllowOriginValues,
            (Role::Preflight, Self::Invalid) => Error::PreflightInvalidAllowOriginValue,
            (Role::Preflight, Self::Mismatch) => Error::PreflightAllowOriginMismatch,
            (Role::Preflight, Self::Wildcard) => Error::PreflightWildcardOriginNotAllowed,
            (Role::Preflight, Self::NoCredentials) => Error::PreflightInvalidAllowCredentials,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::Browser;

    fn check(lines: &[(&str, &str)], credentials: Credentials) -> Checked {
        let headers = lines.iter().copied().collect();
        cors_check(&Rules::of(Browser::Chromium), Role::Actual, &headers, "https://a.example", credentials)
    }

    #[test]
    fn the_comparison_is_of_bytes() {
        let name = "Access-Control-Allow-Origin";
        for (value, expected) in [
            ("https://a.example", Checked::Pass),
            ("*", Checked::Pass),
            ("https://a.example/", Checked::Fail(Error::AllowOriginMismatch, "https://a.example/".into())),
            ("https://A.example", Checked::Fail(Error::AllowOriginMismatch, "https://A.example".into())),
            ("null", Checked::Fail(Error::AllowOriginMismatch, "null".into())),
            ("", Checked::Fail(Error::InvalidAllowOriginValue, String::new())),
            ("a.example", Checked::Fail(Error::InvalidAllowOriginValue, "a.example".into())),
            ("*,", Checked::Fail(Error::MultipleAllowOriginValues, "*,".into())),
            ("https://\u{ef}.example", Checked::Fail(Error::InvalidAllowOriginValue, "https://\u{ef}.example".into())),
            ("https://xn--a.example", Checked::Fail(Error::AllowOriginMismatch, "https://xn--a.example".into())),
        ] {
            assert_eq!(check(&[(name, value)], Credentials::SameOrigin), expected, "{value}");
        }
        let twice = Checked::Fail(Error::MultipleAllowOriginValues, "*, *".into());
        assert_eq!(check(&[(name, "*"), (name, "*")], Credentials::Omit), twice);
        assert_eq!(check(&[], Credentials::Omit), Checked::Fail(Error::MissingAllowOriginHeader, String::new()));
    }

    #[test]
    fn credentials_need_the_servers_word() {
        let origin = ("access-control-allow-origin", "https://a.example");
        let allowed = |value| check(&[origin, ("access-control-allow-credentials", value)], Credentials::Include);
        assert_eq!(allowed("true"), Checked::Pass);
        assert_eq!(allowed("True"), Checked::Fail(Error::InvalidAllowCredentials, "True".into()));
        assert_eq!(
            check(&[origin], Credentials::Include),
            Checked::Fail(Error::InvalidAllowCredentials, String::new())
        );
        let star = check(&[("access-control-allow-origin", "*")], Credentials::Include);
        assert_eq!(star, Checked::Fail(Error::WildcardOriginNotAllowed, String::new()));
    }

    #[test]
    fn to_firefox_an_empty_line_is_none() {
        let name = "access-control-allow-credentials";
        let check = |browser, lines: &[(&str, &str)]| {
            let headers = [("access-control-allow-origin", "https://a.example")].iter().chain(lines).copied().collect();
            cors_check(&Rules::of(browser), Role::Actual, &headers, "https://a.example", Credentials::Include)
        };
        for lines in [[(name, "true"), (name, "")], [(name, ""), (name, "true")]] {
            assert_eq!(check(Browser::Firefox, &lines), Checked::Pass);
            assert!(matches!(check(Browser::Chromium, &lines), Checked::Fail(Error::InvalidAllowCredentials, _)));
        }
        assert_ne!(check(Browser::Firefox, &[(name, "true"), (name, "true")]), Checked::Pass);
    }

    #[test]
    fn firefox_counts_lines_by_one_spelling_of_the_name() {
        let (usual, lower) = ("Access-Control-Allow-Origin", "access-control-allow-origin");
        let origin = "https://a.example";
        let check = |browser, lines: [(&str, &str); 2]| {
            let headers = lines.into_iter().collect();
            cors_check(&Rules::of(browser), Role::Actual, &headers, origin, Credentials::Omit)
        };
        let with_an_empty_line = |name| [(name, origin), (lower, "")];
        for name in [usual, lower] {
            assert_eq!(check(Browser::Firefox, with_an_empty_line(name)), Checked::Pass);
            assert_ne!(check(Browser::Chromium, with_an_empty_line(name)), Checked::Pass);
            assert_ne!(check(Browser::Standard, with_an_empty_line(name)), Checked::Pass);
            assert_ne!(check(Browser::Firefox, [(name, "*"), (lower, "*")]), Checked::Pass);
        }
        assert_ne!(check(Browser::Firefox, [(usual, origin), (usual, "")]), Checked::Pass);
    }

    #[test]
    fn a_head_with_a_hole_proves_nothing() {
        let headers = Headers::default().into_partial();
        let checked =
            cors_check(&Rules::of(Browser::Standard), Role::Actual, &headers, "https://a.example", Credentials::Omit);
        assert_eq!(checked, Checked::Unseen);
    }
}
