//! Message bodies, and the trailers behind them.

use std::sync::LazyLock;

use super::Headers;

/// A message body, as much of it as an observer remembers, and what came behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its length after the transfer coding is removed and before any content coding is.
    pub bytes: u64,
    /// False when the capture lacks some of it.
    pub complete: bool,
    /// Of nearly all there is nothing: a capture holds them by the million.
    remembered: Option<Box<Remembered>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Remembered {
    kept: Vec<u8>,
    trailers: Headers,
}

impl Default for Body {
    /// An empty body, seen whole.
    fn default() -> Self {
        Self { bytes: 0, complete: true, remembered: None }
    }
}

impl Body {
    /// One that was kept whole.
    #[must_use]
    pub fn whole(bytes: impl Into<Vec<u8>>) -> Self {
        let kept = bytes.into();
        Self::new(kept.len() as u64, true, kept)
    }

    /// One of so many bytes, seen whole (`complete`) or not, of which these first ones are kept.
    #[must_use]
    pub fn new(bytes: u64, complete: bool, kept: Vec<u8>) -> Self {
        let mut body = Self { bytes, complete, remembered: None };
        body.remember(|remembered| remembered.kept = kept);
        body
    }

    /// Its first bytes, as many as the reader was told to keep; never more than `bytes`.
    #[must_use]
    pub fn kept(&self) -> &[u8] {
        self.remembered.as_ref().map_or(&[], |remembered| &remembered.kept)
    }

    /// Keeps some bytes more behind those that are kept.
    pub fn keep(&mut self, more: &[u8]) {
        if !more.is_empty() {
            self.remembered.get_or_insert_default().kept.extend_from_slice(more);
        }
    }

    /// Keeps only the first so many of the bytes that are kept.
    pub fn keep_only(&mut self, first: usize) {
        if first < self.kept().len() {
            self.remember(|remembered| remembered.kept.truncate(first));
        }
    }

    /// The trailer lines of a chunked body.
    #[must_use]
    pub fn trailers(&self) -> &Headers {
        static NONE: LazyLock<Headers> = LazyLock::new(Headers::default);
        self.remembered.as_ref().map_or(&NONE, |remembered| &remembered.trailers)
    }

    /// Takes the trailer lines of a chunked body.
    pub fn set_trailers(&mut self, lines: Headers) {
        self.remember(|remembered| remembered.trailers = lines);
    }

    fn remember(&mut self, change: impl FnOnce(&mut Remembered)) {
        change(self.remembered.get_or_insert_default());
        self.remembered.take_if(|remembered| **remembered == Remembered::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_remembered_takes_no_room() {
        let mut body = Body::whole("abc");
        body.set_trailers([("a", "1")].into_iter().collect());
        assert_eq!((body.kept(), body.trailers().first("a")), (&b"abc"[..], Some("1")));
        body.keep_only(2);
        assert_eq!(body.kept(), b"ab");
        body.keep_only(0);
        assert_eq!(body.trailers().len(), 1);
        body.set_trailers(Headers::default());
        assert_eq!(body, Body { bytes: 3, ..Body::default() });
        body.set_trailers(Headers::default().into_partial());
        assert!(!body.trailers().is_complete());
        assert_eq!(Body::whole(""), Body::default());
    }
}
