//! What the headers of a request tell about the way it came: through a load balancer or not, from
//! which browser, and under which URL the browser knows it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use memchr::memrchr;

use super::{Exchange, Headers, Vantage, WebUrl, trim_ows};

/// The absolute URL of a request as its client used it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientUrl {
    /// `None` where it cannot be known: no Host, CONNECT, `*`.
    pub url: Option<String>,
    /// What had to be read with good will.
    pub warnings: Vec<String>,
}

/// Where a request was seen, told by what AWS load balancers add to a request
/// (`X-Amzn-Trace-Id`, `X-Forwarded-*`) and by what they answer themselves (`Server: awselb/…`).
#[must_use]
pub fn vantage(request: Option<&Headers>, response: Option<&Headers>) -> Vantage {
    const ADDED: [&str; 4] = ["x-amzn-trace-id", "x-forwarded-proto", "x-forwarded-for", "x-forwarded-port"];
    if request.is_some_and(|headers| ADDED.iter().any(|name| headers.has(name))) {
        return Vantage::Backend;
    }
    let server = response.and_then(|headers| headers.first("server")).unwrap_or_default();
    if server.starts_with("awselb/") { Vantage::Client } else { Vantage::Direct }
}

/// The address of the browser behind a request: the first address in `X-Forwarded-For`, which is
/// what the outermost proxy saw; without a load balancer, the connection's own peer. Behind one that
/// removes the header nobody knows it: the peer is a node of the load balancer, and the next request
/// of the same browser may come by another.
#[must_use]
pub fn client_address(headers: &Headers, peer: Option<SocketAddr>) -> Option<IpAddr> {
    let mut forwarded = headers.all("x-forwarded-for").flat_map(|line| line.split(','));
    forwarded.find_map(|entry| forwarded_address(trim_ows(entry))).or_else(|| {
        let is_browser = vantage(Some(headers), None) != Vantage::Backend;
        peer.filter(|_| is_browser).map(|peer| peer.ip().to_canonical())
    })
}

/// An entry of `X-Forwarded-For`: an address, or an address and port (`12.34.56.78:8080`,
/// `[2001:db8::1]:8080`) where the load balancer was told to add it.
fn forwarded_address(entry: &str) -> Option<IpAddr> {
    entry
        .parse::<IpAddr>()
        .or_else(|_| entry.parse::<SocketAddr>().map(|with_port| with_port.ip()))
        .or_else(|_| entry.trim_matches(['[', ']']).parse())
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

/// Whether a request is a load balancer's health check, which no page made.
#[must_use]
pub fn is_health_check(headers: &Headers) -> bool {
    headers.first("user-agent").is_some_and(|agent| agent.starts_with("ELB-HealthChecker/"))
}

/// Rebuilds the URL: scheme and port from `X-Forwarded-Proto` and `X-Forwarded-Port`, host from
/// `Host`, path and query verbatim; an absolute-form target (RFC 9112 section 3.2.2) is the URL.
#[must_use]
pub fn client_url(method: &str, target: &str, headers: &Headers) -> ClientUrl {
    if has_scheme(target) {
        return ClientUrl { url: Some(target.to_owned()), warnings: Vec::new() };
    }
    if method == "CONNECT" || !target.starts_with('/') {
        return ClientUrl::default();
    }
    let Some(host) = headers.first("host").filter(|host| !host.is_empty()) else {
        return ClientUrl::default();
    };
    let mut warnings = Vec::new();
    let port = forwarded_port(headers);
    let scheme = match forwarded_scheme(headers, &mut warnings) {
        Some(scheme) => scheme,
        None if port == Some(443) => "https",
        None => "http",
    };
    let (name, port) = authority(host, scheme, port, &mut warnings);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    ClientUrl { url: Some([scheme, "://", name, &port, target].concat()), warnings }
}

/// The URL that the page asked for. A page on https can send nothing to http (mixed content): where
/// a request of one seems to have come by http, TLS ended in front of the place of capture, and
/// nobody said so, or a proxy further in overwrote it (`X-Forwarded-Proto: http`). Then the URL is
/// the same by https.
#[must_use]
pub fn asked_url(exchange: &Exchange) -> Option<WebUrl<'_>> {
    let request = exchange.request.as_ref()?;
    let url = request.target.web_url()?;
    let is_seen_behind_tls = exchange.vantage != Vantage::Client && exchange.extras.context.is_none();
    if is_seen_behind_tls && url.scheme() == "http" && !url.is_loopback() && is_of_secure_page(&request.headers) {
        // Only URLs that are not of the web have no such form.
        return Some(url.by_https().unwrap_or(url));
    }
    Some(url)
}

