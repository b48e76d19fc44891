//! What reaches the model, and what it asks for in return.

use super::keys::Key;
use crate::analyzer::Analysis;
use crate::report::redacted;

/// Something that happened, at the terminal or on the wire.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse was pressed, at a column and a row from 0.
    Click(u16, u16),
    /// The wheel was turned there; `true`: down.
    Wheel(u16, u16, bool),
    /// The terminal has so many columns and rows.
    Resize(u16, u16),
    /// More is known of a live capture.
    Analysis(Box<Snapshot>),
    /// How a live capture goes.
    Live(Box<Live>),
}

/// An analysis, as it was captured and with its secrets masked.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) raw: Analysis,
    pub(super) masked: Analysis,
}

impl Snapshot {
    /// Masks the secrets, which takes its time: not something for the event loop.
    #[must_use]
    pub fn new(analysis: Analysis) -> Self {
        Self { masked: redacted(&analysis), raw: analysis }
    }
}

/// How a live capture goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Where packets are captured.
    pub interface: String,
    /// Packets so far.
    pub packets: u64,
    /// Bytes of theirs that were captured.
    pub bytes: u64,
    /// Packets that came faster than they were taken.
    pub dropped_by_kernel: u64,
    /// Packets that the interface or its driver had no room for.
    pub dropped_by_interface: u64,
    /// Packets that came faster than they were read.
    pub dropped_by_queue: u64,
    /// Calls that are not kept any more.
    pub let_go: u64,
    /// The file that the packets are written to.
    pub file: Option<String>,
    /// Why it has ended, once it has.
    pub ended: Option<String>,
}

impl Live {
    /// Packets that were lost, whoever lost them.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped_by_kernel + self.dropped_by_interface + self.dropped_by_queue
    }
}

/// What the event loop is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End.
    Quit,
    /// Put this text into the clipboard.
    Copy(String),
}
