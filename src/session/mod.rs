//! Streams to exchanges.
