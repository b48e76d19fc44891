//! The command line: one description, from which help, completions and manual come.

use std::ffi::{OsStr, OsString};
use std::num::NonZero;
#[cfg(feature = "live")]
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use corscope::cors::{Browser, Credentials, Mode, RedirectMode};
use corscope::diagnose::{Proposal, Remedy, explanations};
use corscope::http::Origin;
use corscope::report::Filter;

const ABOUT: &str = "Finds why a browser calls it a CORS error";

const LONG_ABOUT: &str = "\
Finds why a browser calls it a CORS error.

corscope reads the traffic between load balancer and backend, rebuilds the calls of a page with \
every preflight and redirect, and says what each browser decided, where the CORS headers drop off, \
why, and what to change.";

const EXAMPLES: &str = "\
Examples:
  sudo corscope capture
      on the backend: the calls as they come in
  sudo tcpdump -i any -s 0 -w backend.pcap 'tcp port 8000'
      the same for later, on the port that the load balancer forwards to
  corscope analyze backend.pcap
      what goes wrong, and what to change
  corscope explain forwarded-proto-ignored
      one cause in full

Exit status: 0 done, 1 the answer is no (see --fail-on), 2 it could not be done.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "corscope", version, about = ABOUT, long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
#[command(max_term_width = 100, subcommand_required = true, arg_required_else_help = false)]
pub(crate) struct Args {
    /// When to use colours; `auto`: on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Analyze(Analyze),
    View(View),
    Extract(Extract),
    Replay(Replay),
    Explain(Explain),
    Demo(Demo),
    #[cfg(feature = "live")]
    Capture(Capture),
    Completions(Completions),
    Man(Man),
}

/// Say what goes wrong in a capture, and what to change
///
/// Rebuilds each call of a page from the exchanges in the sources, judges it as the browser would,
/// and groups the calls by the cause that blocks them. The last lines say what to change and where.
///
/// Secrets (credentials, cookies, tokens in URLs) are masked in every format unless --show-secrets.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  corscope analyze backend.pcap
  corscope analyze backend.pcap client.pcapng     several places, analysed together
  corscope analyze - --format json < backend.pcap | jq '.findings[].id'
  corscope analyze backend.pcap --format markdown > incident.md
  corscope analyze backend.pcap --filter 'path:/items !method:OPTIONS outcome:blocked'
  corscope analyze backend.pcap --fail-on blocked,nothing     in a CI job

Filters: terms with blanks between them, all of which must hold. key:value with the keys outcome, \
error, finding, method, host, path, status (307, 3xx), client, origin, id; a bare word is a piece of \
the URL; !term is its opposite.

Fixes to try on paper (--what-if), by the recorded bytes alone; what the mended server would have \
answered to a request that was never recorded is said to be unknown:
  of-the-cause        the fix of each call's own cause, where it is one of these
  trust-proxy         the server believes the load balancer's X-Forwarded-Proto
  forward-proto       X-Forwarded-Proto: https reaches the server, and is believed
  relative-redirects  redirects name the path alone
  allow-origin        every answer of the server allows the page's origin
  allow-credentials   the same with credentials
  answer-preflight    preflights are answered 204, and allow what they ask for
  expose-headers      the page may read every header of the answer
  drop-userinfo       redirects carry neither user nor password")]
pub(crate) struct Analyze {
    #[command(flatten)]
    pub(crate) reading: Reading,

    /// Text for people, JSON (corscope.analysis/1) for programs, Markdown for documents
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) judging: Judging,

    /// Only calls that the expression lets through (see below)
    #[arg(long, value_name = "EXPR", value_parser = Filter::parse)]
    pub(crate) filter: Option<Filter>,

    /// Show every call, not only the first few of each cause
    #[arg(long)]
    pub(crate) all: bool,

    /// Do not mask credentials, cookies and tokens
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// Draw with ASCII only; so it is anyway where the locale is not UTF-8
    #[arg(long)]
    pub(crate) ascii: bool,

    /// Say what would have come of each call with a fix in place (see below)
    #[arg(long, value_name = "FIX", value_parser = proposals())]
    pub(crate) what_if: Option<Proposal>,

    /// End with status 1 when there is such a call; `finding`: a finding of severity error;
    /// `nothing`: no HTTP at all. Repeatable, or a list with commas
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub(crate) fail_on: Vec<FailOn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Blocked,
    Undetermined,
    Finding,
    Nothing,
}

/// Look through the calls of a capture in the terminal
///
/// The list of calls, the ladder of the chosen one with the place where the CORS headers drop off,
/// and what it means: verdict, cause, evidence and fix, the headers hop by hop, the raw heads.
/// ? shows the keys.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  corscope view backend.pcap
  corscope view backend.pcap --filter outcome:blocked
  corscope view --follow backend.pcap            while tcpdump -U -w backend.pcap writes it")]
