//! Two layers both add `Access-Control-Allow-Origin`.

use crate::cors::{Error, Failure};
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path, times};
use crate::diagnose::{Fix, Severity};

pub(super) struct AllowOriginRepeated;

static GENERAL: General = General {
    id: "allow-origin-repeated",
    severity: Severity::Error,
    title: "Access-Control-Allow-Origin has more than one value",
    what: "The application and a proxy in front of it (or two middlewares) each add the header. Browsers join the lines, and the joined value equals no origin, not even where both lines are the same.",
    recognise: "Two Access-Control-Allow-Origin lines in one response, or one with a comma or a blank in its value.",
    disproof: "there is one line, with one value.",
    links: &["https://github.com/corydolphin/flask-cors/issues/215", "https://github.com/cyu/rack-cors/issues/55"],
    shows_in: ShowsIn::Blocked,
    symptom_of: &[],
};

impl Rule for AllowOriginRepeated {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![
            Fix {
                server: "nginx",
                change: "proxy_hide_header Access-Control-Allow-Origin;".to_owned(),
                caution: Some(
                    "Where nginx shall own the header; otherwise remove its add_header. One layer only may add it."
                        .to_owned(),
                ),
            },
            Fix {
                server: "the backend",
                change: "send one origin: the request's own, when it is on the list".to_owned(),
                caution: Some("The header takes no list; add Vary: Origin.".to_owned()),
            },
        ]
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let seen = case.failed_with(&[Error::MultipleAllowOriginValues, Error::PreflightMultipleAllowOriginValues])?;
        Some(Diagnosis {
            story: format!("The answer for {} carries {}", path(&seen.hop.url), carried(seen, case.failure()?)),
            evidence: vec![seen.response_evidence("access-control-allow-origin")],
            fixes: self.fixes().into(),
        })
    }
}

/// Two lines are of two layers, one line with a list is of one.
fn carried(seen: &SeenHop<'_>, failure: &Failure) -> String {
    const NAME: &str = "Access-Control-Allow-Origin";
    let together = &failure.parameter;
    let lines = seen.response.headers.all("access-control-allow-origin").count();
    let values = together.split([',', ' ']).filter(|value| !value.is_empty()).count();
    match (lines, values) {
        (2.., _) => format!("{NAME} {}; together the lines read '{together}'.", times(lines)),
        (_, 2..) => format!("one {NAME} line with {values} values: '{together}'. The header takes one."),
        _ => format!("one {NAME} line with '{together}', which browsers read as a list. The header takes one value."),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn a_second_line_spoils_the_first() {
        let call = || {
            exchange("GET", "https://request.example/items")
                .page("https://client.example")
                .behind_balancer()
                .shared_with("https://client.example")
        };
        assert_eq!(diagnosed([call().shared_with("https://client.example")]).by_chain, [["allow-origin-repeated"]]);
        assert!(diagnosed([call()]).by_chain[0].is_empty());
    }

    #[test]
    fn two_lines_are_told_from_one_with_a_list() {
        let call = || exchange("GET", "https://request.example/items").page("https://client.example");
        let twice = diagnosed([call().shared_with("https://client.example").shared_with("*")]);
        assert!(twice.findings[0].story.contains("Access-Control-Allow-Origin twice"), "{}", twice.findings[0].story);
        assert_eq!(twice.findings[0].evidence[0].value, "https://client.example, * (sent twice)");
        let list = diagnosed([call().shared_with("https://client.example, *")]);
        assert!(list.findings[0].story.contains("one Access-Control-Allow-Origin line with 2 values"));
        assert_eq!(list.findings[0].evidence[0].value, "https://client.example, *");
    }
}
