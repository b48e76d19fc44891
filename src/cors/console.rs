//! What each browser's console prints, word for word.
//!
//! Chromium: `third_party/blink/renderer/platform/loader/cors/cors_error_string.cc` and
//! `core/loader/mixed_content_checker.cc`, checked against Chromium 156. Firefox:
//! `dom/locales/en-US/chrome/security/security.properties`, checked against Firefox ESR 153.

use std::fmt::Write as _;

use url::Url;

use super::{Api, Error, Failure, Hop, Intent, Outcome};

/// Chromium elides URLs longer than this in mixed-content messages (`KURL::ElidedString`).
const LONGEST_URL: usize = 1024;

/// Chromium's console line, where it prints one.
pub(super) fn chromium(intent: &Intent, hops: &[Hop], outcome: &Outcome) -> Option<String> {
    let failure = outcome.failure()?;
    let hop = hops.get(failure.hop)?;
    if failure.error == Error::MixedContent {
        return Some(chromium_mixed_content(intent, hop));
    }
    let body = chromium_reason(failure, intent.api, hop)?;
    let first = hops.first()?;
    let redirected = if first.url == hop.url { String::new() } else { format!("(redirected from '{}') ", first.url) };
    let origin = intent.origin.as_ref().map_or("null", |origin| origin.as_str());
    let preflight = if is_about_preflight(failure.error) {
        "Response to preflight request doesn't pass access control check: "
    } else {
        ""
    };
    Some(format!(
        "Access to {} at '{}' {redirected}from origin '{origin}' has been blocked by CORS policy: {preflight}{body}",
        resource_kind(intent.api),
        hop.url
    ))
}

fn chromium_mixed_content(intent: &Intent, hop: &Hop) -> String {
    format!(
        "Mixed Content: The page at '{}' was loaded over HTTPS, but requested an insecure {} '{}'. This request has been blocked; the content must be served over HTTPS.",
        elided(&page_url(intent)),
        mixed_content_kind(intent.api),
        elided(&hop.url)
    )
}

/// The page's URL; where only its origin is known, the root of that.
fn page_url(intent: &Intent) -> String {
    let of_origin = || intent.origin.as_ref().map(|origin| format!("{origin}/"));
    intent.page_url.as_ref().map(Url::to_string).or_else(of_origin).unwrap_or_default()
}

fn elided(url: &str) -> String {
    const HEAD: usize = 511;
    const TAIL: usize = 510;
    let length = url.chars().count();
    if length <= LONGEST_URL {
        return url.to_owned();
    }
    let head: String = url.chars().take(HEAD).collect();
    let tail: String = url.chars().skip(length - TAIL).collect();
    format!("{head}...{tail}")
}

fn resource_kind(api: Api) -> &'static str {
    match api {
        Api::Fetch | Api::Navigation => "fetch",
        Api::Xhr => "XMLHttpRequest",
        Api::Image => "image",
        Api::Script => "script",
        Api::Style => "CSS stylesheet",
        Api::Font => "font",
        Api::Audio => "audio",
        Api::Video => "video",
        Api::EventSource => "resource",
    }
}

fn mixed_content_kind(api: Api) -> &'static str {
    match api {
        Api::Fetch | Api::Navigation => "resource",
        Api::Xhr => "XMLHttpRequest endpoint",
        Api::Image => "image",
        Api::Script => "script",
        Api::Style => "stylesheet",
        Api::Font => "font",
        Api::Audio => "audio file",
        Api::Video => "video",
        Api::EventSource => "EventSource endpoint",
    }
}

fn is_about_preflight(error: Error) -> bool {
    matches!(
        error,
        Error::PreflightMissingAllowOriginHeader
            | Error::PreflightMultipleAllowOriginValues
            | Error::PreflightInvalidAllowOriginValue
            | Error::PreflightAllowOriginMismatch
            | Error::PreflightWildcardOriginNotAllowed
            | Error::PreflightInvalidAllowCredentials
            | Error::PreflightInvalidStatus
            | Error::PreflightDisallowedRedirect
    )
}