pub(crate) struct View {
    #[command(flatten)]
    pub(crate) reading: Reading,

    /// Go on at the end of a capture that is still being written, which is then the only source: the list
    /// grows, the chosen call stays chosen, F follows the newest, p pauses
    #[arg(long)]
    pub(crate) follow: bool,

    /// With --follow: exchanges that are kept; when there are more, the oldest calls are let go
    #[arg(long, value_name = "N", default_value = "10000", requires = "follow")]
    pub(crate) keep: NonZero<usize>,

    #[command(flatten)]
    pub(crate) judging: Judging,

    /// The filter line to begin with (see `analyze --help`)
    #[arg(long, value_name = "EXPR", value_parser = filter_text)]
    pub(crate) filter: Option<String>,

    /// Do not mask credentials, cookies and tokens
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// Draw with ASCII only; so it is anyway where the locale is not UTF-8
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// A filter that can be read, as it was written.
fn filter_text(expression: &str) -> Result<String, corscope::report::FilterError> {
    Filter::parse(expression).map(|_| expression.to_owned())
}

/// Capture live, and look through the calls as they come in
///
/// The same screen as `view`, following the traffic: the list grows, the chosen call stays chosen, F
/// follows the newest, p pauses. Without a screen (--headless) a line is printed for each call as soon
/// as its verdict stands: time, id, outcome, method, URL, error, finding.
///
/// Capture on the backend, where the traffic is plain HTTP. HTTP is found by its content, on any port;
/// VXLAN, as traffic mirroring sends it, is captured as well. It needs the right to capture: sudo, or
/// once `setcap cap_net_raw,cap_net_admin=eip` on the program.
#[cfg(feature = "live")]
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_long_help = "\
Examples:
  corscope capture --list                                the interfaces that there are
  sudo corscope capture                                  all interfaces, all TCP, on the screen
  sudo corscope capture -i eth0 -f 'tcp port 8000' -w backend.pcapng
      one port, and the packets in a file that every command reads
  sudo corscope capture --headless --filter outcome:blocked
      a line for each blocked call, until Ctrl-C
  sudo corscope capture --headless --until-finding --duration 600 -w backend.pcapng
      in a script: waits up to ten minutes for a cause; status 1 when there is one

Exit status: 0 done, 1 with --until-finding when a finding of severity error appeared, 2 it could not \
be done.")]
pub(crate) struct Capture {
    /// List the interfaces, with their addresses
    #[arg(long)]
    pub(crate) list: bool,

    /// The interface [default: any, that is all of them, where the system has it]
    #[arg(short, long, value_name = "IFACE")]
    pub(crate) interface: Option<String>,

    /// Which packets to take, in libpcap's language (man pcap-filter) [default: TCP, and VXLAN on UDP
    /// port 4789, with any VLAN tags]
    #[arg(short = 'f', long, value_name = "BPF")]
    pub(crate) bpf: Option<String>,

    /// Write the packets to a file too, as pcapng
    #[arg(short, long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,

    /// Print a line for each call instead of showing the screen
    #[arg(long)]
    pub(crate) headless: bool,

    /// End as soon as a finding of severity error appears, with status 1
    #[arg(long)]
    pub(crate) until_finding: bool,

    /// End after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) duration: Option<u64>,

    /// End after so many packets
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,

    /// Only calls that the expression lets through (see `analyze --help`)
    #[arg(long, value_name = "EXPR", value_parser = filter_text)]
    pub(crate) filter: Option<String>,

    #[command(flatten)]
    pub(crate) judging: Judging,

    /// Exchanges that are kept: when there are more, the oldest calls are let go
    #[arg(long, value_name = "N", default_value = "10000")]
    pub(crate) keep: NonZero<usize>,

    /// Bytes of each packet to take; the default takes all of every packet
    #[arg(short, long, value_name = "BYTES", default_value = "262144",
        value_parser = clap::value_parser!(u32).range(64..=262_144))]
    pub(crate) snaplen: u32,

    /// Memory in which the kernel holds packets until they are taken, in MiB
    #[arg(long, value_name = "MIB", default_value = "16", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) kernel_buffer: u32,

    /// Take packets too that are for other machines, as on a switch's mirror port
    #[arg(long)]
    pub(crate) promiscuous: bool,

    /// Do not mask credentials, cookies and tokens
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// Draw with ASCII only; so it is anyway where the locale is not UTF-8
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// Write the exchanges of a capture as one line of JSON each
///
/// The lines (corscope.exchange/1) are the exact data, in the order in which the exchanges end.
/// Every command reads them back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  corscope extract backend.pcap > backend.ndjson
  corscope extract backend.pcap | jq -r 'select(.response.status == 307) | .request.url'
  corscope extract backend.pcap --filter 'finding:preflight-redirected' --redact > to-share.ndjson")]
