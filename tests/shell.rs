//! The program as scripts see it: its output, its exit status, what it says when it cannot.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up shall fail")]

mod common;

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Output, Stdio};

use common::{command, corscope};

/// A call that is blocked (`/items` is redirected to http) with secrets in it, and one that is allowed.
const CALLS: &str = r#"{"id":"a","source":"backend.pcap","frames":{"request":[1,1],"response":[2,2]},"client":"10.0.1.5:41022","server":"10.0.1.20:8000","request":{"time":"2026-11-23T07:00:00.000001Z","method":"GET","target":"/items?token=s3cr3t","headers":[["Host","request.example.com"],["X-Forwarded-Proto","https"],["X-Forwarded-For","203.0.113.50"],["Origin","https://client.example.com"],["Sec-Fetch-Mode","cors"],["Cookie","sid=s3cr3t"]]},"response":{"time":"2026-11-23T07:00:00.000002Z","status":307,"headers":[["server","uvicorn"],["location","http://request.example.com/items/?token=s3cr3t"],["access-control-allow-origin","https://client.example.com"],["access-control-allow-credentials","true"]]}}
{"id":"b","source":"backend.pcap","request":{"time":"2026-11-23T07:00:05Z","method":"GET","target":"/ok","headers":[["Host","request.example.com"],["X-Forwarded-Proto","https"],["X-Forwarded-For","203.0.113.50"],["Origin","https://client.example.com"],["Sec-Fetch-Mode","cors"]]},"response":{"time":"2026-11-23T07:00:06Z","status":200,"headers":[["access-control-allow-origin","*"]]}}
"#;

