//! Bytes as borrowed views: capture files, link layers, HTTP/1 heads. No state, no judgement.

pub mod http1;
mod packet;
mod segment;

pub use packet::{LinkType, Moment, Packet};
pub use segment::{Endpoint, Flags, Segment};
