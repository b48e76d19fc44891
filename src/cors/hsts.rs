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
            let Some(wish) = read(value) else { continue };
            all.retain(|known: &Known<'_>| known.host != host);
            if !wish.is_over {
                all.push(Known { host, includes_subdomains: wish.includes_subdomains });
            }
        }
        all
    }
}

/// What a host wishes.
struct Wish {
    /// It takes back what it said: `max-age=0`.
    is_over: bool,
    includes_subdomains: bool,
}

/// RFC 6797 section 6.1: a directive that comes twice, or of which the value is wrong, makes the field void. Unknown
/// ones are passed over.
fn read(value: &str) -> Option<Wish> {
    let (mut age, mut includes_subdomains) = (None, false);
    for directive in value.split(';') {
        let (name, value) = directive.split_once('=').map_or((directive, None), |(name, value)| (name, Some(value)));
        if name.trim().eq_ignore_ascii_case("max-age") {
            if age.replace(seconds(value?.trim())?).is_some() {
                return None;
            }
        } else if name.trim().eq_ignore_ascii_case("includesubdomains") {
            if value.is_some() || includes_subdomains {
                return None;
            }
            includes_subdomains = true;
        }
    }
    Some(Wish { is_over: age? == 0, includes_subdomains })
}

/// Digits, in quotes or not; more than fit are as many as do.
fn seconds(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('"').map_or(Some(text), |quoted| quoted.strip_suffix('"'))?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
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
    fn one_wrong_directive_makes_the_field_void() {
        let is_taken = |value: &str| covers("https://a.example/", value, "http://a.example/x");
        for taken in
            ["MAX-AGE = 1000 ;", ";;max-age=\"1000\";;", "max-age=1000; foo=bar; x", "max-age=99999999999999999999999"]
        {
            assert!(is_taken(taken), "{taken}");
        }
        for void in [
            "max-age=abc",
            "max-age=+1000",
            "max-age=\"1000",
            "max-age",
            "includeSubDomains",
            "max-age=1000; max-age=1000",
            "max-age=1000; includeSubDomains=1",
            "max-age=1000; includeSubDomains; includeSubDomains",
        ] {
            assert!(!is_taken(void), "{void}");
        }
    }

    #[test]
    fn what_is_below_is_covered_only_when_it_is_said() {
        let all = "max-age=\"1000\"; includeSubDomains";
        assert!(covers("https://a.example/", all, "http://b.a.example/"));
        assert!(!covers("https://a.example/", "max-age=1000", "http://b.a.example/"));
        assert!(!covers("https://a.example/", all, "http://ba.example/"));
    }
}
