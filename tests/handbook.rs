//! `docs/findings/` is written from the rules themselves, as `corscope explain` is.
//!
//! `BLESS=1 cargo test --test handbook` writes the pages anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up shall fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use corscope::diagnose::explanations;
use corscope::report::{cause_index, cause_page};

#[test]
fn the_pages_are_current() {
    let wanted = pages();
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(folder()).unwrap();
        for name in present() {
            fs::remove_file(folder().join(name)).unwrap();
        }
        for (name, page) in &wanted {
            fs::write(folder().join(name), page).unwrap();
        }
    }
    assert_eq!(present(), wanted.keys().cloned().collect::<Vec<_>>(), "BLESS=1 writes the pages anew");
    for (name, page) in wanted {
        let is_current = fs::read_to_string(folder().join(&name)).unwrap() == page;
        assert!(is_current, "docs/findings/{name} is not what the rules say: BLESS=1 writes it anew");
    }
}

fn pages() -> BTreeMap<String, String> {
    let causes = explanations();
    let mut pages: BTreeMap<String, String> =
        causes.iter().map(|cause| (format!("{}.md", cause.id), cause_page(cause))).collect();
    pages.insert("README.md".to_owned(), cause_index(&causes));
    pages
}

/// The names of the pages that are there, sorted.
fn present() -> Vec<String> {
    let Ok(files) = fs::read_dir(folder()) else { return Vec::new() };
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings")
}
