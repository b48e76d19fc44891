//! The verdicts of real browsers and of the standard, case by case.
//!
//! `verdicts/chromium.ndjson` and `firefox.ndjson` hold page calls as Chromium 156 and Firefox ESR
//! 153 made them, with what came of each; `standard.ndjson` holds cases of the web platform tests
//! and of the Fetch standard. One case a line: `id`, `expected`, and its `exchanges` in the form of
//! an exchange file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up shall fail")]

use std::path::Path;

use corscope::analyzer::{Analysis, Options, analyze_exchanges};
use corscope::cors::{Browser, Outcome, ResponseType, Verdict};
use corscope::import::exchange_file::Importer;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    id: String,
    expected: Expected,
    exchanges: Vec<Value>,
}

/// What came of the call; what is absent was not recorded.
#[derive(Deserialize)]
struct Expected {
    allowed: bool,
    error: Option<String>,
    message: Option<String>,
    response_type: Option<String>,
    visible_headers: Option<Vec<String>>,
}

#[test]
fn chromium_decides_and_says_so() {
    agree(Browser::Chromium, "chromium.ndjson", |verdict| verdict.message.chromium.as_deref());
}

#[test]
fn firefox_decides_and_says_so() {
    agree(Browser::Firefox, "firefox.ndjson", |verdict| verdict.message.firefox.first().map(String::as_str));
}

#[test]
fn the_standard_decides() {
    agree(Browser::Standard, "standard.ndjson", |_| None);
}

fn agree(browser: Browser, file: &str, message: impl Fn(&Verdict) -> Option<&str>) {
    let cases = cases(file);
    assert!(!cases.is_empty(), "{file} holds no case");
    let mut differences = Vec::new();
    for case in &cases {
        let analysis = analysis(browser, case);
        let verdict = analysis.reports().last().map(|call| call.judgement.verdict);
        let difference = match verdict {
            Some(verdict) => difference(&case.expected, &verdict, message(&verdict)),
            None => Some("no chain".to_owned()),
        };
        differences.extend(difference.map(|difference| format!("{}: {difference}", case.id)));
    }
    assert!(
        differences.is_empty(),
        "{} of {} cases differ:\n{}",
        differences.len(),
        cases.len(),
        differences.join("\n")
    );
}

fn difference(expected: &Expected, verdict: &Verdict, message: Option<&str>) -> Option<String> {
    let allowed = match &verdict.outcome {
        Outcome::Allowed | Outcome::NotCors => true,
        Outcome::Blocked(_) => false,
        Outcome::Undetermined(missing) => return Some(format!("undetermined: {missing}")),
    };
    if allowed != expected.allowed {
        return Some(format!("expected allowed: {}, got {:?}", expected.allowed, verdict.outcome));
    }
    let error = verdict.outcome.failure().map(|failure| failure.error.name());
    if expected.error.is_some() && expected.error.as_deref() != error {
        return Some(format!("expected error {:?}, got {error:?}", expected.error));
    }
    if expected.message.is_some() && expected.message.as_deref() != message {
        return Some(format!("expected message\n  {:?}\ngot\n  {message:?}", expected.message));
    }
    let kind = verdict.response_type.map(response_type);
    if expected.response_type.is_some() && expected.response_type.as_deref() != kind {
        return Some(format!("expected response type {:?}, got {kind:?}", expected.response_type));
    }
    let visible = &verdict.visible_headers;
    let differs = expected.visible_headers.as_ref().is_some_and(|expected| expected != visible);
    differs.then(|| format!("expected readable headers {:?}, got {visible:?}", expected.visible_headers))
}

fn response_type(kind: ResponseType) -> &'static str {
    match kind {
        ResponseType::Basic => "basic",
        ResponseType::Cors => "cors",
        ResponseType::Opaque => "opaque",
        ResponseType::OpaqueRedirect => "opaqueredirect",
    }
}

fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verdicts").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn analysis(browser: Browser, case: &Case) -> Analysis {
    let mut exchanges = Vec::new();
    let mut importer = Importer::new(case.id.as_str().into());
    for line in &case.exchanges {
        importer.push(format!("{line}\n").as_bytes(), &mut |read| exchanges.push(read.unwrap().into()));
    }
    analyze_exchanges(Vec::new(), exchanges, &Options { browser, ..Options::default() })
}
