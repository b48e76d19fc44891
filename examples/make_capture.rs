//! Makes a capture of any size, of the traffic that tests and benchmarks use, and writes what is in it
//! beside it: `cargo run --release --example make-capture -- --shape small --size 256M OUT.pcap`.
#![allow(clippy::print_stderr, reason = "it is a program")]

#[path = "../tests/common/traffic/mod.rs"]
mod traffic;

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde_json::{Value, json};
use traffic::{Traffic, Truth};

/// Makes a capture, and OUT.truth.json beside it with what is in it.
#[derive(Parser)]
struct Arguments {
    /// What the traffic is like.
    #[arg(long, value_enum, default_value = "mixed")]
    shape: Shape,
    /// About how long the file becomes: bytes, or with K, M or G behind.
    #[arg(long, value_parser = bytes, default_value = "256M")]
    size: u64,
    /// The same seed makes the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The pcap file to write.
    out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shape {
    /// Small bodies: the heads are most of it.
    Small,
    /// Bodies up to 64 KB, of which half are below 2 KB.
    Mixed,
    /// Bodies up to 2 MB, in jumbo frames.
    Large,
    /// Connections of one exchange each.
    Many,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-capture: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { shape, size, seed, ref out } = *arguments;
    let traffic = Traffic { seed, size, ..shape.traffic() };
    let truth = traffic.write(BufWriter::with_capacity(1 << 20, create(out)?))?;
    let beside = PathBuf::from(format!("{}.truth.json", out.display()));
    serde_json::to_writer_pretty(create(&beside)?, &told(&truth))?;
    Ok(())
}

fn create(path: &Path) -> Result<File, String> {
    File::create(path).map_err(|error| format!("{}: cannot be written: {error}", path.display()))
}

fn told(truth: &Truth) -> Value {
    json!({
        "file_bytes": truth.bytes,
        "packets": truth.packets,
        "connections": truth.connections,
        "requests": truth.exchanges,
        "responses": truth.exchanges,
        "status": truth.statuses,
        "method": truth.methods,
        "retransmissions": truth.repeated,
        "out_of_order": truth.swapped,
    })
}

impl Shape {
    fn traffic(self) -> Traffic {
        match self {
            Self::Small => Traffic::SMALL,
            Self::Mixed => Traffic::MIXED,
            Self::Large => Traffic::LARGE,
            Self::Many => Traffic::MANY,
        }
    }
}

/// `256M` as bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(number) if text.ends_with('K') => (number, 10),
        Some(number) if text.ends_with('M') => (number, 20),
        Some(number) => (number, 30),
        None => (text, 0),
    };
    let number: u64 = number.parse().map_err(|_| format!("{text} is no size: write 4096, 64K, 256M or 1G"))?;
    number.checked_mul(1 << shift).ok_or_else(|| format!("{text} is more than can be counted"))
}
