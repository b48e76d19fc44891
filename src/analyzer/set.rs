//! The files that one capture was written to one after the other (`tcpdump -C`, `-G`): their frames
//! are counted on from file to file, and an exchange names the file that its frames are in.

use std::sync::Arc;

use crate::http::{Exchange, FrameSpan, Frames};

/// The files so far.
#[derive(Debug)]
pub(super) struct Set {
    /// Each with the number of frames in all files before it.
    files: Vec<(u64, Arc<str>)>,
    /// The highest frame number so far.
    last: u64,
}

impl Set {
    pub(super) fn beginning_with(path: &Arc<str>) -> Self {
        Self { files: vec![(0, Arc::clone(path))], last: 0 }
    }

    pub(super) fn turn(&mut self, next: &Arc<str>) {
        self.files.push((self.last, Arc::clone(next)));
    }

    /// Whether there is more than one file, so far.
    pub(super) fn are_several(&self) -> bool {
        self.files.len() > 1
    }

    /// The number in the whole set of a frame of the current file.
    pub(super) fn frame(&mut self, number: u64) -> u64 {
        let before = self.files.last().map_or(0, |(before, _)| *before);
        self.last = before + number;
        self.last
    }

    /// Gives an exchange the file that it begins in, and the frame numbers within that file. What
    /// lies in another file is told in words, since a frame number alone would be of the wrong one.
    pub(super) fn place(&self, exchange: &mut Exchange) {
        let spans = [exchange.frames.request(), exchange.frames.response()];
        let Some(home) = spans.iter().flatten().next().and_then(|span| self.file_of(span.first)) else { return };
        if let Some((_, path)) = self.files.get(home).filter(|(_, path)| exchange.source != *path) {
            exchange.carrier_mut().source = Arc::clone(path);
        }
        let mut elsewhere = Vec::new();
        let [request, response] = [("request", spans[0]), ("response", spans[1])].map(|(what, span)| {
            let (here, there) = self.split(home, span?);
            elsewhere.extend(there.map(|there| format!("the {what} is in {there}")));
            here
        });
        exchange.frames = Frames::new(request, response);
        exchange.warnings.extend(elsewhere);
    }

    fn file_of(&self, frame: u64) -> Option<usize> {
        self.files.partition_point(|(before, _)| *before < frame).checked_sub(1)
    }

    /// The part of a span within a file, and where the rest is.
    fn split(&self, home: usize, span: FrameSpan) -> (Option<FrameSpan>, Option<String>) {
        let before = self.files.get(home).map_or(0, |(before, _)| *before);
        let end = self.files.get(home + 1).map_or(u64::MAX, |(before, _)| *before);
        let here =
            (span.first <= end).then(|| FrameSpan { first: span.first - before, last: span.last.min(end) - before });
        let there = self.file_of(span.last).filter(|file| *file != home).and_then(|file| self.files.get(file));
        let rest = there.map(|(before, path)| {
            let last = span.last - before;
            match span.first.checked_sub(*before).filter(|first| *first > 0) {
                Some(first) if first == last => format!("{path}, frame {last}"),
                Some(first) => format!("{path}, frames {first} to {last}"),
                None => format!("several files, up to {path}, frame {last}"),
            }
        });
        (here, rest)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;
    use crate::http::testing::exchange;

    fn placed(request: (u64, u64), response: (u64, u64)) -> Exchange {
        let mut set = Set::beginning_with(&"a".into());
        set.frame(10);
        set.turn(&"b".into());
        assert_eq!(set.frame(1), 11);
        set.frame(5);
        set.turn(&"c".into());
        let mut exchange = exchange("GET", "http://a.example/").build();
        let span = |(first, last)| Some(FrameSpan { first, last });
        exchange.frames = Frames::new(span(request), span(response));
        exchange.warnings.truncate(0);
        set.place(&mut exchange);
        exchange
    }

    #[test]
    fn an_exchange_names_the_file_of_its_frames() {
        let within = placed((11, 12), (13, 15));
        assert_eq!(&*within.source, "b");
        assert_eq!(within.frames.request(), Some(FrameSpan { first: 1, last: 2 }));
        assert_eq!(within.frames.response(), Some(FrameSpan { first: 3, last: 5 }));
        assert!(within.warnings.is_empty());
    }

    #[test]
    fn what_is_in_another_file_is_told() {
        let across = placed((10, 10), (11, 13));
        assert_eq!(&*across.source, "a");
        assert_eq!(across.frames.request(), Some(FrameSpan { first: 10, last: 10 }));
        assert_eq!(across.frames.response(), None);
        assert_eq!(across.warnings, ["the response is in b, frames 1 to 3"]);
        let long = placed((9, 10), (10, 16));
        assert_eq!(long.frames.response(), Some(FrameSpan { first: 10, last: 10 }));
        assert_eq!(long.warnings, ["the response is in several files, up to c, frame 1"]);
    }
}
