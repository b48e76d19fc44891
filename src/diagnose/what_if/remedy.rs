//! Fixes whose effect on recorded answers can be told from the recorded bytes alone.

use super::{Change, redirect_of};
use crate::cors::Credentials;
use crate::http::{End, Exchange, Headers, Response, State, trim_ows};

/// A fix that can be tried on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// The server believes the load balancer's `X-Forwarded-Proto`.
    TrustProxy,
    /// `X-Forwarded-Proto: https` reaches the server, and is believed.
    ForwardProto,
    /// Redirects name the path alone.
    RelativeRedirects,
    /// Every answer of the server allows the page's origin.
    AllowOrigin,
    /// The same with credentials.
    AllowCredentials,
    /// Preflights are answered 204, and allow what they ask for.
    AnswerPreflight,
    /// The page may read every header of the answer.
    ExposeHeaders,
    /// Redirects carry neither user nor password.
    DropUserinfo,
}

/// Which fix is to be tried on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// This one.
    Of(Remedy),
    /// The one that mends the call's own cause, where it can be tried.
    OfTheCause,
}

impl Proposal {
    /// The fix for a call with these findings.
    #[must_use]
    pub fn remedy(self, findings: &[&'static str]) -> Option<Remedy> {
        match self {
            Self::Of(remedy) => Some(remedy),
            Self::OfTheCause => findings.iter().find_map(|id| Remedy::of_cause(id)),
        }
    }
}

/// An answer as it would be.
pub(super) struct Applied {
    pub(super) exchange: Exchange,
    pub(super) changes: Vec<Change>,
}

impl Remedy {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::TrustProxy,
        Self::ForwardProto,
        Self::RelativeRedirects,
        Self::AllowOrigin,
        Self::AllowCredentials,
        Self::AnswerPreflight,
        Self::ExposeHeaders,
        Self::DropUserinfo,
    ];

    /// As the command line and the JSON name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TrustProxy => "trust-proxy",
            Self::ForwardProto => "forward-proto",
            Self::RelativeRedirects => "relative-redirects",
            Self::AllowOrigin => "allow-origin",
            Self::AllowCredentials => "allow-credentials",
            Self::AnswerPreflight => "answer-preflight",
            Self::ExposeHeaders => "expose-headers",
            Self::DropUserinfo => "drop-userinfo",
        }
    }

    /// What it is, to follow "with".
    #[must_use]
    pub fn with(self) -> &'static str {
        match self {
            Self::TrustProxy => "the load balancer trusted",
            Self::ForwardProto => "X-Forwarded-Proto: https passed on and believed",
            Self::RelativeRedirects => "redirects that name the path alone",
            Self::AllowOrigin => "the page's origin allowed on every answer",
            Self::AllowCredentials => "the page's origin allowed with credentials on every answer",
            Self::AnswerPreflight => "preflights answered",
            Self::ExposeHeaders => "every header exposed",
            Self::DropUserinfo => "user and password left out of redirects",
        }
    }

    /// The fix that mends a cause.
    #[must_use]
    pub fn of_cause(finding: &str) -> Option<Self> {
        match finding {
            "forwarded-proto-ignored" | "https-redirect-loop" => Some(Self::TrustProxy),
            "forwarded-proto-malformed" | "forwarded-proto-overwritten" | "forwarded-headers-absent" => {
                Some(Self::ForwardProto)
            }
            "location-leaks-internal-address" => Some(Self::RelativeRedirects),
            "preflight-redirected"
            | "preflight-needs-credentials"
            | "preflight-not-handled"
            | "method-not-allowed-by-cors"
            | "header-not-allowed-by-cors" => Some(Self::AnswerPreflight),
            "wildcard-with-credentials" | "credentials-not-allowed" => Some(Self::AllowCredentials),
            "origin-not-allowed"
            | "allow-origin-repeated"
            | "vary-origin-missing"
            | "error-without-cors"
            | "response-outside-cors-layer" => Some(Self::AllowOrigin),
            "header-not-exposed" => Some(Self::ExposeHeaders),
            "credentials-in-location" => Some(Self::DropUserinfo),
            _ => None,
        }
    }

    /// The exchange with the answer that the mended server would have given; `None` where that is
    /// the recorded one, or where the server did not answer.
    pub(super) fn apply(self, exchange: &Exchange, credentials: Credentials) -> Option<Applied> {
        let response = exchange.response.as_ref().filter(|response| !is_of_load_balancer(response))?;
        match self {
            Self::TrustProxy if !says_https(exchange) => None,
            Self::TrustProxy | Self::ForwardProto => believed(exchange, response),
            Self::RelativeRedirects => relative(exchange, response),
            Self::AllowOrigin => allowed(exchange, response, false),
            Self::AllowCredentials => allowed(exchange, response, true),
            Self::AnswerPreflight => preflight(exchange, response, credentials == Credentials::Include),
            Self::ExposeHeaders => exposed(exchange, response),
            Self::DropUserinfo => without_userinfo(exchange, response),
        }
    }
}

fn is_of_load_balancer(response: &Response) -> bool {
    response.headers.first("server").is_some_and(|server| server.starts_with("awselb/"))
}

/// Whether a server that trusts its peer understands that the client came by https: it takes the
/// last line, and only the word itself.
fn says_https(exchange: &Exchange) -> bool {
    let lines = exchange.request.as_ref().map(|request| request.headers.all("x-forwarded-proto"));
    lines.and_then(Iterator::last).is_some_and(|value| trim_ows(value) == "https")
}

