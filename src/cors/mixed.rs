//! Mixed content: which URLs a page loaded over TLS may not load from.

use url::Host;

use crate::http::WebUrl;

/// Secure Contexts 3.2, "potentially trustworthy URL".
pub(super) fn is_trustworthy(url: &WebUrl<'_>) -> bool {
    match url.scheme() {
        "https" | "wss" | "data" => true,
        _ => url.is_loopback(),
    }
}

/// Whether the host is an IP address: such URLs are blocked, not upgraded (Mixed Content 4.1).
pub(super) fn has_address_as_host(url: &WebUrl<'_>) -> bool {
    matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_be_trusted_without_tls() {
        for url in ["https://a.example", "http://localhost:1", "http://a.localhost", "http://127.8.9.1", "http://[::1]"]
        {
            assert!(is_trustworthy(&WebUrl::parse(url).unwrap()), "{url}");
        }
        for url in ["http://a.example", "http://10.0.0.1", "http://localhost.example", "ftp://a.example"] {
            assert!(!is_trustworthy(&WebUrl::parse(url).unwrap()), "{url}");
        }
    }
}
