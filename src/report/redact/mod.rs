//! Secrets masked: in an analysis, once, before any format sees it, and in exchanges that are given
//! away.
//!
//! What is masked: the values of header fields that carry credentials, userinfo in URLs, query and
//! fragment values whose names or looks are those of tokens, and the same wherever they are quoted.

mod analysis;
mod exchange;
mod fields;
mod text;

pub use analysis::{redacted, redacted_call, redacted_run};
pub use exchange::redacted_exchange;
pub use fields::SECRETS;

/// What stands in the place of a secret.
pub const MASK: &str = "[redacted]";
