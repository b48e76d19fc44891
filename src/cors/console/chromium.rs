//! Chromium: `third_party/blink/renderer/platform/loader/cors/cors_error_string.cc`,
//! `core/loader/mixed_content_checker.cc` and `core/fetch/fetch_manager.cc`, checked against
//! Chromium 156.

use std::fmt::Write as _;

use super::{as_named, page_url, redirects_to};
use crate::cors::csp::{self, Violated};
use crate::cors::network::Space;
use crate::cors::redirect::is_local_scheme;
use crate::cors::{Api, Error, Failure, Hop, Intent, Mode, Outcome};
use crate::http::WebUrl;

/// Chromium elides URLs longer than this in mixed-content messages (`KURL::ElidedString`).
const LONGEST_URL: usize = 1024;

/// Chromium's console line, where it prints one.
pub(in crate::cors) fn chromium(intent: &Intent<'_>, hops: &[Hop], outcome: &Outcome) -> Option<String> {
    let failure = outcome.failure()?;
    let hop = &as_named(hops, failure.hop)?;
    if failure.error == Error::MixedContent {
        return Some(chromium_mixed_content(intent, hop));
    }
    if let Some(line) = other_line(failure, intent, hops) {
        return Some(line);
    }
    let body = chromium_reason(failure, intent.api, hop)?;
    let first = hops.first()?;
    // The scheme is looked at when the redirect is followed; what else is refused there, before.
    let followed = redirects_to(hop).filter(|_| failure.error == Error::CorsDisabledScheme);
    let url = followed.map_or_else(|| hop.url.clone(), |url| url.to_string());
    let redirected = if first.url == url { String::new() } else { format!("(redirected from '{}') ", first.url) };
    let origin = intent.origin.as_ref().map_or("null", |origin| origin.as_str());
    let preflight = if is_about_preflight(failure.error) {
        "Response to preflight request doesn't pass access control check: "
    } else {
        ""
    };
    Some(format!(
        "Access to {} at '{url}' {redirected}from origin '{origin}' has been blocked by CORS policy: {preflight}{body}",
        resource_kind(intent.api)
    ))
}

/// What is refused for another reason than CORS: the line of the page's loader, or of the network.
fn other_line(failure: &Failure, intent: &Intent<'_>, hops: &[Hop]) -> Option<String> {
    let hop = hops.get(failure.hop)?;
    // The address bar shows it otherwise.
    let by_page = intent.mode != Mode::Navigate;
    let network = |name: &str| by_page.then(|| format!("Failed to load resource: net::{name}"));
    match failure.error {
        Error::UnsafeRedirect if redirects_to(hop).is_some_and(|url| !is_local_scheme(url.scheme())) => {
            network("ERR_UNKNOWN_URL_SCHEME")
        }
        Error::BlockedByContentSecurityPolicy => content_security_policy(intent, hop, failure.hop > 0),
        Error::RedirectBlocked => network("ERR_FAILED"),
        Error::UnsafePort => network("ERR_UNSAFE_PORT"),
        Error::UnexpectedProxyAuthentication => network("ERR_UNEXPECTED_PROXY_AUTH"),
        Error::TooManyRedirects => network("ERR_TOO_MANY_REDIRECTS"),
        Error::UnsafeRedirect => network("ERR_UNSAFE_REDIRECT"),
        Error::InvalidRedirect => network("ERR_INVALID_REDIRECT"),
        Error::MultipleLocations => network("ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION"),
        Error::MultipleContentLengths => network("ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_LENGTH"),
        Error::MultipleContentDispositions => network("ERR_RESPONSE_HEADERS_MULTIPLE_CONTENT_DISPOSITION"),
        Error::BlockedByResourcePolicy => network(&format!("ERR_BLOCKED_BY_RESPONSE.{}", failure.parameter)),
        Error::DisallowedByMode if intent.mode == Mode::SameOrigin && failure.hop > 0 => Some(format!(
            "Unsafe attempt to load URL {} from frame with URL {}. Domains, protocols and ports must match.\n",
            hop.url,
            page_url(intent)
        )),
        Error::DisallowedByMode if intent.mode == Mode::SameOrigin && intent.api == Api::Fetch => Some(format!(
            "Fetch API cannot load {}. Request mode is \"same-origin\" but the URL's origin is not same as the request origin {}.",
            hop.url,
            intent.origin.as_ref()?
        )),
        Error::DisallowedByMode if intent.mode == Mode::NoCors && intent.api == Api::Fetch => Some(format!(
            "Fetch API cannot load {}. Request mode is \"no-cors\" but the redirect mode is not \"follow\".",
            hop.url
        )),
        _ => None,
    }
}

fn content_security_policy(intent: &Intent<'_>, hop: &Hop, redirected: bool) -> Option<String> {
    let (page, url) = (intent.origin.as_ref()?, &WebUrl::parse(&hop.url)?);
    let load = csp::Load { api: intent.api, page, url, redirected };
    let Violated { name, effective, sources } = csp::violated(intent.policy?, &load)?;
    let fallback = if name == effective {
        String::new()
    } else {
        format!(" Note that '{effective}' was not explicitly set, so '{name}' is used as a fallback.")
    };
    let doing = match intent.api {
        Api::Fetch | Api::Xhr | Api::EventSource | Api::Beacon | Api::Navigation => "Connecting to",
        Api::Image => "Loading the image",
        Api::Script => "Loading the script",
        Api::Style => "Loading the stylesheet",
        Api::Font => "Loading the font",
        // So it is written.
        Api::Audio | Api::Video => "Loading media from ",
    };
    Some(format!(
        "{doing} '{}' violates the following Content Security Policy directive: \"{name} {sources}\".{fallback} The action has been blocked.",
        hop.url
    ))
}

fn chromium_mixed_content(intent: &Intent<'_>, hop: &Hop) -> String {
    format!(
        "Mixed Content: The page at '{}' was loaded over HTTPS, but requested an insecure {} '{}'. This request has been blocked; the content must be served over HTTPS.",
        elided(&page_url(intent)),
        mixed_content_kind(intent.api),
        elided(&hop.url)
    )
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
        Api::EventSource | Api::Beacon => "resource",
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
        Api::Beacon => "Beacon endpoint",
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
            "Cross origin requests are only supported for protocol schemes: chrome, chrome-experimental-site-token-provider, chrome-extension, chrome-untrusted, data, http, https, isolated-app.".to_owned()
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
        Error::LocalNetworkAccessPermissionDenied => {
            format!("Permission was denied for this request to access the `{}` address space.", space(hop)?)
        }
        Error::InsecureLocalNetwork => format!(
            "The request client is not a secure context and the resource is in more-private address space `{}`.",
            space(hop)?
        ),
        Error::MixedContent
        | Error::TooManyRedirects
        | Error::UnsafeRedirect
        | Error::InvalidRedirect
        | Error::MultipleLocations
        | Error::MultipleContentLengths
        | Error::MultipleContentDispositions
        | Error::UnsafePort
        | Error::UnexpectedProxyAuthentication
        | Error::RedirectBlocked
        | Error::BlockedByResourcePolicy
        | Error::BlockedByContentSecurityPolicy
        | Error::NoResponse => return None,
    };
    Some(reason)
}

/// Where the hop would have led.
fn space(hop: &Hop) -> Option<&'static str> {
    Space::of(&WebUrl::parse(&hop.url)?).map(Space::name)
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
