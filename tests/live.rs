//! Live captures: three hosts in network namespaces, the load balancer and the server of
//! `captures/lab` on two of them, the browser on the third, and the program on the server's interface.
#![cfg(all(target_os = "linux", feature = "live"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up shall fail"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::tmux::Tmux;
use common::{analysis, finding_ids, shipped};
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes, even where many tests run at once.
const PATIENCE: Duration = Duration::from_secs(30);

const PAGE: &str = "https://client.example.com";

// The same in every lab: each has namespaces of its own.
const CLIENT: &str = "10.213.1.1";
const FRONT: &str = "10.213.1.2";
const PROXY: &str = "10.213.2.1";
const BACKEND: &str = "10.213.2.2";
const INTERFACE: &str = "to-proxy";

/// The browser's part, by the stand-in that made the shipped captures: one call, and what came of it.
const BROWSER: &str = r#"
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from lab.world import DOORS
DOORS["https"] = (sys.argv[2], 443)
from lab.browser import Browser, Call
print(Browser(sys.argv[3], sys.argv[4], sys.argv[5]).carry_out(Call("GET", "/items", "")))
"#;

#[test]
fn a_blocked_call_is_told_while_the_capture_goes_on() {
    let lab = Lab::start("told");
    let file = lab.path("backend.pcapng");
    let mut capture = Capture::start(&lab, &["-w", file.to_str().unwrap()]);
    lab.call();
    let line = capture.wait_for_a_line();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(
        words[1..],
        ["0.0", "blocked", "GET", "https://request.example.com/items", "MixedContent", "forwarded-proto-ignored"]
    );
    let (status, told) = capture.end("INT");
    assert_eq!(status, Some(0), "{told}");
    assert!(told.contains("1 calls: 1 blocked") && told.contains("dropped: 0 by the kernel"), "{told}");

    let offline = analysis(&file);
    assert_is_the_call(&offline, words[1]);
    assert_eq!(offline["chains"][0]["time"], words[0]);
    assert_eq!(offline["sources"][0]["warnings"], Value::Array(Vec::new()));
    assert_eq!(frames(&file), offline["sources"][0]["packets"]);
}

#[test]
fn a_killed_capture_leaves_a_file_that_opens_and_a_cause_ends_the_wait_for_it() {
    let lab = Lab::start("ends");
    let file = lab.path("backend.pcapng");
    let mut capture = Capture::start(&lab, &["-w", file.to_str().unwrap()]);
    lab.call();
    capture.wait_for_a_line();
    assert_eq!(capture.end("KILL").0, None);
    assert_is_the_call(&analysis(&file), "0.0");
    assert!(frames(&file) > 4);

    let mut capture = Capture::start(&lab, &["--until-finding"]);
    lab.call();
    let (status, told) = capture.ends();
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("--until-finding: forwarded-proto-ignored in call 0.0"), "{told}");
}

#[test]
fn the_screen_follows_what_comes_in() {
    let lab = Lab::start("screen");
    let tmux = Tmux::start("live");
    let program = env!("CARGO_BIN_EXE_corscope");
    let backend = lab.backend.name.as_str();
    tmux.press(&[&format!("ip netns exec {backend} {program} capture -i {INTERFACE}; echo status $?"), "Enter"]);
    tmux.wait("Waiting for calls");
    lab.call();
    // The last line, with which the screen is drawn.
    let shown = tmux.wait("1 blocked");
    assert!(shown.contains("forwarded-proto-ignored"), "{shown}");
    assert!(shown.contains("HERE") && shown.contains(&format!("LIVE {INTERFACE}")), "{shown}");
    tmux.press(&["p"]);
    tmux.wait("PAUSED +0");
    lab.call();
    tmux.wait("PAUSED +1");
    tmux.press(&["p", "F"]);
    tmux.wait("Calls 2/2");
    lab.call();
    tmux.wait("Calls 3/3");
    tmux.press(&["Q"]);
    let told = tmux.wait("status 0");
    assert!(told.contains("3 calls: 3 blocked"), "{told}");
}

fn assert_is_the_call(analysis: &Value, id: &str) {
    let call = &analysis["chains"][0];
    assert_eq!(call["id"], id);
    assert_eq!(call["client"], CLIENT);
    assert_eq!((&call["verdict"]["outcome"], &call["verdict"]["error"]), (&"blocked".into(), &"MixedContent".into()));
    assert_eq!(finding_ids(analysis), ["forwarded-proto-ignored"]);
}

/// How many frames tshark reads, which must have no objections.
fn frames(file: &Path) -> u64 {
    let read =
        output("tshark", Command::new("tshark").arg("-r").arg(file).args(["-T", "fields", "-e", "frame.number"]));
    assert!(read.status.success() && !text(&read.stderr).contains("cut short"), "{}", text(&read.stderr));
    text(&read.stdout).lines().count() as u64
}

/// The program on the backend's interface.
struct Capture {
    program: Running,
    out: PathBuf,
    err: PathBuf,
}

impl Capture {
    fn start(lab: &Lab, arguments: &[&str]) -> Self {
        let (out, err) = (lab.path("out"), lab.path("err"));
        let mut command = lab.backend.command(env!("CARGO_BIN_EXE_corscope"));
        command.args(["capture", "--headless", "-i", INTERFACE]).args(arguments);
        command.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&err).unwrap());
        let capture = Self { program: Running::start(command), out, err };
        wait_until("the capture begins", || fs::read_to_string(&capture.err).unwrap().contains("capturing on"));
        capture
    }

    fn wait_for_a_line(&self) -> String {
        let mut said = String::new();
        wait_until("a line for the call", || {
            said = fs::read_to_string(&self.out).unwrap();
            said.ends_with('\n')
        });
        said
    }

    fn end(&mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.program.0.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        self.ends()
    }

    /// Its exit status, and what it said on standard error.
    fn ends(&mut self) -> (Option<i32>, String) {
        let mut status = None;
        wait_until("the capture ends", || {
            status = self.program.0.try_wait().unwrap();
            status.is_some()
        });
        (status.unwrap().code(), fs::read_to_string(&self.err).unwrap())
    }
}

