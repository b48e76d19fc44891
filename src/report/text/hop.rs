//! What is said beside a hop's arrows.

use super::ink::{BAD, BOLD, DIM, GOOD, Ink, PLAIN, Span, UNSURE};
use crate::chain::Role;
use crate::cors::{AnsweredBy, Check, DropOff, DropOffKind, Failure, Hop};
use crate::http::{End, Exchange, Headers};
use crate::report::escape::elide;
use crate::report::words::{called, check_sentence, preflight_refused};

/// The longest URL and header value beside an arrow.
const LONGEST: usize = 240;

/// One line beside an arrow; when it is wrapped, the further lines begin `hang` columns further in.
pub(super) struct Beside {
    pub(super) hang: usize,
    pub(super) spans: Vec<Span>,
}

fn line(spans: Vec<Span>) -> Beside {
    Beside { hang: 2, spans }
}

/// The request: where it goes, from which origin, and why it is drawn when nobody saw it.
pub(super) fn request(ink: Ink, hop: &Hop, name_sources: bool) -> Vec<Beside> {
    let mut first = vec![
        ink.wire(BOLD, &hop.method),
        ink.own(PLAIN, " "),
        ink.wire(if hop.exchange.is_some() { BOLD } else { PLAIN }, &elide(&hop.url, LONGEST)),
    ];
    if hop.role == Role::Preflight {
        first.push(ink.own(DIM, " (preflight)"));
    }
    let mut lines = vec![line(first)];
    lines.extend(hop.origin.as_ref().map(|origin| origin_line(ink, origin)));
    if let Some(exchange) = &hop.exchange {
        lines.extend(asked_headers(ink, exchange, hop.role));
        lines.extend(whereabouts(ink, exchange, name_sources));
        lines.extend(hop.also_seen.iter().map(|other| also_seen(ink, other, name_sources)));
    }
    if let Some(because) = &hop.inferred_because {
        lines.push(line(vec![ink.own(UNSURE, "inferred: "), ink.wire(DIM, because)]));
    }
    lines
}

fn origin_line(ink: Ink, origin: &str) -> Beside {
    let style = if origin == "null" { UNSURE } else { PLAIN };
    line(vec![ink.own(DIM, "Origin: "), ink.wire(style, &elide(origin, LONGEST))])
}

/// What a preflight asks leave for.
fn asked_headers(ink: Ink, exchange: &Exchange, role: Role) -> Vec<Beside> {
    const ASKED: [(&str, &str); 2] = [
        ("access-control-request-method", "asks for method "),
        ("access-control-request-headers", "asks for headers "),
    ];
    let Some(request) = exchange.request.as_ref().filter(|_| role == Role::Preflight) else { return Vec::new() };
    let asked = |(name, words)| {
        let value = request.headers.first(name)?;
        Some(line(vec![ink.own(DIM, words), ink.wire(PLAIN, &elide(value, LONGEST))]))
    };
    ASKED.into_iter().filter_map(asked).collect()
}

/// Where it stands, as far as the frame's number on the arrow does not say it.
fn whereabouts(ink: Ink, exchange: &Exchange, name_source: bool) -> Option<Beside> {
    let has_frame = frame(exchange).is_some();
    (name_source || !has_frame).then(|| {
        let mut words = Vec::new();
        if !has_frame {
            words.push(ink.wire(DIM, &place(exchange)).whole());
        }
        if name_source {
            words.extend([ink.own(DIM, if has_frame { "in " } else { " in " }), source(ink, exchange)]);
        }
        line(words)
    })
}

/// Another place at which the same request was captured.
fn also_seen(ink: Ink, exchange: &Exchange, name_source: bool) -> Beside {
    let mut words = vec![ink.own(DIM, "also seen: "), ink.wire(DIM, &place(exchange)).whole()];
    if name_source {
        words.extend([ink.own(DIM, " in "), source(ink, exchange)]);
    }
    line(words)
}

fn source(ink: Ink, exchange: &Exchange) -> Span {
    ink.wire(DIM, called(&exchange.source))
}

fn frame(exchange: &Exchange) -> Option<u64> {
    exchange.frames.any().map(|frames| frames.first)
}

fn place(exchange: &Exchange) -> String {
    frame(exchange).map_or_else(|| format!("exchange {}", exchange.id), |frame| format!("#{frame}"))
}

/// The answer: its status, its redirect, the CORS headers that count, what the check said, why else
/// the call fails here, where it does, and whether this is where the headers drop off.
pub(super) fn answer(ink: Ink, hop: &Hop, failure: Option<&Failure>, drop_off: Option<&DropOff>) -> Vec<Beside> {
    let mut lines = vec![line(outcome(ink, hop))];
    let location = hop.answer.as_ref().and_then(|answer| answer.location.as_ref());
    lines.extend(
        location.map(|location| line(vec![ink.own(DIM, "Location: "), ink.wire(BOLD, &elide(location, LONGEST))])),
    );
    lines.extend(needed_headers(ink, hop, drop_off));
    lines.extend(check_line(ink, hop));
    lines.extend(failure.and_then(preflight_refused).map(|words| {
        let words = ink.wire(BAD, &elide(&words, LONGEST));
        line(vec![ink.own(BAD, ink.glyphs().bad), ink.own(BAD, " "), words])
    }));
    lines.extend(drop_off.map(|drop_off| drop_off_line(ink, drop_off)));
    lines
}

