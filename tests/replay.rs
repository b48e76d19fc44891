//! Replay against real servers: red without the fix, green with each of its forms, and honest about
//! the address that it came from.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up shall fail"
)]

mod common;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{command, corscope};
use serde_json::Value;

/// The load balancer's address in the recording.
const BALANCER: &str = "127.0.0.9";

/// A real server; it ends with the test.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Uvicorn with the application that was recorded.
    fn uvicorn(app: &str, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let address = free_address();
        let mut uvicorn = Command::new(root.join("target/lab/venv/bin/uvicorn"));
        uvicorn.current_dir(root.join("captures/lab/apps")).env_remove("FORWARDED_ALLOW_IPS");
        uvicorn.args([&format!("{app}:app"), "--log-level", "warning", "--host", &address.ip().to_string()]);
        uvicorn.args(["--port", &address.port().to_string()]).args(flags).envs(environment.iter().copied());
        let process = uvicorn.spawn().unwrap_or_else(|error| panic!("uvicorn ({error}): run tests/setup"));
        let server = Self { process, address };
        wait_for(server.address);
        server
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.20:0").unwrap().local_addr().unwrap()
}

fn wait_for(address: SocketAddr) {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(start.elapsed() < Duration::from_secs(30), "{address} does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Exit status and report of a replay of the broken recording.
fn replay(target: &str, flags: &[&str]) -> (i32, Value) {
    let mut arguments = vec!["replay", "fastapi-broken.pcapng", "--allow-unsafe", "--format", "json", "--to", target];
    arguments.extend(flags);
    let output = corscope(&arguments);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), report)
}

fn results(report: &Value) -> Vec<&str> {
    report["chains"].as_array().unwrap().iter().map(|chain| chain["result"].as_str().unwrap()).collect()
}

fn provisos(report: &Value) -> usize {
    report["chains"].as_array().unwrap().iter().filter(|chain| !chain["proviso"].is_null()).count()
}

const STILL_BROKEN: [&str; 6] =
    ["still-broken", "unchanged", "still-broken", "still-broken", "still-broken", "skipped"];
const FIXED: [&str; 6] = ["fixed", "unchanged", "fixed", "fixed", "fixed", "skipped"];

#[test]
fn an_unpatched_server_is_still_broken_from_the_load_balancers_address() {
    let server = Server::uvicorn("items", &[], &[]);
    let (status, report) = replay(&server.url(), &[]);
    assert_eq!(results(&report), STILL_BROKEN);
    assert_eq!((status, provisos(&report)), (1, 0));
    assert_eq!((report["bound_to"].as_str(), report["load_balancer"].as_str()), (Some(BALANCER), Some(BALANCER)));
}

#[test]
fn each_form_of_the_fix_is_confirmed() {
    for (app, flags, environment) in [
        ("items", &["--forwarded-allow-ips", "*"][..], &[][..]),
        ("items", &["--forwarded-allow-ips", BALANCER], &[]),
        ("items", &[], &[("FORWARDED_ALLOW_IPS", BALANCER)]),
        ("items_behind_proxy", &["--no-proxy-headers"], &[]),
    ] {
        let server = Server::uvicorn(app, flags, environment);
        let (status, report) = replay(&server.url(), &[]);
        assert_eq!(results(&report), FIXED, "{app} {flags:?} {environment:?}");
        assert_eq!((status, provisos(&report)), (0, 0), "{app} {flags:?} {environment:?}");
    }
}

#[test]
fn a_green_from_an_address_that_every_server_trusts_says_so() {
    let server = Server::uvicorn("items", &[], &[]);
    let (status, report) = replay(&server.url(), &["--bind", "127.0.0.1"]);
    assert_eq!((status, results(&report)), (0, FIXED.to_vec()), "Uvicorn trusts 127.0.0.1 by default");
    assert_eq!(provisos(&report), 4);
    assert!(report["chains"][0]["proviso"].as_str().unwrap().contains(BALANCER));
    let (status, report) = replay(&server.url(), &["--bind", "127.0.0.1", "--strict"]);
    assert_eq!(status, 1);
    assert_eq!(results(&report)[0], "undecided");
}

#[test]
fn unsafe_methods_wait_for_a_word() {
    let server = Server::uvicorn("items", &["--forwarded-allow-ips", BALANCER], &[]);
    let output = corscope(&["replay", "fastapi-broken.pcapng", "--format", "json", "--to", &server.url()]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results(&report), ["fixed", "unchanged", "skipped", "skipped", "fixed", "skipped"]);
    assert_eq!(output.status.code(), Some(0), "what was replayed works");
}

/// Whatever the server says, and wherever its Location leads, only the target is talked to.
#[test]
fn nothing_is_sent_anywhere_but_to_the_target() {
    let elsewhere = TcpListener::bind("127.0.0.21:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let other = elsewhere.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    for location in [
        format!("http://{other}/"),
        format!("https://{other}/"),
        format!("//{other}/"),
        format!("https://request.example.com:{}/", other.port()),
        format!("https://request.example.com@{other}/"),
    ] {
        let target = answering(&location, Arc::clone(&asked));
        let (status, report) = replay(&format!("http://{target}"), &["--filter", "id:0.0"]);
        assert_eq!(status, 1, "{location}: {report}");
        assert!(!results(&report).contains(&"fixed"), "{location}");
        assert!(elsewhere.accept().is_err(), "{location} was followed to another address");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 5, "the target was asked each time");
}

/// A server that redirects everything to one place, with the CORS headers that the page needs.
fn answering(location: &str, asked: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.20:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\nAccess-Control-Allow-Origin: https://client.example.com\r\nContent-Length: 0\r\n\r\n"
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            _ = stream.read(&mut request).unwrap();
            asked.fetch_add(1, Ordering::Relaxed);
            _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn what_cannot_be_replayed_is_said() {
    let told = |arguments: &[&str]| {
        let output = command(arguments).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let capture = "fastapi-broken.pcapng";
    let (status, why) = told(&["replay", capture, "--to", "https://127.0.0.1:1"]);
    assert!(status == 2 && why.contains("write http://host:port"), "{why}");
    let closed = format!("http://{}", free_address());
    let (status, why) = told(&["replay", capture, "--to", &closed]);
    assert!(status == 2 && why.contains("cannot be reached"), "{why}");
    let (status, why) = told(&["replay", capture, "--to", &closed, "--bind", "192.0.2.77"]);
    assert!(status == 2 && why.contains("does not have that address"), "{why}");
    let (status, why) = told(&["replay", "https-in-front.pcap", "--to", &closed]);
    assert!(status == 1 && why.contains("no call was replayed"), "{why}");
}
