//! Other people's records to exchanges, and back.

mod escaped;
pub mod exchange_file;
mod ids;

pub use escaped::{escaped, needs_no_escape};
pub use ids::Ids;
