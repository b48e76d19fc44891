//! What all connections share on the way out.

use std::sync::Arc;

use super::{Counters, Keep};
use crate::http::{Exchange, HeaderLines, Text, latin1};

/// Words that are kept to be shared: there are some ten methods and twenty reason phrases in use.
const MAX_WORDS: usize = 64;

/// Where finished exchanges are laid down, and what they are made with.
#[derive(Debug)]
pub(super) struct Desk {
    source: Arc<str>,
    /// Methods, versions and reason phrases that came up.
    words: Vec<Text>,
    pub(super) keep: Keep,
    /// Room for the lines of a head while it is read.
    pub(super) lines: HeaderLines,
    pub(super) ready: Vec<Exchange>,
    pub(super) counters: Counters,
}

impl Desk {
    pub(super) fn new(source: Arc<str>) -> Self {
        Self {
            source,
            words: Vec::new(),
            keep: Keep::default(),
            lines: HeaderLines::default(),
            ready: Vec::new(),
            counters: Counters::default(),
        }
    }

    pub(super) fn source(&self) -> Arc<str> {
        Arc::clone(&self.source)
    }

    /// A word that is in many start lines.
    pub(super) fn word(&mut self, bytes: &[u8]) -> Text {
        if let Some(known) = self.words.iter().find(|word| word.as_bytes() == bytes) {
            return known.clone();
        }
        let word = Text::from(latin1(bytes));
        if self.words.len() < MAX_WORDS {
            self.words.push(word.clone());
        }
        word
    }

    pub(super) fn put(&mut self, exchange: Exchange) {
        self.counters.exchanges += 1;
        self.ready.push(exchange);
    }
}
