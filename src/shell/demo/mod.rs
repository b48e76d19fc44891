//! `corscope demo`: the whole story on embedded servers. It says nothing about results itself: the
//! same rooms analyse, replay and report as for everything else.

mod backend;
mod balancer;
mod page;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use corscope::analyzer::{Analysis, Glances, Options as Judging, Read, SourceKind, SourceSummary, Unread, analyze};
use corscope::http::Exchange;
use corscope::replay::{Options, Run};
use corscope::report::{Layout, replay_text, text};
use corscope::screen::Model;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::args;
use crate::output::Output;
use crate::replay::{self, address};
use crate::screen::{self, Mailbox};
use crate::signals::told_to_end;
use crate::stop::Stop;
use crate::terminal::layout;
use backend::Trust;

/// Where the load balancer connects from; every Linux machine has it, and no server trusts it
/// unless told so.
const BALANCER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));

pub(crate) fn run(args: &args::Demo, output: Output) -> Result<(), Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| problem(&error))?;
    if args.view { view(args, output, &runtime) } else { runtime.block_on(story(args, output)) }
}

/// The broken call on the screen.
fn view(args: &args::Demo, output: Output, runtime: &Runtime) -> Result<(), Stop> {
    screen::need_terminal("demo --view", "corscope demo tells the story as text")?;
    let exchanges = runtime.block_on(async { call(backend::start(Trust::ThisMachine).await?).await });
    let analysis = analysis(exchanges.map_err(|error| problem(&error))?);
    let setup = screen::setup(args.ascii, false, None, &output)?;
    output.close()?;
    let over = told_to_end()?;
    screen::show(Model::new(analysis, setup), Mailbox::new(), &over)
}

async fn story(args: &args::Demo, mut output: Output) -> Result<(), Stop> {
    let layout = layout(args.ascii);
    let broken = backend::start(Trust::ThisMachine).await.map_err(|error| problem(&error))?;
    let mended = backend::start(Trust::Also(BALANCER)).await.map_err(|error| problem(&error))?;

    heading(
        &mut output,
        &format!("A page calls https://request.example.com/items. Load balancer {BALANCER}, backend {broken}"),
    )?;
    let analysis = analysis(call(broken).await.map_err(|error| problem(&error))?);
    output.styled(&text(&analysis, layout, false))?;

    heading(&mut output, "The same call again, against the same backend")?;
    output.styled(&again(&analysis, broken, layout).await?)?;

    heading(&mut output, &format!("The same call again, against one that trusts {BALANCER}"))?;
    output.styled(&again(&analysis, mended, layout).await?)?;
    output.close()
}

/// The page's call, through the load balancer, and what went over the wire behind it.
async fn call(backend: SocketAddr) -> std::io::Result<Vec<Exchange>> {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let front = balancer::start(backend, sender).await?;
    page::call(front).await?;
    let mut exchanges = Vec::new();
    while let Ok(exchange) = seen.try_recv() {
        exchanges.push(exchange);
    }
    Ok(exchanges)
}

fn analysis(mut exchanges: Vec<Exchange>) -> Analysis {
    let path: Arc<str> = "demo".into();
    for exchange in &mut exchanges {
        exchange.carrier_mut().source = Arc::clone(&path);
    }
    let summary = SourceSummary {
        path,
        kind: SourceKind::Exchanges,
        packets: 0,
        bytes: 0,
        connections: exchanges.len() as u64,
        exchanges: exchanges.len() as u64,
        unread: Unread::default(),
        lost_bytes: 0,
        damage: None,
        warnings: Vec::new(),
    };
    let exchanges = exchanges.into_iter().map(Arc::new).collect();
    analyze(vec![Read { summary, exchanges, glances: Glances::default() }], &Judging::default())
}

async fn again(analysis: &Analysis, target: SocketAddr, layout: Layout) -> Result<String, Stop> {
    let balancer = replay::balancer(analysis);
    let sender = address::choose(None, &balancer, target).map_err(Stop::Problem)?;
    let mut calls = Vec::new();
    for call in analysis.reports() {
        calls.push(replay::replay(&call, &balancer, Options::default(), target, sender, false).await?);
    }
    let run = Run { target: format!("http://{target}"), sender, calls, warnings: Vec::new() };
    Ok(replay_text(&run, layout))
}

fn heading(output: &mut Output, title: &str) -> Result<(), Stop> {
    output.styled(&format!("\n### {title}\n\n"))
}

fn problem(error: &std::io::Error) -> Stop {
    Stop::Problem(format!("the demo's servers cannot run on the loopback interface: {error}"))
}