/// [`asked_url`] as text, without its fragment: equal for requests that browsers take for equal.
#[must_use]
pub fn asked_text(exchange: &Exchange) -> Option<Cow<'_, str>> {
    asked_url(exchange).map(WebUrl::into_text)
}

/// Whether a page on https made this request for a part of itself.
fn is_of_secure_page(headers: &Headers) -> bool {
    !is_navigation(headers.first("sec-fetch-mode"), headers)
        && headers.first("origin").is_some_and(|origin| origin.starts_with("https://"))
}

/// Whether a request leads a browser to another page, and so may lead from https to http: as a link and a form do.
/// `mode` is what is known of how it was fetched.
pub(crate) fn is_navigation(mode: Option<&str>, headers: &Headers) -> bool {
    matches!(mode, Some("navigate" | "nested-navigate")) || headers.first("upgrade-insecure-requests") == Some("1")
}

fn has_scheme(target: &str) -> bool {
    if target.starts_with('/') {
        return false;
    }
    ["http://", "https://"]
        .iter()
        .any(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// The scheme that the browser used, by the word of the proxy nearest to the backend: the last
/// value of the last line, whatever its letter case.
fn forwarded_scheme(headers: &Headers, warnings: &mut Vec<String>) -> Option<&'static str> {
    let mut lines = headers.all("x-forwarded-proto");
    if let (Some(only), None) = (lines.next(), lines.next())
        && let Some(scheme) = ["https", "http"].into_iter().find(|scheme| only == *scheme)
    {
        return Some(scheme);
    }
    let values = || {
        let values = headers.all("x-forwarded-proto").flat_map(|line| line.split(','));
        values.map(trim_ows).filter(|value| !value.is_empty())
    };
    let (count, last) = values().fold((0, None), |(count, _), value| (count + 1, Some(value)));
    let last = last?;
    if count > 1 {
        let all: Vec<&str> = values().collect();
        warnings.push(format!("X-Forwarded-Proto has several values ({}): the last one is read", all.join(", ")));
    }
    let is = |name: &str| last.eq_ignore_ascii_case(name);
    let scheme = if is("https") || is("wss") {
        "https"
    } else if is("http") || is("ws") {
        "http"
    } else {
        warnings.push(format!("X-Forwarded-Proto '{last}' is neither http nor https: it is not used"));
        return None;
    };
    if last.bytes().any(|byte| byte.is_ascii_uppercase()) {
        warnings.push(format!("X-Forwarded-Proto '{last}' is not in lower case"));
    }
    Some(scheme)
}

fn forwarded_port(headers: &Headers) -> Option<u16> {
    let line = headers.all("x-forwarded-port").last()?;
    let last = memrchr(b',', line.as_bytes()).and_then(|comma| line.get(comma + 1..)).unwrap_or(line);
    trim_ows(last).parse().ok()
}

/// Host and, unless it is the scheme's default, port.
fn authority<'h>(
    host: &'h str,
    scheme: &str,
    forwarded: Option<u16>,
    warnings: &mut Vec<String>,
) -> (&'h str, Option<u16>) {
    let (name, named_port) = split_port(host);
    let (default, other_default) = if scheme == "https" { (443, 80) } else { (80, 443) };
    // `X-Forwarded-Port: 80` beside `X-Forwarded-Proto: https` comes from a proxy that ended the
    // TLS of one hop and named the port of another: nobody reached https on port 80.
    let forwarded = forwarded.filter(|&port| {
        let contradicts = port == other_default;
        if contradicts {
            warnings.push(format!("X-Forwarded-Port {port} contradicts the scheme {scheme}: it is not used"));
        }
        !contradicts
    });
    (name, forwarded.or(named_port).filter(|&port| port != default))
}

