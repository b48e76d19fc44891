//! Secrets in header fields.

use std::borrow::Cow;

use super::MASK;
use super::text::masked;

/// Fields whose whole value is a secret, letter case aside.
const SECRET_FIELDS: [&str; 7] = ["api-key", "apikey", "dpop", "session", "x-auth", "x-functions-key", "x-otp"];

/// Fields are secrets too whose names hold one of these.
const SECRET_PARTS: [&str; 11] = [
    "token",
    "secret",
    "password",
    "api-key",
    "apikey",
    "authorization",
    "credential",
    "session-id",
    "signature",
    "subscription-key",
    "x-amzn-oidc-",
];

/// Fields that ask for credentials, and carry none.
const CHALLENGES: [&str; 2] = ["www-authenticate", "proxy-authenticate"];

/// A field's value with its secrets masked; `note` is told the name of each.
pub(super) fn masked_value<'v>(name: &str, value: &'v str, note: &mut dyn FnMut(&str)) -> Cow<'v, str> {
    if value.is_empty() {
        return Cow::Borrowed(value);
    }
    if name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("cookie2") {
        note("cookie");
        return value.split(';').map(masked_pair).collect::<Vec<_>>().join(";").into();
    }
    if name.eq_ignore_ascii_case("set-cookie") || name.eq_ignore_ascii_case("set-cookie2") {
        note("set-cookie");
        // What follows the first pair are attributes, and SameSite and Path tell why a cookie is not sent.
        return match value.split_once(';') {
            Some((pair, attributes)) => format!("{};{attributes}", masked_pair(pair)),
            None => masked_pair(value),
        }
        .into();
    }
    if is_secret_field(name) || is_credentials(name, value) {
        note(&name.to_ascii_lowercase());
        return masked_credentials(value).into();
    }
    masked(value, note)
}

/// Whether a value is the scheme and what belongs to it, in whatever field.
fn is_credentials(name: &str, value: &str) -> bool {
    ["bearer ", "basic ", "digest "].iter().any(|scheme| begins(value.as_bytes(), scheme))
        && !CHALLENGES.iter().any(|challenge| name.eq_ignore_ascii_case(challenge))
}

fn is_secret_field(name: &str) -> bool {
    // The values of these are header names, which the verdict is about.
    !begins(name.as_bytes(), "access-control-")
        && (SECRET_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field)) || holds_secret_part(name.as_bytes()))
}

/// Whether one of [`SECRET_PARTS`] stands anywhere in the name; its first letter tells that it does not, nearly
/// everywhere.
fn holds_secret_part(name: &[u8]) -> bool {
    let begins_here = |at: usize| name.get(at..).is_some_and(|rest| SECRET_PARTS.iter().any(|part| begins(rest, part)));
    let may_begin = |byte: u8| SECRET_PARTS.iter().any(|part| part.as_bytes().first() == Some(&(byte | 0x20)));
    name.iter().enumerate().any(|(at, &byte)| may_begin(byte) && begins_here(at))
}

fn begins(text: &[u8], with: &str) -> bool {
    text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
}

/// `name=value` without its value.
fn masked_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        None => MASK.to_owned(),
    }
}

/// `Bearer abc` without what follows the scheme: that it is a Bearer is worth knowing.
fn masked_credentials(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
            format!("{scheme} {MASK}")
        }
        _ => MASK.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_stays_and_the_secret_goes() {
        let cases = [
            ("Authorization", "Bearer abc", "Bearer [redacted]"),
            ("Proxy-Authorization", "abc", "[redacted]"),
            ("Cookie", "a=1; b=2", "a=[redacted]; b=[redacted]"),
            ("Set-Cookie", "AWSALB=x; Path=/; SameSite=None", "AWSALB=[redacted]; Path=/; SameSite=None"),
            ("X-Amzn-Oidc-Data", "eyJ", "[redacted]"),
            ("x-auth-token", "1", "[redacted]"),
            ("X-Original-Authorization", "abc", "[redacted]"),
            ("Ocp-Apim-Subscription-Key", "abc", "[redacted]"),
            ("DPoP", "abc", "[redacted]"),
            ("X-Thing", "Bearer abc", "Bearer [redacted]"),
            ("WWW-Authenticate", "Bearer realm=\"a\"", "Bearer realm=\"a\""),
            ("Refresh", "0; url=https://a/x?token=abc", "0; url=https://a/x?token=[redacted]"),
            ("X-Link", "https://a/?hmac=1", "https://a/?hmac=[redacted]"),
            ("Referer", "https://a/?sig=1", "https://a/?sig=[redacted]"),
            ("Access-Control-Allow-Headers", "x-auth-token, authorization", "x-auth-token, authorization"),
            ("Access-Control-Request-Headers", "x-api-key", "x-api-key"),
            ("Cookie", "", ""),
        ];
        for (name, value, expected) in cases {
            assert_eq!(masked_value(name, value, &mut |_| {}), expected, "{name}");
        }
    }
}
