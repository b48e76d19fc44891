//! A call drawn as a ladder: a column for browser, load balancer and backend, an arrow for each
//! message, and beside each arrow what the message said.

use anstyle::Style;

use super::call::Detail;
use super::hop::{Beside, answer, request};
use super::ink::{BAD, BOLD, DIM, FRAME, Glyphs, Ink, PLAIN, Span, blanks, drawn};
use super::page::{Page, wrap_hung};
use crate::analyzer::ChainReport;
use crate::cors::{AnsweredBy, Hop};
use crate::http::{Exchange, Vantage};
use crate::report::loops::{Shown, shown};

/// Draws a call's hops. Answers the line of the page at which each hop that is drawn begins: every one
/// where all is to be said.
pub(super) fn ladder(page: &mut Page, call: &ChainReport, detail: Detail) -> Vec<usize> {
    let mut begins = Vec::new();
    let lanes = Lanes::of(call, page.width);
    heading(page, &lanes);
    for shown in shown(&call.judgement, detail.all) {
        put(page, &lanes, lanes.empty(page.ink), Vec::new());
        let (index, hop) = match shown {
            Shown::Hop(index, hop) => (index, hop),
            Shown::Again(again) => {
                let said = Beside { hang: 2, spans: vec![page.ink.wire(DIM, &again.said())] };
                block(page, &lanes, None, &Arrow::None, vec![said]);
                continue;
            }
        };
        let drop_off = call.judgement.drop_off.as_ref().filter(|drop_off| drop_off.hop == index);
        begins.push(page.height());
        let number = format!("{}", index + 1);
        block(page, &lanes, Some(&number), &request_arrow(&lanes, hop), request(page.ink, hop, detail.name_sources));
        let failure = call.judgement.verdict.outcome.failure().filter(|failure| failure.hop == index);
        let beside = answer(page.ink, hop, failure, drop_off);
        block(page, &lanes, None, &answer_arrow(&lanes, hop), beside);
    }
    begins
}

fn heading(page: &mut Page, lanes: &Lanes) {
    let mut spans = Vec::new();
    let mut used = 0;
    for lane in &lanes.lanes {
        let start = lane.at.saturating_sub(lane.name.len() / 2);
        spans.push(blanks(start.saturating_sub(used)));
        spans.push(page.ink.own(BOLD, lane.name));
        used = start + lane.name.len();
    }
    let legend = legend(page.ink);
    let wide: usize = spans.iter().chain(&legend).map(Span::width).sum();
    if wide < page.width {
        put(page, lanes, spans, legend);
    } else {
        page.line([blanks(3)].into_iter().chain(legend));
        put(page, lanes, spans, Vec::new());
    }
}

fn legend(ink: Ink) -> Vec<Span> {
    let Glyphs { solid, dashed: [odd, even], .. } = ink.glyphs();
    vec![drawn(DIM, format!("{solid}{solid}{solid} captured  {odd}{even}{odd} inferred")), ink.own(DIM, "  #n frame")]
}

/// An arrow with the lines of text beside it.
fn block(page: &mut Page, lanes: &Lanes, number: Option<&str>, arrow: &Arrow, beside: Vec<Beside>) {
    let room = page.width.saturating_sub(lanes.width + 1);
    let mut left = Some(lanes.row(page.ink, number, arrow));
    for Beside { hang, spans } in beside {
        let head = blanks(hang);
        let mut first = true;
        for line in wrap_hung(spans, room, room.saturating_sub(hang)) {
            let row = left.take().unwrap_or_else(|| lanes.empty(page.ink));
            let line = if first { line } else { [vec![head.clone()], line].concat() };
            put(page, lanes, row, line);
            first = false;
        }
    }
    if let (Some(row), false) = (left, matches!(arrow, Arrow::None)) {
        put(page, lanes, row, Vec::new());
    }
}

fn put(page: &mut Page, lanes: &Lanes, row: Vec<Span>, beside: Vec<Span>) {
    let used: usize = row.iter().map(Span::width).sum();
    // The last lane's name reaches further than its line.
    let space = blanks((lanes.width + 1).saturating_sub(used).max(1));
    page.line(row.into_iter().chain([space]).chain(beside));
}

