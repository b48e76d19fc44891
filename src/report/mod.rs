//! An analysis for people and programs: as text for a terminal, as JSON, as Markdown; what is
//! secret masked, what is not asked for filtered out.

mod advice;
mod escape;
mod filter;
mod json;
mod line;
mod loops;
mod markdown;
mod nearest;
mod outline;
mod redact;
mod replay;
mod text;
mod words;

#[cfg(test)]
mod samples;

pub use escape::{Charset, elide, visible};
pub use filter::{Filter, FilterError};
pub use json::{SCHEMA, json, write_json};
pub use line::line;
pub use markdown::{cause_index, cause_page, markdown};
pub use nearest::nearest;
pub use redact::{MASK, SECRETS, redacted, redacted_call, redacted_exchange, redacted_run};
pub use replay::{REPLAY_SCHEMA, replay_json};
pub use text::{
    Ladder, Layout, NARROWEST, StyledLine, WIDEST, advice_lines, explain, explain_all, explain_lines, ladder_lines,
    replay_text, text,
};

use crate::analyzer::ChainReport;
use crate::http::Time;

/// When a call began: the time of its first message.
#[must_use]
pub fn time_of(call: &ChainReport) -> Option<Time> {
    let exchange = &call.chain.links.first()?.exchange;
    exchange.request.as_ref().map(|request| request.time).or(exchange.response.as_ref().map(|response| response.time))
}
