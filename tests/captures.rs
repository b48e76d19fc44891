//! The captures of real servers in `captures/`, each with the report that is expected of it.
//!
//! `BLESS=1 cargo test --test captures` writes the reports anew: read the difference before
//! committing it.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up shall fail"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{analysis, corscope, finding_ids, outcomes, shipped};

#[test]
fn every_capture_gives_the_report_beside_it() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut differing = Vec::new();
    for capture in captures() {
        for (extension, format) in [("txt", "text"), ("json", "json"), ("md", "markdown")] {
            let name = capture.file_name().unwrap().to_str().unwrap();
            let output = corscope(&["analyze", "--format", format, name]);
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            let expected = Path::new("captures/expected").join(capture.with_extension(extension).file_name().unwrap());
            if bless {
                fs::write(&expected, &output.stdout).unwrap();
            } else if fs::read(&expected).ok().as_deref() != Some(&output.stdout[..]) {
                differing.push(expected.display().to_string());
            }
        }
    }
    assert!(differing.is_empty(), "other than expected (BLESS=1 writes them anew):\n{}", differing.join("\n"));
}

#[test]
fn the_canonical_bug_is_found_with_its_frame_and_its_fix() {
    let analysis = analysis(&shipped("fastapi-broken.pcapng"));
    let chain = &analysis["chains"][0];
    assert_eq!(chain["verdict"]["error"], "MixedContent");
    let inferred = &chain["hops"][1];
    assert_eq!((inferred["seen"].as_str(), inferred["answered_by"].as_str()), (Some("inferred"), Some("browser")));
    assert_eq!(chain["findings"][0], "forwarded-proto-ignored");
    let finding = &analysis["findings"][0];
    let location = finding["evidence"].as_array().unwrap().iter().find(|piece| piece["header"] == "location").unwrap();
    assert_eq!(location["frame"], frame_of_first_307("fastapi-broken.pcapng"));
    let fix = finding["fixes"][0]["change"].as_str().unwrap();
    assert!(fix.contains("--forwarded-allow-ips '127.0.0.9'"), "{fix}");
}

#[test]
fn the_mended_servers_block_nothing() {
    for capture in
        ["fastapi-fixed-flag.pcapng", "fastapi-fixed-middleware.pcapng", "preflighted-put.pcap", "healthy.pcapng"]
    {
        let analysis = analysis(&shipped(capture));
        assert_eq!(finding_ids(&analysis), [""; 0], "{capture}");
        let outcomes = outcomes(&analysis);
        assert!(!outcomes.is_empty() && outcomes.iter().all(|it| it == "allowed" || it == "not-cors"), "{outcomes:?}");
    }
}

#[test]
fn each_broken_server_has_its_cause() {
    for (capture, expected) in [
        ("fastapi-http-page.pcap", "forwarded-proto-ignored"),
        ("hypercorn-broken.pcap", "forwarded-proto-ignored"),
        ("express-broken.pcap", "forwarded-proto-ignored"),
        ("flask-preflight-redirect.pcapng", "preflight-redirected"),
        ("fastapi-error-500.pcapng", "error-without-cors"),
        ("fastapi-auth-before-cors.pcapng", "preflight-needs-credentials"),
        ("fastapi-rate-limit.pcap", "response-outside-cors-layer"),
        ("fastapi-origin-not-allowed.pcapng", "origin-not-allowed"),
        ("wildcard-credentials.pcap", "wildcard-with-credentials"),
    ] {
        let ids = finding_ids(&analysis(&shipped(capture)));
        assert!(ids.iter().any(|id| id == expected), "{capture}: {ids:?}");
    }
}

#[test]
fn a_capture_in_front_of_the_load_balancer_says_where_to_capture_instead() {
    let analysis = analysis(&shipped("https-in-front.pcap"));
    assert!(analysis["sources"][0]["unread"]["tls"].as_u64().unwrap() > 0);
    let text = String::from_utf8(corscope(&["analyze", "https-in-front.pcap"]).stdout).unwrap();
    assert!(text.contains("tcpdump"), "{text}");
}

#[test]
fn what_extract_writes_every_command_reads_back() {
    for capture in captures() {
        let name = capture.file_name().unwrap().to_str().unwrap();
        let extracted = corscope(&["extract", "--bodies", name]).stdout;
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &extracted).unwrap();
        if extracted.is_empty() {
            continue;
        }
        let again = corscope(&["extract", "--bodies", file.path().to_str().unwrap()]).stdout;
        assert_eq!(String::from_utf8_lossy(&extracted), String::from_utf8_lossy(&again), "{name}");
        let (from_packets, from_exchanges) = (analysis(Path::new(name)), analysis(file.path()));
        assert_eq!(from_packets["chains"], from_exchanges["chains"], "{name}");
        assert_eq!(from_packets["findings"], from_exchanges["findings"], "{name}");
    }
}

/// tshark is the second opinion.
#[test]
fn tshark_sees_the_same_requests_and_statuses() {
    for capture in captures() {
        let name = capture.file_name().unwrap().to_str().unwrap();
        assert_eq!(extracted(name), dissected(&capture), "{name}");
    }
}

/// Frame, and method and target or status, of every message, in order of frames.
fn extracted(name: &str) -> Vec<(u64, String)> {
    let mut messages = Vec::new();
    for line in String::from_utf8(corscope(&["extract", name]).stdout).unwrap().lines() {
        let exchange: serde_json::Value = serde_json::from_str(line).unwrap();
        let request = &exchange["request"];
        if request.is_object() {
            let line = format!("{} {}", request["method"].as_str().unwrap(), request["target"].as_str().unwrap());
            messages.push((exchange["frames"]["request"][1].as_u64().unwrap(), line));
        }
        if let Some(status) = exchange["response"]["status"].as_u64() {
            messages.push((exchange["frames"]["response"][1].as_u64().unwrap(), status.to_string()));
        }
    }
    messages.sort();
    messages
}

/// The same by tshark, which names the frame that completes a message.
fn dissected(capture: &Path) -> Vec<(u64, String)> {
    let fields = ["frame.number", "http.request.method", "http.request.uri", "http.response.code"];
    let mut command = std::process::Command::new("tshark");
    command.args(["-n", "-Y", "http", "-T", "fields", "-r"]).arg(capture);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap_or_else(|error| panic!("tshark ({error}): run tests/setup"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut messages: Vec<(u64, String)> = text
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let what = if fields[1].is_empty() { fields[3].to_owned() } else { format!("{} {}", fields[1], fields[2]) };
            (fields[0].parse().unwrap(), what)
        })
        .collect();
    messages.sort();
    messages
}

fn frame_of_first_307(name: &str) -> u64 {
    let line = extracted(name).into_iter().find(|(_, what)| what == "307").unwrap();
    line.0
}

fn captures() -> Vec<PathBuf> {
    let folder = shipped("");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng"));
    files.sort();
    assert!(!files.is_empty());
    files
}
