//! Safari: `Source/WebCore/loader/CrossOriginAccessControl.cpp`, `Source/WebKit/NetworkProcess/
//! NetworkLoadChecker.cpp` and `NetworkCORSPreflightChecker.cpp`, read in their sources. Safari has no
//! judge of its own: where it decides as the standard does, and its words are known, they are given.

use super::redirects_to;
use crate::chain::Role;
use crate::cors::{Api, Error, Failure, Hop, Intent, Outcome};
use crate::http::{Origin, is_ok_status};

/// Safari's console lines, in order, by what the standard decides; empty where they are not known.
pub(in crate::cors) fn safari(intent: &Intent<'_>, hops: &[Hop], outcome: &Outcome) -> Vec<String> {
    let Some(failure) = outcome.failure() else { return Vec::new() };
    let Some(hop) = hops.get(failure.hop) else { return Vec::new() };
    let page = intent.origin.as_ref().map_or(Origin::OPAQUE, Origin::as_str);
    let Some(reason) = reason(page, failure, hop) else { return Vec::new() };
    let by = match intent.api {
        Api::Fetch => "Fetch API",
        Api::Xhr => "XMLHttpRequest",
        _ => return vec![reason],
    };
    // After a redirect it is not known which URL the second line names.
    if failure.hop > 0 && hops.iter().take(failure.hop).any(|before| before.role == Role::Actual) {
        return vec![reason];
    }
    let second = format!("{by} cannot load {} due to access control checks.", hop.url);
    let third = format!("Failed to load resource: {reason}");
    vec![reason, second, third]
}

/// `page` is the page's origin.
fn reason(page: &str, failure: &Failure, hop: &Hop) -> Option<String> {
    let Some(denied) = refused(page, failure, hop) else { return own_reason(failure, hop) };
    match redirects_to(hop).filter(|_| hop.role == Role::Actual) {
        Some(target) => Some(format!(
            "Cross-origin redirection to {target} denied by Cross-Origin Resource Sharing policy: {denied}"
        )),
        None => Some(denied),
    }
}

/// What of a check failed. Of a preflight the status is looked at first.
fn refused(page: &str, failure: &Failure, hop: &Hop) -> Option<String> {
    let answer = hop.answer.as_ref()?;
    let (status, value) = (answer.status, &failure.parameter);
    if hop.role == Role::Preflight && !is_ok_status(status) {
        // What is said of a redirect is not known.
        return answer
            .location
            .is_none()
            .then(|| format!("Preflight response is not successful. Status code: {status}"));
    }
    let not_allowed = || {
        let origin = hop.origin.as_deref().unwrap_or(page);
        format!("Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}")
    };
    match failure.error {
        Error::WildcardOriginNotAllowed | Error::PreflightWildcardOriginNotAllowed => {
            Some("Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.".to_owned())
        }
        Error::MultipleAllowOriginValues | Error::PreflightMultipleAllowOriginValues if value.contains(',') => {
            Some("Access-Control-Allow-Origin cannot contain more than one origin.".to_owned())
        }
        Error::MissingAllowOriginHeader
        | Error::MultipleAllowOriginValues
        | Error::InvalidAllowOriginValue
        | Error::AllowOriginMismatch
        | Error::PreflightMissingAllowOriginHeader
        | Error::PreflightMultipleAllowOriginValues
        | Error::PreflightInvalidAllowOriginValue
        | Error::PreflightAllowOriginMismatch => Some(not_allowed()),
        Error::InvalidAllowCredentials | Error::PreflightInvalidAllowCredentials => {
            Some("Credentials flag is true, but Access-Control-Allow-Credentials is not \"true\".".to_owned())
        }
        Error::InvalidAllowMethodsPreflightResponse => {
            Some(format!("Header Access-Control-Allow-Methods has an invalid value: {value}"))
        }
        Error::InvalidAllowHeadersPreflightResponse => {
            Some(format!("Header Access-Control-Allow-Headers has an invalid value: {value}"))
        }
        Error::MethodDisallowedByPreflightResponse => {
            Some(format!("Method {value} is not allowed by Access-Control-Allow-Methods."))
        }
        // HeaderDisallowedByPreflightResponse: Safari prints the name in the letter case that the
        // script wrote, and a preflight carries it in lower case.
        _ => None,
    }
}

fn own_reason(failure: &Failure, hop: &Hop) -> Option<String> {
    let url = &hop.url;
    match failure.error {
        Error::RedirectContainsCredentials => {
            let target = redirects_to(hop)?;
            Some(format!(
                "Cross-origin redirection to {target} denied by Cross-Origin Resource Sharing policy: redirection URL {target} has credentials"
            ))
        }
        Error::TooManyRedirects => Some("Load cannot follow more than 20 redirections".to_owned()),
        Error::RedirectBlocked => Some(format!("Not allowed to follow a redirection while loading {url}")),
        Error::BlockedByResourcePolicy => Some(format!(
            "Cancelled load to {url} because it violates the resource's Cross-Origin-Resource-Policy response header."
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::{Answer, AnsweredBy, Check};

    fn failed(role: Role, error: Error, status: u16, location: Option<&str>) -> Option<String> {
        let hop = Hop {
            role,
            method: "GET".to_owned(),
            url: "https://request.example/items".to_owned(),
            origin: Some("https://client.example".to_owned()),
            exchange: None,
            also_seen: crate::http::Few::new(),
            answered_by: AnsweredBy::Backend,
            answer: Some(Answer { status, location: location.map(str::to_owned) }),
            needed: Vec::new(),
            missing: Vec::new(),
            check: Check::Fail,
            inferred_because: None,
        };
        reason("https://client.example", &Failure { error, parameter: String::new(), hop: 0 }, &hop)
    }

    #[test]
    fn the_status_of_a_preflight_comes_first() {
        let said = |status| failed(Role::Preflight, Error::PreflightMissingAllowOriginHeader, status, None).unwrap();
        assert_eq!(said(405), "Preflight response is not successful. Status code: 405");
        let missing = "Origin https://client.example is not allowed by Access-Control-Allow-Origin. Status code: 200";
        assert_eq!(said(200), missing);
        assert_eq!(failed(Role::Preflight, Error::PreflightDisallowedRedirect, 308, Some("/items/")), None);
    }

    #[test]
    fn a_redirect_that_is_refused_names_where_it_led() {
        let said = failed(Role::Actual, Error::MissingAllowOriginHeader, 302, Some("/items/")).unwrap();
        assert!(said.starts_with("Cross-origin redirection to https://request.example/items/ denied by "), "{said}");
        assert!(said.ends_with("Status code: 302"), "{said}");
    }
}
