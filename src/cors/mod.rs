//! The Fetch standard, clause by clause, and each browser's departures from it.

mod browser;
mod check;
mod console;
mod csp;
mod evidence;
mod fetch;
mod filter;
mod hsts;
mod intent;
mod judge;
mod lists;
mod mime;
mod mixed;
mod network;
mod policy;
mod preflight;
mod preflight_cache;
mod redirect;
mod repeated;
mod safelist;
mod verdict;

pub use browser::Browser;
use browser::Rules;
pub use evidence::{Asserted, intent};
pub use fetch::{Answered, Ask, Ending, Fetch, Step, Trail};
pub use filter::can_read;
pub use intent::{Api, AuthorHeader, Credentials, Intent, Mode, RedirectMode};
#[cfg(test)]
pub(crate) use judge::testing;
pub use judge::{Surroundings, decide, judge};
pub use preflight_cache::{PreflightCache, PreflightKey};
pub use verdict::{
    Answer, AnsweredBy, Asked, Assumption, Check, Clause, Decision, Differs, DropOff, DropOffKind, Error, Failure, Hop,
    Judgement, Messages, Outcome, ResponseType, Verdict,
};