/// The columns of a ladder.
struct Lanes {
    lanes: Vec<Lane>,
    /// Columns that the ladder takes.
    width: usize,
}

struct Lane {
    name: &'static str,
    /// The column of its line.
    at: usize,
}

/// What is drawn across the lanes. Lanes are counted from the browser, 0.
enum Arrow {
    None,
    Message {
        from: usize,
        to: usize,
        seen: bool,
        frames: Vec<(usize, u64)>,
    },
    /// The browser would not send it.
    Refused,
    /// It was sent to that lane, and nothing came back.
    Unanswered {
        by: usize,
    },
}

impl Lanes {
    fn of(call: &ChainReport, width: usize) -> Self {
        const FIRST: usize = 6;
        let names: &[&'static str] =
            if is_balanced(call) { &["Browser", "Load balancer", "Backend"] } else { &["Browser", "Server"] };
        let gap = match (names.len(), width) {
            (3, ..100) => 12,
            (3, _) => 16,
            (_, ..100) => 18,
            _ => 24,
        };
        let lanes: Vec<Lane> =
            names.iter().enumerate().map(|(index, name)| Lane { name, at: FIRST + index * gap }).collect();
        let width = FIRST + (names.len() - 1) * gap + 2;
        Self { lanes, width }
    }

    fn at(&self, lane: usize) -> usize {
        self.lanes.get(lane).or(self.lanes.last()).map_or(0, |lane| lane.at)
    }

    fn last(&self) -> usize {
        self.lanes.len() - 1
    }

    fn empty(&self, ink: Ink) -> Vec<Span> {
        self.row(ink, None, &Arrow::None)
    }

    fn row(&self, ink: Ink, number: Option<&str>, arrow: &Arrow) -> Vec<Span> {
        let mut row = Row::new(self, ink.glyphs());
        row.write(0, &format!("{:>4}", number.unwrap_or_default()), BOLD);
        match arrow {
            Arrow::None => {}
            Arrow::Message { from, to, seen, frames } => {
                row.arrow(self, *from, *to, *seen);
                for (lane, frame) in frames {
                    row.frame(self, *lane, *frame);
                }
            }
            Arrow::Refused => row.refused(self),
            Arrow::Unanswered { by } => row.unanswered(self, *by),
        }
        row.into_spans()
    }
}

/// Whether a load balancer is to be seen in a call.
fn is_balanced(call: &ChainReport) -> bool {
    call.judgement.hops.iter().any(|hop| {
        hop.answered_by == AnsweredBy::LoadBalancer
            || shown_in(hop).any(|exchange| matches!(exchange.vantage, Vantage::Client | Vantage::Backend))
    })
}

fn shown_in(hop: &Hop) -> impl Iterator<Item = &Exchange> {
    hop.exchange.iter().chain(&hop.also_seen).map(AsRef::as_ref)
}

fn request_arrow(lanes: &Lanes, hop: &Hop) -> Arrow {
    if hop.answered_by == AnsweredBy::Browser {
        return Arrow::Refused;
    }
    let frames = frames(lanes, hop, |exchange| exchange.frames.request());
    Arrow::Message { from: 0, to: far_end(lanes, hop), seen: hop.exchange.is_some(), frames }
}

fn answer_arrow(lanes: &Lanes, hop: &Hop) -> Arrow {
    let by = far_end(lanes, hop);
    match (&hop.answer, hop.answered_by) {
        (_, AnsweredBy::Browser) => Arrow::None,
        (Some(_), _) => {
            let frames = frames(lanes, hop, |exchange| exchange.frames.response());
            Arrow::Message { from: by, to: 0, seen: hop.exchange.is_some(), frames }
        }
        (None, _) => Arrow::Unanswered { by },
    }
}

/// The lane that a request came to.
fn far_end(lanes: &Lanes, hop: &Hop) -> usize {
    let at_front = || shown_in(hop).all(|exchange| exchange.vantage == Vantage::Client);
    match hop.answered_by {
        AnsweredBy::LoadBalancer => 1.min(lanes.last()),
        AnsweredBy::Unknown if at_front() => 1.min(lanes.last()),
        AnsweredBy::Backend | AnsweredBy::Unknown | AnsweredBy::Browser => lanes.last(),
    }
}

/// The first frame of a message, by the lane on whose left it was captured.
fn frames(lanes: &Lanes, hop: &Hop, of: fn(&Exchange) -> Option<crate::http::FrameSpan>) -> Vec<(usize, u64)> {
    let place = |exchange: &Exchange| if exchange.vantage == Vantage::Client { 1 } else { lanes.last() };
    let mut frames: Vec<(usize, u64)> =
        shown_in(hop).filter_map(|exchange| Some((place(exchange), of(exchange)?.first))).collect();
    frames.dedup_by_key(|(lane, _)| *lane);
    frames
}

/// One row of characters, each with its style.
struct Row {
    glyphs: &'static Glyphs,
    cells: Vec<(char, Style)>,
}

impl Row {
    fn new(lanes: &Lanes, glyphs: &'static Glyphs) -> Self {
        let mut row = Self { glyphs, cells: vec![(' ', PLAIN); lanes.width] };
        for lane in &lanes.lanes {
            row.set(lane.at, glyphs.lane, DIM);
        }
        row
    }

