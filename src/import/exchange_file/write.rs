//! Exchanges to lines.

use std::fmt::Write as _;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::SCHEMA;
use super::json::{Object, is_plain, list, number, plain_text, text};
use super::names::Named;
use crate::http::{Body, Closed, Context, Exchange, FrameSpan, Frames, Headers, Request, Response, Time};

/// Whether the kept bytes of bodies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bodies {
    /// Only how long they are.
    Measured,
    /// As base64.
    Kept,
}

/// Room for the lines of some tens of exchanges: while it grows, they are copied again and again.
const ROOM: usize = 96 << 10;

/// Writes exchanges as lines.
#[derive(Debug)]
pub struct Writer {
    bodies: Bodies,
    clock: Clock,
    lines: String,
}

impl Writer {
    /// One that has written nothing yet.
    #[must_use]
    pub fn new(bodies: Bodies) -> Self {
        Self::within(String::new(), bodies)
    }

    /// The same, which writes behind what `lines` holds already.
    #[must_use]
    pub fn within(mut lines: String, bodies: Bodies) -> Self {
        lines.reserve(ROOM);
        Self { bodies, clock: Clock::default(), lines }
    }

    /// How many bytes it has written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it has written nothing yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds an exchange as one line.
    pub fn write(&mut self, exchange: &Exchange) {
        let Self { bodies, clock, lines } = self;
        let mut line = Object::begin(lines);
        line.text("schema", SCHEMA);
        line.text("id", &exchange.id);
        line.text("source", &exchange.source);
        line.text("vantage", exchange.vantage.name());
        line.text("protocol", &exchange.protocol);
        line.number("connection", exchange.connection);
        address(&mut line, "client", exchange.client);
        address(&mut line, "server", exchange.server);
        frames(&mut line, &exchange.frames);
        match &exchange.request {
            Some(it) => request(line.key("request"), it, *bodies, clock),
            None => line.null("request"),
        }
        if !exchange.extras.interim.is_empty() {
            line.list("interim", &exchange.extras.interim, |out, interim| response(out, interim, *bodies, clock));
        }
        match &exchange.response {
            Some(it) => response(line.key("response"), it, *bodies, clock),
            None => line.null("response"),
        }
        line.text("state", exchange.state.name());
        line.text("end", exchange.end.name());
        if let Some(Closed { by, time }) = exchange.extras.closed {
            let mut closed = line.object("closed");
            closed.text("by", by.name());
            clock.tell(closed.key("time"), time);
            closed.end();
        }
        line.list("warnings", &exchange.warnings, |out, warning| text(out, warning));
        if let Some(it) = exchange.extras.context.as_ref() {
            context(line.object("context"), it);
        }
        if !exchange.extras.redacted.is_empty() {
            line.list("redacted", &exchange.extras.redacted, |out, name| text(out, name));
        }
        line.end();
        lines.push('\n');
    }

    /// All that was written: lines with their line ends.
    #[must_use]
    pub fn into_lines(self) -> String {
        self.lines
    }
}

/// Tells times, of which those that follow each other mostly lie in the same second.
#[derive(Debug, Default)]
struct Clock {
    second: Option<u64>,
    /// That second as it is written, up to its fraction: `2026-11-23T07:00:00`.
    text: String,
}

impl Clock {
    fn tell(&mut self, out: &mut String, time: Time) {
        out.push('"');
        match time.since_1970() {
            Some((second, nanosecond, digits)) => {
                out.push_str(self.second(second, time));
                fraction(out, nanosecond, digits);
                out.push('Z');
            }
            None => {
                // Writing to a text cannot fail.
                let _ = write!(out, "{time}");
            }
        }
        out.push('"');
    }

    /// The second that a time lies in.
    fn second(&mut self, second: u64, time: Time) -> &str {
        if self.second != Some(second) {
            let text = time.to_string();
            let end = text.find(['.', 'Z']).unwrap_or(text.len());
            (self.second, self.text) = (Some(second), text.get(..end).unwrap_or_default().to_owned());
        }
        &self.text
    }
}

fn fraction(out: &mut String, nanosecond: u32, digits: u8) {
    // The 1 is the place of a second, so that no zero behind it is left out.
    let mut written = itoa::Buffer::new();
    let all = written.format(nanosecond + 1_000_000_000);
    if digits > 0 {
        out.push('.');
    }
    out.push_str(all.get(1..=usize::from(digits)).unwrap_or_default());
}

