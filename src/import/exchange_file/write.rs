//! One exchange to one line.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::SCHEMA;
use super::names::Named;
use crate::http::{Body, Closed, Context, Exchange, FrameSpan, Frames, Headers, Request, Response};

/// Whether the kept bytes of bodies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bodies {
    /// Only how long they are.
    Measured,
    /// As base64.
    Kept,
}

/// Writes an exchange as one line, without its line end.
#[must_use]
pub fn to_line(exchange: &Exchange, bodies: Bodies) -> String {
    // A value of strings, numbers and lists has no way to fail.
    serde_json::to_string(&Line::of(exchange, bodies)).unwrap_or_default()
}

#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    id: &'a str,
    source: &'a str,
    vantage: &'static str,
    protocol: &'a str,
    connection: u64,
    client: Option<SocketAddr>,
    server: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<FrameLines>,
    request: Option<RequestLine<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interim: Vec<ResponseLine<'a>>,
    response: Option<ResponseLine<'a>>,
    state: &'static str,
    end: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<ClosedLine>,
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<ContextLine<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    redacted: &'a [String],
}

#[derive(Serialize)]
struct FrameLines {
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<(u64, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<(u64, u64)>,
}

#[derive(Serialize)]
struct ClosedLine {
    by: &'static str,
    time: String,
}

#[derive(Serialize)]
struct RequestLine<'a> {
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    method: &'a str,
    target: &'a str,
    url: Option<&'a str>,
    #[serde(flatten)]
    fields: FieldLines<'a>,
    body: BodyLine,
}

#[derive(Serialize)]
struct ResponseLine<'a> {
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    status: u16,
    reason: &'a str,
    #[serde(flatten)]
    fields: FieldLines<'a>,
    body: BodyLine,
}

#[derive(Serialize)]
struct FieldLines<'a> {
    headers: Vec<(&'a str, &'a str)>,
    #[serde(skip_serializing_if = "is_yes")]
    headers_complete: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trailers: Vec<(&'a str, &'a str)>,
    #[serde(skip_serializing_if = "is_yes")]
    trailers_complete: bool,
}

#[derive(Serialize)]
struct BodyLine {
    bytes: u64,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the names are the format's")]
struct ContextLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    page_origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_csp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetch: Option<&'a str>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_yes(value: &bool) -> bool {
    *value
}

impl<'a> Line<'a> {
    fn of(exchange: &'a Exchange, bodies: Bodies) -> Self {
        Self {
            schema: SCHEMA,
            id: &exchange.id,
            source: &exchange.source,
            vantage: exchange.vantage.name(),
            protocol: &exchange.protocol,
            connection: exchange.connection,
            client: exchange.client,
            server: exchange.server,
            frames: FrameLines::of(exchange.frames),
            request: exchange.request.as_ref().map(|request| RequestLine::of(request, bodies)),
            interim: exchange.interim.iter().map(|interim| ResponseLine::of(interim, bodies)).collect(),
            response: exchange.response.as_ref().map(|response| ResponseLine::of(response, bodies)),
            state: exchange.state.name(),
            end: exchange.end.name(),
            closed: exchange.closed.map(ClosedLine::of),
            warnings: &exchange.warnings,
            context: exchange.context.as_deref().map(ContextLine::of),
            redacted: &exchange.redacted,
        }
    }
}

impl FrameLines {
    fn of(frames: Frames) -> Option<Self> {
        let span = |span: FrameSpan| (span.first, span.last);
        (frames != Frames::default())
            .then(|| Self { request: frames.request.map(span), response: frames.response.map(span) })
    }
}

impl ClosedLine {
    fn of(closed: Closed) -> Self {
        Self { by: closed.by.name(), time: closed.time.to_string() }
    }
}

impl<'a> RequestLine<'a> {
    fn of(request: &'a Request, bodies: Bodies) -> Self {
        Self {
            time: request.time.to_string(),
            end_time: request.end_time.map(|time| time.to_string()),
            method: &request.method,
            target: &request.target,
            url: request.url.as_deref(),
            fields: FieldLines::of(&request.headers, &request.trailers),
            body: BodyLine::of(&request.body, bodies),
        }
    }
}

impl<'a> ResponseLine<'a> {
    fn of(response: &'a Response, bodies: Bodies) -> Self {
        Self {
            time: response.time.to_string(),
            end_time: response.end_time.map(|time| time.to_string()),
            status: response.status,
            reason: &response.reason,
            fields: FieldLines::of(&response.headers, &response.trailers),
            body: BodyLine::of(&response.body, bodies),
        }
    }
}

impl<'a> FieldLines<'a> {
    fn of(headers: &'a Headers, trailers: &'a Headers) -> Self {
        Self {
            headers: pairs(headers),
            headers_complete: headers.is_complete(),
            trailers: pairs(trailers),
            trailers_complete: trailers.is_complete(),
        }
    }
}

fn pairs(headers: &Headers) -> Vec<(&str, &str)> {
    headers.iter().map(|line| (line.name, line.value)).collect()
}

impl BodyLine {
    fn of(body: &Body, bodies: Bodies) -> Self {
        let base64 = (bodies == Bodies::Kept && !body.kept.is_empty()).then(|| STANDARD.encode(&body.kept));
        Self { bytes: body.bytes, complete: body.complete, base64 }
    }
}

impl<'a> ContextLine<'a> {
    fn of(context: &'a Context) -> Self {
        Self {
            page_origin: context.page_origin.as_deref(),
            page_url: context.page_url.as_deref(),
            page_csp: context.page_csp.as_deref(),
            mode: context.mode.as_deref(),
            credentials: context.credentials.as_deref(),
            redirect: context.redirect.as_deref(),
            api: context.api.as_deref(),
            destination: context.destination.as_deref(),
            fetch: context.fetch.as_deref(),
        }
    }
}
