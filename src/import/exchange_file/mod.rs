//! `corscope.exchange/1`: one exchange a line, as `corscope extract` writes it and every command
//! reads it back.
//!
//! What it writes it reads back equal. What others write may leave out all but the messages: ids
//! are then `e` and the line's number, and an id that the file used before gets a suffix (`e7~2`).

mod importer;
mod json;
mod names;
mod read;
mod scheme;
mod write;

pub use importer::{Importer, LineError, MAX_LINE};
pub use write::{Bodies, Writer};

/// The name of this format, with its version.
pub const SCHEMA: &str = "corscope.exchange/1";

#[cfg(test)]
mod round_trip;
