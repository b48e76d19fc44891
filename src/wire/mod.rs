//! Bytes as borrowed views: capture files, link layers, HTTP/1 heads. No state, no judgement.

pub mod capture;
pub mod http1;
pub mod link;
mod packet;
mod segment;

pub use packet::{LinkType, Moment, Packet};
pub use segment::{Endpoint, Flags, Segment};
