//! All that the screen shows, as one value.

use super::glyphs::Glyphs;
use super::keys::Key;
use super::message::{Live, Snapshot};
use super::theme::Theme;
use crate::analyzer::{Analysis, Call, ChainReport};
use crate::report::{Charset, Filter};

/// How the screen begins.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What can be drawn.
    pub charset: Charset,
    /// Whether to use colours.
    pub colours: bool,
    /// Whether secrets are shown.
    pub show_secrets: bool,
    /// The filter line to begin with.
    pub filter: String,
}

/// The state of the screen.
#[derive(Clone, Debug)]
pub struct Model {
    /// What is shown is masked, unless secrets are to be shown.
    known: Snapshot,
    /// In a live capture.
    pub(super) watch: Option<Watch>,
    pub(super) size: (u16, u16),
    pub(super) charset: Charset,
    pub(super) theme: Theme,
    pub(super) show_secrets: bool,
    pub(super) filter: String,
    /// It is not applied yet.
    pub(super) is_new_filter: bool,
    /// The last filter that could be read.
    passing: Filter,
    /// Why the filter line cannot be read, if so.
    pub(super) refused: Option<String>,
    /// Indexes of the calls that the filter lets through.
    pub(super) calls: Vec<usize>,
    /// The chosen one, as an index of `calls`.
    pub(super) chosen: usize,
    /// The line of `calls` that was the first row of the list.
    pub(super) top: usize,
    pub(super) hop: usize,
    pub(super) pane: Pane,
    pub(super) tab: Tab,
    pub(super) maximised: bool,
    pub(super) mode: Mode,
    /// `None`: the chosen hop is kept in sight.
    pub(super) ladder: Option<Scroll>,
    pub(super) detail: Scroll,
    pub(super) help: Scroll,
    /// Keys of a row that has only begun.
    pub(super) pressed: Vec<Key>,
    /// Said in the status bar until the next key.
    pub(super) notice: Option<&'static str>,
}

/// How a live capture is looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    pub(super) live: Live,
    /// The newest call is always the chosen one.
    pub(super) follows: bool,
    /// What is shown stands still, and what has come since waits.
    pub(super) paused: bool,
    pub(super) unseen: Option<Box<Snapshot>>,
}

/// The panes, in the order in which Tab goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    List,
    Ladder,
    Detail,
}

/// What the detail pane shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Explain,
    Headers,
    Heads,
}

/// What keys go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Browse,
    /// The filter line.
    Typing,
    Help,
    /// The question whether secrets shall be shown.
    Asking,
}

/// How far a pane is moved: lines and columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scroll {
    pub(super) down: usize,
    pub(super) right: usize,
}

impl Model {
    /// A screen of an analysis; the first call with a finding is chosen.
    #[must_use]
    pub fn new(analysis: Analysis, setup: Setup) -> Self {
        let mut model = Self {
            known: Snapshot::new(analysis),
            watch: None,
            size: setup.size,
            charset: setup.charset,
            theme: Theme { colours: setup.colours },
            show_secrets: setup.show_secrets,
            filter: setup.filter,
            is_new_filter: false,
            passing: Filter::default(),
            refused: None,
            calls: Vec::new(),
            chosen: 0,
            top: 0,
            hop: 0,
            pane: Pane::List,
            tab: Tab::Explain,
            maximised: false,
            mode: Mode::Browse,
            ladder: None,
            detail: Scroll::default(),
            help: Scroll::default(),
            pressed: Vec::new(),
            notice: None,
        };
        model.apply_filter();
        let first = (0..model.calls.len()).find(|&at| model.has_finding(at)).unwrap_or(0);
        model.choose(first);
        model
    }

    /// Columns and rows.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    pub(super) fn glyphs(&self) -> &'static Glyphs {
        Glyphs::of(self.charset)
    }

    /// What is shown: with secrets, or without.
    pub(super) fn analysis(&self) -> &Analysis {
        if self.show_secrets { &self.known.raw } else { &self.known.masked }
    }

    /// The call at a line of the list.
    fn brief_at(&self, line: usize) -> Option<&Call> {
        self.analysis().chains.get(*self.calls.get(line)?)
    }

    /// All that is known of the call at a line of the list.
    pub(super) fn call_at(&self, line: usize) -> Option<ChainReport> {
        Some(self.analysis().report(self.brief_at(line)?))
    }

    pub(super) fn call(&self) -> Option<ChainReport> {
        self.call_at(self.chosen)
    }

    pub(super) fn has_finding(&self, line: usize) -> bool {
        self.brief_at(line).is_some_and(|call| !call.findings().is_empty() || call.decision().error().is_some())
    }

    /// Reads the filter line again; the chosen call stays chosen where it is still there.
    pub(super) fn apply_filter(&mut self) {
        self.is_new_filter = false;
        match Filter::parse(&self.filter) {
            Ok(filter) => (self.passing, self.refused) = (filter, None),
            Err(error) => {
                self.refused = Some(error.to_string());
                return;
            }
        }
        let before = self.calls.get(self.chosen).copied();
        self.let_through();
        match self.calls.iter().position(|at| Some(*at) == before) {
            Some(line) => self.chosen = line,
            None => self.choose(0),
        }
    }

    fn let_through(&mut self) {
        let calls =
            self.known.raw.chains.iter().enumerate().filter(|(_, call)| self.passing.matches(&self.known.raw, call));
        self.calls = calls.map(|(at, _)| at).collect();
    }

    /// Chooses a call, at the hop where its headers drop off.
    pub(super) fn choose(&mut self, line: usize) {
        self.chosen = line.min(self.calls.len().saturating_sub(1));
        self.hop = self.call().and_then(|call| call.judgement.drop_off).map_or(0, |drop_off| drop_off.hop);
        self.ladder = None;
        self.detail = Scroll::default();
    }

    /// Takes what a live capture has come to. The chosen call stays chosen, unless the newest is to be.
    pub(super) fn learn(&mut self, snapshot: Snapshot) {
        let before = self.call().map(|call| (call.chain.id().to_owned(), self.hops()));
        self.known = snapshot;
        self.let_through();
        let same = before.and_then(|(id, hops)| Some((self.line_of(&id)?, hops)));
        match same {
            _ if self.watch.as_ref().is_some_and(|watch| watch.follows) => self.choose(self.calls.len()),
            Some((line, hops)) => {
                self.chosen = line;
                // A call that has gone on may drop off elsewhere now.
                if self.hops() != hops {
                    self.choose(line);
                }
            }
            None => self.choose(0),
        }
    }

    /// The line of the call that an exchange of this id is part of: one that ends late may turn out to
    /// be the call's first.
    fn line_of(&self, id: &str) -> Option<usize> {
        (0..self.calls.len()).find(|line| {
            self.brief_at(*line).is_some_and(|call| call.chain().links.iter().any(|link| &*link.exchange.id == id))
        })
    }

    /// Calls that have come in since the screen was paused.
    pub(super) fn waiting(&self) -> usize {
        let shown = self.known.raw.chains.len();
        let unseen = self.watch.as_ref().and_then(|watch| watch.unseen.as_ref());
        unseen.map_or(0, |snapshot| snapshot.raw.chains.len().saturating_sub(shown))
    }

    /// How many hops the chosen call has.
    pub(super) fn hops(&self) -> usize {
        self.call().map_or(0, |call| call.judgement.hops.len())
    }
}
