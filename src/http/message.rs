//! Requests and responses.

use super::{Body, Headers, Target, Text, Time};

/// A request as its client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Of the request's first packet.
    pub time: Time,
    /// Of its last packet, where that is known.
    pub end_time: Option<Time>,
    /// As sent: methods are case-sensitive (RFC 9110 section 9.1).
    pub method: Text,
    /// The request-target exactly as sent, and the URL that it stands for. See [`super::client_url`].
    pub target: Target,
    /// The header lines.
    pub headers: Headers,
    /// The body's size, what was kept of it, and its trailer lines.
    pub body: Body,
}

/// A response, final or interim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Of the response's first packet.
    pub time: Time,
    /// Of its last packet, where that is known.
    pub end_time: Option<Time>,
    /// The three digits of the status line.
    pub status: u16,
    /// May be empty (Hypercorn sends none).
    pub reason: Text,
    /// The header lines.
    pub headers: Headers,
    /// The body's size, what was kept of it, and its trailer lines.
    pub body: Body,
}

impl Request {
    /// The absolute URL as the client used it, path and query verbatim; `None` where it cannot be
    /// known (no Host, CONNECT, `*`).
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.target.url()
    }
}

impl Response {
    /// Whether browsers follow it: a redirect status with a Location field.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        is_redirect_status(self.status) && self.headers.has("location")
    }

    /// Whether its status is an ok status.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        is_ok_status(self.status)
    }

    /// Whether it lets some page read it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.headers.has("access-control-allow-origin")
    }

    /// Whether it is such as lets a request go on when a preflight is answered so. Which request, and of which
    /// page, is not looked at.
    #[must_use]
    pub fn lets_on(&self) -> bool {
        self.is_ok() && self.is_shared()
    }
}

/// Fetch, "ok status".
#[must_use]
pub fn is_ok_status(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Fetch, "redirect status": 300, 304, 305 and 306 are not among them.
#[must_use]
pub fn is_redirect_status(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}
