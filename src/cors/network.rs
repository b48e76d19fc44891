//! Where a URL leads as far as its host tells: to this machine, into a local network, or out of it.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::Host;

use super::Error;
use crate::http::{Origin, WebUrl};

/// Local Network Access, "IP address space". Public is what is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// A network that is not the internet.
    Local,
    /// This machine.
    Loopback,
}

impl Space {
    /// As Chromium names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Loopback => "loopback",
        }
    }

    /// That of a URL's host, where the URL tells; a name may stand for any address.
    pub(super) fn of(url: &WebUrl<'_>) -> Option<Self> {
        if url.is_loopback() {
            return Some(Self::Loopback);
        }
        match url.host()? {
            Host::Domain(name) => name.trim_end_matches('.').strip_suffix(".local").map(|_| Self::Local),
            Host::Ipv4(address) => of_ipv4(address),
            Host::Ipv6(address) => of_ipv6(address),
        }
    }
}

/// Whether a URL leads into a local network or to this machine.
pub(super) fn is_local(url: &WebUrl<'_>) -> bool {
    Space::of(url).is_some()
}

/// What Chromium calls it when a page may not go there; `None` where the page's own host is as near. A page with a
/// name for its host is taken for a public one.
pub(super) fn refused(page: &Origin, is_secure: bool, url: &WebUrl<'_>) -> Option<Error> {
    let there = Space::of(url)?;
    let here = WebUrl::parse(page.as_str()).and_then(|page| Space::of(&page));
    let error = if is_secure { Error::LocalNetworkAccessPermissionDenied } else { Error::InsecureLocalNetwork };
    (here < Some(there)).then_some(error)
}

/// Chromium's `IPAddressToIPAddressSpace` (156, measured).
fn of_ipv4(address: Ipv4Addr) -> Option<Space> {
    let is_shared = matches!(address.octets(), [100, 64..=127, ..]);
    if address.is_loopback() || address.octets().starts_with(&[0]) {
        Some(Space::Loopback)
    } else if address.is_private() || address.is_link_local() || is_shared {
        Some(Space::Local)
    } else {
        None
    }
}

fn of_ipv6(address: Ipv6Addr) -> Option<Space> {
    if let Some(address) = address.to_ipv4_mapped() {
        return of_ipv4(address);
    }
    let is_local = address.is_unique_local() || address.is_unicast_link_local();
    is_local.then_some(Space::Local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_tells_which_network_it_is() {
        let space = |url: &str| WebUrl::parse(url).and_then(|url| Space::of(&url));
        for url in ["http://localhost:8000", "http://127.0.0.1", "http://[::ffff:127.0.0.1]", "http://0.0.0.0"] {
            assert_eq!(space(url), Some(Space::Loopback), "{url}");
        }
        for url in ["http://10.0.1.5:8000", "http://192.168.1.1", "http://100.64.0.1", "http://[fd00::1]"] {
            assert_eq!(space(url), Some(Space::Local), "{url}");
        }
        for url in ["http://203.0.113.12", "http://request.example", "http://100.128.0.1", "http://[2600::1]"] {
            assert_eq!(space(url), None, "{url}");
        }
        assert_eq!(space("http://printer.local"), Some(Space::Local));
    }

    #[test]
    fn only_what_is_nearer_than_the_page_is_guarded() {
        let refused = |page: &str, url: &str| {
            refused(&Origin::parse(page).unwrap(), page.starts_with("https"), &WebUrl::parse(url).unwrap())
        };
        let denied = Some(Error::LocalNetworkAccessPermissionDenied);
        assert_eq!(refused("https://client.example", "http://10.0.1.5/"), denied);
        assert_eq!(refused("https://10.0.1.9", "http://10.0.1.5/"), None);
        assert_eq!(refused("https://10.0.1.9", "http://localhost:8000/"), denied);
        assert_eq!(refused("http://client.example", "http://localhost/"), Some(Error::InsecureLocalNetwork));
        assert_eq!(refused("http://localhost:3000", "http://10.0.1.5/"), None);
    }
}