/// The server knows that the request came by https.
fn believed(exchange: &Exchange, response: &Response) -> Option<Applied> {
    let (asked, location) = redirect_of(exchange, response)?;
    let target = asked.resolve(location)?;
    if asked.scheme() != "https" || target.host_str() != asked.host_str() {
        return None;
    }
    if target.as_str() == asked.as_str() && location.starts_with("https://") {
        return Some(unanswered(exchange, response));
    }
    let rest = location.get("http://".len()..).filter(|_| target.scheme() == "http")?;
    Some(with_header(exchange, response, "location", &format!("https://{rest}")))
}

fn relative(exchange: &Exchange, response: &Response) -> Option<Applied> {
    let (_, location) = redirect_of(exchange, response)?;
    let target = url::Url::parse(location).ok()?;
    let path = target.as_str().get(target[..url::Position::BeforePath].len()..)?.to_owned();
    Some(with_header(exchange, response, "location", &path))
}

fn without_userinfo(exchange: &Exchange, response: &Response) -> Option<Applied> {
    let (_, location) = redirect_of(exchange, response)?;
    let mut target = url::Url::parse(location).ok()?;
    if target.username().is_empty() && target.password().is_none() {
        return None;
    }
    target.set_username("").and_then(|()| target.set_password(None)).ok()?;
    Some(with_header(exchange, response, "location", target.as_str()))
}

/// No server should allow the origin `null`.
fn page_origin(exchange: &Exchange) -> Option<&str> {
    exchange.request.as_ref()?.headers.first("origin").filter(|origin| *origin != "null")
}

fn allowed(exchange: &Exchange, response: &Response, with_credentials: bool) -> Option<Applied> {
    let origin = page_origin(exchange)?;
    let mut fields = vec![("access-control-allow-origin", origin.to_owned())];
    fields.extend(with_credentials.then(|| ("access-control-allow-credentials", "true".to_owned())));
    with_headers(exchange, response, fields)
}

fn preflight(exchange: &Exchange, response: &Response, with_credentials: bool) -> Option<Applied> {
    const STATUS: u16 = 204;
    let origin = page_origin(exchange).filter(|_| exchange.is_preflight())?;
    let asked = |name: &str| {
        let lines = exchange.request.as_ref().map(|request| request.headers.all(name).collect::<Vec<_>>().join(", "));
        lines.filter(|value| !value.is_empty())
    };
    let mut fields = vec![("access-control-allow-origin", origin.to_owned())];
    fields.extend(with_credentials.then(|| ("access-control-allow-credentials", "true".to_owned())));
    fields.extend(asked("access-control-request-method").map(|method| ("access-control-allow-methods", method)));
    fields.extend(asked("access-control-request-headers").map(|names| ("access-control-allow-headers", names)));
    let answered = Response { status: STATUS, reason: "No Content".into(), ..response.clone() };
    let fields = with_headers(exchange, &answered, fields);
    if response.status / 100 == 2 {
        return fields;
    }
    let status = Change {
        exchange: exchange.id.clone(),
        what: "status",
        before: Some(response.status.to_string()),
        after: Some(STATUS.to_string()),
    };
    let Applied { exchange, mut changes } =
        fields.unwrap_or_else(|| Applied { exchange: answering(exchange, answered), changes: Vec::new() });
    changes.insert(0, status);
    Some(Applied { exchange, changes })
}

/// Every name, since an asterisk exposes nothing to a call with credentials.
fn exposed(exchange: &Exchange, response: &Response) -> Option<Applied> {
    page_origin(exchange).filter(|_| !exchange.is_preflight() && !response.is_redirect())?;
    let mut names: Vec<String> = response.headers.iter().map(|line| line.name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    names.dedup();
    with_headers(exchange, response, vec![("access-control-expose-headers", names.join(", "))])
}

/// The answer is not known.
fn unanswered(exchange: &Exchange, response: &Response) -> Applied {
    let change = Change {
        exchange: exchange.id.clone(),
        what: "status",
        before: Some(response.status.to_string()),
        after: None,
    };
    let unknown = Exchange { response: None, state: State::NoResponse, end: End::CaptureEnded, ..exchange.clone() };
    Applied { exchange: unknown, changes: vec![change] }
}

fn with_header(exchange: &Exchange, response: &Response, name: &'static str, value: &str) -> Applied {
    let change = Change {
        exchange: exchange.id.clone(),
        what: name,
        before: joined(&response.headers, name),
        after: Some(value.to_owned()),
    };
    Applied { exchange: answering(exchange, replaced(response, name, value)), changes: vec![change] }
}

/// `None` where the answer says all of that already.
fn with_headers(exchange: &Exchange, response: &Response, fields: Vec<(&'static str, String)>) -> Option<Applied> {
    let mut applied = Applied { exchange: answering(exchange, response.clone()), changes: Vec::new() };
    for (name, value) in fields {
        let before = joined(&response.headers, name);
        if before.as_deref() == Some(&value) {
            continue;
        }
        let answer = applied.exchange.response.as_ref().map(|response| replaced(response, name, &value));
        applied.exchange.response = answer;
        applied.changes.push(Change { exchange: exchange.id.clone(), what: name, before, after: Some(value) });
    }
    (!applied.changes.is_empty()).then_some(applied)
}

fn answering(exchange: &Exchange, response: Response) -> Exchange {
    Exchange { response: Some(response), ..exchange.clone() }
}

fn joined(headers: &Headers, name: &str) -> Option<String> {
    let lines: Vec<&str> = headers.all(name).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

/// The response with one line of that name. A head that was not seen whole stays so.
fn replaced(response: &Response, name: &str, value: &str) -> Response {
    let others = response.headers.iter().filter(|line| !line.name.eq_ignore_ascii_case(name));
    let lines: Headers = others.map(|line| (line.name, line.value)).chain([(name, value)]).collect();
    let headers = if response.headers.is_complete() { lines } else { lines.into_partial() };
    Response { headers, ..response.clone() }
}