/// The part of the line that names the reason; `None` where Chromium prints nothing about CORS.
fn chromium_reason(failure: &Failure, api: Api, hop: &Hop) -> Option<String> {
    let value = escaped(&failure.parameter);
    let fetch_hint = if api == Api::Fetch { " Have the server send the header with a valid value." } else { "" };
    let xhr_hint = if api == Api::Xhr {
        " The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute."
    } else {
        ""
    };
    let reason = match failure.error {
        Error::DisallowedByMode => "Cross origin requests are not allowed by request mode.".to_owned(),
        Error::CorsDisabledScheme => {
            "Cross origin requests are only supported for protocol schemes: chrome, chrome-extension, chrome-untrusted, data, http, https, isolated-app.".to_owned()
        }
        Error::WildcardOriginNotAllowed | Error::PreflightWildcardOriginNotAllowed => format!(
            "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.{xhr_hint}"
        ),
        Error::MissingAllowOriginHeader | Error::PreflightMissingAllowOriginHeader => {
            "No 'Access-Control-Allow-Origin' header is present on the requested resource.".to_owned()
        }
        Error::MultipleAllowOriginValues | Error::PreflightMultipleAllowOriginValues => format!(
            "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one is allowed.{fetch_hint}"
        ),
        Error::InvalidAllowOriginValue | Error::PreflightInvalidAllowOriginValue => {
            format!("The 'Access-Control-Allow-Origin' header contains the invalid value '{value}'.{fetch_hint}")
        }
        Error::AllowOriginMismatch | Error::PreflightAllowOriginMismatch => format!(
            "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the supplied origin.{fetch_hint}"
        ),
        Error::InvalidAllowCredentials | Error::PreflightInvalidAllowCredentials => format!(
            "The value of the 'Access-Control-Allow-Credentials' header in the response is '{value}' which must be 'true' when the request's credentials mode is 'include'.{xhr_hint}"
        ),
        Error::PreflightInvalidStatus => "It does not have HTTP ok status.".to_owned(),
        Error::PreflightDisallowedRedirect => "Redirect is not allowed for a preflight request.".to_owned(),
        Error::InvalidAllowMethodsPreflightResponse => {
            "Cannot parse Access-Control-Allow-Methods response header field in preflight response.".to_owned()
        }
        Error::InvalidAllowHeadersPreflightResponse => {
            "Cannot parse Access-Control-Allow-Headers response header field in preflight response.".to_owned()
        }
        Error::MethodDisallowedByPreflightResponse => {
            format!("Method {value} is not allowed by Access-Control-Allow-Methods in preflight response.")
        }
        Error::HeaderDisallowedByPreflightResponse => format!(
            "Request header field {value} is not allowed by Access-Control-Allow-Headers in preflight response."
        ),
        // Chromium's redirect code passes no parameter, so the quotes stay empty. On the page's
        // own origin it refuses without a word.
        Error::RedirectContainsCredentials if hop.needed.is_empty() => return None,
        Error::RedirectContainsCredentials => {
            "Redirect location '' contains a username and password, which is disallowed for cross-origin requests.".to_owned()
        }
        Error::MixedContent
        | Error::TooManyRedirects
        | Error::UnsafeRedirect
        | Error::InvalidRedirect
        | Error::MultipleLocations
        | Error::RedirectBlocked
        | Error::BlockedByResourcePolicy
        | Error::BlockedByContentSecurityPolicy
        | Error::NoResponse => return None,
    };
    Some(reason)
}

/// Control and non-ASCII characters as `\uXXXX`.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_ascii() && !c.is_ascii_control() {
            text.push(c);
        } else {
            let _ = write!(text, "\\u{:04X}", u32::from(c)); // writing to a String cannot fail
        }
    }
    text
}

/// Firefox's console lines, in order.
pub(super) fn firefox(intent: &Intent, hops: &[Hop], outcome: &Outcome) -> Vec<String> {
    let Some(failure) = outcome.failure() else { return Vec::new() };
    let Some(hop) = hops.get(failure.hop) else { return Vec::new() };
    if failure.error == Error::MixedContent {
        return firefox_mixed_content(intent, hops, failure.hop);
    }
    firefox_reason(failure, hop).map(|reason| vec![firefox_line(&hop.url, failure.error, &reason)]).unwrap_or_default()
}

