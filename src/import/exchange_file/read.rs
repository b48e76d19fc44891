//! One line to one exchange.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};

use super::names::{APIS, CREDENTIALS, DESTINATIONS, MODES, Named, REDIRECTS, known};
use super::{SCHEMA, scheme};
use crate::http::{
    self, Body, Carrier, Closed, Context, End, Exchange, Extra, FrameSpan, Frames, HeaderLines, Headers, Origin,
    Request, Response, State, Target, Time, Vantage, WebUrl, trim_ows,
};

/// Where a line stands: what it is called when it has no name of its own.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) source: &'a Arc<str>,
    pub(super) line: u64,
}

/// Why a line is no exchange.
pub(super) struct Problem {
    /// The byte of the line at which that shows.
    pub(super) at: u64,
    pub(super) what: String,
}

/// Reads one line. `lines` is what heads are made with.
pub(super) fn exchange(text: &[u8], place: Place<'_>, lines: &mut HeaderLines) -> Result<Exchange, Problem> {
    let whole_line = |what| Problem { at: 0, what };
    let line: Line =
        serde_json::from_slice(text).map_err(|error| other_kind(text).unwrap_or_else(|| located(&error)))?;
    line.into_exchange(place, lines).map_err(whole_line)
}

/// A line of another kind is called by its name rather than by the first field it lacks.
fn other_kind(text: &[u8]) -> Option<Problem> {
    let named: SchemaOnly = serde_json::from_slice(text).ok()?;
    Some(Problem { at: 0, what: not_this_schema(named.schema.as_deref()).err()? })
}

fn not_this_schema(schema: Option<&str>) -> Result<(), String> {
    match schema {
        None | Some(SCHEMA) => Ok(()),
        Some(other) => Err(format!("schema is '{other}', not '{SCHEMA}'")),
    }
}

/// `serde_json` ends its messages with line and column: the column becomes the byte, and the line is
/// always the first.
fn located(error: &serde_json::Error) -> Problem {
    let what = error.to_string();
    let reason = what.rsplit_once(" at line ").map_or(what.as_str(), |(reason, _)| reason);
    Problem { at: error.column().saturating_sub(1) as u64, what: reason.to_owned() }
}

#[derive(Deserialize)]
#[serde(expecting = "an exchange")]
struct SchemaOnly {
    schema: Option<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "an exchange")]
struct Line {
    schema: Option<String>,
    id: Option<String>,
    source: Option<String>,
    vantage: Option<String>,
    protocol: Option<String>,
    #[serde(default)]
    connection: u64,
    client: Option<String>,
    server: Option<String>,
    #[serde(default)]
    frames: Option<FrameLines>,
    #[serde(deserialize_with = "or_null")]
    request: Option<RequestLine>,
    #[serde(default)]
    interim: Vec<ResponseLine>,
    #[serde(deserialize_with = "or_null")]
    response: Option<ResponseLine>,
    state: Option<String>,
    end: Option<String>,
    #[serde(default)]
    closed: Option<ClosedLine>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    context: Option<ContextLine>,
    #[serde(default)]
    redacted: Vec<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "frames")]
struct FrameLines {
    request: Option<(u64, u64)>,
    response: Option<(u64, u64)>,
}

#[derive(Deserialize)]
#[serde(expecting = "who closed and when")]
struct ClosedLine {
    by: String,
    time: String,
}

#[derive(Deserialize)]
#[serde(expecting = "a request")]
struct RequestLine {
    time: String,
    end_time: Option<String>,
    method: String,
    target: Option<String>,
    /// Outer: whether it is there. A null is a URL that cannot be known, and is not made up.
    #[serde(default, deserialize_with = "given")]
    #[allow(clippy::option_option, reason = "missing, null and given are three things here")]
    url: Option<Option<String>>,
    headers: Vec<(String, String)>,
    #[serde(default = "yes")]
    headers_complete: bool,
    #[serde(default)]
    trailers: Vec<(String, String)>,
    #[serde(default = "yes")]
    trailers_complete: bool,
    #[serde(default)]
    body: Option<BodyLine>,
}

