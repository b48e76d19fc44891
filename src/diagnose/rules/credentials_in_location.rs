//! A redirect carries user and password.

use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, ShowsIn, path};
use crate::diagnose::{Fix, Severity};

pub(super) struct CredentialsInLocation;

static GENERAL: General = General {
    id: "credentials-in-location",
    severity: Severity::Error,
    title: "a redirect's Location carries user and password",
    what: "The Location of a redirect has the form https://user:password@host/. Browsers follow that for a navigation, and refuse it for a call across origins, since the page could otherwise learn or guess them.",
    recognise: "A 3xx response whose Location has an @ before the host's end.",
    disproof: "the Location has no user and no password.",
    links: &["https://fetch.spec.whatwg.org/#http-redirect-fetch"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

impl Rule for CredentialsInLocation {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![Fix {
            server: "the backend",
            change: "leave user and password out of the Location".to_owned(),
            caution: Some("Who calls the URL sends an Authorization header instead; whatever was in the Location stands in logs and histories: change it.".to_owned()),
        }]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::RedirectContainsCredentials])?;
        Some(Diagnosis {
            story: format!(
                "{} {} was redirected to a URL with a user and a password, which no call across origins follows.",
                seen.hop.method,
                path(&seen.hop.url)
            ),
            evidence: vec![seen.status_evidence(), seen.response_evidence("location")],
            fixes: self.fixes().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn a_password_in_a_redirect_is_named() {
        let redirect = exchange("GET", "https://request.example/items")
            .page("https://client.example")
            .status(302)
            .answer("Location", "https://user:secret@request.example/items/")
            .shared_with("https://client.example");
        let found = diagnosed([redirect]);
        assert_eq!(found.by_chain, [["credentials-in-location"]]);
        assert!(!found.findings[0].story.contains("secret"));
    }
}