pub(crate) struct Extract {
    #[command(flatten)]
    pub(crate) reading: Reading,

    /// With the bodies, as base64
    #[arg(long)]
    pub(crate) bodies: bool,

    /// Mask credentials, cookies and tokens, leave out bodies, and list what was masked
    #[arg(long)]
    pub(crate) redact: bool,

    /// Go on at the end of a capture that is still being written, which is then the only source, until
    /// Ctrl-C; --filter looks at each exchange by itself then
    #[arg(long)]
    pub(crate) follow: bool,

    /// Only the exchanges of calls that the expression lets through (see `analyze --help`)
    #[arg(long, value_name = "EXPR", value_parser = Filter::parse)]
    pub(crate) filter: Option<Filter>,

    #[command(flatten)]
    pub(crate) judging: Judging,
}

/// Make the recorded calls again against a server, and say whether each is fixed
///
/// The same machine that judged the recording drives the requests, as browser and load balancer
/// would make them. Servers believe forwarded headers by the address they come from: requests come
/// from the load balancer's own address where this machine has it, else, towards a loopback target,
/// from 127.0.0.2, which no server trusts by default. Nothing is sent anywhere but to the target.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_long_help = "\
Examples:
  corscope replay backend.pcap --to http://127.0.0.1:8000
  corscope replay backend.pcap --to http://127.0.0.1:8000 --bind 10.0.1.5 --strict
  corscope replay backend.pcap --to http://127.0.0.1:8000 --filter 'finding:forwarded-proto-ignored'

Exit status: 0 when every call that was replayed is allowed now; 1 when one is still broken, worse or \
undecided, or none was replayed; 2 when it could not be done.")]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) reading: Reading,

    /// The server itself, behind the load balancer: http://host:port
    #[arg(long, value_name = "URL")]
    pub(crate) to: String,

    /// Text for people, JSON (corscope.replay/1) for programs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReplayFormat,

    /// Send the requests from this address of this machine
    #[arg(long, value_name = "ADDR")]
    pub(crate) bind: Option<std::net::IpAddr>,

    /// Call undecided what may hang on the address that the requests come from
    #[arg(long)]
    pub(crate) strict: bool,

    /// Send methods that may change things on the server too (POST, PUT, DELETE …)
    #[arg(long)]
    pub(crate) allow_unsafe: bool,

    #[command(flatten)]
    pub(crate) judging: Judging,

    /// Only calls that the expression lets through (see `analyze --help`)
    #[arg(long, value_name = "EXPR", value_parser = Filter::parse)]
    pub(crate) filter: Option<Filter>,

    /// Do not mask credentials, cookies and tokens in the report
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// Draw with ASCII only; so it is anyway where the locale is not UTF-8
    #[arg(long)]
    pub(crate) ascii: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplayFormat {
    Text,
    Json,
}

/// Live through the whole story on embedded servers: the bug, its cause, the fix, the proof
///
/// A load balancer (127.0.0.9), a backend that does not trust it and one that does, all on loopback
/// ports of their own. The page's call is made for real, its traffic analysed, and the call replayed
/// against both. Needs no privileges and no network, and ends by itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Look through the call on the screen of `view` instead
    #[arg(long)]
    pub(crate) view: bool,

    /// Draw with ASCII only; so it is anyway where the locale is not UTF-8
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// Explain one finding: what it is, how to recognise it, how to fix it
///
/// Without a name: the list of all findings.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// Its id, such as forwarded-proto-ignored
    #[arg(value_parser = FindingIds, hide_possible_values = true)]
    pub(crate) finding: Option<String>,

    /// Draw with ASCII only; so it is anyway where the locale is not UTF-8
    #[arg(long)]
    pub(crate) ascii: bool,
}

/// Write completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  corscope completions bash > ~/.local/share/bash-completion/completions/corscope
  corscope completions zsh > ~/.zfunc/_corscope
  corscope completions fish > ~/.config/fish/completions/corscope.fish")]
pub(crate) struct Completions {
    pub(crate) shell: clap_complete::Shell,
}

/// Write the manual page, of corscope or of one of its commands
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  corscope man > /usr/local/share/man/man1/corscope.1
  corscope man analyze | man -l -")]
pub(crate) struct Man {
    /// The command whose page it is
    pub(crate) command: Option<String>,
}