#[derive(Deserialize)]
#[serde(expecting = "a response")]
struct ResponseLine {
    time: String,
    end_time: Option<String>,
    status: u16,
    #[serde(default)]
    reason: String,
    headers: Vec<(String, String)>,
    #[serde(default = "yes")]
    headers_complete: bool,
    #[serde(default)]
    trailers: Vec<(String, String)>,
    #[serde(default = "yes")]
    trailers_complete: bool,
    #[serde(default)]
    body: Option<BodyLine>,
}

#[derive(Deserialize)]
#[serde(expecting = "a body")]
struct BodyLine {
    bytes: Option<u64>,
    #[serde(default = "yes")]
    complete: bool,
    base64: Option<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "a context")]
struct ContextLine {
    page_origin: Option<String>,
    page_url: Option<String>,
    page_csp: Option<String>,
    mode: Option<String>,
    credentials: Option<String>,
    redirect: Option<String>,
    api: Option<String>,
    destination: Option<String>,
    fetch: Option<String>,
}

fn yes() -> bool {
    true
}

/// A field that has to be there, and may be null.
fn or_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

/// A field that may be missing, which is not the same as null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl Line {
    fn into_exchange(self, place: Place<'_>, lines: &mut HeaderLines) -> Result<Exchange, String> {
        not_this_schema(self.schema.as_deref())?;
        if self.request.is_none() && self.response.is_none() && self.interim.is_empty() {
            return Err("request and response are both null".to_owned());
        }
        let mut warnings = self.warnings;
        let has_url = self.request.as_ref().is_some_and(|line| line.url.is_some());
        let mut request = self.request.map(|line| line.into_request(&mut warnings, lines)).transpose()?;
        let mut read = |line: ResponseLine| line.into_response(lines);
        let response = self.response.map(&mut read).transpose()?;
        let interim = self.interim.into_iter().map(&mut read).collect::<Result<_, _>>()?;
        let vantage = match self.vantage {
            Some(name) => Named::named("vantage", &name)?,
            None => http::vantage(request.as_ref().map(|one| &one.headers), response.as_ref().map(|one| &one.headers)),
        };
        let context = self.context.map(ContextLine::into_context).transpose()?;
        let is_of_browser = vantage == Vantage::Client || context.is_some();
        if is_of_browser
            && !has_url
            && request.as_mut().is_some_and(|request| scheme::follow_page(request, context.as_ref()))
        {
            warnings
                .push("request has no url: taken for https, since a page on https sends nothing by http".to_owned());
        }
        let state = match self.state {
            Some(name) => Named::named("state", &name)?,
            None => default_state(request.as_ref(), response.as_ref()),
        };
        let end = match self.end {
            Some(name) => Named::named("end", &name)?,
            None if response.is_some() => End::Complete,
            None => End::CaptureEnded,
        };
        Ok(Exchange {
            id: self.id.map_or_else(|| format!("e{}", place.line).into(), Into::into),
            carrier: Arc::new(Carrier {
                source: self.source.map_or_else(|| Arc::clone(place.source), Into::into),
                protocol: self.protocol.map_or_else(|| "HTTP/1.1".into(), Into::into),
                connection: self.connection,
                client: address("client", self.client, &mut warnings),
                server: address("server", self.server, &mut warnings),
            }),
            vantage,
            frames: self.frames.map(FrameLines::into_frames).unwrap_or_default(),
            request,
            response,
            state,
            end,
            warnings: warnings.into(),
            extras: Extra {
                interim,
                closed: self.closed.map(ClosedLine::into_closed).transpose()?,
                context,
                redacted: self.redacted,
            }
            .into(),
        })
    }
}

impl ClosedLine {
    fn into_closed(self) -> Result<Closed, String> {
        Ok(Closed { by: Named::named("closed.by", &self.by)?, time: time("closed.time", &self.time)? })
    }
}

fn default_state(request: Option<&Request>, response: Option<&Response>) -> State {
    match (request, response) {
        (None, _) => State::NoRequest,
        (_, None) => State::NoResponse,
        (Some(request), Some(response)) => {
            let whole = request.headers.is_complete()
                && response.headers.is_complete()
                && request.body.complete
                && response.body.complete;
            if whole { State::Complete } else { State::Truncated }
        }
    }
}

/// An address with its port; one without is better than none, and its port is then 0.
fn address(field: &str, text: Option<String>, warnings: &mut Vec<String>) -> Option<SocketAddr> {
    let text = text?;
    let read = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 0)));
    if read.is_none() {
        warnings.push(format!("{field} '{text}' is no address and port: it is not used"));
    }
    read
}

