//! What the load balancer makes of a browser's request before it forwards it.

use std::net::IpAddr;

use crate::http::{Headers, Request};

/// Header fields of one hop, which a proxy does not pass on (RFC 9110 section 7.6.1).
const OF_ONE_HOP: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "te", "upgrade"];

/// Through which listener a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Port 443, where TLS ends.
    Https,
    /// Port 80.
    Http,
}

/// The headers that the target gets: the load balancer's own first, then the browser's in their
/// order. `X-Forwarded-For` is appended to, as is the default; scheme and port are overwritten.
#[must_use]
pub fn forward(request: &Request, client: IpAddr, listener: Listener, trace: &str) -> Headers {
    let (scheme, port) = match listener {
        Listener::Https => ("https", "443"),
        Listener::Http => ("http", "80"),
    };
    let known = request.headers.all("x-forwarded-for").collect::<Vec<_>>().join(", ");
    let path = if known.is_empty() { client.to_string() } else { format!("{known}, {client}") };
    let host = request.headers.first("host").unwrap_or_default();
    let added = [
        ("X-Forwarded-For", path.as_str()),
        ("X-Forwarded-Proto", scheme),
        ("X-Forwarded-Port", port),
        ("Host", host),
        ("X-Amzn-Trace-Id", trace),
    ];
    let passed_on = request.headers.iter().filter(|line| {
        let name = line.name.to_ascii_lowercase();
        let replaced = added.iter().any(|(added, _)| added.eq_ignore_ascii_case(&name));
        !replaced && !OF_ONE_HOP.contains(&name.as_str())
    });
    added.into_iter().chain(passed_on.map(|line| (line.name, line.value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::exchange;
    use crate::http::{Vantage, client_url, vantage};

    #[test]
    fn a_forwarded_request_is_one_that_came_through_a_load_balancer() {
        let sent = exchange("GET", "https://request.example/items?x=1")
            .header("Connection", "keep-alive")
            .header("X-Forwarded-For", "198.51.100.1")
            .header("X-Forwarded-Proto", "http")
            .header("Origin", "https://client.example")
            .build();
        let request = sent.request.unwrap();
        let headers = forward(&request, "203.0.113.50".parse().unwrap(), Listener::Https, "Root=1-0-0");
        assert_eq!(vantage(Some(&headers), None), Vantage::Backend);
        assert_eq!(client_url("GET", &request.target, &headers).url.as_deref(), request.url());
        assert_eq!(headers.first("x-forwarded-for"), Some("198.51.100.1, 203.0.113.50"));
        assert_eq!(headers.all("x-forwarded-proto").count(), 1, "what the client made up is gone");
        assert!(headers.has("origin") && !headers.has("connection"));
    }
}
