//! Which server answered, told by what it sends.

use crate::http::{Header, Headers, Response};

/// A server or framework that the fixes differ for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Uvicorn,
    Gunicorn,
    Hypercorn,
    Express,
    Kestrel,
    Nginx,
    Kong,
    Spring,
    Werkzeug,
    Waitress,
    Daphne,
    Tornado,
    Jetty,
    Apache,
    Php,
    Unknown,
}

impl Server {
    /// By `Server` and `X-Powered-By`, which each of these sends unless told not to.
    pub(super) fn of(headers: &Headers) -> Self {
        let powered_by = headers.first("x-powered-by").unwrap_or_default();
        if powered_by.eq_ignore_ascii_case("Express") {
            return Self::Express;
        }
        if powered_by.starts_with("PHP/") {
            return Self::Php;
        }
        if headers.has("x-kong-request-id") || headers.first("via").is_some_and(|via| via.contains("kong/")) {
            return Self::Kong;
        }
        Self::named(headers.first("server").unwrap_or_default())
    }

    /// By the value of `Server`.
    pub(super) fn named(server: &str) -> Self {
        let server = server.to_ascii_lowercase();
        [
            ("uvicorn", Self::Uvicorn),
            ("gunicorn", Self::Gunicorn),
            ("hypercorn", Self::Hypercorn),
            ("kestrel", Self::Kestrel),
            ("microsoft-iis", Self::Kestrel),
            ("nginx", Self::Nginx),
            ("openresty", Self::Nginx),
            ("kong", Self::Kong),
            ("werkzeug", Self::Werkzeug),
            ("waitress", Self::Waitress),
            ("daphne", Self::Daphne),
            ("tornadoserver", Self::Tornado),
            ("jetty", Self::Jetty),
            ("apache", Self::Apache),
        ]
        .into_iter()
        .find_map(|(name, known)| server.starts_with(name).then_some(known))
        .unwrap_or(Self::Unknown)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Uvicorn => "Uvicorn",
            Self::Gunicorn => "Gunicorn",
            Self::Hypercorn => "Hypercorn",
            Self::Express => "Express",
            Self::Kestrel => "Kestrel",
            Self::Nginx => "nginx",
            Self::Kong => "Kong",
            Self::Spring => "Spring",
            Self::Werkzeug => "Werkzeug",
            Self::Waitress => "Waitress",
            Self::Daphne => "Daphne",
            Self::Tornado => "Tornado",
            Self::Jetty => "Jetty",
            Self::Apache => "Apache httpd",
            Self::Php => "PHP",
            Self::Unknown => "the backend",
        }
    }

    /// Whether it runs the middleware stack of Starlette and `FastAPI`, as far as one can tell.
    pub(super) fn runs_asgi(self) -> bool {
        matches!(self, Self::Uvicorn | Self::Hypercorn)
    }
}

/// Spring's answer to an origin that it does not allow: 20 bytes of text. Where the body was not kept,
/// its length and the status tell.
pub(super) fn is_refused_by_spring(response: &Response) -> bool {
    response.status == 403 && may_say(response, b"Invalid CORS request")
}

/// The words in which other CORS layers refuse an origin: Express's cors as its documentation shows it,
/// which ends in a 500, actix-cors, Quarkus.
pub(super) fn refusal_of_origin(response: &Response) -> Option<&'static str> {
    const WORDS: [&str; 3] =
        ["Not allowed by CORS", "Origin is not allowed to make this request", "CORS Rejected - Invalid origin"];
    if response.status < 400 {
        return None;
    }
    let body = response.content();
    let body = String::from_utf8_lossy(&body);
    WORDS.into_iter().find(|words| body.contains(words) || response.reason.contains(words))
}

/// Starlette's answer to a preflight from a public page to a private network that it does not allow: 31
/// bytes of text. Where the body was not kept, its length and type tell.
pub(super) fn is_refused_for_private_network(response: &Response) -> bool {
    response.status == 400 && is_plain(response) && may_say(response, b"Disallowed CORS private-network")
}

/// Starlette's answer to an exception that no handler caught: 21 bytes of plain text, made outside
/// of all middleware. Where the body was not kept, its length and type tell.
pub(super) fn is_uncaught_in_starlette(response: &Response) -> bool {
    response.status == 500 && is_plain(response) && may_say(response, b"Internal Server Error")
}

/// Uvicorn's answer beyond --limit-concurrency, made before any application. Where the body was not kept, its
/// length and type tell.
pub(super) fn is_beyond_limit_of_uvicorn(response: &Response) -> bool {
    let closes = response.headers.first("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    response.status == 503 && closes && is_plain(response) && may_say(response, b"Service Unavailable")
}

/// Uvicorn's answer to bytes that it cannot read as a request: no application has seen them. Where the
/// body was not kept, its length and type tell.
fn is_unreadable_to_uvicorn(response: &Response) -> bool {
    response.status == 400 && is_plain(response) && may_say(response, b"Invalid HTTP request received.")
}

/// The server that refused a request by itself, before any application saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refuser {
    Uvicorn,
    Gunicorn,
    /// Gunicorn, where headers that name the scheme contradict each other.
    GunicornOfSchemes,
    Node,
    Nginx,
}

/// Told by what each of them writes without its application: the statuses are those for a request that
/// cannot be read, or is too long.
pub(super) fn refused_by_server(response: &Response) -> Option<Refuser> {
    if is_unreadable_to_uvicorn(response) {
        return Some(Refuser::Uvicorn);
    }
    if !matches!(response.status, 400 | 408 | 414 | 431 | 494) {
        return None;
    }
    // Node's parser writes a status line, this header and nothing else.
    let is_close =
        |it: Header<'_>| it.name.eq_ignore_ascii_case("connection") && it.value.eq_ignore_ascii_case("close");
    let is_bare = response.headers.iter().all(is_close);
    if is_bare && response.headers.has("connection") && response.body.bytes == 0 && response.headers.is_complete() {
        return Some(Refuser::Node);
    }
    let body = response.content();
    let body = String::from_utf8_lossy(&body);
    if body.contains("<h1><p>") && !response.headers.has("server") {
        let is_of_schemes = body.contains("Contradictory scheme headers");
        return Some(if is_of_schemes { Refuser::GunicornOfSchemes } else { Refuser::Gunicorn });
    }
    (PageOf::told_by(response) == Some(PageOf::Nginx)).then_some(Refuser::Nginx)
}

/// Who made an error page by itself, with no application behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageOf {
    Nginx,
    Apache,
    /// The default backend of ingress-nginx: no rule matched.
    DefaultBackend,
}

impl PageOf {
    /// By what each of them writes into its pages.
    pub(super) fn told_by(response: &Response) -> Option<Self> {
        const SIGNS: [(&str, PageOf); 4] = [
            ("<hr><center>nginx", PageOf::Nginx),
            ("<hr><center>openresty", PageOf::Nginx),
            ("<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">", PageOf::Apache),
            ("default backend - 404", PageOf::DefaultBackend),
        ];
        let body = response.content();
        let body = String::from_utf8_lossy(&body);
        SIGNS.into_iter().find_map(|(sign, whose)| body.contains(sign).then_some(whose))
    }
}

fn is_plain(response: &Response) -> bool {
    response.headers.first("content-type").is_some_and(|kind| kind.starts_with("text/plain"))
}

/// Whether that is the body; where it was not kept, whether it is as long.
fn may_say(response: &Response, body: &[u8]) -> bool {
    let it = &response.body;
    *it.kept() == *body || (it.kept().is_empty() && it.bytes == body.len() as u64)
}
