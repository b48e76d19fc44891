//! `corscope extract`.

use std::collections::HashSet;
use std::sync::Arc;

use corscope::analyzer::{Options, Read, Scribe, Workers as _, analyze};
use corscope::http::{Exchange, Id, Time};
use corscope::import::exchange_file::{Bodies, Writer};
use corscope::report::{Filter, redacted_exchange};

use crate::args::Extract;
use crate::contradicted::say_contradicted;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::source::{self, Handed, Keep, Threads};
use crate::stop::Stop;

pub(crate) fn run(args: &Extract, mut output: Output) -> Result<(), Stop> {
    let keep = if args.bodies { source::BODIES } else { Keep::Nothing };
    let interrupt = Interrupt::by_ctrl_c().map_err(Stop::of_signals)?;
    let several = args.reading.sources.len() > 1;
    if args.follow && several {
        return Err(Stop::Problem("--follow goes on at the end of one source: name one".to_owned()));
    }
    if args.follow || !several && args.filter.is_none() {
        as_they_end(args, keep, &interrupt, &mut output)?;
    } else {
        gathered(args, keep, &interrupt, &mut output)?;
    }
    output.close()
}

/// Writes each exchange of one source when it ends: whatever its size, it takes no memory. To which call
/// it belongs is not known by then.
fn as_they_end(args: &Extract, keep: Keep, interrupt: &Interrupt, output: &mut Output) -> Result<(), Stop> {
    let Some(name) = args.reading.sources.first() else { return Ok(()) };
    let chosen =
        |exchange: &&Arc<Exchange>| args.filter.as_ref().is_none_or(|filter| filter.matches_exchange(exchange));
    use_small_pages();
    let threads = source::threads(&args.reading);
    let take = |handed| {
        match handed {
            Handed::Text(lines) => output.text(&lines)?,
            Handed::Exchanges(exchanges) => {
                let chosen: Vec<&Arc<Exchange>> = exchanges.iter().filter(chosen).collect();
                write(args, &chosen, &threads, output)?;
            }
        }
        if args.follow { output.flush() } else { Ok(()) }
    };
    let scribe = |room| Lines::by(args, room);
    let summary = source::each_exchange(&args.reading, name, keep, args.follow, interrupt, scribe, take)?;
    source::say_warnings([&summary]);
    Ok(())
}

/// What is given back soon fits into the system's small pages; in huge ones it would take two or three times the
/// memory.
#[cfg(target_os = "linux")]
fn use_small_pages() {
    // A system without huge pages needs no telling.
    _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(not(target_os = "linux"))]
fn use_small_pages() {}

/// Writes the exchanges of several sources in the order of time, or those of the calls that the filter
/// lets through: all have to be known first.
fn gathered(args: &Extract, keep: Keep, interrupt: &Interrupt, output: &mut Output) -> Result<(), Stop> {
    let reads = source::read_all(&args.reading, keep, None, interrupt)?;
    source::say_warnings(reads.iter().map(|read| &read.summary));
    let chosen = args.filter.as_ref().map(|filter| Chosen::by(filter, &reads, &args.judging.options()));
    let is_chosen = |exchange: &&Arc<Exchange>| chosen.as_ref().is_none_or(|chosen| chosen.holds(exchange));
    let exchanges = in_order(reads);
    let chosen: Vec<&Arc<Exchange>> = exchanges.iter().filter(is_chosen).collect();
    let threads = source::threads(&args.reading);
    chosen.chunks(WRITTEN_AT_ONCE).try_for_each(|some| write(args, some, &threads, output))
}

/// Exchanges whose lines are held before they go out.
const WRITTEN_AT_ONCE: usize = 4096;

/// Exchanges whose lines one thread makes at a time: enough that handing them over costs nothing beside.
const LINES_EACH: usize = 32;

fn write(args: &Extract, exchanges: &[&Arc<Exchange>], threads: &Threads, output: &mut Output) -> Result<(), Stop> {
    let shares: Vec<&[&Arc<Exchange>]> = exchanges.chunks(LINES_EACH).collect();
    threads.map(&shares, |some| lines(args, some)).iter().try_for_each(|lines| output.text(lines))
}

fn lines(args: &Extract, exchanges: &[&Arc<Exchange>]) -> String {
    let mut lines = Lines::by(args, String::new());
    for exchange in exchanges {
        lines.write(exchange);
    }
    lines.into_text()
}

/// Exchanges, each as its line.
struct Lines {
    writer: Writer,
    redact: bool,
}

impl Lines {
    /// They are written behind what `room` holds already.
    fn by(args: &Extract, room: String) -> Self {
        let bodies = if args.bodies { Bodies::Kept } else { Bodies::Measured };
        Self { writer: Writer::within(room, bodies), redact: args.redact }
    }
}

impl Scribe for Lines {
    fn write(&mut self, exchange: &Exchange) -> usize {
        let Self { writer, redact } = self;
        if *redact {
            writer.write(&redacted_exchange(exchange));
        } else {
            writer.write(exchange);
        }
        writer.len()
    }

    fn into_text(self) -> String {
        self.writer.into_lines()
    }
}

/// The exchanges in the order in which they ended; those of one source are in it already.
fn in_order(reads: Vec<Read>) -> Vec<Arc<Exchange>> {
    let several = reads.len() > 1;
    let mut exchanges: Vec<Arc<Exchange>> = reads.into_iter().flat_map(|read| read.exchanges).collect();
    if several {
        exchanges.sort_by_key(|exchange| ended(exchange));
    }
    exchanges
}

fn ended(exchange: &Exchange) -> Option<Time> {
    let response = exchange.response.as_ref().map(|response| response.end_time.unwrap_or(response.time));
    response.or_else(|| exchange.request.as_ref().map(|request| request.end_time.unwrap_or(request.time)))
}

/// The exchanges that a filter lets through: those of its calls, and of what is in no call each
/// that it would let through by itself.
struct Chosen<'a> {
    filter: &'a Filter,
    in_calls: HashSet<Id>,
    of_filter: HashSet<Id>,
}

impl<'a> Chosen<'a> {
    fn by(filter: &'a Filter, reads: &[Read], options: &Options) -> Self {
        let analysis = analyze(reads.to_vec(), options);
        say_contradicted(&analysis, &options.asserted);
        let (mut in_calls, mut of_filter) = (HashSet::new(), HashSet::new());
        for call in analysis.chains.iter() {
            let links = call.chain().links.iter();
            let ids = links.flat_map(|link| std::iter::once(&link.exchange).chain(&link.also_seen)).map(|one| &one.id);
            let chosen = filter.matches(&analysis, call);
            for id in ids {
                in_calls.insert(id.clone());
                if chosen {
                    of_filter.insert(id.clone());
                }
            }
        }
        Self { filter, in_calls, of_filter }
    }

    fn holds(&self, exchange: &Exchange) -> bool {
        self.of_filter.contains(&exchange.id)
            || (!self.in_calls.contains(&exchange.id) && self.filter.matches_exchange(exchange))
    }
}
