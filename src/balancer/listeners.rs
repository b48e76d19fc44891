//! Which listeners a load balancer has, as far as the traffic behind it tells.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use crate::http::{Exchange, Fingerprints, Vantage, WebUrl, fingerprint, site};

/// More hosts than this are not told apart: a capture with so many is no longer about one load
/// balancer, and a hostile one could name a new host in every request.
const MAX_HOSTS: usize = 4096;

/// What the exchanges of a capture show of the load balancer in front.
#[derive(Clone, Debug, Default)]
pub struct Balancer {
    hosts: HashMap<String, Listeners>,
    /// The addresses from which it connects to the backend.
    addresses: BTreeSet<IpAddr>,
    /// What was taken note of behind it, since a capture is mostly the same again: scheme and authority
    /// of the URL and who sent it, as a fingerprint.
    noted: Fingerprints<u64>,
}

#[derive(Clone, Debug, Default)]
struct Listeners {
    /// Requests that came by https were forwarded to the backend.
    forwards_https: bool,
    /// So were requests that came by http.
    forwards_http: bool,
    /// A redirect of the port-80 listener itself was captured.
    redirect_was_seen: bool,
}

/// What the load balancer does with a request that the capture does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnAnswer {
    /// It answers 301 to the same URL by https, without any CORS header: the redirect action that
    /// the port-80 listener of an HTTPS load balancer has.
    RedirectsToHttps {
        /// That very redirect was captured for this host, not only concluded.
        seen: bool,
    },
    /// It forwards such requests to the backend.
    Forwards,
    /// The capture does not tell.
    Unknown,
}

/// What a load balancer's observer has to know of every exchange.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    noted: u64,
    /// It was seen between load balancer and backend.
    is_behind: bool,
}

impl Glance {
    /// What tells an exchange from those that were taken note of; `None` where there is no note to take.
    #[must_use]
    pub fn at(exchange: &Exchange) -> Option<Self> {
        let client = exchange.client.map(|client| client.ip());
        let noted = fingerprint(&(site(exchange.url()?), client));
        Some(Self { noted, is_behind: exchange.vantage == Vantage::Backend })
    }
}

impl Balancer {
    /// Takes note of one exchange.
    pub fn observe(&mut self, exchange: &Exchange) {
        self.observe_known(exchange, Glance::at(exchange));
    }

    /// Takes note of an exchange at which it was glanced.
    pub fn observe_known(&mut self, exchange: &Exchange, glance: Option<Glance>) {
        let Some(Glance { noted, is_behind }) = glance else { return };
        if is_behind && self.noted.contains(&noted) {
            return;
        }
        let client = exchange.client.map(|client| client.ip());
        let Some(url) = exchange.request.as_ref().and_then(|request| request.target.web_url()) else { return };
        let Some(host) = url.host_str() else { return };
        if self.hosts.len() >= MAX_HOSTS && !self.hosts.contains_key(host) {
            return;
        }
        let listeners = self.hosts.entry(host.to_owned()).or_default();
        match exchange.vantage {
            Vantage::Backend if url.scheme() == "https" => listeners.forwards_https = true,
            Vantage::Backend => listeners.forwards_http = true,
            Vantage::Client => listeners.redirect_was_seen |= is_redirect_to_https(exchange, &url),
            Vantage::Direct => {}
        }
        if exchange.vantage == Vantage::Backend {
            self.addresses.extend(client);
            if self.noted.len() < MAX_HOSTS {
                self.noted.insert(noted);
            }
        }
    }

    /// The addresses from which the load balancer connects to the backend, in order.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().copied()
    }

    /// What it does with a request for `url` that was not captured behind it.
    #[must_use]
    pub fn answer_to(&self, url: &WebUrl<'_>) -> OwnAnswer {
        let Some(listeners) = url.host_str().and_then(|host| self.hosts.get(host)) else { return OwnAnswer::Unknown };
        let forwards = if url.scheme() == "https" { listeners.forwards_https } else { listeners.forwards_http };
        if forwards {
            return OwnAnswer::Forwards;
        }
        let plain_port_80 = url.scheme() == "http" && url.port().is_none();
        if plain_port_80 && (listeners.redirect_was_seen || listeners.forwards_https) {
            return OwnAnswer::RedirectsToHttps { seen: listeners.redirect_was_seen };
        }
        OwnAnswer::Unknown
    }
}

fn is_redirect_to_https(exchange: &Exchange, url: &WebUrl<'_>) -> bool {
    let location = exchange.response.as_ref().and_then(|response| response.headers.first("location"));
    url.scheme() == "http" && location.is_some_and(|location| location.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::exchange;

    fn url(text: &str) -> WebUrl<'_> {
        WebUrl::parse(text).unwrap()
    }

    #[test]
    fn an_https_listener_has_a_redirecting_companion() {
        let mut balancer = Balancer::default();
        balancer.observe(&exchange("GET", "https://a.example/items").behind_balancer().build());
        assert_eq!(balancer.answer_to(&url("http://a.example/x")), OwnAnswer::RedirectsToHttps { seen: false });
        assert_eq!(balancer.answer_to(&url("https://a.example/x")), OwnAnswer::Forwards);
        assert_eq!(balancer.answer_to(&url("http://a.example:8080/x")), OwnAnswer::Unknown);
        assert_eq!(balancer.answer_to(&url("http://b.example/x")), OwnAnswer::Unknown);
    }

    #[test]
    fn a_listener_that_forwards_http_does_not_redirect() {
        let mut balancer = Balancer::default();
        balancer.observe(&exchange("GET", "https://a.example/").behind_balancer().build());
        balancer.observe(&exchange("GET", "http://a.example/").behind_balancer().build());
        assert_eq!(balancer.answer_to(&url("http://a.example/x")), OwnAnswer::Forwards);
    }

    #[test]
    fn without_a_load_balancer_nothing_is_concluded() {
        let mut balancer = Balancer::default();
        balancer.observe(&exchange("GET", "http://a.example/").build());
        assert_eq!(balancer.answer_to(&url("http://a.example/x")), OwnAnswer::Unknown);
    }
}
