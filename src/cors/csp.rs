//! As much of Content Security Policy Level 3 as decides whether a page may send a request.

use super::Api;
use crate::http::{Origin, WebUrl};

/// The directives that guard what an interface of the page asks for, the narrowest first (CSP 3 section 6.8.3, "get the
/// effective directive for request"); none guards a navigation.
fn guards_of(api: Api) -> &'static [&'static str] {
    match api {
        Api::Fetch | Api::Xhr | Api::EventSource | Api::Beacon => &["connect-src", "default-src"],
        Api::Image => &["img-src", "default-src"],
        Api::Script => &["script-src-elem", "script-src", "default-src"],
        Api::Style => &["style-src-elem", "style-src", "default-src"],
        Api::Font => &["font-src", "default-src"],
        Api::Audio | Api::Video => &["media-src", "default-src"],
        Api::Navigation => &[],
    }
}

/// What a page with a `Content-Security-Policy` asks for.
pub(super) struct Load<'a> {
    /// By which interface.
    pub(super) api: Api,
    /// The page.
    pub(super) page: &'a Origin,
    /// Where it goes.
    pub(super) url: &'a WebUrl<'a>,
    /// After a redirect, paths are not compared, so that a page cannot learn where it was sent.
    pub(super) redirected: bool,
}

/// A directive that a page's request violates.
pub(super) struct Violated<'a> {
    /// The directive that is there.
    pub(super) name: &'static str,
    /// The one that it stands in for.
    pub(super) effective: &'static str,
    pub(super) sources: &'a str,
}

/// The first directive of a `Content-Security-Policy` value, of whichever of its policies, that forbids it (CSP 3
/// section 4.1.2).
pub(super) fn violated<'a>(header: &'a str, load: &Load<'_>) -> Option<Violated<'a>> {
    let guards = guards_of(load.api);
    let effective = guards.first()?;
    let is_met = |sources: &str| {
        let mut each = sources.split_ascii_whitespace();
        each.any(|source| vouches_for_element(source, load.api) || matches(source, load))
    };
    header.split(',').find_map(|policy| {
        let mut present = guards
            .iter()
            .filter_map(|name| Some(Violated { name, effective, sources: directive(policy, name)?.trim_ascii() }));
        present.next().filter(|directive| !is_met(directive.sources))
    })
}

/// A source that looks at the element itself, which is not on the wire.
fn vouches_for_element(source: &str, api: Api) -> bool {
    let source = source.to_ascii_lowercase();
    let looks_inside = ["'nonce-", "'sha256-", "'sha384-", "'sha512-", "'strict-dynamic'"];
    matches!(api, Api::Script | Api::Style) && looks_inside.iter().any(|prefix| source.starts_with(prefix))
}

/// Whether any of the policies holds the directive `upgrade-insecure-requests`.
pub(super) fn upgrades_insecure_requests(header: &str) -> bool {
    header.split(',').any(|policy| directive(policy, "upgrade-insecure-requests").is_some())
}

/// Whether any of the policies puts the page into a sandbox with an origin of its own.
pub(super) fn makes_origin_opaque(header: &str) -> bool {
    let keeps_origin =
        |flags: &str| flags.split_ascii_whitespace().any(|flag| flag.eq_ignore_ascii_case("allow-same-origin"));
    header.split(',').any(|policy| directive(policy, "sandbox").is_some_and(|flags| !keeps_origin(flags)))
}

/// Whether any of the policies holds the directive `block-all-mixed-content`.
pub(super) fn blocks_all_mixed_content(header: &str) -> bool {
    header.split(',').any(|policy| directive(policy, "block-all-mixed-content").is_some())
}

