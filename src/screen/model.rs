//! All that the screen shows, as one value.

use super::keys::Key;
use super::theme::Theme;
use crate::analyzer::{Analysis, Call, ChainReport};
use crate::report::{Charset, Filter, redacted};

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
    /// As it was captured; masked once in `masked`, which is shown unless secrets are.
    raw: Analysis,
    masked: Analysis,
    pub(super) size: (u16, u16),
    pub(super) charset: Charset,
    pub(super) theme: Theme,
    pub(super) show_secrets: bool,
    pub(super) filter: String,
    /// Why the filter cannot be read, if so: the calls of the last readable one stay.
    pub(super) refused: Option<String>,
    /// Indexes of the calls that the filter lets through.
    pub(super) calls: Vec<usize>,
    /// The chosen one, as an index of `calls`.
    pub(super) chosen: usize,
    pub(super) hop: usize,
    pub(super) pane: Pane,
    pub(super) tab: Tab,
    pub(super) maximised: bool,
    pub(super) mode: Mode,
    pub(super) ladder: Scroll,
    pub(super) detail: Scroll,
    pub(super) help: Scroll,
    /// Keys of a row that has only begun.
    pub(super) pressed: Vec<Key>,
    /// Said in the status bar until the next key.
    pub(super) notice: Option<&'static str>,
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
            masked: redacted(&analysis),
            raw: analysis,
            size: setup.size,
            charset: setup.charset,
            theme: Theme { colours: setup.colours },
            show_secrets: setup.show_secrets,
            filter: setup.filter,
            refused: None,
            calls: Vec::new(),
            chosen: 0,
            hop: 0,
            pane: Pane::List,
            tab: Tab::Explain,
            maximised: false,
            mode: Mode::Browse,
            ladder: Scroll::default(),
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

    /// What is shown: with secrets, or without.
    pub(super) fn analysis(&self) -> &Analysis {
        if self.show_secrets { &self.raw } else { &self.masked }
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
        let filter = match Filter::parse(&self.filter) {
            Ok(filter) => filter,
            Err(error) => {
                self.refused = Some(error.to_string());
                return;
            }
        };
        self.refused = None;
        let before = self.calls.get(self.chosen).copied();
        let calls = self.raw.chains.iter().enumerate().filter(|(_, call)| filter.matches(&self.raw, call));
        self.calls = calls.map(|(at, _)| at).collect();
        match self.calls.iter().position(|at| Some(*at) == before) {
            Some(line) => self.chosen = line,
            None => self.choose(0),
        }
    }

    /// Chooses a call, at the hop where its headers drop off.
    pub(super) fn choose(&mut self, line: usize) {
        self.chosen = line.min(self.calls.len().saturating_sub(1));
        self.hop = self.call().and_then(|call| call.judgement.drop_off).map_or(0, |drop_off| drop_off.hop);
        self.ladder = Scroll::default();
        self.detail = Scroll::default();
    }

    /// How many hops the chosen call has.
    pub(super) fn hops(&self) -> usize {
        self.call().map_or(0, |call| call.judgement.hops.len())
    }
}
