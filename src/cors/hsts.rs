//! Strict-Transport-Security (RFC 6797), as far as the answers of one call teach it.

use url::Host;

use crate::http::{Headers, WebUrl};

/// What hosts said of themselves, in order, no more often than a call is answered, which its redirects bound. Nobody
/// reads it before something is asked by http.
#[derive(Clone, Debug, Default)]
pub(super) struct Hsts(Vec<Said>);

#[derive(Clone, Debug)]
struct Said {
    host: String,
    value: String,
}

/// A host that wants https.
struct Known<'a> {
    host: &'a str,
    includes_subdomains: bool,
}

impl Hsts {
    /// Takes note of an answer: only one by https counts, and only that of a domain (RFC 6797
    /// section 8.1).
    pub(super) fn learn(&mut self, url: &WebUrl<'_>, headers: &Headers) {
        let value = headers.first("strict-transport-security").filter(|_| url.scheme() == "https");
        if let (Some(value), Some(Host::Domain(host))) = (value, url.host()) {
            self.0.push(Said { host: host.to_owned(), value: value.to_owned() });
        }
    }

    /// Whether a URL by http is asked for by https instead (RFC 6797 section 8.3).
    pub(super) fn covers(&self, url: &WebUrl<'_>) -> bool {
        if self.0.is_empty() || url.scheme() != "http" {
            return false;
        }
        let Some(Host::Domain(host)) = url.host() else { return false };
        let is_below = |known: &Known<'_>| host.strip_suffix(known.host).is_some_and(|rest| rest.ends_with('.'));
        self.known().iter().any(|known| known.host == host || (known.includes_subdomains && is_below(known)))
    }

    /// Of each host counts what it said last.
    fn known(&self) -> Vec<Known<'_>> {
        let mut all = Vec::new();
        for Said { host, value } in &self.0 {
            let age = directive(value, "max-age").and_then(|age| age.trim_matches('"').parse::<u64>().ok());
            let Some(max_age) = age else { continue };
            all.retain(|known: &Known<'_>| known.host != host);
            if max_age > 0 {
                all.push(Known { host, includes_subdomains: directive(value, "includesubdomains").is_some() });
            }
        }
        all
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
