//! As much of the MIME Sniffing standard as the safelist asks for.

/// The essence (`type/subtype`, in whatever letter case) of a value that "parse a MIME type"
/// (<https://mimesniff.spec.whatwg.org/#parse-a-mime-type>) accepts. Parameters never make it fail.
pub(super) fn essence(value: &str) -> Option<&str> {
    let value = value.trim_matches(is_http_space);
    let (kind, rest) = value.split_once('/')?;
    let subtype = rest.split(';').next()?.trim_end_matches(is_http_space);
    value.get(..kind.len() + 1 + subtype.len()).filter(|_| is_token(kind) && is_token(subtype))
}

fn is_http_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// RFC 9110 section 5.6.2, "token".
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}
