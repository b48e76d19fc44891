//! Each root cause with calls that show it, and calls that look alike and must not be taken for it.
//!
//! `findings/<id>.ndjson` shows the cause, `<id>.<variant>.ndjson` shows it at another server or by
//! other evidence, `<id>.lookalike.ndjson` does not show it. `findings/expected.json` names, for each
//! file, every finding with its severity.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up shall fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use corscope::analyzer::{Analysis, Options, analyze_exchanges};
use corscope::diagnose::{Severity, explanations};
use corscope::import::exchange_file::Importer;

#[test]
fn every_file_shows_what_is_expected_of_it() {
    let expected = expected();
    let found: BTreeMap<String, Vec<String>> =
        names().into_iter().map(|name| (name.clone(), findings(&name))).collect();
    let differing: Vec<String> = found
        .iter()
        .filter(|(name, findings)| expected.get(*name) != Some(findings))
        .map(|(name, findings)| format!("{name}: expected {:?}, found {findings:?}", expected.get(name)))
        .collect();
    assert!(differing.is_empty(), "\n{}", differing.join("\n"));
    assert_eq!(found.len(), expected.len(), "a file is missing");
}

#[test]
fn every_cause_has_a_file_that_shows_it_and_one_that_does_not() {
    let expected = expected();
    for cause in explanations() {
        let says = |file: &str| {
            let findings = expected.get(file).unwrap_or_else(|| panic!("there is no findings/{file}.ndjson"));
            findings.iter().any(|finding| finding.starts_with(&format!("{} ", cause.id)))
        };
        assert!(says(cause.id), "{}", cause.id);
        assert!(!says(&format!("{}.lookalike", cause.id)), "{}", cause.id);
    }
}

#[test]
fn every_finding_stands_on_evidence_and_says_what_would_disprove_it() {
    for name in names() {
        for finding in analysis(&name).findings {
            assert!(!finding.evidence.is_empty() && !finding.fixes.is_empty(), "{name}: {}", finding.id);
            assert!(finding.evidence.iter().all(|piece| piece.frame.is_some()), "{name}: {} has no frame", finding.id);
            assert!(!finding.disproof.is_empty(), "{name}: {}", finding.id);
        }
    }
}

#[test]
fn what_decides_is_named_first() {
    for (name, first) in [
        ("ranked.redirect-without-cors", "origin-not-allowed"),
        ("ranked.flask-preflight", "preflight-redirected"),
        ("forwarded-proto-ignored.kestrel", "forwarded-proto-ignored"),
        ("preflight-needs-credentials.login", "preflight-needs-credentials"),
    ] {
        assert_eq!(analysis(name).chains.first().unwrap().findings().first(), Some(&first), "{name}");
    }
}

fn findings(name: &str) -> Vec<String> {
    let severity = |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    analysis(name).findings.iter().map(|finding| format!("{} {}", finding.id, severity(finding.severity))).collect()
}

fn analysis(name: &str) -> Analysis {
    let text = fs::read(folder().join(format!("{name}.ndjson"))).unwrap();
    let mut exchanges = Vec::new();
    let mut importer = Importer::new(name.into());
    importer.push(&text, &mut |read| exchanges.push(read.unwrap().into()));
    importer.finish(&mut |read| exchanges.push(read.unwrap().into()));
    analyze_exchanges(Vec::new(), exchanges, &Options::default())
}

fn expected() -> BTreeMap<String, Vec<String>> {
    serde_json::from_str(&fs::read_to_string(folder().join("expected.json")).unwrap()).unwrap()
}

/// The files, by name without extension.
fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "ndjson"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings")
}
