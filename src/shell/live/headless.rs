//! A capture without a screen: a line on standard output for each call as it is over.

use std::collections::{HashMap, HashSet};

use corscope::analyzer::{Analysis, Call};
use corscope::cors::Decision;
use corscope::http::Id;
use corscope::report::{Charset, Filter, line, redacted_call};

use super::follow::{News, follow};
use super::open::Opened;
use super::summary::conclude;
use super::writer::Writer;
use crate::args::Capture;
use crate::output::{Output, say};
use crate::signals::told_to_end;
use crate::stop::Stop;
use crate::terminal::layout;

pub(super) fn run(args: &Capture, opened: Opened, writer: Option<Writer>, output: Output) -> Result<(), Stop> {
    let told_to_end = told_to_end()?;
    let filter = Filter::parse(args.filter.as_deref().unwrap_or_default())
        .map_err(|error| Stop::Problem(format!("--filter: {error}")))?;
    let charset = layout(args.ascii).charset;
    let mut lines = Lines { output, filter, charset, show_secrets: args.show_secrets, told: HashMap::new() };
    let what = args.bpf.as_deref().unwrap_or("all TCP, and VXLAN on UDP port 4789");
    say(&format!("capturing on {} ({what}); Ctrl-C ends it", opened.name));
    let ended = follow(args, opened, writer, &told_to_end, &mut |news| lines.print(news))?;
    lines.output.close()?;
    conclude(&ended)
}

struct Lines {
    output: Output,
    filter: Filter,
    charset: Charset,
    show_secrets: bool,
    /// The verdict that was printed of each call, by the call's id.
    told: HashMap<Id, Decision>,
}

impl Lines {
    /// Prints the calls that are over. One whose verdict an answer changes that came very late is
    /// printed again.
    fn print(&mut self, news: &News<'_>) -> Result<(), Stop> {
        let calls = &news.analysis.chains;
        for call in news.settled.iter().filter_map(|at| calls.get(*at)) {
            self.print_call(news.analysis, call)?;
        }
        if news.is_new {
            let known: HashSet<&str> = calls.iter().map(Call::id).collect();
            self.told.retain(|id, _| known.contains(&**id));
        }
        self.output.flush()
    }

    fn print_call(&mut self, analysis: &Analysis, call: &Call) -> Result<(), Stop> {
        let verdict = call.decision();
        if self.told.get(call.id()).is_some_and(|told| *told == verdict) {
            return Ok(());
        }
        self.told.insert(call.id().into(), verdict);
        if !self.filter.matches(analysis, call) {
            return Ok(());
        }
        let report = analysis.report(call);
        let shown = if self.show_secrets { report } else { redacted_call(&report) };
        self.output.line(&line(&shown, self.charset))
    }
}
