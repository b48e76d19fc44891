//! What reaches the model, and what it asks for in return.

use super::keys::Key;

/// Something that happened at the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// What the event loop is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// End.
    Quit,
    /// Put this text into the clipboard.
    Copy(String),
}
