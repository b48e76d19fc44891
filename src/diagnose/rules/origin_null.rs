//! A redirect across origins made Origin `null`.

use super::method_not_allowed::is_said;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::{Fix, Severity};

pub(super) struct OriginNull;

static GENERAL: General = General {
    id: "origin-null-after-redirect",
    severity: Severity::Error,
    title: "a redirect across origins made Origin null",
    what: "When a redirect leaves an origin that is not the page's own, the browser sends Origin: null from then on, and drops Authorization. The change from https to http of the same host counts. The server at the end does not know 'null', or answers with the page's origin, which no longer matches.",
    recognise: "A request with Origin: null right after a redirect to another origin of the same call.",
    disproof: "the page itself has no origin (a sandboxed frame, a file).",
    links: &["https://fetch.spec.whatwg.org/#concept-request-tainted-origin"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[
        "forwarded-proto-ignored",
        "forwarded-proto-malformed",
        "forwarded-proto-overwritten",
        "forwarded-headers-absent",
        "login-redirect",
    ],
};

impl Rule for OriginNull {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![Fix {
            server: "the backend",
            change: "redirect within one origin, or let the page call the final URL itself".to_owned(),
            caution: Some("Do not allow the origin 'null': every sandboxed frame of every site has it.".to_owned()),
        }]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let failure = case.failure()?;
        let failed = failed_hop(case)?;
        let mut before = case.judgement.hops.iter().take(failure.hop);
        let redirect = before.rfind(|hop| hop.answer.as_ref().is_some_and(|answer| answer.location.is_some()));
        let leads = redirect.map(|hop| format!(" after the redirect of {}", path(&hop.url))).unwrap_or_default();
        Some(Diagnosis {
            story: format!(
                "{} was asked with Origin: null{leads}, since the redirect left an origin that is not the page's own ({}).",
                failed.hop.url,
                case.page_origin()
            ),
            evidence: vec![failed.request_evidence("origin"), failed.response_evidence("access-control-allow-origin")],
            fixes: self.fixes().into(),
        })
    }
}

/// Whether a hop carried `null` instead of the page's origin, since a redirect took it.
pub(super) fn is_tainted(case: &Case<'_>, seen: &SeenHop<'_>) -> bool {
    seen.hop.origin.as_deref() == Some("null") && case.page_origin() != "null"
}

/// The failures that another origin could have spared.
const ERRORS: [Error; 7] = [
    Error::MissingAllowOriginHeader,
    Error::AllowOriginMismatch,
    Error::InvalidAllowOriginValue,
    Error::PreflightMissingAllowOriginHeader,
    Error::PreflightAllowOriginMismatch,
    Error::PreflightInvalidAllowOriginValue,
    Error::PreflightInvalidStatus,
];

/// The hop that failed, where it carried `null` instead of the page's origin, and where that may
/// matter: servers that break, and load balancers, answer all origins alike.
fn failed_hop<'a>(case: &'a Case<'_>) -> Option<&'a SeenHop<'a>> {
    let failed = case.failed_with(&ERRORS)?;
    let is_about_status = case.failure()?.error == Error::PreflightInvalidStatus;
    let refused = if is_about_status { is_said(failed.body(), "origin") } else { failed.response.status < 500 };
    (is_tainted(case, failed) && refused && !failed.is_by_load_balancer()).then_some(failed)
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn null_after_a_redirect_is_named() {
        let first = exchange("GET", "https://request.example/items")
            .page("https://client.example")
            .status(302)
            .answer("Location", "https://other.example/x")
            .shared_with("https://client.example");
        let second =
            exchange("GET", "https://other.example/x").page("null").at(5).shared_with("https://client.example");
        assert_eq!(diagnosed([first, second]).by_chain, [["origin-null-after-redirect"]]);
    }

    #[test]
    fn a_server_that_breaks_would_have_broken_for_any_origin() {
        let first = exchange("GET", "https://request.example/items")
            .page("https://client.example")
            .status(302)
            .answer("Location", "https://other.example/x")
            .shared_with("https://client.example");
        let second = exchange("GET", "https://other.example/x").page("null").at(5).status(500);
        assert_eq!(diagnosed([first, second]).by_chain, [["error-without-cors"]]);
    }

    #[test]
    fn a_page_without_an_origin_is_something_else() {
        let sandboxed = exchange("GET", "https://request.example/x").page("null");
        assert_eq!(diagnosed([sandboxed]).by_chain, [["origin-not-allowed"]]);
    }
}
