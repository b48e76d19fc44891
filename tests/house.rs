//! The walls of the house: which room of `src` may know which other, which crates it may use, and
//! that the library does no input, no output, starts no thread and reads no clock.
//!
//! `docs/architecture.md` says why each wall is where it is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up shall fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use syn::visit::{self, Visit};

/// A room, the rooms it may import, the outside crates it may use.
struct Room {
    name: &'static str,
    rooms: &'static [&'static str],
    crates: &'static [&'static str],
}

/// The import table. What is not in it is forbidden.
const ROOMS: [Room; 14] = [
    Room { name: "wire", rooms: &[], crates: &["etherparse", "httparse", "memchr", "thiserror"] },
    Room {
        name: "http",
        rooms: &[],
        crates: &[
            "url",
            "ecow",
            "foldhash",
            "itoa",
            "jiff",
            "memchr",
            "thiserror",
            "brotli_decompressor",
            "flate2",
            "ruzstd",
        ],
    },
    Room { name: "flow", rooms: &["wire"], crates: &["hashbrown"] },
    Room { name: "session", rooms: &["wire", "flow", "http"], crates: &["memchr", "foldhash"] },
    Room {
        name: "import",
        rooms: &["http"],
        crates: &["serde", "serde_json", "base64", "itoa", "memchr", "thiserror"],
    },
    Room { name: "chain", rooms: &["http"], crates: &["foldhash"] },
    Room { name: "balancer", rooms: &["http"], crates: &["url"] },
    Room { name: "cors", rooms: &["http", "chain", "balancer"], crates: &["url", "psl"] },
    Room { name: "diagnose", rooms: &["http", "chain", "balancer", "cors"], crates: &["url"] },
    Room {
        name: "analyzer",
        rooms: &["wire", "flow", "session", "http", "import", "chain", "balancer", "cors", "diagnose"],
        crates: &[],
    },
    Room {
        name: "report",
        rooms: &["http", "import", "chain", "balancer", "cors", "diagnose", "analyzer", "replay"],
        crates: &["serde", "serde_json", "anstyle", "memchr", "unicode_width", "url", "thiserror"],
    },
    Room {
        name: "screen",
        rooms: &["http", "chain", "cors", "diagnose", "analyzer", "report"],
        crates: &["anstyle", "ratatui", "unicode_width"],
    },
    // The binary names the library as `corscope`, so `crate` is the shell itself there.
    Room { name: "replay", rooms: &["http", "chain", "balancer", "cors", "analyzer"], crates: &["url"] },
    Room { name: "shell", rooms: &[], crates: &["*"] },
];

/// What only tests may use besides.
const TEST_CRATES: [&str; 3] = ["proptest", "insta", "anstream"];

/// What the library must not touch, as the beginning of a path.
const SIDE_EFFECTS: [&str; 14] = [
    "std::fs",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::thread",
    "std::process",
    "std::env",
    "std::time::Instant",
    "std::time::SystemTime",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
];

#[test]
fn every_room_keeps_to_its_walls() {
    let mut broken = Vec::new();
    for room in &ROOMS {
        for file in sources(&root().join(room.name)) {
            broken.extend(walk(room, &file));
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_folder_is_a_room_of_the_table() {
    let known: BTreeSet<&str> = ROOMS.iter().map(|room| room.name).collect();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(name == "lib" || known.contains(name), "src/{name} is not in the import table of tests/house.rs");
    }
}

#[test]
fn the_walls_hold_against_each_kind_of_break() {
    let wire = &ROOMS[0];
    for (source, breaks) in [
        ("use crate::http::Exchange;", 1),
        ("use crate::wire::Packet;", 0),
        ("use crate::{http::Url, flow};", 2),
        ("fn f() { super::super::http::x(); }", 1),
        ("use std::fs::File;", 1),
        ("fn f() { let t = std::time::Instant::now(); }", 1),
        ("use tokio::net;", 1),
        ("#[cfg(test)] mod tests { use proptest::prelude::*; use super::*; }", 0),
    ] {
        let found = check(wire, &["wire".into(), "file".into()], "src/wire/file.rs", &syn::parse_str(source).unwrap());
        assert_eq!(found.len(), breaks, "{source}: {found:?}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn walk(room: &Room, file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let inside = file.strip_prefix(root()).unwrap().with_extension("");
    let mut module: Vec<String> = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    check(room, &module, &file.display().to_string(), &parsed)
}

fn check(room: &Room, module: &[String], file: &str, parsed: &syn::File) -> Vec<String> {
    let mut paths = Paths { module: module.to_vec(), modules: declared(parsed), found: Vec::new() };
    paths.visit_file(parsed);
    let breaks = |path: &Vec<String>| fault(room, path).map(|fault| format!("{file}: {} {fault}", path.join("::")));
    paths.found.iter().filter_map(breaks).collect()
}

/// What is wrong with a path in a room, if anything is.
fn fault(room: &Room, path: &[String]) -> Option<String> {
    let first = path.first()?.as_str();
    if first == "crate" {
        let target = path.get(1)?.as_str();
        let is_room = ROOMS.iter().any(|other| other.name == target);
        let may = room.name == "shell" || target == room.name || room.rooms.contains(&target);
        return (is_room && !may).then(|| format!("is beyond the walls of `{}`", room.name));
    }
    if room.name == "shell" {
        return None;
    }
    let joined = path.join("::");
    if SIDE_EFFECTS.iter().any(|effect| joined == *effect || joined.starts_with(&format!("{effect}::"))) {
        return Some("has no place in the pure library".to_owned());
    }
    let is_crate = outside_crates().contains(first);
    let may = room.crates.contains(&first) || TEST_CRATES.contains(&first);
    (is_crate && !may).then(|| format!("is no crate that `{}` may use", room.name))
}

/// Names that begin a path into an outside crate, as the code writes them; any other beginning is something local.
fn outside_crates() -> &'static BTreeSet<String> {
    static CRATES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
        let mut of_dependencies = false;
        let mut crates = BTreeSet::new();
        for line in manifest.lines() {
            if line.starts_with('[') {
                of_dependencies = line.ends_with("dependencies]");
            } else if let Some((name, _)) = line.split_once(" = ").filter(|_| of_dependencies) {
                crates.insert(name.replace('-', "_"));
            }
        }
        crates
    });
    &CRATES
}

/// Every path of a file, from its beginning: `crate::…`, `std::…`, a crate's name.
struct Paths {
    module: Vec<String>,
    /// Modules and names of the file itself that could be mistaken for a crate.
    modules: BTreeSet<String>,
    found: Vec<Vec<String>>,
}

impl Paths {
    fn add(&mut self, path: Vec<String>) {
        if let Some(path) = self.resolved(path) {
            self.found.push(path);
        }
    }

    /// With `self` and `super` replaced by what they stand for.
    fn resolved(&self, path: Vec<String>) -> Option<Vec<String>> {
        let supers = path.iter().take_while(|part| *part == "super").count();
        match path.first()?.as_str() {
            "super" => {
                let kept = self.module.len().saturating_sub(supers);
                let base = self.module.iter().take(kept).cloned();
                Some(std::iter::once("crate".to_owned()).chain(base).chain(path.into_iter().skip(supers)).collect())
            }
            first if self.modules.contains(first) => None,
            _ => Some(path),
        }
    }

    fn add_tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) => self.add(with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(before.to_vec()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(tree, before)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }
}

/// The modules that a file declares.
fn declared(file: &syn::File) -> BTreeSet<String> {
    let modules = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) => Some(module.ident.to_string()),
        _ => None,
    });
    modules.collect()
}
