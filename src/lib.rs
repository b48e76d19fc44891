//! corscope reads the HTTP traffic between a load balancer and a backend, rebuilds the page calls
//! in it, and says where the CORS headers drop off, why, and what to change.
//!
//! The library is pure: bytes and time come in as arguments, values come out. It opens no file and
//! no socket, starts no thread, reads no clock and prints nothing; the binary (`src/shell`) does.
//! `docs/architecture.md` is the map.

pub mod analyzer;
pub mod balancer;
pub mod chain;
pub mod cors;
pub mod diagnose;
pub mod flow;
pub mod http;
pub mod import;
pub mod replay;
pub mod report;
pub mod screen;
pub mod session;
pub mod wire;
