//! What was taken, read and analysed as it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use corscope::analyzer::{Analysis, Part, SourceKind, SourceSummary};
use corscope::diagnose::Severity;
use corscope::http::{Id, Time};
use corscope::screen::Live;
use corscope::wire::capture::write::Statistics;
use corscope::wire::{LinkType, Moment};

use super::open::Opened;
use super::queue::{Batch, Drops};
use super::settled::is_settled;
use super::taker::Taker;
use super::writer::Writer;
use crate::args::Capture;
use crate::source::Keep;
use crate::stop::{Stop, reason};
use crate::watch::{Analyst, Calls};

/// How often what is known is told, where nothing else happens.
const TICK: Duration = Duration::from_millis(250);

/// How long is waited for the taker to end: an old libpcap may not wake up before the next packet.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// What listeners are told.
pub(super) struct News<'a> {
    /// How the capture goes.
    pub(super) live: &'a Live,
    pub(super) analysis: &'a Analysis,
    /// The analysis is another than the last time.
    pub(super) is_new: bool,
    /// Its calls that are over, as indexes: those of the last time may be among them.
    pub(super) settled: &'a [usize],
}

/// How it ended.
pub(super) struct Ended {
    pub(super) live: Live,
    /// Of what was kept.
    pub(super) analysis: Analysis,
    /// Calls of the whole capture.
    pub(super) calls: Calls,
    pub(super) why: Why,
}

/// Why it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Somebody said so, or as much was captured as was wanted.
    Enough,
    /// This finding appeared, in the call of this id.
    Finding(&'static str, Id),
    /// It cannot go on.
    Broken(String),
}

/// Follows a capture until it ends; `told_to_end` ends it from outside.
pub(super) fn follow(
    args: &Capture,
    opened: Opened,
    writer: Option<Writer>,
    told_to_end: &AtomicBool,
    listener: &mut dyn FnMut(&News<'_>) -> Result<(), Stop>,
) -> Result<Ended, Stop> {
    let mut follower = Follower::new(args, &opened, writer);
    let taker = Taker::start(opened.capture)
        .map_err(|error| Stop::Problem(format!("no thread can be started: {}", reason(&error))))?;
    let mut asked_to_end: Option<Instant> = None;
    let mut batch = Batch::default();
    loop {
        let told = taker.queue.take(&mut batch, TICK);
        follower.read(&mut batch, told.drops);
        if let Some(how) = told.ended {
            follower.why = follower.why.take().or(how.err().map(Why::Broken));
            break;
        }
        follower.analyze_if_due();
        follower.tell(listener)?;
        match asked_to_end {
            None if follower.has_enough() || told_to_end.load(Ordering::Relaxed) => {
                asked_to_end = Some(Instant::now());
                taker.tell_to_end();
            }
            Some(asked) if asked.elapsed() > LAST_WAIT => break,
            _ => {}
        }
    }
    follower.finish(listener)
}

struct Follower<'a> {
    args: &'a Capture,
    link: LinkType,
    part: Part,
    path: Arc<str>,
    writer: Option<Writer>,
    analyst: Analyst,
    live: Live,
    began: Instant,
    /// Of the latest packet, and when it was read.
    latest: Option<(Moment, Instant)>,
    why: Option<Why>,
}

impl<'a> Follower<'a> {
    fn new(args: &'a Capture, opened: &Opened, writer: Option<Writer>) -> Self {
        let path: Arc<str> = opened.name.as_str().into();
        let live = Live {
            interface: opened.name.clone(),
            file: args.write.as_ref().map(|path| path.display().to_string()),
            ..Live::default()
        };
        Self {
            args,
            link: opened.link,
            part: Part::new(&path, Keep::Errors).sharing(None),
            path,
            writer,
            analyst: Analyst::new(args.judging.options(), args.keep.get()),
            live,
            began: Instant::now(),
            latest: None,
            why: None,
        }
    }

    /// Takes packets: into the file first, so that what is analysed can be looked up there.
    fn read(&mut self, batch: &mut Batch, drops: Drops) {
        let Live { dropped_by_kernel, dropped_by_interface, dropped_by_queue, .. } = &mut self.live;
        (*dropped_by_kernel, *dropped_by_interface, *dropped_by_queue) = (drops.kernel, drops.interface, drops.queue);
        if let Some(count) = self.args.count {
            batch.truncate(count.saturating_sub(self.live.packets));
        }
        let first = self.live.packets + 1;
        if let Some(writer) = &mut self.writer
            && let Err(problem) = writer.packets(batch.packets(first, self.link))
        {
            self.writer = None;
            self.why = Some(Why::Broken(problem));
        }
        for packet in batch.packets(first, self.link) {
            self.part.packet(&packet);
            self.latest = Some((packet.time, Instant::now()));
        }
        self.live.packets += batch.len();
        self.live.bytes += batch.bytes();
        self.analyst.add(self.part.take_exchanges());
    }