fn address(line: &mut Object<'_>, name: &'static str, address: Option<SocketAddr>) {
    match address {
        Some(SocketAddr::V4(address)) => {
            let out = line.key(name);
            for (octet, before) in address.ip().octets().into_iter().zip(['"', '.', '.', '.']) {
                out.push(before);
                number(out, octet.into());
            }
            out.push(':');
            number(out, address.port().into());
            out.push('"');
        }
        Some(address) => {
            // Writing to a text cannot fail.
            let _ = write!(line.key(name), "\"{address}\"");
        }
        None => line.null(name),
    }
}

fn frames(line: &mut Object<'_>, frames: &Frames) {
    if *frames == Frames::default() {
        return;
    }
    let mut object = line.object("frames");
    for (name, span) in [("request", frames.request()), ("response", frames.response())] {
        if let Some(FrameSpan { first, last }) = span {
            object.list(name, [first, last], number);
        }
    }
    object.end();
}

fn request(out: &mut String, request: &Request, bodies: Bodies, clock: &mut Clock) {
    let mut object = Object::begin(out);
    times(&mut object, request.time, request.end_time, clock);
    object.text("method", &request.method);
    object.text("target", &request.target);
    object.text_or_null("url", request.url());
    fields(&mut object, &request.headers, request.body.trailers());
    body(object.object("body"), &request.body, bodies);
    object.end();
}

fn response(out: &mut String, response: &Response, bodies: Bodies, clock: &mut Clock) {
    let mut object = Object::begin(out);
    times(&mut object, response.time, response.end_time, clock);
    object.number("status", response.status.into());
    object.text("reason", &response.reason);
    fields(&mut object, &response.headers, response.body.trailers());
    body(object.object("body"), &response.body, bodies);
    object.end();
}

fn times(object: &mut Object<'_>, time: Time, end_time: Option<Time>, clock: &mut Clock) {
    clock.tell(object.key("time"), time);
    if let Some(end_time) = end_time {
        clock.tell(object.key("end_time"), end_time);
    }
}

fn fields(object: &mut Object<'_>, headers: &Headers, trailers: &Headers) {
    pairs(object.key("headers"), headers);
    if !headers.is_complete() {
        object.truth("headers_complete", false);
    }
    if !trailers.is_empty() {
        pairs(object.key("trailers"), trailers);
    }
    if !trailers.is_complete() {
        object.truth("trailers_complete", false);
    }
}

fn pairs(out: &mut String, headers: &Headers) {
    let names_are_plain = is_plain(headers.names());
    // Room for all at once, if nothing is escaped.
    out.reserve(headers.memory() + headers.len() * r#"["",""],"#.len());
    if names_are_plain && headers.values().is_some_and(is_plain) {
        list(out, headers.iter(), |out, line| {
            out.push_str("[\"");
            out.push_str(line.name);
            out.push_str("\",\"");
            out.push_str(line.value);
            out.push_str("\"]");
        });
        return;
    }
    let write_name = if names_are_plain { plain_text } else { text };
    list(out, headers.iter(), |out, line| {
        out.push('[');
        write_name(out, line.name);
        out.push(',');
        text(out, line.value);
        out.push(']');
    });
}

fn body(mut object: Object<'_>, body: &Body, bodies: Bodies) {
    object.number("bytes", body.bytes);
    object.truth("complete", body.complete);
    if bodies == Bodies::Kept && !body.kept().is_empty() {
        object.text("base64", &STANDARD.encode(body.kept()));
    }
    object.end();
}

fn context(mut object: Object<'_>, context: &Context) {
    let told = [
        ("page_origin", &context.page_origin),
        ("page_url", &context.page_url),
        ("page_csp", &context.page_csp),
        ("mode", &context.mode),
        ("credentials", &context.credentials),
        ("redirect", &context.redirect),
        ("api", &context.api),
        ("destination", &context.destination),
        ("fetch", &context.fetch),
    ];
    for (name, value) in told {
        object.text_if_any(name, value.as_deref());
    }
    object.end();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    #[test]
    fn times_are_told_as_they_are_displayed() {
        let mut clock = Clock::default();
        for text in [
            "2026-11-23T07:00:00Z",
            "2026-11-23T07:00:00.012345Z",
            "2026-11-23T07:00:01.000000009Z",
            "2026-11-23T07:00:00.5Z",
            "1969-12-31T23:59:58.25Z",
            "1970-01-01T00:00:00.000Z",
        ] {
            let mut out = String::new();
            clock.tell(&mut out, Time::parse(text).unwrap());
            assert_eq!(out, format!("\"{text}\""));
        }
    }
}
