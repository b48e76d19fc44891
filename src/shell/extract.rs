//! `corscope extract`.

use std::collections::HashSet;
use std::sync::Arc;

use corscope::analyzer::{Options, Read, analyze};
use corscope::http::{Exchange, Time};
use corscope::import::exchange_file::{Bodies, to_line};
use corscope::report::{Filter, redacted_exchange};

use crate::args::Extract;
use crate::output::Output;
use crate::source::{self, Keep};
use crate::stop::Stop;

pub(crate) fn run(args: &Extract, mut output: Output) -> Result<(), Stop> {
    let keep = if args.bodies { source::BODIES } else { Keep::Nothing };
    let bodies = if args.bodies { Bodies::Kept } else { Bodies::Measured };
    let mut write = |exchange: &Exchange| {
        let line = if args.redact { to_line(&redacted_exchange(exchange), bodies) } else { to_line(exchange, bodies) };
        output.line(&line)
    };
    if let ([one], None) = (args.reading.sources.as_slice(), &args.filter) {
        // Nothing has to be known of the whole: whatever its size, it takes no memory.
        let summary = source::each_exchange(&args.reading, one, keep, |exchange| write(&exchange))?;
        source::say_warnings([&summary]);
    } else {
        let reads = source::read_all(&args.reading, keep)?;
        source::say_warnings(reads.iter().map(|read| &read.summary));
        let chosen = args.filter.as_ref().map(|filter| Chosen::by(filter, &reads, &args.judging.options()));
        let is_chosen = |exchange: &Exchange| chosen.as_ref().is_none_or(|chosen| chosen.holds(exchange));
        in_order(reads).iter().filter(|exchange| is_chosen(exchange)).try_for_each(|exchange| write(exchange))?;
    }
    output.close()
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
    in_calls: HashSet<Arc<str>>,
    of_filter: HashSet<Arc<str>>,
}

impl<'a> Chosen<'a> {
    fn by(filter: &'a Filter, reads: &[Read], options: &Options) -> Self {
        let analysis = analyze(reads.to_vec(), options);
        let (mut in_calls, mut of_filter) = (HashSet::new(), HashSet::new());
        for call in analysis.chains.iter() {
            let links = call.chain().links.iter();
            let ids = links.flat_map(|link| std::iter::once(&link.exchange).chain(&link.also_seen)).map(|one| &one.id);
            let chosen = filter.matches(&analysis, call);
            for id in ids {
                in_calls.insert(Arc::clone(id));
                if chosen {
                    of_filter.insert(Arc::clone(id));
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
