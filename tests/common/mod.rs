//! The built program, run as its users run it.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up shall fail"
)]

pub(crate) mod tmux;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A file of `captures/`.
pub(crate) fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)
}

/// Runs the program in `captures/`, in a terminal of 100 columns.
pub(crate) fn corscope(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// The program in `captures/`, with an environment that does not depend on who runs the tests.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corscope"));
    command.args(arguments).current_dir(shipped(""));
    command.env("COLUMNS", "100").env("LC_ALL", "C.UTF-8");
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

/// The analysis of a capture, as `analyze --format json` prints it.
pub(crate) fn analysis(capture: &Path) -> Value {
    let output = corscope(&["analyze", "--format", "json", capture.to_str().unwrap()]);
    assert!(output.status.success(), "{}: {}", capture.display(), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The ids of an analysis's findings.
pub(crate) fn finding_ids(analysis: &Value) -> Vec<String> {
    texts(&analysis["findings"], |finding| &finding["id"])
}

/// The outcome of each chain.
pub(crate) fn outcomes(analysis: &Value) -> Vec<String> {
    texts(&analysis["chains"], |chain| &chain["verdict"]["outcome"])
}

fn texts(list: &Value, field: impl Fn(&Value) -> &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| field(item).as_str().unwrap().to_owned()).collect()
}
