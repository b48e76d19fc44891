//! Secrets in header fields.

use std::borrow::Cow;

use memchr::memchr;

use super::MASK;
use super::text::masked;
use crate::http::Masking;

/// Fields whose value is names and secrets, letter case aside.
const COOKIES: [&str; 2] = ["cookie", "cookie2"];

/// Fields whose value begins with a name and a secret.
const SET_COOKIES: [&str; 2] = ["set-cookie", "set-cookie2"];

/// Fields whose whole value is a secret.
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

/// The fields whose values hold nothing but secrets and what is told of those.
pub const SECRETS: Masking = Masking { is_secret, masked: masked_secret };

/// A field's value with its secrets masked; `note` is told the name of each.
pub(super) fn masked_value<'v>(name: &str, value: &'v str, note: &mut dyn FnMut(&str)) -> Cow<'v, str> {
    if value.is_empty() {
        return Cow::Borrowed(value);
    }
    if is_secret(name) {
        note(match &*name.to_ascii_lowercase() {
            "cookie2" => "cookie",
            "set-cookie2" => "set-cookie",
            other => other,
        });
        return masked_secret(name, value).into();
    }
    if is_credentials(name, value) {
        note(&name.to_ascii_lowercase());
        return masked_credentials(value).into();
    }
    masked(value, note)
}

/// The value of a field that is a secret.
fn masked_secret(name: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    if is_one_of(name, &COOKIES) {
        return masked_pairs(value);
    }
    if is_one_of(name, &SET_COOKIES) {
        // What follows the first pair are attributes, and SameSite and Path tell why a cookie is not sent.
        let (pair, attributes) = value.split_at(end_of_pair(value));
        return [name_of_pair(pair), MASK, attributes].concat();
    }
    masked_credentials(value)
}

/// Whether a value is the scheme and what belongs to it, in whatever field.
fn is_credentials(name: &str, value: &str) -> bool {
    ["bearer ", "basic ", "digest "].iter().any(|scheme| begins(value.as_bytes(), scheme))
        && !is_one_of(name, &CHALLENGES)
}

fn is_secret(name: &str) -> bool {
    is_one_of(name, &COOKIES) || is_one_of(name, &SET_COOKIES) || is_secret_field(name)
}

fn is_one_of(name: &str, fields: &[&str]) -> bool {
    fields.iter().any(|field| name.eq_ignore_ascii_case(field))
}

fn is_secret_field(name: &str) -> bool {
    // The values of these are header names, which the verdict is about.
    !begins(name.as_bytes(), "access-control-")
        && (is_one_of(name, &SECRET_FIELDS) || holds_secret_part(name.as_bytes()))
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

/// `name=value; name=value` without the values.
fn masked_pairs(mut pairs: &str) -> String {
    // The mask is longer than most of what it stands for.
    let mut masked = String::with_capacity(pairs.len() + MASK.len());
    loop {
        let (pair, behind) = pairs.split_at(end_of_pair(pairs));
        masked.push_str(name_of_pair(pair));
        masked.push_str(MASK);
        let Some(next) = behind.strip_prefix(';') else { return masked };
        masked.push(';');
        pairs = next;
    }
}

fn end_of_pair(pairs: &str) -> usize {
    memchr(b';', pairs.as_bytes()).unwrap_or(pairs.len())
}

/// `name=value` without its value, which is all that there is where no name stands before it.
fn name_of_pair(pair: &str) -> &str {
    memchr(b'=', pair.as_bytes()).and_then(|at| pair.get(..=at)).unwrap_or_default()
}

/// `Bearer abc` without what follows the scheme: that it is a Bearer is worth knowing.
fn masked_credentials(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
            [scheme, " ", MASK].concat()
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
            ("Cookie", "a; =b;;c=d=e;", "[redacted]; =[redacted];[redacted];c=[redacted];[redacted]"),
        ];
        for (name, value, expected) in cases {
            assert_eq!(masked_value(name, value, &mut |_| {}), expected, "{name}");
            // What was masked when it was read is masked as it would have been.
            let kept = if is_secret(name) { (SECRETS.masked)(name, value) } else { value.to_owned() };
            assert_eq!(masked_value(name, &kept, &mut |_| {}), expected, "{name}");
        }
    }
}