/// The status, or why there is none.
fn outcome(ink: Ink, hop: &Hop) -> Vec<Span> {
    match &hop.answer {
        Some(answer) => status_line(ink, hop, answer.status),
        None if hop.answered_by == AnsweredBy::Browser => {
            vec![ink.own(BAD, ink.glyphs().bad), ink.own(BAD, " never sent: the browser blocks it")]
        }
        None => vec![ink.own(BAD, no_answer(hop))],
    }
}

fn status_line(ink: Ink, hop: &Hop, status: u16) -> Vec<Span> {
    let style = if status >= 400 { BAD } else { BOLD };
    let mut spans = vec![ink.wire(style, &status.to_string())];
    let response = hop.exchange.as_ref().and_then(|exchange| exchange.response.as_ref());
    if let Some(response) = response.filter(|response| !response.reason.is_empty()) {
        spans.extend([ink.own(PLAIN, " "), ink.wire(PLAIN, &elide(&response.reason, LONGEST))]);
    }
    spans.extend(slow(hop).map(|seconds| ink.wire(DIM, &format!(" after {seconds:.1} s"))));
    if hop.exchange.is_none() {
        spans.push(ink.own(DIM, " (inferred)"));
    }
    spans
}

/// How long an answer took, where it took long: a load balancer's time-outs show in it.
fn slow(hop: &Hop) -> Option<f64> {
    let exchange = hop.exchange.as_ref()?;
    let waited = exchange.response.as_ref()?.time.since(exchange.request.as_ref()?.time).as_secs_f64();
    (waited >= 1.0).then_some(waited)
}

fn no_answer(hop: &Hop) -> &'static str {
    match hop.exchange.as_ref().map(|exchange| exchange.end) {
        Some(End::Reset) => "no answer: the connection was reset",
        Some(End::Closed | End::Complete) => "no answer: the connection was closed",
        Some(End::Timeout) => "no answer: the connection fell silent",
        Some(End::CaptureEnded) => "no answer before the capture ended",
        None => "what came of it is not known",
    }
}

/// The headers that the browser's check needs: as they came, or that they did not.
fn needed_headers(ink: Ink, hop: &Hop, drop_off: Option<&DropOff>) -> Vec<Beside> {
    let empty = Headers::default();
    let response = hop.exchange.as_ref().and_then(|exchange| exchange.response.as_ref());
    let headers = response.map_or(&empty, |response| &response.headers);
    let mut lines = Vec::new();
    for name in &hop.needed {
        for value in headers.all(name) {
            let value = elide(value, LONGEST);
            lines.push(line(vec![ink.own(DIM, name), ink.own(DIM, ": "), ink.wire(PLAIN, &value)]));
        }
        let told_below = drop_off.is_some_and(|drop_off| drop_off.headers.contains(name));
        if hop.missing.contains(name) && !headers.has(name) && !told_below {
            lines.push(line(vec![ink.own(BAD, ink.glyphs().bad), ink.own(BAD, " no "), ink.own(BAD, name)]));
        }
    }
    lines
}

fn check_line(ink: Ink, hop: &Hop) -> Option<Beside> {
    let glyphs = ink.glyphs();
    let (style, mark) = match hop.check {
        Check::Pass => (GOOD, glyphs.good),
        Check::Fail => (BAD, glyphs.bad),
        Check::NotNeeded => (DIM, glyphs.none),
        Check::Unknown => (UNSURE, glyphs.unsure),
        Check::NotMade => return None,
    };
    Some(line(vec![ink.own(style, mark), ink.own(style, " "), ink.own(style, check_sentence(hop.check))]))
}

fn drop_off_line(ink: Ink, drop_off: &DropOff) -> Beside {
    let (style, mark, words) = match drop_off.kind {
        DropOffKind::HeaderMissing => (BAD, ink.glyphs().bad, " the CORS headers drop off: no "),
        DropOffKind::NotSent => (BAD, ink.glyphs().bad, " the CORS headers drop off: no answer, no "),
        DropOffKind::Unseen => (UNSURE, ink.glyphs().unsure, " the trail ends: not seen whether there is "),
    };
    let headers = drop_off.headers.join(", ");
    let here = ink.own(style.invert(), "HERE");
    line(vec![ink.own(style, mark), ink.own(style, " "), here, ink.own(style, words), ink.wire(style, &headers)])
}
