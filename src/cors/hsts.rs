//! Strict-Transport-Security (RFC 6797), as far as the answers of one call teach it.

use url::Host;

use crate::http::{Headers, WebUrl};

/// A call meets no more hosts than it has redirects.
const MAX_HOSTS: usize = 32;

/// Hosts that are known to want https.
#[derive(Clone, Debug, Default)]
pub(super) struct Hsts(Vec<Known>);

#[derive(Clone, Debug)]
struct Known {
    host: String,
    includes_subdomains: bool,
}

impl Hsts {
    /// Takes note of an answer: only one by https counts, and only that of a domain (RFC 6797
    /// section 8.1).
    pub(super) fn learn(&mut self, url: &WebUrl<'_>, headers: &Headers) {
        let Some(Host::Domain(host)) = url.host() else { return };
        let Some(value) = headers.first("strict-transport-security").filter(|_| url.scheme() == "https") else {
            return;
        };
        let Some(max_age) = directive(value, "max-age").and_then(|age| age.trim_matches('"').parse::<u64>().ok())
        else {
            return;
        };
        self.0.retain(|known| known.host != host);
        if max_age > 0 && self.0.len() < MAX_HOSTS {
            let includes_subdomains = directive(value, "includesubdomains").is_some();
            self.0.push(Known { host: host.to_owned(), includes_subdomains });
        }
    }

    /// Whether a URL by http is asked for by https instead (RFC 6797 section 8.3).
    pub(super) fn covers(&self, url: &WebUrl<'_>) -> bool {
        let Some(Host::Domain(host)) = url.host() else { return false };
        let is_below = |known: &Known| host.strip_suffix(&known.host).is_some_and(|rest| rest.ends_with('.'));
        url.scheme() == "http"
            && self.0.iter().any(|known| known.host == host || (known.includes_subdomains && is_below(known)))
    }
}

/// The value of a directive, whose name has no letter case; empty where it has none.
fn directive<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(';').find_map(|one| {
        let (found, value) = one.split_once('=').unwrap_or((one, ""));
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(taught_by: &str, value: &str, url: &str) -> bool {
        let mut hsts = Hsts::default();
        let headers = [("Strict-Transport-Security", value)].into_iter().collect();
        hsts.learn(&WebUrl::parse(taught_by).unwrap(), &headers);
        hsts.covers(&WebUrl::parse(url).unwrap())
    }

    #[test]
    fn only_an_answer_by_https_teaches_it() {
        let year = "max-age=31536000";
        assert!(covers("https://a.example/", year, "http://a.example/x"));
        assert!(!covers("http://a.example/", year, "http://a.example/x"));
        assert!(!covers("https://10.0.0.1/", year, "http://10.0.0.1/x"));
        assert!(!covers("https://a.example/", "max-age=0", "http://a.example/x"));
        assert!(!covers("https://a.example/", "", "http://a.example/x"));
    }

    #[test]
    fn what_is_below_is_covered_only_when_it_is_said() {
        let all = "max-age=\"1000\"; includeSubDomains";
        assert!(covers("https://a.example/", all, "http://b.a.example/"));
        assert!(!covers("https://a.example/", "max-age=1000", "http://b.a.example/"));
        assert!(!covers("https://a.example/", all, "http://ba.example/"));
    }
}
