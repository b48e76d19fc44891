//! The whole way with real parts: `captures/record` starts the servers and the load balancer,
//! makes the page's calls, captures, and what corscope says of the fresh captures is what it says
//! of the shipped ones.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up shall fail"
)]

mod common;

use std::fs;
use std::process::Command;

use common::{analysis, finding_ids, outcomes, shipped};

#[test]
fn fresh_captures_of_real_servers_say_what_the_shipped_ones_say() {
    let folder = tempfile::tempdir().unwrap();
    let recorded = Command::new(shipped("record")).arg("--into").arg(folder.path()).output().unwrap();
    assert!(
        recorded.status.success(),
        "captures/record failed (it needs what tests/setup installs, and the right to capture):\n{}{}",
        String::from_utf8_lossy(&recorded.stdout),
        String::from_utf8_lossy(&recorded.stderr)
    );
    let mut compared = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let fresh = entry.unwrap().path();
        let old = shipped(fresh.file_name().unwrap().to_str().unwrap());
        let (fresh_analysis, old_analysis) = (analysis(&fresh), analysis(&old));
        assert_eq!(finding_ids(&fresh_analysis), finding_ids(&old_analysis), "{}", old.display());
        let sorted = |mut outcomes: Vec<String>| {
            outcomes.sort();
            outcomes
        };
        assert_eq!(sorted(outcomes(&fresh_analysis)), sorted(outcomes(&old_analysis)), "{}", old.display());
        compared += 1;
    }
    assert!(compared >= 15, "only {compared} captures were recorded");
}
