//! The words that the file has for vantage, state, end, and who closed.

use crate::http::{End, Peer, State, Vantage};

const VANTAGES: [(Vantage, &str); 3] =
    [(Vantage::Client, "client"), (Vantage::Backend, "backend"), (Vantage::Direct, "direct")];

const STATES: [(State, &str); 4] = [
    (State::Complete, "complete"),
    (State::NoResponse, "no-response"),
    (State::NoRequest, "no-request"),
    (State::Truncated, "truncated"),
];

const ENDS: [(End, &str); 5] = [
    (End::Complete, "complete"),
    (End::Reset, "reset"),
    (End::Closed, "closed"),
    (End::Timeout, "timeout"),
    (End::CaptureEnded, "capture-ended"),
];

const PEERS: [(Peer, &str); 2] = [(Peer::Client, "client"), (Peer::Server, "server")];

/// What a context may say: the words of the Fetch standard, which stay words here.
pub(super) const MODES: [&str; 4] = ["cors", "no-cors", "same-origin", "navigate"];
pub(super) const CREDENTIALS: [&str; 3] = ["omit", "same-origin", "include"];
pub(super) const REDIRECTS: [&str; 3] = ["follow", "error", "manual"];

/// Request destinations (Fetch, 2.2.5 "Requests"), with the word that `Sec-Fetch-Dest` has for none.
pub(super) const DESTINATIONS: [&str; 26] = [
    "",
    "empty",
    "audio",
    "audioworklet",
    "document",
    "embed",
    "fencedframe",
    "font",
    "frame",
    "iframe",
    "image",
    "json",
    "manifest",
    "object",
    "paintworklet",
    "report",
    "script",
    "serviceworker",
    "sharedworker",
    "style",
    "text",
    "track",
    "video",
    "webidentity",
    "worker",
    "xslt",
];

/// The interfaces of a page that make calls. The verdict and the console's words hang on some of them.
pub(super) const APIS: [&str; 19] = [
    "fetch",
    "xhr",
    "img",
    "image",
    "script",
    "style",
    "font",
    "audio",
    "video",
    "track",
    "object",
    "eventsource",
    "websocket",
    "beacon",
    "worker",
    "nav",
    "form",
    "iframe",
    "sandbox",
];

/// A word where it is one of those known; else what the field may be.
pub(super) fn known(field: &str, word: Option<String>, words: &[&str]) -> Result<Option<String>, String> {
    match word {
        Some(other) if !words.contains(&&*other) => Err(none_of(field, &other, words)),
        word => Ok(word),
    }
}

fn none_of(field: &str, word: &str, words: &[&str]) -> String {
    format!("{field} '{word}' is none of {}", words.join(", "))
}

/// A value with a name in the file.
pub(super) trait Named: Copy + PartialEq + 'static {
    /// Every value with its name.
    const NAMES: &'static [(Self, &'static str)];

    /// As the file names it.
    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(value, _)| *value == self).map_or("", |(_, name)| name)
    }

    /// The value of that name; else what the field may be.
    fn named(field: &str, name: &str) -> Result<Self, String> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(value, _)| *value).ok_or_else(|| {
            let known: Vec<&str> = Self::NAMES.iter().map(|(_, known)| *known).collect();
            none_of(field, name, &known)
        })
    }
}

impl Named for Vantage {
    const NAMES: &'static [(Self, &'static str)] = &VANTAGES;
}

impl Named for State {
    const NAMES: &'static [(Self, &'static str)] = &STATES;
}

impl Named for Peer {
    const NAMES: &'static [(Self, &'static str)] = &PEERS;
}

impl Named for End {
    const NAMES: &'static [(Self, &'static str)] = &ENDS;
}
