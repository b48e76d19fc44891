//! Secrets in running text: URLs, header values, messages of browsers, commands.

use std::borrow::Cow;

use super::MASK;

/// Query names whose values are secrets; letter case, `-`, `_` and `.` aside.
const SECRET_NAMES: [&str; 33] = [
    "accesskey",
    "accesstoken",
    "apikey",
    "assertion",
    "auth",
    "authorization",
    "clientsecret",
    "code",
    "credential",
    "credentials",
    "idtoken",
    "jwt",
    "key",
    "nonce",
    "otp",
    "pass",
    "passwd",
    "password",
    "pwd",
    "refreshtoken",
    "samlresponse",
    "secret",
    "session",
    "sessionid",
    "sid",
    "sig",
    "signature",
    "state",
    "ticket",
    "token",
    "xamzcredential",
    "xamzsecuritytoken",
    "xamzsignature",
];

/// Names that end so are secrets too: `csrf_token`, `X-Goog-Signature`.
const SECRET_ENDINGS: [&str; 6] = ["token", "secret", "password", "signature", "apikey", "sessionid"];

/// Masks what looks like a secret in a text of any kind; `note` is told what each was called.
pub(super) fn masked(text: &str, note: &mut dyn FnMut(&str)) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(secret) = next_secret(rest) {
        let (before, from) = rest.split_at(secret.start);
        done.push_str(before);
        done.push_str(MASK);
        note(&secret.name);
        rest = from.get(secret.length..).unwrap_or_default();
    }
    done.push_str(rest);
    done
}

/// Where the first secret of a text stands.
struct Secret<'a> {
    start: usize,
    length: usize,
    name: Cow<'a, str>,
}

fn next_secret(text: &str) -> Option<Secret<'_>> {
    let mut from = 0;
    while let Some((at, trigger)) = next_trigger(text, from) {
        let after = at + trigger.len();
        let found = match trigger {
            "://" => userinfo(text, after),
            "=" => parameter(text, at),
            "eyJ" => web_token(text, at),
            _ => credentials(text, at),
        };
        if found.as_ref().is_some_and(|secret| text.get(secret.start..secret.start + secret.length) != Some(MASK)) {
            return found;
        }
        from = after;
    }
    None
}

/// Every secret that can be told from its surroundings begins at or beside one of these.
fn next_trigger(text: &str, from: usize) -> Option<(usize, &'static str)> {
    const TRIGGERS: [&str; 8] = ["://", "=", "eyJ", "Bearer ", "bearer ", "Basic ", "basic ", "Digest "];
    let rest = text.get(from..)?;
    TRIGGERS.into_iter().filter_map(|trigger| Some((from + rest.find(trigger)?, trigger))).min_by_key(|(at, _)| *at)
}

/// What a URL, a parameter or a word in a text ends at.
fn ends_word(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '<' | '>' | '`' | '“' | '”' | '‘' | '’' | '\\')
}

/// `user:password` of `https://user:password@host/`.
fn userinfo(text: &str, after: usize) -> Option<Secret<'_>> {
    let rest = text.get(after..)?;
    let authority = rest.split(|character| ends_word(character) || matches!(character, '/' | '?' | '#')).next()?;
    let (secret, _) = authority.rsplit_once('@')?;
    // `http://@host` and `http://:@host` have no credentials, and browsers make a difference of it.
    if secret.is_empty() || secret == ":" {
        return None;
    }
    Some(Secret { start: after, length: secret.len(), name: Cow::Borrowed("userinfo") })
}

/// The value of `?token=value`, where its name or its looks are a secret's.
fn parameter(text: &str, equals: usize) -> Option<Secret<'_>> {
    let name = text.get(..equals)?.rsplit(|character| ends_word(character) || "?&;#,(/".contains(character)).next()?;
    let value = text.get(equals + 1..)?.split(|character| ends_word(character) || "&;#".contains(character)).next()?;
    let in_url = text.get(..equals - name.len())?.ends_with(['?', '&', '#', ';']);
    let secret = (in_url && (is_secret_name(name) || looks_secret(value))) || hides_secret(value);
    // Full stops and brackets that end a sentence are no part of a value.
    let value = value.trim_end_matches(['.', ',', ')']);
    (secret && !value.is_empty()).then(|| Secret {
        start: equals + 1,
        length: value.len(),
        name: Cow::Owned(format!("?{}", decoded(name))),
    })
}

/// Whether a value is an encoded URL or query that carries a secret itself.
fn hides_secret(value: &str) -> bool {
    value.contains('%') && next_secret(&decoded(value)).is_some()
}

/// A JSON web token, wherever it stands.
fn web_token(text: &str, at: usize) -> Option<Secret<'_>> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '=');
    let rest = text.get(at..)?;
    let token = rest.split(|character| !is_part(character) && character != '.').next()?.trim_end_matches('.');
    let begins_word = !text.get(..at)?.ends_with(is_part) || text.get(..at)?.ends_with('=');
    let parts = token.split('.').count();
    (begins_word && parts >= 2 && token.len() >= 16).then_some(Secret {
        start: at,
        length: token.len(),
        name: Cow::Borrowed("token"),
    })
}

