//! The Fetch standard, clause by clause, and each browser's departures from it.

mod browser;
mod intent;
mod verdict;

pub use browser::Browser;
pub use intent::{Api, Credentials, Intent, Mode, RedirectMode};
pub use verdict::{
    Answer, AnsweredBy, Asked, Assumption, Check, Clause, Differs, DropOff, DropOffKind, Error, Failure, Hop,
    Judgement, Messages, Outcome, ResponseType, Verdict,
};
