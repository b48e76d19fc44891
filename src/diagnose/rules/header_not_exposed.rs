//! The page cannot read a header that it was sent.

use crate::cors::{Outcome, ResponseType, can_read};
use crate::diagnose::case::{Case, Diagnosis, General, Rule, ShowsIn, path};
use crate::diagnose::fixes::{List, What};
use crate::diagnose::layers::{self, Change, Names, Setting, listed};
use crate::diagnose::server::Server;
use crate::diagnose::{Fix, Severity};

pub(super) struct HeaderNotExposed;

static GENERAL: General = General {
    id: "header-not-exposed",
    severity: Severity::Note,
    title: "the page cannot read a header that it was sent",
    what: "Across origins a script may read seven response headers (Cache-Control, Content-Language, Content-Length, Content-Type, Expires, Last-Modified, Pragma) and those that Access-Control-Expose-Headers names. Any other is there on the wire and null in the script: a page that pages through X-Total-Count or names a download after Content-Disposition goes wrong without an error.",
    recognise: "An allowed answer carries a header of the kind that pages read (Link, Content-Disposition, X-Total-Count, RateLimit-…) and Access-Control-Expose-Headers does not name it. With credentials an asterisk exposes nothing.",
    disproof: "the page does not read that header.",
    links: &["https://fetch.spec.whatwg.org/#http-access-control-expose-headers"],
    shows_in: ShowsIn::Any,
    symptom_of: &[],
};

impl Rule for HeaderNotExposed {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        layers::all_fixes(Change { setting: Setting::Expose, names: Names::lacking(&["x-total-count"]) })
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let verdict = &case.judgement.verdict;
        if verdict.outcome != Outcome::Allowed || verdict.response_type != Some(ResponseType::Cors) {
            return None;
        }
        let seen = case.seen_hops().last().filter(|seen| !seen.is_preflight())?;
        let credentials = case.judgement.asked.credentials;
        let hidden: Vec<&'static str> = READ_BY_PAGES
            .into_iter()
            .filter(|(name, when)| when(seen.response.status) && seen.response.headers.has(name))
            .map(|(name, _)| name)
            .filter(|name| !can_read(ResponseType::Cors, &seen.response.headers, credentials, name))
            .collect();
        if hidden.is_empty() {
            return None;
        }
        let mut exposed = listed(seen.answered("access-control-expose-headers").unwrap_or_default());
        exposed.retain(|name| *name != "*");
        let mut evidence = vec![seen.response_evidence("access-control-expose-headers")];
        evidence.extend(hidden.iter().map(|name| seen.response_evidence(name)));
        Some(Diagnosis {
            story: format!(
                "The answer for {} carries {}, which the page's script cannot read: Access-Control-Expose-Headers does not name {}.",
                path(&seen.hop.url),
                hidden.join(", "),
                if hidden.len() == 1 { "it" } else { "them" }
            ),
            evidence,
            fixes: List::of(
                seen,
                Server::of(&seen.response.headers),
                What::Setting(Setting::Expose),
                Names { there: &exposed, wanted: &hidden },
            )
            .into(),
        })
    }
}

/// Whether a header tells a page something, by the answer's status.
type When = fn(u16) -> bool;

/// Headers that are sent for a page's script to read, and with which statuses. What every answer
/// carries (Date, Server, `ETag`) is not among them.
const READ_BY_PAGES: [(&str, When); 20] = [
    ("content-disposition", always),
    ("link", always),
    ("location", created),
    ("content-range", partial),
    ("retry-after", limited),
    ("x-total-count", always),
    ("x-total", always),
    ("x-total-pages", always),
    ("x-page", always),
    ("x-per-page", always),
    ("x-next-page", always),
    ("x-prev-page", always),
    ("x-pagination", always),
    ("x-ratelimit-limit", always),
    ("x-ratelimit-remaining", always),
    ("x-ratelimit-reset", always),
    ("ratelimit", always),
    ("authorization", always),
    ("x-auth-token", always),
    ("x-csrf-token", always),
];

fn always(_status: u16) -> bool {
    true
}

fn created(status: u16) -> bool {
    matches!(status, 201 | 202)
}

fn partial(status: u16) -> bool {
    status == 206
}

fn limited(status: u16) -> bool {
    matches!(status, 429 | 503)
}

#[cfg(test)]
mod tests {
    use crate::diagnose::Severity;
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn page_of_items() -> Builder {
        exchange("GET", "https://request.example/items")
            .page("https://client.example")
            .behind_balancer()
            .shared_with("https://client.example")
            .answer("X-Total-Count", "1000")
    }

    #[test]
    fn what_pages_read_should_be_exposed() {
        let found = diagnosed([page_of_items()]);
        assert_eq!(found.by_chain, [["header-not-exposed"]]);
        assert_eq!(found.findings[0].severity, Severity::Note);
    }

    #[test]
    fn what_is_exposed_or_read_by_nobody_is_not_told() {
        assert!(
            diagnosed([page_of_items().answer("Access-Control-Expose-Headers", "x-total-count")]).findings.is_empty()
        );
        let plain = exchange("GET", "https://request.example/items").page("https://client.example");
        let plain = plain.shared_with("https://client.example").answer("ETag", "\"1\"").answer("Server", "x");
        assert!(diagnosed([plain]).findings.is_empty());
    }
}
