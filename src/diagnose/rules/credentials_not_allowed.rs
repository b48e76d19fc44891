//! `Access-Control-Allow-Credentials` is not `true`.

use super::EXAMPLE;
use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path, times};
use crate::diagnose::fixes::{Fixes, List, What};
use crate::diagnose::layers::{self, Change, Names, Setting};
use crate::diagnose::server::Server;
use crate::diagnose::{Fix, Severity};

pub(super) struct CredentialsNotAllowed;

/// When the page may do without them.
const WITHOUT: &str = "Where the call needs no cookies.";

static GENERAL: General = General {
    id: "credentials-not-allowed",
    severity: Severity::Error,
    title: "Access-Control-Allow-Credentials is not 'true'",
    what: "A page that sends cookies (credentials: 'include', withCredentials) may read the answer only when the server says Access-Control-Allow-Credentials: true, in exactly these letters and once.",
    recognise: "A request with a Cookie from another origin is answered with the right Access-Control-Allow-Origin, and without Access-Control-Allow-Credentials: true.",
    disproof: "the call carries no credentials.",
    links: &["https://fetch.spec.whatwg.org/#cors-protocol-and-credentials"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

impl Rule for CredentialsNotAllowed {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        ways(WITHOUT)
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::InvalidAllowCredentials, Error::PreflightInvalidAllowCredentials])?;
        Some(Diagnosis {
            story: format!(
                "The call to {} goes with credentials, and Access-Control-Allow-Credentials is {}.",
                path(&seen.hop.url),
                sent(&seen.response.headers.all("access-control-allow-credentials").collect::<Vec<_>>())
            ),
            evidence: vec![seen.request_evidence("cookie"), seen.response_evidence("access-control-allow-credentials")],
            fixes: ways_for(case, seen, WITHOUT),
        })
    }
}

/// Two lines are joined to one value, and that is not the word either.
fn sent(lines: &[&str]) -> String {
    match lines {
        [] => "absent".to_owned(),
        [value] => format!("'{value}'"),
        lines => format!("sent {}, which browsers join to '{}'", times(lines.len()), lines.join(", ")),
    }
}

/// What lets a page read an answer to its credentials, or do without them: when it may, `caution` says.
pub(super) fn ways(caution: &str) -> Vec<Fix> {
    let names = Names::lacking(&[EXAMPLE]);
    let mut fixes = layers::all_fixes(Change { setting: Setting::Credentials, names });
    fixes.push(without(caution));
    fixes
}

/// The same for the call that failed at this hop.
pub(super) fn ways_for(case: &Case<'_>, seen: &SeenHop<'_>, caution: &str) -> Fixes {
    let server = Server::of(&seen.response.headers);
    let names = [case.page_origin()];
    let setting = List::of(seen, server, What::Setting(Setting::Credentials), Names::lacking(&names));
    Fixes::from(setting).then(without(caution))
}

fn without(caution: &str) -> Fix {
    Fix { server: "client", change: "credentials: 'same-origin'".to_owned(), caution: Some(caution.to_owned()) }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn cookies_need_the_word_true() {
        let call = || {
            exchange("GET", "https://request.example/items")
                .page("https://client.example")
                .behind_balancer()
                .header("Cookie", "s=1")
                .shared_with("https://client.example")
        };
        assert_eq!(diagnosed([call()]).by_chain, [["credentials-not-allowed"]]);
        let once = || call().answer("Access-Control-Allow-Credentials", "true");
        assert!(diagnosed([once()]).by_chain[0].is_empty());
        let twice = diagnosed([once().answer("Access-Control-Allow-Credentials", "true")]);
        let story = &twice.findings[0].story;
        assert!(story.contains("is sent twice, which browsers join to 'true, true'"), "{story}");
    }
}
