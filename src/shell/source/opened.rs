//! One source that was opened: what it looks like, and what comes of reading it.

use std::ffi::OsStr;
use std::sync::Arc;

use corscope::analyzer::{Keep, Part, Read, Scribe, SourceSummary};

use super::block::Blocks;
use super::capture::{self, Handed, Wanted};
use super::detect::{Looks, looks};
use super::exchanges;
use super::input::{Ended, Input, Manner};
use crate::stop::{Stop, reason};

/// A source that was opened, and what it looks like.
pub(super) struct Source {
    pub(super) path: Arc<str>,
    pub(super) blocks: Blocks,
    pub(super) ended: Ended,
    pub(super) looks: Looks,
}

impl Source {
    pub(super) fn open(name: &OsStr, manner: &Manner) -> Result<Self, Stop> {
        let path: Arc<str> = name.to_string_lossy().into();
        let Input { bytes, ended } = Input::open(name, manner).map_err(|what| problem(&path, &what))?;
        let mut blocks = Blocks::new(bytes);
        let first = blocks.begin().map_err(|error| problem(&path, &format!("cannot be read: {}", reason(&error))))?;
        if let (true, Some(why)) = (first.is_empty(), ended.why()) {
            return Err(problem(&path, &format!("cannot be read: {why}")));
        }
        let looks = looks(first);
        if let Looks::Other(what) = &looks {
            return Err(problem(&path, what));
        }
        Ok(Self { path, blocks, ended, looks })
    }

    pub(super) fn problem(&self, what: &str) -> Stop {
        problem(&self.path, what)
    }

    /// Hands on the exchanges as they end, as long as somebody wants them. A file of exchanges is read
    /// whole first: whether it is one shows at its end.
    pub(super) fn hand_on<S: Scribe>(
        self,
        keep: Keep,
        threads: usize,
        scribe: impl Fn(String) -> S + Sync,
        wanted: Wanted<'_>,
    ) -> Result<SourceSummary, Stop> {
        let Looks::Capture(kind) = self.looks else {
            let read = self.exchanges(keep)?;
            wanted(Handed::Exchanges(read.exchanges));
            return Ok(read.summary);
        };
        let Self { path, blocks, ended, .. } = self;
        let mut part = Part::new(&path, keep);
        let bytes =
            capture::hand_on(&mut part, blocks, threads, scribe, wanted).map_err(|what| problem(&path, &what))?;
        if let Some(why) = ended.why() {
            part.damaged(why.to_owned());
        }
        while part.end_some() && wanted(Handed::Exchanges(part.take_exchanges())) {}
        wanted(Handed::Exchanges(part.take_exchanges()));
        Ok(part.summary(Arc::clone(&path), kind, bytes))
    }

    pub(super) fn exchanges(self, keep: Keep) -> Result<Read, Stop> {
        let mut read = exchanges::read(&self.path, self.blocks, keep).map_err(|what| problem(&self.path, &what))?;
        if let Some(why) = self.ended.why() {
            read.summary.damage.get_or_insert_with(|| why.to_owned());
            read.summary.warnings.push(why.to_owned());
        }
        Ok(read)
    }
}

/// What stops the reading of the source with that path.
pub(super) fn problem(path: &str, what: &str) -> Stop {
    let named = match path {
        "-" => "standard input",
        "" => "'' (an empty name)",
        path => path,
    };
    Stop::Problem(format!("{named}: {what}"))
}
