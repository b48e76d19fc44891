//! Secrets in header fields.

use super::MASK;
use super::text::masked;

/// Fields whose whole value is a secret, letter case aside.
const SECRET_FIELDS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "api-key",
    "apikey",
    "x-api-key",
    "x-amz-security-token",
    "x-csrftoken",
    "x-vault-token",
];

/// Fields are secrets too whose names hold one of these.
const SECRET_PARTS: [&str; 7] = ["token", "secret", "password", "api-key", "apikey", "session-id", "x-amzn-oidc-"];

/// A field's value with its secrets masked; `note` is told the name of each.
pub(super) fn masked_value(name: &str, value: &str, note: &mut dyn FnMut(&str)) -> String {
    let lower = name.to_ascii_lowercase();
    if value.is_empty() {
        return String::new();
    }
    match lower.as_str() {
        "cookie" => {
            note("cookie");
            value.split(';').map(masked_pair).collect::<Vec<_>>().join(";")
        }
        "set-cookie" => {
            note("set-cookie");
            // What follows the first pair are attributes, and SameSite and Path tell why a cookie is not sent.
            match value.split_once(';') {
                Some((pair, attributes)) => format!("{};{attributes}", masked_pair(pair)),
                None => masked_pair(value),
            }
        }
        _ if is_secret_field(&lower) => {
            note(&lower);
            masked_credentials(value)
        }
        _ => masked(value, note),
    }
}

fn is_secret_field(lower: &str) -> bool {
    // The values of these are header names, which the verdict is about.
    if lower.starts_with("access-control-") {
        return false;
    }
    SECRET_FIELDS.contains(&lower) || SECRET_PARTS.iter().any(|part| lower.contains(part))
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