/// Browser, load balancer and backend, each a host of its own.
struct Lab {
    // Servers end before their hosts go.
    _servers: [Running; 2],
    client: Host,
    _proxy: Host,
    backend: Host,
    folder: TempDir,
}

impl Lab {
    fn start(name: &str) -> Self {
        let host = |role: &str| Host::new(format!("corscope-{}-{name}-{role}", std::process::id()));
        let (client, proxy, backend) = (host("client"), host("proxy"), host("backend"));
        client.connect("to-proxy", CLIENT, &proxy, "to-client", FRONT);
        backend.connect(INTERFACE, BACKEND, &proxy, "to-backend", PROXY);
        let folder = TempDir::new().unwrap();
        let certificate = certify(folder.path());
        let listens = format!("{BACKEND}:8000");
        let mut uvicorn = backend.command(installed("venv/bin/uvicorn"));
        uvicorn.args(["items:app", "--host", BACKEND, "--port", "8000"]).current_dir(shipped("lab/apps"));
        let mut haproxy = proxy.command("haproxy");
        haproxy.args(["-db", "-f"]).arg(shipped("lab/haproxy.cfg"));
        haproxy.env("CERTIFICATE", &certificate).env("PROXY", PROXY).env("BACKEND", &listens);
        haproxy.env("HTTPS", format!("{FRONT}:443")).env("HTTP", format!("{FRONT}:80"));
        let servers = [(uvicorn, "uvicorn.log"), (haproxy, "haproxy.log")].map(|(mut server, log)| {
            let log = fs::File::create(folder.path().join(log)).unwrap();
            server.stdout(log.try_clone().unwrap()).stderr(log);
            Running::start(server)
        });
        proxy.wait_for(BACKEND, 8000);
        client.wait_for(FRONT, 443);
        Self { _servers: servers, client, _proxy: proxy, backend, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The broken page's call: the slash redirect leads to http, where the browser may not go.
    fn call(&self) {
        let mut browser = self.client.command("python3");
        browser.args(["-c", BROWSER]).arg(shipped(""));
        browser.args([FRONT, CLIENT, PAGE]).arg(self.path("certificate.pem"));
        let came_to = output("python3", &mut browser);
        assert!(came_to.status.success(), "{}", text(&came_to.stderr));
        assert_eq!(text(&came_to.stdout).trim(), "307, mixed content");
    }
}

fn certify(folder: &Path) -> PathBuf {
    let file = folder.join("certificate.pem");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-nodes", "-days", "1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    openssl.args(["-subj", "/CN=request.example.com", "-addext", "subjectAltName=DNS:request.example.com"]);
    openssl.arg("-keyout").arg(&file).arg("-out").arg(&file);
    let made = output("openssl", &mut openssl);
    assert!(made.status.success(), "{}", text(&made.stderr));
    file
}

/// A program of `tests/setup`.
fn installed(program: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/lab").join(program);
    assert!(file.exists(), "{} is missing: tests/setup installs it", file.display());
    file
}

/// A host, which is a network namespace; dropped, it is gone.
struct Host {
    name: String,
}

impl Host {
    fn new(name: String) -> Self {
        let added = ip(&["netns", "add", &name]);
        assert!(
            added.status.success(),
            "network namespaces cannot be made, for which this test needs root: {}",
            text(&added.stderr)
        );
        Self { name }
    }

    /// A cable between two hosts.
    fn connect(&self, interface: &str, address: &str, other: &Self, other_interface: &str, other_address: &str) {
        let ends = ["link", "add", interface, "netns", &self.name, "type", "veth", "peer", "name", other_interface];
        must(&[&ends[..], &["netns", &other.name]].concat());
        for (host, interface, address) in [(self, interface, address), (other, other_interface, other_address)] {
            must(&["-n", &host.name, "address", "add", &format!("{address}/24"), "dev", interface]);
            must(&["-n", &host.name, "link", "set", interface, "up"]);
        }
    }

    /// A program on this host.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.env("PATH", path()).args(["netns", "exec", &self.name]).arg(program);
        // It would change what Uvicorn believes.
        command.env_remove("FORWARDED_ALLOW_IPS").env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Until somebody listens there, as seen from this host.
    fn wait_for(&self, address: &str, port: u16) {
        let probe = format!(": < /dev/tcp/{address}/{port}");
        let listens = || output("bash", self.command("bash").args(["-c", &probe])).status.success();
        wait_until(&format!("somebody listens on {address}:{port}"), listens);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        ip(&["netns", "delete", &self.name]);
    }
}

/// A program; dropped, it is killed.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Self {
        let name = format!("{command:?}");
        let running = command.spawn();
        Self(running.unwrap_or_else(|error| panic!("{name}: {error}")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn must(arguments: &[&str]) {
    let done = ip(arguments);
    assert!(done.status.success(), "ip {}: {}", arguments.join(" "), text(&done.stderr));
}

fn ip(arguments: &[&str]) -> Output {
    output("ip", Command::new("ip").env("PATH", path()).args(arguments))
}

fn output(program: &str, command: &mut Command) -> Output {
    let output = command.output();
    output.unwrap_or_else(|error| panic!("{program} is needed (tests/setup installs it): {error}"))
}

/// Debian keeps ip and haproxy in sbin, which is not on everybody's PATH.
fn path() -> String {
    format!("{}:/usr/local/sbin:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
