//! Secrets in running text: URLs, header values, messages of browsers, commands.

use std::borrow::Cow;

use memchr::memchr3;

use super::MASK;

/// Query names whose values are secrets; letter case, `-`, `_` and `.` aside.
const SECRET_NAMES: [&str; 34] = [
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
    "hmac",
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

/// Encoded URLs in URLs are looked into so deep. What is nested deeper is no redirect's, and is taken
/// for a secret unread.
const MAX_NESTED: u8 = 4;

/// Masks what looks like a secret in a text of any kind; `note` is told what each was called.
pub(super) fn masked<'t>(text: &'t str, note: &mut dyn FnMut(&str)) -> Cow<'t, str> {
    let mut secrets = Secrets::of(text, 0).peekable();
    if secrets.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut done = String::with_capacity(text.len());
    let mut end = 0;
    for secret in secrets {
        done.push_str(text.get(end..secret.start).unwrap_or_default());
        done.push_str(MASK);
        note(&secret.name);
        end = secret.start + secret.length;
    }
    done.push_str(text.get(end..).unwrap_or_default());
    Cow::Owned(done)
}

/// [`masked`], in place.
pub(super) fn mask(text: &mut String, note: &mut dyn FnMut(&str)) {
    if let Cow::Owned(masked) = masked(text, note) {
        *text = masked;
    }
}

/// Where a secret of a text stands.
struct Secret<'a> {
    start: usize,
    length: usize,
    name: Cow<'a, str>,
}

/// The secrets of a text, in order. It remembers what it has looked at, so that a long text takes no
/// more than its length.
struct Secrets<'a> {
    text: &'a str,
    /// How often the text was decoded to come to it.
    nested: u8,
    from: usize,
    /// The parameter looked at last: where its value ends, and whether it is of a URL.
    value_end: usize,
    in_url: bool,
    /// No web token begins before.
    no_token_before: usize,
}

impl<'a> Iterator for Secrets<'a> {
    type Item = Secret<'a>;

    fn next(&mut self) -> Option<Secret<'a>> {
        while let Some((at, trigger)) = next_trigger(self.text, self.from) {
            self.from = at + trigger.len();
            let found = match trigger {
                "://" => userinfo(self.text, self.from),
                "=" => self.parameter(at),
                "eyJ" => self.web_token(at),
                _ => credentials(self.text, at),
            };
            let is_news = |secret: &Secret<'_>| {
                self.text.get(secret.start..secret.start + secret.length).is_some_and(|secret| secret != MASK)
            };
            if let Some(secret) = found.filter(is_news) {
                self.from = secret.start + secret.length;
                return Some(secret);
            }
        }
        None
    }
}

/// Every secret that can be told from its surroundings begins at or beside one of these.
fn next_trigger(text: &str, mut from: usize) -> Option<(usize, &'static str)> {
    const SCHEMES: [&str; 5] = ["Bearer ", "bearer ", "Basic ", "basic ", "Digest "];
    let text = text.as_bytes();
    loop {
        let at = from + place_of_hint(text.get(from..)?)?;
        let trigger = match text.get(at..)? {
            [b'=', ..] => Some((at, "=")),
            [b':', b'/', b'/', ..] => Some((at, "://")),
            // Its last letter shows it: the first is in most words.
            [b'J', ..] => text.get(from..at)?.ends_with(b"ey").then(|| (at - 2, "eyJ")),
            [b':', ..] => None,
            rest => SCHEMES.into_iter().find(|scheme| rest.starts_with(scheme.as_bytes())).map(|scheme| (at, scheme)),
        };
        if trigger.is_some() {
            return trigger;
        }
        from = at + 1;
    }
}

#[allow(
    clippy::needless_bitwise_bool,
    reason = "where each is asked for, the processor can do it for all bytes of a block"
)]
fn is_hint(byte: u8) -> bool {
    (byte == b':') | (byte == b'=') | (byte == b'J') | (byte | 0x20 == b'b') | (byte == b'D')
}

/// Where the first byte stands that shows a trigger. They are few, so many bytes are looked at at once.
fn place_of_hint(text: &[u8]) -> Option<usize> {
    const AT_ONCE: usize = 16;
    let (blocks, _) = text.as_chunks::<AT_ONCE>();
    let has_none = |block: &&[u8; AT_ONCE]| !block.iter().fold(false, |found, byte| found | is_hint(*byte));
    let passed = AT_ONCE * blocks.iter().take_while(has_none).count();
    Some(passed + text.get(passed..)?.iter().position(|byte| is_hint(*byte))?)
}

/// What a URL, a parameter or a word in a text ends at.
#[inline]
fn ends_word(character: char) -> bool {
    character.is_whitespace() || matches!(character, '"' | '\'' | '<' | '>' | '`' | '“' | '”' | '‘' | '’' | '\\')
}