/// The value of `Bearer value`.
fn credentials(text: &str, at: usize) -> Option<Secret<'_>> {
    let rest = text.get(at..)?;
    let (scheme, value) = rest.split_once(' ')?;
    let value = value.split(|character| ends_word(character) || character == ',').next()?;
    // `Bearer realm=…` is a challenge, and "basic idea" is prose.
    (value.len() >= 8
        && value.contains(|character: char| character.is_ascii_digit() || "=+/_-".contains(character))
        && !value.starts_with("realm"))
    .then_some(Secret { start: at + scheme.len() + 1, length: value.len(), name: Cow::Borrowed("authorization") })
}

/// Whether a parameter of that name carries a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let plain: String = decoded(name)
        .chars()
        .filter(|character| !matches!(character, '-' | '_' | '.' | '[' | ']'))
        .map(|character| character.to_ascii_lowercase())
        .collect();
    SECRET_NAMES.contains(&plain.as_str()) || SECRET_ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

/// Whether a value looks as if a machine had drawn it: long, and of all kinds of characters. A UUID
/// names things and is none.
pub(super) fn looks_secret(value: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+/=%.~".contains(&byte);
    if value.len() < 20 || !value.bytes().all(is_part) || value.contains("://") || value.starts_with('/') {
        return false;
    }
    let count = |of: fn(&u8) -> bool| value.bytes().filter(of).count();
    let (digits, upper, lower) =
        (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let hex = value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mixed = digits >= 2 && upper >= 3 && lower >= 3;
    let dense =
        value.len() >= 32 && digits * 6 >= value.len() && (upper + lower) * 6 >= value.len() && !value.contains('-');
    hex || mixed || dense
}

/// Percent-encoding undone, as far as it is text.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let coded = code.filter(|_| byte == b'%').and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(coded.unwrap_or(byte));
        rest = if coded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mask(text: &str) -> String {
        masked(text, &mut |_| {})
    }

    #[test]
    fn secrets_are_masked_wherever_they_are_quoted() {
        let cases = [
            ("https://joe:pw@a.example/x", "https://[redacted]@a.example/x"),
            (
                "https://a.example/cb?code=abc&x=1#access_token=t",
                "https://a.example/cb?code=[redacted]&x=1#access_token=[redacted]",
            ),
            ("load 'https://a/?X-Amz-Signature=ab12' failed", "load 'https://a/?X-Amz-Signature=[redacted]' failed"),
            ("“https://a/?%74oken=abc”", "“https://a/?%74oken=[redacted]”"),
            ("/login?next=https%3A%2F%2Fb%2F%3Ftoken%3Dabc&lang=de", "/login?next=[redacted]&lang=de"),
            ("curl -H 'Authorization: Bearer abc-123456'", "curl -H 'Authorization: Bearer [redacted]'"),
            ("/t/eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln/x", "/t/[redacted]/x"),
            ("/x?id=4bC9xQ2LmZr8TtYw0aPq", "/x?id=[redacted]"),
        ];
        for (text, expected) in cases {
            assert_eq!(mask(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_is_left_alone() {
        let texts = [
            "https://request.example.com/items?page=2&sort=name&q=state-of-the-art",
            "http://@a.example/ and http://:@a.example/",
            "X-Forwarded-Proto: https",
            "uvicorn app:app --proxy-headers --forwarded-allow-ips='10.0.1.0/24'",
            "https://a.example/orders/0b0f3a2e-93c5-4d1c-8f5d-9a1b2c3d4e5f?id=0b0f3a2e-93c5-4d1c-8f5d-9a1b2c3d4e5f",
            "WWW-Authenticate: Basic realm=\"intern\"",
            "app = CORSMiddleware(app, allow_origins=[\"https://client.example.com\"])",
        ];
        for text in texts {
            assert_eq!(mask(text), text);
        }
    }

    #[test]
    fn the_names_of_what_was_masked_are_told() {
        let mut names = Vec::new();
        masked("https://a:b@c/?token=1&api_key=2", &mut |name| names.push(name.to_owned()));
        assert_eq!(names, ["userinfo", "?token", "?api_key"]);
    }

    proptest! {
        #[test]
        fn masking_ends_and_is_final(text in ".{0,120}", query in "[?&=%a-zA-Z:/@#token]{0,60}") {
            let once = mask(&format!("{text}{query}"));
            prop_assert_eq!(mask(&once), once);
        }

        #[test]
        fn a_token_never_survives(secret in "[A-Za-z0-9]{6,40}", name in "(access_token|code|api-key|PASSWORD|X-Amz-Signature)") {
            let text = format!("see https://a.example/p?a=1&{name}={secret}&b=2 and stop");
            prop_assert!(!mask(&text).contains(&secret));
        }
    }
}
