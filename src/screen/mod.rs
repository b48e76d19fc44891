//! The terminal UI without the terminal: a model, messages that change it, and a pure view of it.
//!
//! [`Model::update`] takes a message and answers with an effect for the event loop to perform;
//! [`draw`] shows a model and changes nothing. The keys are one table, [`keys::TABLE`], from which
//! dispatch, the hints of the status bar and the help are all read.

mod glyphs;
pub mod keys;
mod message;
mod model;
mod theme;
mod update;
mod view;

pub use message::{Effect, Live, Message, Snapshot};
pub use model::{Model, Setup};
pub use view::draw;
