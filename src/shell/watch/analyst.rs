//! What was heard so far, analysed anew as more comes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use corscope::analyzer::{Analysis, Options, SourceSummary, analyze_exchanges};
use corscope::http::Exchange;

use super::kept::{Calls, Kept};

/// The analysis is made anew no sooner than that after the last one …
const PAUSE: Duration = Duration::from_millis(200);

/// … and takes one part in so many of the time: packets have to be read, too.
const SHARE: u32 = 5;

/// Keeps the newest exchanges and the analysis of them.
pub(crate) struct Analyst {
    options: Options,
    kept: Kept,
    analysis: Analysis,
    /// The analysis is not of all that is kept.
    is_stale: bool,
    /// The analysis was not told yet.
    is_new: bool,
    /// No analysis before that.
    next: Instant,
    /// How many calls of the analysis, the oldest, are not kept any more.
    leaving: usize,
}

impl Analyst {
    /// Keeps `most` exchanges.
    pub(crate) fn new(options: Options, most: usize) -> Self {
        Self {
            options,
            kept: Kept::new(most),
            analysis: Analysis::default(),
            is_stale: true,
            is_new: false,
            next: Instant::now(),
            leaving: 0,
        }
    }

    pub(crate) fn add(&mut self, exchanges: Vec<Arc<Exchange>>) {
        self.is_stale |= !exchanges.is_empty();
        self.kept.add(exchanges);
    }

    /// Whether to analyse now: there is something new, and it is time for it.
    pub(crate) fn is_due(&self) -> bool {
        self.is_stale && (Instant::now() >= self.next || self.kept.is_far_over())
    }

    /// Analyses what is kept, and lets go of the oldest calls where that is too much.
    pub(crate) fn analyze(&mut self, source: SourceSummary) {
        let began = Instant::now();
        self.analysis = analyze_exchanges(vec![source], self.kept.exchanges(), &self.options);
        self.leaving = if self.kept.is_over() { self.kept.shrink(&self.analysis) } else { 0 };
        (self.is_stale, self.is_new) = (self.leaving > 0, true);
        self.next = Instant::now() + PAUSE.max(began.elapsed() * SHARE);
    }

    pub(crate) fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// Whether the analysis is another than the last time somebody asked.
    pub(crate) fn take_is_new(&mut self) -> bool {
        std::mem::take(&mut self.is_new)
    }

    /// How many of the analysis's calls, the oldest, are not kept any more.
    #[cfg(feature = "live")]
    pub(crate) fn leaving(&self) -> usize {
        self.leaving
    }

    /// The calls that are not kept any more.
    pub(crate) fn let_go(&self) -> Calls {
        self.kept.let_go
    }

    #[cfg(feature = "live")]
    pub(crate) fn into_analysis(self) -> Analysis {
        self.analysis
    }
}