impl FrameLines {
    fn into_frames(self) -> Frames {
        let span = |(first, last)| FrameSpan { first, last };
        Frames::new(self.request.map(span), self.response.map(span))
    }
}

impl RequestLine {
    fn into_request(self, warnings: &mut Vec<String>, lines: &mut HeaderLines) -> Result<Request, String> {
        let headers = headers(&self.headers, self.headers_complete, lines);
        let (target, url) = match (self.target, self.url) {
            (Some(target), Some(url)) => (target, url.map(absolute).transpose()?),
            (Some(target), None) => {
                let read = http::client_url(&self.method, &target, &headers);
                if read.url.is_none() && target.starts_with('/') && headers.is_complete() {
                    return Err(format!("request.target '{target}' has no Host header beside it, and there is no url"));
                }
                warnings.extend(read.warnings);
                (target, read.url)
            }
            (None, Some(Some(url))) => (target_of(&url), Some(absolute(url)?)),
            (None, _) => return Err("request has neither url nor target".to_owned()),
        };
        let mut body = body("request.body", self.body)?;
        body.set_trailers(self::headers(&self.trailers, self.trailers_complete, lines));
        Ok(Request {
            time: time("request.time", &self.time)?,
            end_time: self.end_time.map(|text| time("request.end_time", &text)).transpose()?,
            method: self.method.into(),
            target: Target::new(&target, url),
            headers,
            body,
        })
    }
}

/// Without a scheme it is no URL, and a call of it would be in no report. What follows the scheme is
/// as somebody sent it, and left as it is.
fn absolute(url: String) -> Result<String, String> {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    if scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && !scheme.contains(['/', '?', '#', ' ']) {
        return Ok(url);
    }
    Err(format!("request.url '{url}' is no absolute URL such as https://request.example.com/items"))
}

/// The origin-form target (RFC 9112 section 3.2.1) of a URL: what follows the authority, verbatim,
/// without the fragment, which is never sent.
fn target_of(url: &str) -> String {
    let sent = url.split_once('#').map_or(url, |(sent, _)| sent);
    let after_scheme = sent.split_once("://").map_or(sent, |(_, rest)| rest);
    match after_scheme.find(['/', '?']).map(|at| after_scheme.split_at(at)) {
        Some((_, path)) if path.starts_with('/') => path.to_owned(),
        Some((_, query)) => format!("/{query}"),
        None => "/".to_owned(),
    }
}

impl ResponseLine {
    fn into_response(self, lines: &mut HeaderLines) -> Result<Response, String> {
        let headers = headers(&self.headers, self.headers_complete, lines);
        let mut body = body("response.body", self.body)?;
        body.set_trailers(self::headers(&self.trailers, self.trailers_complete, lines));
        Ok(Response {
            time: time("response.time", &self.time)?,
            end_time: self.end_time.map(|text| time("response.end_time", &text)).transpose()?,
            status: self.status,
            reason: self.reason.into(),
            headers,
            body,
        })
    }
}

fn headers(pairs: &[(String, String)], complete: bool, lines: &mut HeaderLines) -> Headers {
    for (name, value) in pairs {
        lines.push(name, trim_ows(value));
    }
    lines.take(complete)
}

fn time(field: &str, text: &str) -> Result<Time, String> {
    Time::parse(text).ok_or_else(|| format!("{field} '{text}' is no time such as 2026-11-23T07:00:00.123456Z"))
}

fn body(field: &str, line: Option<BodyLine>) -> Result<Body, String> {
    let Some(line) = line else { return Ok(Body::default()) };
    let kept = match line.base64 {
        Some(text) => STANDARD.decode(text).map_err(|error| format!("{field}.base64 is no base64: {error}"))?,
        None => Vec::new(),
    };
    let least = kept.len() as u64;
    let bytes = line.bytes.unwrap_or(least).max(least);
    Ok(Body::new(bytes, line.complete, kept))
}