    fn has_enough(&self) -> bool {
        let seconds = self.args.duration.map(Duration::from_secs);
        self.why.is_some()
            || seconds.is_some_and(|duration| self.began.elapsed() >= duration)
            || self.args.count.is_some_and(|count| self.live.packets >= count)
    }

    fn analyze_if_due(&mut self) {
        if self.analyst.is_due() {
            self.analyze();
        }
    }

    fn analyze(&mut self) {
        self.analyst.analyze(self.summary());
        self.live.let_go = self.analyst.let_go().total();
    }

    fn summary(&self) -> SourceSummary {
        self.part.summary(Arc::clone(&self.path), SourceKind::Live, self.live.bytes)
    }

    fn tell(&mut self, listener: &mut dyn FnMut(&News<'_>) -> Result<(), Stop>) -> Result<(), Stop> {
        let settled = self.settled();
        self.look_for_findings(&settled);
        let is_new = self.analyst.take_is_new();
        listener(&News { live: &self.live, analysis: self.analyst.analysis(), is_new, settled: &settled })
    }

    /// Calls that are over, and those that are let go: they are told as they stand.
    fn settled(&self) -> Vec<usize> {
        let Some(now) = self.now() else { return Vec::new() };
        let waiting: Vec<Time> = self.part.waiting().collect();
        let leaving = self.analyst.leaving();
        let calls = self.analyst.analysis().chains.iter().enumerate();
        calls.filter(|(at, call)| *at < leaving || is_settled(call, now, &waiting)).map(|(at, _)| at).collect()
    }

    /// The time of the packets, which goes on while none come.
    fn now(&self) -> Option<Time> {
        let (moment, read) = self.latest?;
        let since = i128::try_from(read.elapsed().as_nanos()).unwrap_or(i128::MAX);
        Some(Time::from_nanoseconds(moment.nanoseconds().saturating_add(since), moment.digits))
    }

    fn look_for_findings(&mut self, settled: &[usize]) {
        if !self.args.until_finding || self.why.is_some() {
            return;
        }
        let analysis = self.analyst.analysis();
        let errors = analysis.findings.iter().filter(|finding| finding.severity == Severity::Error);
        let ids: Vec<&'static str> = errors.map(|finding| finding.id).collect();
        let calls = settled.iter().filter_map(|at| analysis.chains.get(*at));
        self.why = calls
            .flat_map(|call| call.findings().iter().map(move |id| (*id, call)))
            .find(|(id, _)| ids.contains(id))
            .map(|(id, call)| Why::Finding(id, call.id().into()));
    }

    /// The capture has ended: with it all that was under way is over.
    fn finish(mut self, listener: &mut dyn FnMut(&News<'_>) -> Result<(), Stop>) -> Result<Ended, Stop> {
        self.part.end();
        self.analyst.add(self.part.take_exchanges());
        self.analyze();
        let mut calls = self.analyst.let_go();
        let chains = &self.analyst.analysis().chains;
        for call in chains.iter().skip(self.analyst.leaving()) {
            calls.count(call.decision());
        }
        let all: Vec<usize> = (0..chains.len()).collect();
        self.look_for_findings(&all);
        let mut why = self.why.unwrap_or(Why::Enough);
        if let (Some(writer), Some((latest, _))) = (self.writer, self.latest)
            && let Err(problem) = writer.close(latest.nanoseconds(), statistics(&self.live))
        {
            why = Why::Broken(problem);
        }
        self.live.ended = Some(match &why {
            Why::Enough => "it was told to".to_owned(),
            Why::Finding(id, call) => format!("{id} was found in call {call}"),
            Why::Broken(problem) => problem.clone(),
        });
        listener(&News { live: &self.live, analysis: self.analyst.analysis(), is_new: true, settled: &all })?;
        Ok(Ended { live: self.live, analysis: self.analyst.into_analysis(), calls, why })
    }
}

fn statistics(live: &Live) -> Statistics {
    let dropped_by_system = live.dropped_by_kernel + live.dropped_by_queue;
    Statistics {
        received: live.packets + dropped_by_system,
        dropped_by_interface: live.dropped_by_interface,
        dropped_by_system,
    }
}