/// `user:password` of `https://user:password@host/`.
fn userinfo(text: &str, after: usize) -> Option<Secret<'_>> {
    let rest = text.get(after..)?;
    let end = memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
    // Hardly any URL has one.
    let authority = rest.get(..end).filter(|authority| authority.contains('@'))?.split(ends_word).next()?;
    let (secret, _) = authority.rsplit_once('@')?;
    // `http://@host` and `http://:@host` have no credentials, and browsers make a difference of it.
    if secret.is_empty() || secret == ":" {
        return None;
    }
    Some(Secret { start: after, length: secret.len(), name: Cow::Borrowed("userinfo") })
}

impl<'a> Secrets<'a> {
    fn of(text: &'a str, nested: u8) -> Self {
        Self { text, nested, from: 0, value_end: 0, in_url: false, no_token_before: 0 }
    }

    /// The value of `?token=value`, where its name or its looks are a secret's.
    fn parameter(&mut self, equals: usize) -> Option<Secret<'a>> {
        let (before, rest) = (self.text.get(..equals)?, self.text.get(equals + 1..)?);
        let name = before
            .rsplit(|character| {
                ends_word(character) || matches!(character, '?' | '&' | ';' | '#' | ',' | '(' | '/' | '=')
            })
            .next()?;
        let is_first = equals >= self.value_end;
        if is_first {
            let value = rest.split(|character| ends_word(character) || matches!(character, '&' | ';' | '#')).next()?;
            self.value_end = equals + 1 + value.len();
            self.in_url = before.get(..equals - name.len())?.ends_with(['?', '&', '#', ';']);
        }
        let value = self.text.get(equals + 1..self.value_end)?;
        // What may be hidden behind a later equals sign was found behind the first.
        let looked_at = if is_first { value } else { value.split('=').next()? };
        // A URL may stand behind the first as it is: `url=https://host/?token=…`.
        let in_url = self.in_url || before.get(..equals - name.len())?.ends_with(['?', '&']);
        let secret = (in_url && (is_secret_name(name) || looks_secret(looked_at)))
            || (is_first && hides_secret(value, self.nested));
        // Full stops and brackets that end a sentence are no part of a value.
        let value = value.trim_end_matches(['.', ',', ')']);
        (secret && !value.is_empty()).then(|| Secret {
            start: equals + 1,
            length: value.len(),
            name: Cow::Owned(format!("?{}", decoded(name))),
        })
    }

    /// A JSON web token, wherever it stands.
    fn web_token(&mut self, at: usize) -> Option<Secret<'a>> {
        let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '=');
        let (before, rest) = self.text.split_at_checked(at)?;
        let begins_word = !before.ends_with(is_part) || before.ends_with('=');
        if at < self.no_token_before || !begins_word {
            return None;
        }
        let word = rest.split(|character| !is_part(character) && character != '.').next()?;
        let token = word.trim_end_matches('.');
        if token.len() < 16 || !token.contains('.') {
            self.no_token_before = at + word.len();
            return None;
        }
        Some(Secret { start: at, length: token.len(), name: Cow::Borrowed("token") })
    }
}

/// Whether a value is an encoded URL or query that carries a secret itself.
fn hides_secret(value: &str, nested: u8) -> bool {
    let plain = decoded(value);
    plain != value && (nested == MAX_NESTED || Secrets::of(&plain, nested + 1).next().is_some())
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
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let coded = code.filter(|_| byte == b'%').and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(coded.unwrap_or(byte));
        rest = if coded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mask(text: &str) -> String {
        masked(text, &mut |_| {}).into_owned()
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

    /// Each of these is one of the many that a hostile text repeats.
    #[test]
    fn a_long_text_takes_no_more_than_its_length() {
        let repeated = ["%=a", "=", "a=b", "=eyJ", "eyJ.", "://u@=", "%25", "Bearer ", "?code=%3D&", "x=%3D%253D"];
        for piece in repeated {
            let text = format!("https://a.example/?q={}", piece.repeat((1 << 16) / piece.len()));
            let once = mask(&text);
            assert_eq!(mask(&once), once, "{piece}");
        }
    }

    #[test]
    fn what_is_hidden_deeper_than_anybody_looks_is_masked() {
        let encoded = |text: &str| {
            ["%", "/", "?", "="].iter().fold(text.to_owned(), |text, character| {
                text.replace(character, &format!("%{:02X}", character.as_bytes()[0]))
            })
        };
        let nested =
            |text: &str, depth| (0..depth).fold(text.to_owned(), |text, _| format!("/?next={}", encoded(&text)));
        for depth in 1..10 {
            assert_eq!(mask(&nested("/?token=abc", depth)), "/?next=[redacted]", "{depth}");
        }
        assert_eq!(mask("/?next=%2Fitems%2F"), "/?next=%2Fitems%2F");
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