/// The value of a policy's first directive of that name.
fn directive<'a>(policy: &'a str, name: &str) -> Option<&'a str> {
    policy.split(';').find_map(|directive| {
        let directive = directive.trim_ascii();
        let (found, value) = directive.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((directive, ""));
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// CSP 3 section 6.7.2.8, "does url match expression in origin with redirect count".
fn matches(source: &str, load: &Load<'_>) -> bool {
    let Load { page, url, redirected, .. } = *load;
    let source = source.to_ascii_lowercase();
    if source == "'self'" {
        return page.is_same_as(url) || is_upgrade_of(page, url);
    }
    if source == "*" {
        return matches!(url.scheme(), "http" | "https" | "ws" | "wss") || page.as_str().starts_with(url.scheme());
    }
    if let Some(scheme) = source.strip_suffix(':') {
        return matches_scheme(scheme, url.scheme());
    }
    !source.starts_with('\'') && matches_host_source(&source, page, url, redirected)
}

/// `[scheme://]host[:port][/path]`
fn matches_host_source(source: &str, page: &Origin, url: &WebUrl<'_>, redirected: bool) -> bool {
    let (scheme, rest) = source.split_once("://").map_or((None, source), |(scheme, rest)| (Some(scheme), rest));
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let page_scheme = page.as_str().split("://").next().unwrap_or_default();
    matches_scheme(scheme.unwrap_or(page_scheme), url.scheme())
        && matches_host(host, url.host_str().unwrap_or_default())
        && matches_port(port, scheme, url)
        && (redirected || matches_path(path, url.path()))
}

/// A source may be met by the secure form of its scheme.
fn matches_scheme(wanted: &str, scheme: &str) -> bool {
    let met_by: &[&str] = match wanted {
        "http" | "wss" => &["https"],
        "ws" => &["wss", "http", "https"],
        _ => &[],
    };
    wanted == scheme || met_by.contains(&scheme)
}

fn matches_host(wanted: &str, host: &str) -> bool {
    match wanted.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.')),
        None => wanted == "*" || wanted == host,
    }
}

fn matches_port(wanted: Option<&str>, scheme: Option<&str>, url: &WebUrl<'_>) -> bool {
    let port = url.port_or_default();
    match wanted {
        Some("*") => true,
        Some("80") if scheme != Some("https") => matches!(port, Some(80 | 443)),
        Some(wanted) => wanted.parse().ok() == port,
        None => url.port().is_none(),
    }
}

/// A path that ends with a slash stands for all below it.
fn matches_path(wanted: &str, path: &str) -> bool {
    match wanted {
        "" | "/" => true,
        folder if folder.ends_with('/') => path.starts_with(folder),
        file => path == file,
    }
}

/// `'self'` is met by https on the page's own host, where the page is on http.
fn is_upgrade_of(page: &Origin, url: &WebUrl<'_>) -> bool {
    let secure = page.as_str().strip_prefix("http://").map(|rest| format!("https://{rest}"));
    secure.is_some_and(|secure| secure == url.origin().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violated_by<'a>(api: Api, policy: &'a str, url: &str, redirected: bool) -> Option<Violated<'a>> {
        let (page, url) = (Origin::parse("https://client.example").unwrap(), WebUrl::parse(url).unwrap());
        violated(policy, &Load { api, page: &page, url: &url, redirected })
    }

    fn allowed(policy: &str, url: &str, redirected: bool) -> bool {
        violated_by(Api::Fetch, policy, url, redirected).is_none()
    }

    #[test]
    fn sources_are_compared_by_their_parts() {
        let url = "https://request.example/items";
        for source in [
            "*",
            "https:",
            "http:",
            "request.example",
            "*.example",
            "https://request.example:443",
            "https://request.example/items",
            "https://request.example/",
            "request.example:*",
            "'self' request.example",
        ] {
            assert!(allowed(&format!("connect-src {source}"), url, false), "{source}");
        }
        for source in
            ["'none'", "'self'", "other.example", "*.request.example", "request.example:8443", "request.example/x", ""]
        {
            assert!(!allowed(&format!("connect-src {source}"), url, false), "{source}");
        }
    }

    #[test]
    fn a_sandbox_has_an_origin_of_its_own() {
        assert!(makes_origin_opaque("default-src *; sandbox allow-scripts"));
        assert!(!makes_origin_opaque("sandbox allow-scripts allow-same-origin"));
        assert!(!makes_origin_opaque("default-src *"));
    }

    #[test]
    fn each_interface_has_its_own_guard() {
        let url = "https://other.example/x";
        let guard = |api, policy| violated_by(api, policy, url, true).map(|it| (it.name, it.effective));
        assert_eq!(guard(Api::Image, "img-src 'self'; connect-src *"), Some(("img-src", "img-src")));
        assert_eq!(guard(Api::Script, "script-src 'self'; default-src *"), Some(("script-src", "script-src-elem")));
        assert_eq!(guard(Api::Style, "default-src 'self'"), Some(("default-src", "style-src-elem")));
        assert_eq!(guard(Api::Font, "img-src 'self'; font-src *"), None);
        assert_eq!(guard(Api::Video, "media-src 'none'"), Some(("media-src", "media-src")));
        assert_eq!(guard(Api::Navigation, "default-src 'none'"), None);
        assert_eq!(guard(Api::Script, "script-src 'nonce-abc'"), None, "the nonce is not on the wire");
        assert_eq!(guard(Api::Image, "img-src 'nonce-abc'"), Some(("img-src", "img-src")));
    }

    #[test]
    fn a_path_does_not_matter_after_a_redirect() {
        let policy = "connect-src https://request.example/items";
        assert!(!allowed(policy, "https://request.example/other", false));
        assert!(allowed(policy, "https://request.example/other", true));
        assert!(!allowed(policy, "https://other.example/items", true));
    }

    #[test]
    fn the_default_stands_in_and_every_policy_counts() {
        let url = "https://request.example/";
        assert!(!allowed("default-src 'self'", url, false));
        assert!(allowed("default-src 'self'; connect-src *", url, false));
        assert!(!allowed("connect-src *, connect-src 'self'", url, false));
        let policy = "img-src *, default-src 'self'  data: ; script-src *";
        let violated = violated_by(Api::Fetch, policy, url, false).unwrap();
        assert_eq!((violated.name, violated.sources), ("default-src", "'self'  data:"));
        assert!(allowed("img-src 'none'", url, false));
    }

    #[test]
    fn the_policy_that_upgrades_is_found_among_others() {
        assert!(upgrades_insecure_requests("default-src 'self'; Upgrade-Insecure-Requests"));
        assert!(!upgrades_insecure_requests("default-src 'self'"));
    }
}