/// Splits `host[:port]`; the colons of an IPv6 literal in brackets are part of the host.
fn split_port(host: &str) -> (&str, Option<u16>) {
    let colon = memrchr(b':', host.as_bytes());
    let split = colon.and_then(|colon| Some((host.get(..colon)?, host.get(colon + 1..)?.parse().ok()?)));
    split.map_or((host, None), |(name, port)| (name, Some(port)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{Builder, exchange};

    fn url_of(target: &str, headers: &[(&str, &str)]) -> Option<String> {
        client_url("GET", target, &headers.iter().copied().collect()).url
    }

    #[test]
    fn the_load_balancer_knows_scheme_and_port() {
        let alb = [("Host", "a.example"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443")];
        assert_eq!(url_of("/items?x=1", &alb).as_deref(), Some("https://a.example/items?x=1"));
        let odd_port = [("Host", "a.example:8443"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "8443")];
        assert_eq!(url_of("/", &odd_port).as_deref(), Some("https://a.example:8443/"));
        let internal = [("Host", "a.example"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "8443")];
        assert_eq!(url_of("/", &internal).as_deref(), Some("https://a.example:8443/"));
    }

    #[test]
    fn without_a_load_balancer_the_host_says_all() {
        assert_eq!(url_of("/", &[("Host", "a.example:8000")]).as_deref(), Some("http://a.example:8000/"));
        assert_eq!(url_of("/", &[("host", "[::1]:8000")]).as_deref(), Some("http://[::1]:8000/"));
        assert_eq!(url_of("/", &[("host", "[::1]")]).as_deref(), Some("http://[::1]/"));
        assert_eq!(url_of("/", &[("host", "a.example:80")]).as_deref(), Some("http://a.example/"));
    }

    #[test]
    fn a_list_is_read_as_its_last_word_and_warned_of() {
        let headers = [("Host", "a"), ("X-Forwarded-Proto", "http, HTTPS")].into_iter().collect();
        let read = client_url("GET", "/", &headers);
        assert_eq!(read.url.as_deref(), Some("https://a/"));
        assert_eq!(read.warnings.len(), 2);
        let lines = [("Host", "a"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")];
        assert_eq!(url_of("/", &lines).as_deref(), Some("http://a/"));
    }

    #[test]
    fn a_port_of_the_other_scheme_is_not_believed() {
        let headers = [("Host", "a"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "80")];
        assert_eq!(url_of("/", &headers).as_deref(), Some("https://a/"));
        let without_scheme = [("Host", "a"), ("X-Forwarded-Port", "443")];
        assert_eq!(url_of("/", &without_scheme).as_deref(), Some("https://a/"));
    }

    #[test]
    fn what_cannot_be_known_is_not_invented() {
        assert_eq!(url_of("/", &[]), None);
        assert_eq!(url_of("*", &[("Host", "a")]), None);
        assert_eq!(client_url("CONNECT", "a:443", &[("Host", "a")].into_iter().collect()).url, None);
        assert_eq!(url_of("HTTP://b/x", &[("Host", "a")]).as_deref(), Some("HTTP://b/x"));
    }

    #[test]
    fn a_page_on_https_asks_by_https() {
        let asked = |builder: Builder| asked_text(&builder.build()).map(Cow::into_owned);
        let page = "https://client.example";
        let (http, https) = (Some("http://a.example/x".to_owned()), Some("https://a.example/x".to_owned()));
        assert_eq!(asked(exchange("POST", "http://a.example/x").page(page)), https);
        assert_eq!(asked(exchange("GET", "http://a.example/x").page(page).behind_balancer()), https, "overwritten");
        assert_eq!(asked(exchange("GET", "http://a.example/x").page("http://client.example")), http);
        assert_eq!(asked(exchange("GET", "http://a.example/x").page(page).vantage(Vantage::Client)), http);
        let form = exchange("POST", "http://a.example/x").header("Origin", page);
        assert_eq!(asked(form.header("Upgrade-Insecure-Requests", "1")), http, "a form may be sent anywhere");
        let here = exchange("GET", "http://localhost:8000/x").page(page);
        assert_eq!(asked(here).as_deref(), Some("http://localhost:8000/x"));
    }

    #[test]
    fn the_browser_is_the_first_of_the_forwarded_addresses() {
        let browser = |value: &str| client_address(&[("X-Forwarded-For", value)].into_iter().collect(), None);
        assert_eq!(browser("203.0.113.50, 10.0.0.1"), "203.0.113.50".parse().ok());
        assert_eq!(browser("203.0.113.50:8080"), "203.0.113.50".parse().ok());
        assert_eq!(browser("[2001:db8::1]:8080"), "2001:db8::1".parse().ok());
        assert_eq!(browser("unknown, 203.0.113.50"), "203.0.113.50".parse().ok());
        assert_eq!(browser("unknown"), None);
        let peer = "10.0.1.5:41022".parse().ok();
        let removed = [("X-Forwarded-Proto", "https")].into_iter().collect();
        assert_eq!(client_address(&removed, peer), None, "a node of the load balancer is no browser");
        assert_eq!(client_address(&Headers::default(), peer), "10.0.1.5".parse().ok());
    }

    #[test]
    fn the_place_is_told_by_the_headers() {
        let through: Headers = [("X-Amzn-Trace-Id", "Root=1-0-0")].into_iter().collect();
        let awselb: Headers = [("Server", "awselb/2.0")].into_iter().collect();
        assert_eq!(vantage(Some(&through), None), Vantage::Backend);
        assert_eq!(vantage(Some(&Headers::default()), Some(&awselb)), Vantage::Client);
        assert_eq!(vantage(Some(&Headers::default()), None), Vantage::Direct);
    }
}
