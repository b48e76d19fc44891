//! Sources as people have them: compressed, cut off, in several files, still being written, interrupted.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up shall fail")]

mod common;

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use common::{command, corscope, shipped};
use serde_json::Value;

/// How long something may take that takes no time.
const PATIENCE: Duration = Duration::from_secs(60);

const FILE_HEADER: usize = 24;

/// A folder for one test.
fn folder(name: &str) -> tempfile::TempDir {
    tempfile::Builder::new().prefix(name).tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn put(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> String {
    let path: PathBuf = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path.into_os_string().into_string().unwrap()
}

/// A capture whose calls are all on few connections.
fn capture() -> Vec<u8> {
    fs::read(shipped("hypercorn-broken.pcap")).unwrap()
}

/// Where each record of a little-endian pcap file begins, and where the last ends.
fn records(capture: &[u8]) -> Vec<usize> {
    let mut starts = vec![FILE_HEADER];
    while let Some(captured) = capture.get(starts.last().unwrap() + 8..).and_then(|rest| rest.first_chunk()) {
        starts.push(starts.last().unwrap() + 16 + u32::from_le_bytes(*captured) as usize);
    }
    starts
}

/// The exchanges of some sources, without what says where they are, and what was warned of.
fn extracted(sources: &[&str]) -> (Vec<Value>, String) {
    let output = corscope(&[&["extract", "--bodies"], sources].concat());
    let warnings = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{warnings}");
    (lines(&output.stdout), warnings)
}

fn lines(output: &[u8]) -> Vec<Value> {
    output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(read).collect()
}

fn read(line: &[u8]) -> Value {
    let mut exchange: Value = serde_json::from_slice(line).unwrap();
    for place in ["id", "source", "frames", "connection", "warnings"] {
        exchange.as_object_mut().unwrap().remove(place);
    }
    exchange
}

fn compress(how: &str, bytes: &[u8]) -> Vec<u8> {
    let mut to = Vec::new();
    match how {
        "gz" => {
            let mut encoder = flate2::write::GzEncoder::new(&mut to, flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap();
        }
        "bz2" => {
            let mut encoder = bzip2::write::BzEncoder::new(&mut to, bzip2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap();
        }
        "lz4" => {
            // Of a block that is cut off nothing can be read.
            let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, &mut to);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap();
        }
        "xz" => {
            let options = lzma_rust2::XzOptions::with_preset(6);
            let mut encoder = lzma_rust2::XzWriter::new(&mut to, options).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap();
        }
        _ => to = zstd::encode_all(bytes, 3).unwrap(),
    }
    to
}

const PACKINGS: [&str; 5] = ["gz", "zst", "lz4", "xz", "bz2"];

#[test]
fn compressed_sources_are_read_like_others() {
    let folder = folder("packed");
    let (plain, _) = extracted(&["hypercorn-broken.pcap"]);
    assert!(plain.len() > 5);
    let exchanges = corscope(&["extract", "--bodies", "hypercorn-broken.pcap"]).stdout;
    for packing in PACKINGS {
        for (name, bytes) in [("capture", &capture()), ("exchanges", &exchanges)] {
            let packed = compress(packing, bytes);
            let file = put(&folder, &format!("{name}.{packing}"), &packed);
            assert_eq!(extracted(&[&file]), (plain.clone(), String::new()), "{file}");
            let mut child =
                command(&["extract", "--bodies", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(&packed).unwrap();
            assert_eq!(lines(&child.wait_with_output().unwrap().stdout), plain, "{file} through a pipe");
        }
    }
}

#[test]
fn what_is_cut_off_is_read_up_to_there() {
    let folder = folder("cut");
    let (plain, _) = extracted(&["hypercorn-broken.pcap"]);
    let long = [capture(), capture()[FILE_HEADER..].repeat(40)].concat();
    for packing in PACKINGS {
        let packed = compress(packing, &long);
        let file = put(&folder, &format!("cut.{packing}"), &packed[..packed.len() - 10]);
        let (some, warnings) = extracted(&[&file]);
        assert!(some.len() >= plain.len() && warnings.contains(" data is "), "{packing}: {warnings}");
        assert!(warnings.lines().any(|line| line.contains("warning: ") && line.contains(": byte ")), "{warnings}");
    }
}

#[test]
fn connections_cross_the_seams_between_files() {
    let folder = folder("seam");
    let whole = capture();
    let starts = records(&whole);
    let (plain, _) = extracted(&["hypercorn-broken.pcap"]);
    for (frames, at) in starts.iter().copied().enumerate().take(starts.len() - 1).skip(1) {
        let first = put(&folder, "day.pcap0", &whole[..at]);
        let second = put(&folder, "day.pcap1", &[&whole[..FILE_HEADER], &whole[at..]].concat());
        // In whatever order they are named.
        let (mut both, warnings) = extracted(&[&second, &first]);
        let mut plain = plain.clone();
        plain.sort_by_key(Value::to_string);
        both.sort_by_key(Value::to_string);
        assert!(both == plain, "cut behind frame {frames}");
        assert_eq!(warnings, "");
    }
}

/// Each packet may be in a file of its own.
#[test]
fn files_of_one_packet_are_one_capture() {
    let folder = folder("alone");
    let whole = capture();
    let ends = records(&whole);
    let (plain, _) = extracted(&["hypercorn-broken.pcap"]);
    let files: Vec<String> = ends
        .windows(2)
        .enumerate()
        .map(|(number, at)| {
            let bytes = [&whole[..FILE_HEADER], &whole[at[0]..at[1]]].concat();
            put(&folder, &format!("day.pcap{number:04}"), &bytes)
        })
        .collect();
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(extracted(&names).0.len(), plain.len());
    assert!(extracted(&names).0.iter().all(|exchange| exchange["state"] == "complete"));
}

#[test]
fn an_exchange_names_the_file_that_its_frames_are_in() {
    let folder = folder("frames");
    let whole = capture();
    let starts = records(&whole);
    let output = corscope(&["extract", "hypercorn-broken.pcap"]).stdout;
    let exchange: Value = serde_json::from_slice(output.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let frame = |which: &str| exchange["frames"][which][0].as_u64().unwrap();
    let (request, response) = (frame("request"), frame("response"));
    assert!(request < response);
    let at = starts[usize::try_from(response).unwrap() - 1];
    let first = put(&folder, "day.pcap0", &whole[..at]);
    let second = put(&folder, "day.pcap1", &[&whole[..FILE_HEADER], &whole[at..]].concat());
    let output = corscope(&["extract", &first, &second]).stdout;
    let crossing: Value = serde_json::from_slice(output.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!(crossing["source"], first.as_str());
    assert_eq!(crossing["frames"]["request"][0], request);
    assert!(crossing["frames"].get("response").is_none_or(Value::is_null), "{crossing}");
    let warning = crossing["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with(&format!("the response is in {second}, frame")), "{warning}");
}

#[test]
fn captures_of_two_places_are_read_each_for_itself() {
    let folder = folder("places");
    let copy = put(&folder, "other.pcap", &capture());
    let (plain, _) = extracted(&["hypercorn-broken.pcap"]);
    let (both, _) = extracted(&["hypercorn-broken.pcap", &copy]);
    assert_eq!(both.len(), 2 * plain.len());
}

/// One record of a capture, with other bytes in it.
fn record(head: &[u8], data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap().to_le_bytes();
    [&head[..8], &len, &len, data].concat()
}

#[test]
fn packets_captured_twice_are_taken_once() {
    let folder = folder("twice");
    let whole = capture();
    let starts = records(&whole);
    let twice = starts.windows(2).flat_map(|record| whole[record[0]..record[1]].repeat(2));
    let file = put(&folder, "twice.pcap", &whole[..FILE_HEADER].iter().copied().chain(twice).collect::<Vec<u8>>());
    let (exchanges, warnings) = extracted(&[&file]);
    assert_eq!(exchanges, extracted(&["hypercorn-broken.pcap"]).0);
    let packets = starts.len() - 1;
    assert!(warnings.contains(&format!("{packets} packet(s) were captured twice, and taken once")), "{warnings}");
}

#[test]
fn fragments_are_put_together() {
    /// Of the cooked header and of the IP header behind it.
    const LINK: usize = 20;
    const IP: usize = 20;
    let folder = folder("fragments");
    let whole = capture();
    let mut pieces = whole[..FILE_HEADER].to_vec();
    for (nth, span) in records(&whole).windows(2).enumerate() {
        let (head, data) = whole[span[0]..span[1]].split_at(16);
        let (headers, payload) = data.split_at(LINK + IP);
        assert_eq!(headers[LINK], 0x45, "IPv4 without options");
        // In sixteens, the last piece first.
        let count = payload.len().div_ceil(16);
        for (at, piece) in payload.chunks(16).enumerate().rev() {
            let mut headers = headers.to_vec();
            let more = if at + 1 == count { 0 } else { 0x2000 };
            for (field, value) in [(2, IP + piece.len()), (4, nth), (6, more | (at * 2))] {
                headers[LINK + field..][..2].copy_from_slice(&u16::try_from(value).unwrap().to_be_bytes());
            }
            pieces.extend(record(head, &[&headers, piece].concat()));
        }
    }
    let file = put(&folder, "fragments.pcap", &pieces);
    assert_eq!(extracted(&[&file]), (extracted(&["hypercorn-broken.pcap"]).0, String::new()));
}

/// A program that runs on, and its lines as they come.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child =
            command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (put, lines) = mpsc::channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| put.send(line)));
        Self { child, lines }
    }

    /// Presses Ctrl-C; what came until the end, and what was said.
    fn interrupt(mut self) -> (Vec<String>, String) {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.lines.iter().collect(), said)
    }
}

#[test]
fn an_interrupt_gives_what_was_read_so_far() {
    let (plain, _) = extracted(&["hypercorn-broken.pcap"]);
    let mut running = Running::start(&["extract", "--bodies", "-"]);
    let mut input = running.child.stdin.take().unwrap();
    input.write_all(&capture()).unwrap();
    input.flush().unwrap();
    // Until all of it has been read, nothing shows that it has.
    std::thread::sleep(Duration::from_secs(2));
    let (lines, said) = running.interrupt();
    drop(input);
    let lines: Vec<Value> = lines.iter().map(|line| read(line.as_bytes())).collect();
    assert_eq!(lines, plain);
    assert!(said.contains(&format!("interrupted: only its first {} bytes were read", capture().len())), "{said}");
}

#[test]
fn a_capture_that_grows_is_followed() {
    let folder = folder("follow");
    let whole = capture();
    let (plain, _) = extracted(&["hypercorn-broken.pcap"]);
    let middle = whole.len() / 2;
    let file = put(&folder, "growing.pcap", &whole[..middle]);
    let running = Running::start(&["extract", "--bodies", "--follow", &file]);
    let mut got = vec![running.lines.recv_timeout(PATIENCE).unwrap()];
    let mut more: File = OpenOptions::new().append(true).open(&file).unwrap();
    more.write_all(&whole[middle..]).unwrap();
    while got.len() < plain.len() {
        got.push(running.lines.recv_timeout(PATIENCE).unwrap());
    }
    let (rest, said) = running.interrupt();
    assert_eq!((rest, said.as_str()), (Vec::new(), ""));
    let mut got: Vec<Value> = got.iter().map(|line| read(line.as_bytes())).collect();
    got.sort_by_key(Value::to_string);
    let mut plain = plain;
    plain.sort_by_key(Value::to_string);
    assert_eq!(got, plain);
}