impl ContextLine {
    /// What is not understood is refused: passed over, it would leave a call judged that nobody asked about.
    fn into_context(self) -> Result<Context, String> {
        if let Some(origin) = &self.page_origin {
            Origin::parse(origin).map_err(|error| format!("context.page_origin {error}"))?;
        }
        if let Some(url) = self.page_url.as_ref().filter(|url| WebUrl::parse(url).is_none()) {
            return Err(format!("context.page_url '{url}' is no absolute URL such as https://client.example.com/app"));
        }
        Ok(Context {
            page_origin: self.page_origin,
            page_url: self.page_url,
            page_csp: self.page_csp,
            mode: known("context.mode", self.mode, &MODES)?,
            credentials: known("context.credentials", self.credentials, &CREDENTIALS)?,
            redirect: known("context.redirect", self.redirect, &REDIRECTS)?,
            api: known("context.api", self.api, &APIS)?,
            destination: known("context.destination", self.destination, &DESTINATIONS)?,
            fetch: self.fetch,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Exchange, String> {
        let source: Arc<str> = "some.ndjson".into();
        exchange(text.as_bytes(), Place { source: &source, line: 4 }, &mut HeaderLines::default())
            .map_err(|problem| problem.what)
    }

    fn request(fields: &str) -> String {
        format!(r#"{{"request":{{"time":"2026-11-23T07:00:00Z","method":"GET",{fields}}},"response":null}}"#)
    }

    #[test]
    fn all_but_the_messages_has_a_default() -> Result<(), String> {
        let exchange = read(&request(r#""url":"https://a.example?q#f","headers":[["X-Forwarded-Proto"," https "]]"#))?;
        assert_eq!((&*exchange.id, &*exchange.source, &*exchange.protocol), ("e4", "some.ndjson", "HTTP/1.1"));
        assert_eq!(exchange.vantage, Vantage::Backend);
        assert_eq!((exchange.state, exchange.end), (State::NoResponse, End::CaptureEnded));
        let request = exchange.request.ok_or("no request")?;
        assert_eq!(request.target, "/?q");
        assert_eq!(request.headers.first("x-forwarded-proto"), Some("https"));
        assert_eq!(request.body, Body::default());
        Ok(())
    }

    #[test]
    fn the_url_is_taken_as_given_else_rebuilt() -> Result<(), String> {
        let host = r#""headers":[["Host","a.example"]]"#;
        let url_of = |fields: &str| Ok::<_, String>(read(&request(fields))?.url().map(str::to_owned));
        assert_eq!(url_of(&format!(r#""target":"/x",{host}"#))?.as_deref(), Some("http://a.example/x"));
        assert_eq!(url_of(&format!(r#""target":"/x","url":"https://b/y",{host}"#))?.as_deref(), Some("https://b/y"));
        assert_eq!(url_of(&format!(r#""target":"/x","url":null,{host}"#))?, None);
        assert_eq!(url_of(r#""target":"/x","headers":[],"headers_complete":false"#)?, None);
        assert_eq!(url_of(r#""target":"*","headers":[]"#)?, None);
        assert!(url_of(host).is_err());
        Ok(())
    }

    #[test]
    fn what_the_browser_sent_without_a_url_went_by_the_scheme_of_its_page() -> Result<(), String> {
        let sent = |fields: &str, origin: &str| {
            let headers = format!(r#""target":"/x","headers":[["Host","a.example"],["Origin","{origin}"]]"#);
            read(&request(&headers).replacen('{', &format!("{{{fields},"), 1))
        };
        let url_of = |fields: &str, origin: &str| Ok::<_, String>(sent(fields, origin)?.url().map(str::to_owned));
        let (http, https) = (Some("http://a.example/x"), Some("https://a.example/x"));
        let (client, page) = (r#""vantage":"client""#, "https://client.example");
        assert_eq!(url_of(client, page)?.as_deref(), https);
        assert_eq!(url_of(client, "http://client.example")?.as_deref(), http);
        assert_eq!(url_of(client, "null")?.as_deref(), http);
        assert_eq!(url_of(r#""context":{"page_url":"https://client.example/app"}"#, "null")?.as_deref(), https);
        assert_eq!(url_of(r#""context":{"page_origin":"http://client.example"}"#, page)?.as_deref(), http);
        assert_eq!(url_of(r#""context":{"mode":"navigate"}"#, page)?.as_deref(), http, "may lead anywhere");
        assert_eq!(url_of(r#""vantage":"direct""#, page)?.as_deref(), http, "that is for `asked_url` to say");
        assert_eq!(sent(client, page)?.warnings.len(), 1);
        let named = request(r#""url":"http://a.example/x","headers":[["Origin","https://client.example"]]"#);
        assert_eq!(read(&named.replacen('{', r#"{"vantage":"client","#, 1))?.url(), http, "as it is told");
        Ok(())
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (r#"{"request":null,"response":null}"#.to_owned(), "both null"),
            (r#"{"request":null}"#.to_owned(), "missing field `response`"),
            (r#"{"schema":"corscope.analysis/1"}"#.to_owned(), "schema is 'corscope.analysis/1'"),
            (request(r#""url":"http://a/""#), "missing field `headers`"),
            (request(r#""url":"http://a/","headers":[],"body":{"base64":"%"}"#), "request.body.base64"),
            (request(r#""url":"not a url","headers":[]"#), "request.url 'not a url' is no absolute URL"),
            (request(r#""target":"/x","url":"/x?a=b:c","headers":[]"#), "request.url '/x?a=b:c' is no absolute URL"),
            (request(r#""target":"/x","headers":[]"#), "request.target '/x' has no Host header"),
            (request(r#""url":"http://a/","headers":[]"#).replacen("2026", "soon", 1), "is no time such as"),
            (request(r#""url":"http://a/","headers":[]"#).replacen('{', r#"{"vantage":"moon","#, 1), "none of client"),
        ];
        for (text, reason) in cases {
            let told = read(&text).err().unwrap_or_default();
            assert!(told.contains(reason), "{text}: {told}");
        }
    }

    #[test]
    fn an_api_or_destination_that_there_is_not_is_named() {
        let told = read(&with_context(r#""api":"imge""#)).err().unwrap_or_default();
        assert!(told.starts_with("context.api 'imge' is none of fetch, xhr, "), "{told}");
        let told = read(&with_context(r#""destination":"picture""#)).err().unwrap_or_default();
        assert!(told.starts_with("context.destination 'picture' is none of "), "{told}");
        assert!(read(&with_context(r#""destination":"image","api":"img","page_url":"about:blank""#)).is_ok());
    }

    fn with_context(context: &str) -> String {
        request(r#""url":"http://a/","headers":[]"#).replacen('{', &format!(r#"{{"context":{{{context}}},"#), 1)
    }

    #[test]
    fn what_a_context_says_wrongly_is_named() {
        let cases = [
            (
                r#""page_origin":"zzz""#,
                "context.page_origin 'zzz' is not an origin: write scheme://host[:port], or null",
            ),
            (r#""mode":"bogus""#, "context.mode 'bogus' is none of cors, no-cors, same-origin, navigate"),
            (r#""credentials":"Include""#, "context.credentials 'Include' is none of omit, same-origin, include"),
            (r#""redirect":"""#, "context.redirect '' is none of follow, error, manual"),
            (
                r#""page_url":"/app""#,
                "context.page_url '/app' is no absolute URL such as https://client.example.com/app",
            ),
        ];
        for (context, reason) in cases {
            assert_eq!(read(&with_context(context)).err().as_deref(), Some(reason), "{context}");
        }
    }

    #[test]
    fn what_a_context_says_rightly_is_kept() -> Result<(), String> {
        let text = r#""page_origin":"null","mode":"navigate","credentials":"omit","redirect":"manual""#;
        let context = read(&with_context(text))?.extras.context.clone().ok_or("no context")?;
        assert_eq!(context.page_origin.as_deref(), Some("null"));
        assert_eq!(context.mode.as_deref(), Some("navigate"));
        assert_eq!(context.credentials.as_deref(), Some("omit"));
        assert_eq!(context.redirect.as_deref(), Some("manual"));
        Ok(())
    }

    #[test]
    fn unknown_fields_are_left_alone_and_odd_addresses_warned_of() -> Result<(), String> {
        let text = request(r#""url":"http://a/","headers":[],"colour":"red""#);
        let exchange = read(&text.replacen('{', r#"{"new":{},"client":"10.0.0.1","server":"here","#, 1))?;
        assert_eq!(exchange.client, "10.0.0.1:0".parse().ok());
        assert_eq!(exchange.server, None);
        assert_eq!(exchange.warnings, ["server 'here' is no address and port: it is not used"]);
        Ok(())
    }
}
