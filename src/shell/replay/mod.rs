//! `corscope replay`: the sockets under the replay. Nothing is ever sent anywhere but to the target.

pub(crate) mod address;

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use corscope::analyzer::{Analysis, ChainReport, analyze};
use corscope::balancer::Balancer;
use corscope::replay::{Next, Options, Replay, Replayed, Run, Sender, Verdict, compare, reason_to_skip, skipped};
use corscope::report::{redacted_run, replay_json, replay_text};

use crate::args::{self, ReplayFormat};
use crate::connection;
use crate::contradicted::say_contradicted;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::source;
use crate::stop::Stop;
use crate::terminal::layout;

pub(crate) fn run(args: &args::Replay, mut output: Output) -> Result<(), Stop> {
    let reads = source::read_all(&args.reading, source::BODIES, None, &Interrupt::default())?;
    source::say_warnings(reads.iter().map(|read| &read.summary));
    let warnings = warnings(&reads);
    let judging = args.judging.options();
    let mut analysis = analyze(reads, &judging);
    if let Some(filter) = &args.filter {
        filter.apply(&mut analysis);
    }
    say_contradicted(&analysis, &judging.asserted);
    let balancer = balancer(&analysis);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stop::Problem(format!("the replay cannot be started: {error}")))?;
    let target = runtime.block_on(address::of_target(&args.to)).map_err(Stop::Problem)?;
    let sender = address::choose(args.bind, &balancer, target).map_err(Stop::Problem)?;
    let options = Options { browser: args.judging.browser, allow_unsafe: args.allow_unsafe };
    let mut calls = Vec::new();
    for call in analysis.reports() {
        calls.push(match reason_to_skip(&call, options) {
            Some(why) => skipped(&call, why),
            None => runtime.block_on(replay(&call, &balancer, options, target, sender, args.strict))?,
        });
    }
    let run = Run { target: args.to.clone(), sender, calls, warnings };
    let shown = if args.show_secrets { run.clone() } else { redacted_run(&run) };
    match args.format {
        ReplayFormat::Text => output.styled(&replay_text(&shown, layout(args.ascii)))?,
        ReplayFormat::Json => output.line(&replay_json(&shown))?,
    }
    output.close()?;
    answer(&run)
}

/// The answer is no when a call is not known to work now, and when none was tried.
fn answer(run: &Run) -> Result<(), Stop> {
    let count = |bad: &[Verdict]| run.calls.iter().filter(|call| bad.contains(&call.verdict)).count();
    let bad = count(&[Verdict::StillBroken, Verdict::Worse, Verdict::Undecided]);
    let tried = run.calls.len() - count(&[Verdict::Skipped]);
    match (tried, bad) {
        (0, _) => Err(Stop::No("no call was replayed".to_owned())),
        (_, 0) => Ok(()),
        _ => Err(Stop::No(format!("{bad} of {tried} call(s) are still broken, worse or undecided"))),
    }
}

/// Makes one call again.
pub(crate) async fn replay(
    call: &ChainReport,
    balancer: &Balancer,
    options: Options,
    target: SocketAddr,
    sender: Sender,
    strict: bool,
) -> Result<Replayed, Stop> {
    let mut replay = Replay::new(call, balancer, options);
    loop {
        match replay.next(&trace_id()) {
            Next::Done(done) => return Ok(compare(call, done, sender, strict)),
            Next::Send(request) => {
                let answer = connection::exchange(target, sender.bound_to, &request).await;
                let heard = answer.map_err(|why| Stop::Problem(format!("{target}: {why}")))?;
                replay.answered(*request, heard.response, heard.end);
            }
        }
    }
}

/// As the load balancer makes them: `Root=1-<seconds, 8 hex digits>-<24 hex digits>`.
pub(crate) fn trace_id() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("Root=1-{seconds:08x}-{:016x}{:08x}", fastrand::u64(..), fastrand::u32(..))
}

/// What the recording shows of the load balancer.
pub(crate) fn balancer(analysis: &Analysis) -> Balancer {
    let mut balancer = Balancer::default();
    for link in analysis.chains.iter().flat_map(|call| &call.chain().links) {
        balancer.observe(&link.exchange);
    }
    balancer
}

fn warnings(reads: &[corscope::analyzer::Read]) -> Vec<String> {
    let masked =
        reads.iter().flat_map(|read| &read.exchanges).filter(|exchange| !exchange.extras.redacted.is_empty()).count();
    let warning =
        format!("{masked} exchange(s) were masked before they were written down: what was masked is sent as it stands");
    (masked > 0).then_some(warning).into_iter().collect()
}