/// A file for one test, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = fs::remove_file(&self.0);
    }
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn piped(arguments: &[&str], input: &[u8]) -> Output {
    let mut child =
        command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn the_end_of_the_text_says_what_to_change() {
    let file = Scratch::new("end.ndjson", CALLS);
    let (code, text, errors) = told(&corscope(&["analyze", file.path()]));
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(text.contains("2 calls:  ✗ 1 blocked  ✓ 1 allowed"), "{text}");
    let end: Vec<&str> = text.trim_end().lines().rev().take(10).collect();
    assert!(end.iter().any(|line| line.contains("change   uvicorn app:app --proxy-headers")), "{text}");
}

#[test]
fn exit_statuses_are_as_promised() {
    let file = Scratch::new("status.ndjson", CALLS);
    let status = |more: &[&str]| told(&corscope(&[&["analyze", file.path()], more].concat())).0;
    assert_eq!(status(&[]), 0);
    assert_eq!(status(&["--fail-on", "blocked"]), 1);
    assert_eq!(status(&["--fail-on", "undetermined,nothing"]), 0);
    assert_eq!(status(&["--fail-on", "nothing", "--fail-on", "finding"]), 1);
    assert_eq!(status(&["--fail-on", "blocked", "--filter", "path:/ok"]), 0);
    assert_eq!(status(&["--fail-on", "everything"]), 2);
    assert_eq!(status(&["--filter", "colour:red"]), 2);
}

#[test]
fn what_cannot_be_read_is_named_in_one_line() {
    let cases: [(&[u8], &str); 4] = [
        (b"", "is empty"),
        (b"PK\x03\x04\x14\0", "is a zip archive, which may hold any number of files: unpack it first (unzip)"),
        (b"{\"a\": 1}\n", "line 1, byte 7: missing field `request`"),
        (b"hello\n", "is text of an unknown kind"),
    ];
    for (content, reason) in cases {
        let (code, out, errors) = told(&piped(&["analyze", "-"], content));
        assert_eq!((code, out.as_str(), errors.lines().count()), (2, "", 1), "{errors}");
        assert!(errors.contains("standard input") && errors.contains(reason), "{errors}");
    }
    let (code, _, errors) = told(&corscope(&["analyze", "there-is-no.pcap"]));
    assert_eq!(
        (code, errors.as_str()),
        (2, "corscope: there-is-no.pcap: cannot be opened: no such file or directory\n")
    );
    for command in ["analyze", "extract"] {
        let (code, _, errors) = told(&corscope(&[command, ""]));
        assert_eq!(
            (code, errors.as_str()),
            (2, "corscope: '' (an empty name): cannot be opened: no such file or directory\n")
        );
    }
}

#[test]
fn a_source_named_twice_is_warned_of() {
    let file = Scratch::new("twice.ndjson", CALLS);
    let (code, text, errors) = told(&corscope(&["analyze", file.path(), file.path(), file.path()]));
    assert_eq!(code, 0);
    assert!(text.contains("6 calls:"), "{text}");
    let warning = format!("{}: is named more than once, and its calls are counted as often\n", file.path());
    assert_eq!(errors, format!("corscope: warning: {warning}"));
}

#[test]
fn a_url_that_no_browser_takes_is_warned_of_and_kept() {
    let file = Scratch::new("url.ndjson", CALLS.replace(r#""target":"/ok""#, r#""target":"/ok","url":"https://a b/""#));
    let (code, text, errors) = told(&corscope(&["analyze", file.path()]));
    assert_eq!(code, 0);
    assert!(text.contains("1 call: "), "{text}");
    let warning = "1 request.url(s) are no URL that a browser takes, and in no call: first 'https://a b/' of b\n";
    assert!(errors.ends_with(warning), "{errors}");
    let (_, out, _) = told(&corscope(&["extract", file.path()]));
    assert!(out.contains(r#""url":"https://a b/""#), "{out}");
}

#[test]
fn what_is_said_of_calls_gives_way_to_what_they_tell() {
    let file = Scratch::new("said.ndjson", CALLS);
    let said = ["--page-origin", "https://said.example", "--mode", "no-cors"];
    for format in ["text", "markdown", "json"] {
        let arguments = [&["analyze", file.path(), "--all", "--format", format][..], &said].concat();
        let (code, text, errors) = told(&corscope(&arguments));
        assert_eq!(code, 0);
        assert!(text.contains("https://client.example.com") && !text.contains("said.example"), "{text}");
        let warnings = [
            "--page-origin https://said.example: the requests of 2 calls tell https://client.example.com, which counts",
            "--mode no-cors: the requests of 2 calls tell cors, which counts",
        ];
        assert_eq!(errors, warnings.map(|warning| format!("corscope: warning: {warning}\n")).concat());
    }
}

#[test]
fn what_is_said_of_calls_fills_gaps_and_is_drawn_nowhere_as_captured() {
    let silent = r#"{"request":{"time":"2026-11-23T07:00:00Z","method":"GET","url":"https://request.example.com/a","headers":[]},"response":{"time":"2026-11-23T07:00:00Z","status":200,"headers":[]}}"#;
    let file = Scratch::new("gap.ndjson", silent);
    let said = ["analyze", file.path(), "--page-origin", "https://said.example", "--mode", "cors"];
    let (code, text, errors) = told(&corscope(&said));
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(text.contains("asked by a page of https://said.example"), "{text}");
    assert!(text.contains("BLOCKED") && !text.contains("Origin: "), "{text}");
    let (_, json, _) = told(&corscope(&[&said[..], &["--format", "json"]].concat()));
    let analysis: serde_json::Value = serde_json::from_str(&json).unwrap();
    let chain = &analysis["chains"][0];
    assert_eq!((&chain["page_origin"], &chain["request"]["mode"]), (&"https://said.example".into(), &"cors".into()));
    assert!(chain["hops"][0]["request"]["origin"].is_null());
}

#[test]
fn a_bad_line_is_warned_of_and_the_rest_is_read() {
    let file = Scratch::new("bad.ndjson", format!("{{\"request\": 5}}\n{CALLS}"));
    let (code, out, errors) = told(&corscope(&["extract", file.path()]));
    assert_eq!((code, out.lines().count()), (0, 2));
    assert!(errors.contains("line 1, byte 12: invalid type"), "{errors}");
}

#[test]
fn whoever_closes_the_pipe_is_not_complained_to() {
    let many: String = (0..5_000).map(|n| CALLS.replace("\"id\":\"", &format!("\"id\":\"{n}"))).collect();
    let file = Scratch::new("many.ndjson", many);
    let mut child = command(&["extract", file.path()]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let (code, _, errors) = told(&child.wait_with_output().unwrap());
    assert_eq!((code, errors.as_str()), (0, ""));
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_a_problem() {
    let file = Scratch::new("full.ndjson", CALLS);
    for arguments in [["analyze", file.path()], ["extract", file.path()]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let (code, _, errors) = told(&command(&arguments).stdout(full).output().unwrap());
        assert_eq!(
            (code, errors.as_str()),
            (2, "corscope: cannot write to standard output: no space left on device\n")
        );
    }
}

#[test]
fn secrets_are_masked_unless_asked_for() {
    let file = Scratch::new("secret.ndjson", CALLS);
    for format in ["text", "json", "markdown"] {
        let arguments = ["analyze", file.path(), "--format", format];
        let (_, masked, _) = told(&corscope(&arguments));
        assert!(!masked.contains("s3cr3t") && masked.contains("[redacted]"), "{masked}");
        let (_, shown, _) = told(&corscope(&[&arguments[..], &["--show-secrets"]].concat()));
        assert!(shown.contains("token=s3cr3t"), "{shown}");
    }
    let (_, exact, _) = told(&corscope(&["extract", file.path()]));
    assert!(exact.contains("sid=s3cr3t") && !exact.contains("redacted"));
    let (_, masked, _) = told(&corscope(&["extract", "--redact", file.path()]));
    assert!(!masked.contains("s3cr3t") && masked.contains(r#""redacted":["?token","cookie"]"#), "{masked}");
}

#[test]
fn what_extract_writes_every_command_reads() {
    let file = Scratch::new("again.ndjson", CALLS);
    let once = corscope(&["extract", file.path()]).stdout;
    assert_eq!(piped(&["extract", "-"], &once).stdout, once);
    let analysis =
        |output: Output| serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["chains"].clone();
    let arguments = ["analyze", "--format", "json"];
    let direct = analysis(corscope(&[&arguments[..], &[file.path()]].concat()));
    assert_eq!(analysis(piped(&[&arguments[..], &["-"]].concat(), &once)), direct);
}

#[test]
fn a_filter_extracts_the_exchanges_of_the_calls_it_lets_through() {
    let file = Scratch::new("filter.ndjson", CALLS);
    let (_, out, _) = told(&corscope(&["extract", file.path(), "--filter", "finding:forwarded-proto-ignored"]));
    assert_eq!(out.lines().count(), 1);
    assert!(out.contains(r#""id":"a""#));
}

#[test]
fn the_output_does_not_depend_on_the_threads() {
    let files: Vec<Scratch> = (0..9).map(|n| Scratch::new(&format!("part{n}.ndjson"), CALLS)).collect();
    let sources: Vec<&str> = files.iter().map(Scratch::path).collect();
    for command in ["analyze", "extract"] {
        let run = |threads: &str| corscope(&[&[command, "--threads", threads], &sources[..]].concat()).stdout;
        let alone = run("1");
        assert!(!alone.is_empty());
        assert_eq!(run("7"), alone);
    }
    let out = told(&corscope(&[&["extract"], &sources[..]].concat())).1;
    let ids: std::collections::BTreeSet<&str> = out.lines().map(|line| line.split('"').nth(7).unwrap()).collect();
    assert_eq!(ids.len(), 18, "an id is unique in one run");
}

#[test]
fn colours_and_characters_are_as_asked_for() {
    let file = Scratch::new("colour.ndjson", CALLS);
    let text = |more: &[&str]| told(&corscope(&[&["analyze", file.path()], more].concat())).1;
    assert!(!text(&[]).contains('\x1b'));
    assert!(text(&["--color", "always"]).contains("\x1b["));
    assert!(text(&["--ascii"]).is_ascii());
    let output = command(&["analyze", file.path()]).env("LC_ALL", "C").output().unwrap();
    assert!(output.stdout.is_ascii());
}

#[test]
fn every_finding_is_explained_and_a_slip_of_the_hand_forgiven() {
    let (code, list, _) = told(&corscope(&["explain"]));
    assert_eq!(code, 0);
    assert!(list.contains("forwarded-proto-ignored"));
    let (code, one, _) = told(&corscope(&["explain", "forwarded-proto-ignored"]));
    assert_eq!(code, 0);
    assert!(one.contains("HOW TO RECOGNISE IT") && one.contains("FIX"));
    let (code, _, errors) = told(&corscope(&["explain", "forwarded-proto-ignord"]));
    assert_eq!(code, 2);
    assert!(errors.contains("the nearest are forwarded-proto-ignored"), "{errors}");
}

#[test]
fn help_manual_and_completions_come_from_one_description() {
    for arguments in [&["--help"][..], &["analyze", "--help"], &["man"], &["man", "analyze"], &["completions", "bash"]]
    {
        let (code, out, errors) = told(&corscope(arguments));
        assert_eq!((code, errors.as_str()), (0, ""));
        assert!(out.contains("corscope"), "{arguments:?}");
    }
    let (_, page, _) = told(&corscope(&["man", "analyze"]));
    assert!(page.contains(".SH EXAMPLES\n.nf\ncorscope analyze backend.pcap\n"), "{page}");
    assert!(page.contains("\\fBcorscope analyze\\fR [\\fB\\-\\-threads\\fR \\fIN\\fR] "), "{page}");
    assert!(page.contains(" [\\fB\\-\\-fail\\-on\\fR \\fIWHAT\\fR]... "), "{page}");
    assert!(page.contains(" \\fISOURCE\\fR...\n"), "{page}");
    assert_eq!(told(&corscope(&["man", "coffee"])).0, 2);
    for shell in ["bash", "zsh", "fish"] {
        let (_, script, _) = told(&corscope(&["completions", shell]));
        assert!(script.contains("forwarded-proto-ignored"), "{shell}: explain is offered no id");
    }
}

#[test]
fn wrong_usage_is_told_in_one_line() {
    for arguments in [&[][..], &["analyze"], &["look", "x"], &["analyze", "x", "--mode", "kors"], &["analyze", "--no"]]
    {
        let (code, out, errors) = told(&corscope(arguments));
        assert_eq!((code, out.as_str(), errors.lines().count()), (2, "", 1), "{errors}");
        assert!(errors.starts_with("corscope: ") && errors.ends_with(" --help\n"), "{errors}");
    }
}

#[test]
fn a_fix_is_tried_on_paper() {
    let told = |arguments: &[&str]| String::from_utf8(corscope(arguments).stdout).unwrap();
    let text = told(&["analyze", "fastapi-broken.pcapng", "--what-if", "trust-proxy"]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("what if: trust-proxy") && text.contains("The browser would allow the call"), "{text}");
    let json = told(&["analyze", "fastapi-broken.pcapng", "--what-if", "trust-proxy", "--format", "json"]);
    let analysis: serde_json::Value = serde_json::from_str(&json).unwrap();
    let call = &analysis["chains"][0];
    assert_eq!((&call["verdict"]["outcome"], &call["what_if"]["outcome"]), (&"blocked".into(), &"allowed".into()));
    assert_eq!(call["what_if"]["changes"][0]["after"], "https://request.example.com/items/");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let sources = ["healthy.pcapng", "fastapi-broken.pcapng", "express-broken.pcap"];
    for arguments in [&["extract"][..], &["analyze"], &["analyze", "--format", "json"]] {
        let with = |threads: &str| corscope(&[arguments, &sources, &["--threads", threads]].concat()).stdout;
        let one = with("1");
        assert!(!one.is_empty());
        for threads in ["2", "4"] {
            assert!(with(threads) == one, "{arguments:?} with {threads} threads");
        }
    }
}