    fn set(&mut self, at: usize, character: char, style: Style) {
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = (character, style);
        }
    }

    fn write(&mut self, at: usize, text: &str, style: Style) {
        for (offset, character) in text.chars().enumerate() {
            self.set(at + offset, character, style);
        }
    }

    fn stroke(&mut self, columns: std::ops::Range<usize>, seen: bool) {
        let style = if seen { PLAIN } else { DIM };
        for at in columns {
            let character = match (seen, at % 2) {
                (true, _) => self.glyphs.solid,
                (false, 0) => self.glyphs.dashed[0],
                (false, _) => self.glyphs.dashed[1],
            };
            self.set(at, character, style);
        }
    }

    fn arrow(&mut self, lanes: &Lanes, from: usize, to: usize, seen: bool) {
        let (left, right) = (lanes.at(from.min(to)), lanes.at(from.max(to)));
        self.stroke(left + 1..right, seen);
        for lane in lanes.lanes.iter().filter(|lane| left < lane.at && lane.at < right) {
            self.set(lane.at, self.glyphs.crossing, DIM);
        }
        if from < to {
            self.set(left, self.glyphs.from_left, DIM);
            self.set(right - 1, self.glyphs.to_right, PLAIN);
        } else {
            self.set(right, self.glyphs.from_right, DIM);
            self.set(left + 1, self.glyphs.to_left, PLAIN);
        }
    }

    /// The frame's number on the arrow, where the message was captured.
    fn frame(&mut self, lanes: &Lanes, lane: usize, frame: u64) {
        let (left, right) = (lanes.at(lane.saturating_sub(1)), lanes.at(lane));
        let label = format!(" #{frame} ");
        let room = (right - left).saturating_sub(3);
        if label.len() <= room {
            self.write(left + 1 + (right - left - 1 - label.len()).div_ceil(2), &label, FRAME);
        }
    }

    fn refused(&mut self, lanes: &Lanes) {
        let (left, right) = (lanes.at(0), lanes.at(1));
        let stop = left + (right - left) / 2;
        self.set(left, self.glyphs.from_left, DIM);
        self.stroke(left + 1..stop, false);
        self.set(stop, self.glyphs.stopped, BAD);
    }

    fn unanswered(&mut self, lanes: &Lanes, by: usize) {
        let (left, right) = (lanes.at(by.saturating_sub(1)), lanes.at(by));
        let stop = left + (right - left) / 2;
        self.set(right, self.glyphs.from_right, DIM);
        self.stroke(stop + 1..right, false);
        self.set(stop, self.glyphs.stopped, BAD);
    }

    fn into_spans(self) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for (character, style) in self.cells {
            match spans.last_mut() {
                Some(span) if span.style == style => span.text.push(character),
                _ => spans.push(drawn(style, character.to_string())),
            }
        }
        spans
    }
}