/// What is read, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Reading {
    /// Captures (pcap, pcapng) and files of exchanges, also compressed (gzip, zstd, lz4, xz, bzip2),
    /// or - for standard input; told by their first bytes, not by their names
    #[arg(value_name = "SOURCE", required = true)]
    pub(crate) sources: Vec<OsString>,

    /// Use as many threads, of which one capture is read by six at most; the result is the same [default: as many as
    /// there are processors]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZero<usize>>,

    /// Draw no progress bar; there is none anyway unless standard error is a terminal
    #[arg(long)]
    pub(crate) no_progress: bool,
}

/// Whose rules decide, and what the wire cannot tell.
#[derive(Debug, clap::Args)]
pub(crate) struct Judging {
    /// Whose rules decide
    #[arg(long, value_name = "BROWSER", default_value = "chromium", value_parser = browsers())]
    pub(crate) browser: Browser,

    /// The page's origin, where no request tells it
    #[arg(long, value_name = "ORIGIN", value_parser = Origin::parse)]
    pub(crate) page_origin: Option<Origin>,

    /// The requests' mode, where no request tells it
    #[arg(long, value_name = "MODE", value_parser = modes())]
    pub(crate) mode: Option<Mode>,

    /// The requests' credentials mode, which no request tells for sure
    #[arg(long, value_name = "MODE", value_parser = credentials())]
    pub(crate) credentials: Option<Credentials>,

    /// The requests' redirect mode, which no request tells
    #[arg(long, value_name = "MODE", value_parser = redirects())]
    pub(crate) redirect: Option<RedirectMode>,
}

/// Offers the ids of all findings to completions, and takes any text: a slip of the hand is answered with
/// the ids that are like it.
#[derive(Clone)]
struct FindingIds;

impl TypedValueParser for FindingIds {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(explanations().into_iter().map(|known| PossibleValue::new(known.id))))
    }
}

fn browsers() -> impl TypedValueParser<Value = Browser> {
    let names = Browser::ALL.map(Browser::name);
    PossibleValuesParser::new(names)
        .map(|name| Browser::ALL.into_iter().find(|one| one.name() == name).unwrap_or_default())
}

/// The name of the fix that each call's own cause has.
const OF_THE_CAUSE: &str = "of-the-cause";

fn proposals() -> impl TypedValueParser<Value = Proposal> {
    let names = std::iter::once(OF_THE_CAUSE).chain(Remedy::ALL.map(Remedy::name));
    PossibleValuesParser::new(names).map(|name| {
        let remedy = Remedy::ALL.into_iter().find(|one| one.name() == name);
        remedy.map_or(Proposal::OfTheCause, Proposal::Of)
    })
}

fn modes() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(["cors", "no-cors", "same-origin", "navigate"])
        .try_map(|name| Mode::named(&name).ok_or("no mode of that name"))
}

fn credentials() -> impl TypedValueParser<Value = Credentials> {
    PossibleValuesParser::new(["omit", "same-origin", "include"])
        .try_map(|name| Credentials::named(&name).ok_or("no credentials mode of that name"))
}

fn redirects() -> impl TypedValueParser<Value = RedirectMode> {
    PossibleValuesParser::new(["follow", "error", "manual"])
        .try_map(|name| RedirectMode::named(&name).ok_or("no redirect mode of that name"))
}

impl Judging {
    pub(crate) fn options(&self) -> corscope::analyzer::Options {
        corscope::analyzer::Options {
            browser: self.browser,
            asserted: corscope::cors::Asserted {
                page_origin: self.page_origin.clone(),
                mode: self.mode,
                credentials: self.credentials,
                redirect: self.redirect,
            },
            what_if: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_description_holds_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn wrong_values_name_what_is_right() {
        let refused = |line: &str| {
            let error = Args::try_parse_from(line.split('|')).err();
            error.map(|error| (error.exit_code(), error.to_string())).unwrap_or_default()
        };
        let (code, told) = refused("corscope|analyze|x|--filter|colour:red");
        assert_eq!(code, 2);
        assert!(told.contains("at character 1: 'colour' is no key: there are outcome, error"), "{told}");
        assert!(refused("corscope|analyze|x|--page-origin|a.example").1.contains("write scheme://host[:port]"));
        assert!(refused("corscope|analyze|x|--mode|kors").1.contains("no-cors"));
        assert_eq!(refused("corscope|analyze").0, 2);
    }

    #[test]
    fn lists_may_be_repeated_or_have_commas() {
        let line = ["corscope", "analyze", "x", "--fail-on", "blocked,nothing", "--fail-on", "finding"];
        match Args::try_parse_from(line).map(|args| args.command) {
            Ok(Command::Analyze(analyze)) => {
                assert_eq!(analyze.fail_on, [FailOn::Blocked, FailOn::Nothing, FailOn::Finding]);
            }
            other => panic!("{other:?}"),
        }
    }
}