/// The block itself and, for what uses CORS, a second line about the URL before it, which is the
/// one that sends people looking at CORS headers.
fn firefox_mixed_content(intent: &Intent, hops: &[Hop], index: usize) -> Vec<String> {
    let Some(hop) = hops.get(index) else { return Vec::new() };
    let mut lines = vec![format!("Blocked loading mixed active content “{}”", hop.url)];
    let before = index.checked_sub(1).and_then(|index| hops.get(index)).unwrap_or(hop);
    if intent.mode == super::Mode::Cors {
        lines.push(firefox_line(&before.url, Error::MixedContent, "CORS request did not succeed). Status code: (null"));
    }
    lines
}

/// Reasons that end with a status code bring their own closing bracket along.
fn firefox_line(url: &str, error: Error, reason: &str) -> String {
    let quoted = matches!(error, Error::WildcardOriginNotAllowed | Error::PreflightWildcardOriginNotAllowed);
    let url = if quoted { format!("‘{url}’") } else { url.to_owned() };
    let close = if reason.contains(" Status code: ") && !reason.ends_with("(null") { "." } else { ")." };
    format!(
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. (Reason: {reason}{close}"
    )
}

fn firefox_reason(failure: &Failure, hop: &Hop) -> Option<String> {
    let status = hop.answer.as_ref().map_or_else(|| "(null)".to_owned(), |answer| answer.status.to_string());
    let value = &failure.parameter;
    let allow_origin_lines = hop
        .exchange
        .as_ref()
        .and_then(|exchange| exchange.response.as_ref())
        .map_or(1, |response| response.headers.all("access-control-allow-origin").count());
    let reason = match failure.error {
        Error::MissingAllowOriginHeader | Error::PreflightMissingAllowOriginHeader => {
            format!("CORS header ‘Access-Control-Allow-Origin’ missing). Status code: {status}")
        }
        Error::MultipleAllowOriginValues | Error::PreflightMultipleAllowOriginValues if allow_origin_lines > 1 => {
            "Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed".to_owned()
        }
        Error::MultipleAllowOriginValues
        | Error::PreflightMultipleAllowOriginValues
        | Error::InvalidAllowOriginValue
        | Error::PreflightInvalidAllowOriginValue
        | Error::AllowOriginMismatch
        | Error::PreflightAllowOriginMismatch => {
            format!("CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’")
        }
        Error::WildcardOriginNotAllowed | Error::PreflightWildcardOriginNotAllowed => {
            "Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’".to_owned()
        }
        Error::InvalidAllowCredentials | Error::PreflightInvalidAllowCredentials => {
            "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’".to_owned()
        }
        Error::PreflightDisallowedRedirect => "CORS request external redirect not allowed".to_owned(),
        Error::PreflightInvalidStatus => format!("CORS preflight response did not succeed). Status code: {status}"),
        Error::InvalidAllowMethodsPreflightResponse => {
            format!("invalid token ‘{}’ in CORS header ‘Access-Control-Allow-Methods’", bad_token(value))
        }
        Error::InvalidAllowHeadersPreflightResponse => {
            format!("invalid token ‘{}’ in CORS header ‘Access-Control-Allow-Headers’", bad_token(value))
        }
        Error::MethodDisallowedByPreflightResponse => {
            "Did not find method in CORS header ‘Access-Control-Allow-Methods’".to_owned()
        }
        Error::HeaderDisallowedByPreflightResponse => format!(
            "header ‘{value}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response"
        ),
        Error::CorsDisabledScheme => "CORS request not http".to_owned(),
        Error::NoResponse | Error::TooManyRedirects | Error::UnsafeRedirect | Error::RedirectContainsCredentials => {
            "CORS request did not succeed). Status code: (null)".to_owned()
        }
        _ => return None,
    };
    Some(reason)
}

/// The first element of a list header that is no token.
fn bad_token(value: &str) -> &str {
    super::lists::tokens(value).err().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_urls_lose_their_middle() {
        let url = format!("https://a.example/{}", "x".repeat(2000));
        let shown = elided(&url);
        assert_eq!(shown.chars().count(), 511 + 3 + 510);
        assert_eq!(elided("https://a.example/"), "https://a.example/");
    }

    #[test]
    fn what_is_not_ascii_is_escaped() {
        assert_eq!(escaped("a\u{1b}\u{e9}"), "a\\u001B\\u00E9");
    }
}
