//! One cause a file. The order is that in which a chain's findings are named: a cause before its
//! symptoms.

mod allow_origin_repeated;
mod credentials_in_location;
mod credentials_not_allowed;
mod error_without_cors;
mod forwarded_headers_absent;
mod forwarded_proto_ignored;
mod forwarded_proto_malformed;
mod forwarded_proto_overwritten;
mod header_not_allowed;
mod header_not_exposed;
mod https_redirect_loop;
mod keep_alive_race;
mod load_balancer_answered;
mod location_leaks_internal;
mod login_redirect;
mod method_not_allowed;
mod no_answer;
mod origin_checked_internally;
mod origin_not_allowed;
mod origin_null;
mod path_prefix_lost;
mod preflight_needs_credentials;
mod preflight_not_handled;
mod preflight_redirected;
mod private_network;
mod refused_in_silence;
mod response_outside_cors_layer;
mod vary_origin_missing;
mod wildcard_with_credentials;

use super::case::Rule;

/// Every rule.
pub(super) static ALL: [&dyn Rule; 28] = [
    &preflight_needs_credentials::PreflightNeedsCredentials,
    &preflight_redirected::PreflightRedirected,
    &forwarded_proto_malformed::ForwardedProtoMalformed,
    &location_leaks_internal::LocationLeaksInternal,
    &forwarded_proto_ignored::ForwardedProtoIgnored,
    &forwarded_proto_overwritten::ForwardedProtoOverwritten,
    &forwarded_headers_absent::ForwardedHeadersAbsent,
    &https_redirect_loop::HttpsRedirectLoop,
    &path_prefix_lost::PathPrefixLost,
    &origin_checked_internally::OriginCheckedInternally,
    &login_redirect::LoginRedirect,
    &origin_null::OriginNull,
    &method_not_allowed::MethodNotAllowed,
    &header_not_allowed::HeaderNotAllowed,
    &private_network::PrivateNetwork,
    &wildcard_with_credentials::WildcardWithCredentials,
    &credentials_not_allowed::CredentialsNotAllowed,
    &allow_origin_repeated::AllowOriginRepeated,
    &credentials_in_location::CredentialsInLocation,
    &keep_alive_race::KeepAliveRace,
    &no_answer::NoAnswer,
    &load_balancer_answered::LoadBalancerAnswered,
    &error_without_cors::ErrorWithoutCors,
    &vary_origin_missing::VaryOriginMissing,
    &response_outside_cors_layer::ResponseOutsideCorsLayer,
    &preflight_not_handled::PreflightNotHandled,
    &origin_not_allowed::OriginNotAllowed,
    &header_not_exposed::HeaderNotExposed,
];

/// The page's origin where no capture tells it.
const EXAMPLE: &str = "https://client.example.com";

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::diagnose::explanations;

    #[test]
    fn every_cause_is_explained_in_full() {
        for cause in explanations() {
            let id = cause.id;
            assert!(id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{id}");
            for text in [cause.title, cause.what, cause.recognise, cause.disproof] {
                assert!(text.len() > 20 && !text.contains("  "), "{id}: {text}");
            }
            assert!(!cause.fixes.is_empty() && !cause.links.is_empty(), "{id}");
        }
    }

    #[test]
    fn ids_are_unique_and_symptoms_come_after_their_causes() {
        let ids: Vec<&str> = ALL.iter().map(|rule| rule.general().id).collect();
        for (index, rule) in ALL.iter().enumerate() {
            assert_eq!(ids.iter().filter(|id| **id == rule.general().id).count(), 1);
            for cause in rule.general().symptom_of {
                assert!(ids[..index].contains(cause), "{cause} before {}", rule.general().id);
            }
        }
    }
}
