//! Other people's records to exchanges, and back.

pub mod exchange_file;
