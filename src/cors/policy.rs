//! `Cross-Origin-Resource-Policy`, which guards opaque responses only.

use url::Host;

use super::Rules;
use super::repeated::combined;
use crate::http::{Headers, Origin, WebUrl};

/// Fetch 3.6, "cross-origin resource policy internal check", for a page without an embedder
/// policy: why the response is refused, by Chromium's names, where it is. A value that is none of the
/// three, or repeated, counts as absent.
pub(super) fn refused(rules: &Rules, headers: &Headers, origin: &Origin, url: &WebUrl<'_>) -> Option<&'static str> {
    match combined(rules, headers, "cross-origin-resource-policy").value() {
        Some("same-origin") if !origin.is_same_as(url) => Some("NotSameOrigin"),
        Some("same-site") if !is_same_site(origin, url) => Some("NotSameSite"),
        _ => None,
    }
}

/// HTML, "schemelessly same site"; a page without TLS is no site-mate of a resource with it.
fn is_same_site(origin: &Origin, url: &WebUrl<'_>) -> bool {
    let Some(page) = WebUrl::parse(origin.as_str()) else { return false };
    let secure_enough = page.scheme() == "https" || url.scheme() != "https";
    secure_enough && site(&page).is_some_and(|site_of_page| site(url) == Some(site_of_page))
}

/// The registrable domain, or the host where it has none.
fn site(url: &WebUrl<'_>) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let domain = psl::domain_str(name).unwrap_or(name);
            Some(domain.to_owned())
        }
        address => Some(address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::Browser;

    #[test]
    fn a_site_is_a_registrable_domain() -> Result<(), Box<dyn std::error::Error>> {
        let origin = Origin::parse("https://client.example.co.uk")?;
        let allowed = |value: &str, url: &str| {
            let headers = [("Cross-Origin-Resource-Policy", value)].into_iter().collect();
            refused(&Rules::of(Browser::Chromium), &headers, &origin, &WebUrl::parse(url).unwrap()).is_none()
        };
        assert!(allowed("same-site", "https://request.example.co.uk/"));
        assert!(!allowed("same-site", "https://other.co.uk/"));
        assert!(!allowed("same-origin", "https://request.example.co.uk/"));
        assert!(allowed("Same-Origin", "https://other.co.uk/"), "an unknown value is no policy");
        Ok(())
    }
}
