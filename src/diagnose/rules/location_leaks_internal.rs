//! Location names an internal host or port.

use url::Host;

use super::forwarded_proto_ignored::leads_to_failure;
use crate::diagnose::case::{Case, Diagnosis, General, Redirect, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::server::Server;
use crate::diagnose::{Fix, Severity};
use crate::http::{Vantage, WebUrl};

pub(super) struct LocationLeaksInternal;

static GENERAL: General = General {
    id: "location-leaks-internal-address",
    severity: Severity::Error,
    title: "a redirect names the server's internal host or port",
    what: "The server builds absolute redirects from what it takes for its own address: the Host that a proxy further in wrote over the public one, the port it listens on, or the address it is bound to. The browser is sent to a name or a port that exists only behind the load balancer. It cannot reach it, refuses it where it is http (as mixed content; Chromium asks its user before a page may reach an address of a local network), and takes it for another origin anyway.",
    recognise: "A redirect whose Location has the public host with a port that the client did not use, a private address, or a name without a dot or below .internal or .local.",
    disproof: "the client itself called that host and port, or the name can be reached from outside and is meant.",
    links: &[
        "https://github.com/frappe/frappe_docker/pull/1852",
        "https://github.com/agentic-community/mcp-gateway-registry/pull/1635",
        "https://github.com/metwork-framework/mfserv/issues/630",
        "https://nginx.org/en/docs/http/ngx_http_core_module.html#port_in_redirect",
    ],
    shows_in: ShowsIn::Redirected,
    symptom_of: &[],
};

impl Rule for LocationLeaksInternal {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![preserve_host(), relative_redirects(), alb()]
    }

    fn is_decisive(&self, case: &Case<'_>) -> bool {
        leads_to_failure(case, |seen| leak(seen).is_some())
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let (seen, leak) = case.seen_hops().find_map(|seen| Some((seen, leak(seen)?)))?;
        let rewritten = seen.request.headers.has("x-forwarded-host");
        let mut evidence = vec![seen.request_evidence("host"), seen.response_evidence("location")];
        evidence.extend(rewritten.then(|| seen.request_evidence("x-forwarded-host")));
        let fixes = match Server::of(&seen.response.headers) {
            Server::Nginx => vec![relative_redirects(), preserve_host()],
            _ => vec![preserve_host(), relative_redirects(), alb()],
        };
        Some(Diagnosis {
            story: format!(
                "{} {} was redirected to {}: {leak}, which the browser does not know.",
                seen.hop.method,
                path(&seen.hop.url),
                seen.answered("location").unwrap_or_default()
            ),
            evidence,
            fixes: fixes.into(),
        })
    }
}

/// What of the Location is internal, in words.
fn leak(seen: &SeenHop<'_>) -> Option<String> {
    let Redirect { from: asked, to: target } = seen.redirect()?;
    let public = public_host(seen, asked);
    if public != target.host_str()? {
        return internal_host(seen, asked, target);
    }
    let port = target.port().filter(|port| Some(*port) != asked.port() && asked.port().is_none())?;
    let is_behind = seen.exchange.vantage == Vantage::Backend;
    let is_own = seen.exchange.server.is_some_and(|server| server.port() == port);
    (is_behind || is_own).then(|| format!("port {port} is one behind the load balancer"))
}

/// The host that the browser asked for: a proxy that writes another over it says so.
fn public_host(seen: &SeenHop<'_>, asked: &WebUrl<'_>) -> String {
    let forwarded = seen.request.headers.first("x-forwarded-host").and_then(|value| value.split(',').next());
    let forwarded = forwarded.map(|host| format!("http://{}", host.trim()));
    let forwarded = forwarded.as_deref().and_then(WebUrl::parse);
    let host = forwarded.as_ref().and_then(WebUrl::host_str).or(asked.host_str());
    host.unwrap_or_default().to_owned()
}

fn internal_host(seen: &SeenHop<'_>, asked: &WebUrl<'_>, target: &WebUrl<'_>) -> Option<String> {
    let name = target.host_str()?;
    // Who calls an internal address by itself may be sent to one.
    if is_internal(asked) && !seen.request.headers.has("x-forwarded-host") {
        return None;
    }
    let is_own_address = seen.exchange.server.is_some_and(|server| is_address(target, server.ip()));
    let is_rewritten = target.host_str() == asked.host_str();
    (is_internal(target) || is_own_address || is_rewritten)
        .then(|| format!("{name} is a name behind the load balancer"))
}

fn is_address(url: &WebUrl<'_>, address: std::net::IpAddr) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => address == ip,
        Some(Host::Ipv6(ip)) => address == ip,
        _ => false,
    }
}

/// A private address (RFC 1918, RFC 4193 and their kin), or a name that no public DNS has.
fn is_internal(url: &WebUrl<'_>) -> bool {
    const PRIVATE_NAMES: [&str; 6] = [".internal", ".local", ".localdomain", ".lan", ".svc", ".localhost"];
    match url.host() {
        Some(Host::Domain(name)) => !name.contains('.') || PRIVATE_NAMES.iter().any(|suffix| name.ends_with(suffix)),
        Some(Host::Ipv4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => {
            ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified()
        }
        None => false,
    }
}

fn preserve_host() -> Fix {
    Fix {
        server: "nginx",
        change: "proxy_set_header Host $host;".to_owned(),
        caution: Some("Where a proxy further in writes another Host: the backend builds its redirects from the one it gets. Uvicorn does not read X-Forwarded-Host or X-Forwarded-Port.".to_owned()),
    }
}

fn relative_redirects() -> Fix {
    Fix {
        server: "nginx",
        change: "absolute_redirect off;\nport_in_redirect off;".to_owned(),
        caution: Some(
            "Where nginx itself redirects: a relative Location names neither scheme, host nor port.".to_owned(),
        ),
    }
}

fn alb() -> Fix {
    Fix {
        server: "the load balancer",
        change: "routing.http.preserve_host_header.enabled=true".to_owned(),
        caution: Some("An AWS application load balancer otherwise appends its listener's port to Host where that is neither 80 nor 443.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::exchange;

    #[test]
    fn what_exists_only_behind_the_load_balancer_is_named() {
        let redirect = |location: &str| {
            exchange("GET", "https://request.example/items")
                .page("https://client.example")
                .behind_balancer()
                .status(302)
                .answer("Location", location)
                .shared_with("https://client.example")
        };
        for location in [
            "http://10.0.2.9:8000/items/",
            "https://request.example:8443/items/",
            "http://app/items/",
            "http://web.svc/x",
        ] {
            let found = diagnosed([redirect(location)]);
            assert_eq!(found.by_chain[0].first(), Some(&"location-leaks-internal-address"), "{location}");
        }
        for location in
            ["https://request.example/items/", "/items/", "https://other.example/", "https://request.example:443/"]
        {
            let found = diagnosed([redirect(location)]);
            assert!(!found.by_chain[0].contains(&"location-leaks-internal-address"), "{location}");
        }
    }

    #[test]
    fn a_port_that_the_client_used_is_no_secret() {
        let redirect = exchange("GET", "https://request.example:8443/items")
            .page("https://client.example")
            .behind_balancer()
            .status(302)
            .answer("Location", "https://request.example:8443/items/")
            .shared_with("https://client.example");
        assert!(diagnosed([redirect]).by_chain[0].is_empty());
    }
}
