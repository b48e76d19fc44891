//! Firefox: `dom/locales/en-US/chrome/security/security.properties`, checked against Firefox ESR 153.

use super::{as_named, page_url, redirects_to};
use crate::chain::Role;
use crate::cors::{Browser, Error, Failure, Hop, Intent, Mode, Outcome, Rules, csp, lists};

/// Firefox's console lines, in order.
pub(in crate::cors) fn firefox(intent: &Intent<'_>, hops: &[Hop], outcome: &Outcome) -> Vec<String> {
    let Some(failure) = outcome.failure() else { return covered_by_wildcard(hops, outcome).into_iter().collect() };
    let Some(hop) = &as_named(hops, failure.hop) else { return Vec::new() };
    if failure.error == Error::MixedContent {
        return firefox_mixed_content(intent, hops, failure.hop);
    }
    if let Some(line) = other_line(failure, intent, hop) {
        return vec![line];
    }
    if intent.mode != Mode::Cors {
        return Vec::new();
    }
    let Some(reason) = firefox_reason(failure, hop) else { return Vec::new() };
    let url = match failure.error {
        Error::CorsDisabledScheme | Error::UnsafeRedirect if reason == NOT_HTTP => {
            redirects_to(hop).map_or_else(|| hop.url.clone(), |target| target.to_string())
        }
        // It is said of the redirect that led there.
        Error::UnsafePort | Error::BlockedByContentSecurityPolicy => {
            before(hops, failure.hop).map_or_else(|| hop.url.clone(), |before| before.url)
        }
        _ => hop.url.clone(),
    };
    vec![firefox_line(&url, failure.error, &reason)]
}

const NOT_HTTP: &str = "CORS request not http";

fn before(hops: &[Hop], index: usize) -> Option<Hop> {
    index.checked_sub(1).and_then(|index| as_named(hops, index))
}

/// The warning that `*` will not cover `Authorization` for ever.
fn covered_by_wildcard(hops: &[Hop], outcome: &Outcome) -> Option<String> {
    let is_covered = |hop: &&Hop| {
        let (Some(request), Some(response)) = (
            hop.exchange.as_ref().and_then(|exchange| exchange.request.as_ref()),
            hop.exchange.as_ref().and_then(|exchange| exchange.response.as_ref()),
        ) else {
            return false;
        };
        let asks = request.headers.all("access-control-request-headers").any(|names| has(names, "authorization"));
        let allowed: Vec<&str> = response.headers.all("access-control-allow-headers").collect();
        let is_listed = |name: &str| allowed.iter().any(|names| has(names, name));
        hop.role == Role::Preflight && asks && is_listed("*") && !is_listed("authorization")
    };
    let hop = hops.iter().find(is_covered).filter(|_| *outcome == Outcome::Allowed)?;
    Some(format!(
        "Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote resource at {} soon. (Reason: When the `Access-Control-Allow-Headers` is `*`, the `Authorization` header is not covered. To include the `Authorization` header, it must be explicitly listed in CORS header `Access-Control-Allow-Headers`).",
        hop.url
    ))
}

fn has(names: &str, name: &str) -> bool {
    names.split(',').any(|one| one.trim().eq_ignore_ascii_case(name))
}

/// The block itself and, for what uses CORS, a second line about the URL before it, which is the
/// one that sends people looking at CORS headers.
fn firefox_mixed_content(intent: &Intent<'_>, hops: &[Hop], index: usize) -> Vec<String> {
    let Some(hop) = as_named(hops, index) else { return Vec::new() };
    let mut lines = Vec::new();
    // Where the page's policy says so, it is a violation of that, and told as one.
    if !intent.policy.is_some_and(csp::blocks_all_mixed_content) {
        lines.push(format!("Blocked loading mixed active content “{}”", hop.url));
    }
    let before = before(hops, index).unwrap_or(hop);
    if intent.mode == Mode::Cors {
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

/// What is refused for another reason than CORS.
fn other_line(failure: &Failure, intent: &Intent<'_>, hop: &Hop) -> Option<String> {
    match failure.error {
        Error::DisallowedByMode if intent.mode == Mode::SameOrigin => {
            Some(format!("Security Error: Content at {} may not load data from {}.", page_url(intent), hop.url))
        }
        Error::BlockedByResourcePolicy => Some(format!(
            "The resource at “{}” was blocked due to its Cross-Origin-Resource-Policy header (or lack thereof). See https://developer.mozilla.org/docs/Web/HTTP/Cross-Origin_Resource_Policy_(CORP)#",
            hop.url
        )),
        _ => None,
    }
}

fn firefox_reason(failure: &Failure, hop: &Hop) -> Option<String> {
    let status = hop.answer.as_ref().map_or_else(|| "(null)".to_owned(), |answer| answer.status.to_string());
    let value = &as_utf8(&failure.parameter);
    let response = hop.exchange.as_ref().and_then(|exchange| exchange.response.as_ref());
    let are_counted =
        response.is_some_and(|response| Rules::of(Browser::Firefox).refuses_allow_origin_lines(&response.headers));
    let reason = match failure.error {
        Error::MissingAllowOriginHeader | Error::PreflightMissingAllowOriginHeader => {
            format!("CORS header ‘Access-Control-Allow-Origin’ missing). Status code: {status}")
        }
        Error::MultipleAllowOriginValues | Error::PreflightMultipleAllowOriginValues if are_counted => {
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
        Error::CorsDisabledScheme | Error::UnsafeRedirect if is_taken_for_a_request(hop) => NOT_HTTP.to_owned(),
        Error::NoResponse
        | Error::TooManyRedirects
        | Error::CorsDisabledScheme
        | Error::UnsafeRedirect
        | Error::InvalidRedirect
        | Error::MultipleLocations
        | Error::MultipleContentLengths
        | Error::MultipleContentDispositions
        | Error::UnsafePort
        | Error::BlockedByContentSecurityPolicy
        | Error::RedirectContainsCredentials => "CORS request did not succeed). Status code: (null)".to_owned(),
        _ => return None,
    };
    Some(reason)
}

/// Whether a redirect to something else than HTTP is followed up to the check of its scheme.
fn is_taken_for_a_request(hop: &Hop) -> bool {
    const STOPPED_BEFORE: [&str; 8] = ["data", "javascript", "ws", "wss", "chrome", "file", "blob", "view-source"];
    redirects_to(hop).is_some_and(|target| !STOPPED_BEFORE.contains(&target.scheme()))
}

/// Firefox takes the bytes of a field for UTF-8, whatever they are.
fn as_utf8(value: &str) -> String {
    let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    bytes.map_or_else(|| value.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The first element of a list header that is no token.
fn bad_token(value: &str) -> &str {
    lists::tokens(value).err().unwrap_or(value)
}
