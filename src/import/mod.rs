//! Other people's records to exchanges, and back.

pub mod exchange_file;
mod ids;

pub use ids::Ids;
