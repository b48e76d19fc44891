//! What continues a chain: the request that a preflight asked for, the one that a Location leads to.

use std::net::IpAddr;
use std::sync::Arc;

use url::Url;

use super::{Join, JoinKind, Role};
use crate::http::{Exchange, Headers, Origin, Time, client_address, resolve_location, same_origin};

/// A request as joining sees it.
#[derive(Debug)]
pub(super) struct Requested<'a> {
    pub(super) id: &'a Arc<str>,
    /// The browser's address.
    pub(super) client: Option<IpAddr>,
    pub(super) time: Time,
    pub(super) method: &'a str,
    /// Parsed and serialized again, so that equal URLs are equal texts; without fragment.
    pub(super) url: String,
    pub(super) headers: &'a Headers,
}

impl<'a> Requested<'a> {
    /// `None` when there is no request, or its URL is unknown.
    pub(super) fn of(exchange: &'a Exchange) -> Option<Self> {
        let request = exchange.request.as_ref()?;
        Some(Self {
            id: &exchange.id,
            client: client_address(&request.headers, exchange.client),
            time: request.time,
            method: &request.method,
            url: normal_form(Url::parse(request.url.as_deref()?).ok()?),
            headers: &request.headers,
        })
    }
}

fn normal_form(mut url: Url) -> String {
    url.set_fragment(None);
    url.into()
}

/// Names that a preflight asks for and that its request is known by; a head could hold any number.
const MAX_NAMES: usize = 256;

/// A request that would continue a chain.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) chain: usize,
    /// How many links the chain had: with more it has been continued already.
    pub(super) links: usize,
    /// When the answer came that makes the browser send it.
    pub(super) since: Time,
    from: Arc<str>,
    kind: JoinKind,
    method: String,
    /// The values of Origin that the browser may send.
    origins: Vec<Option<String>>,
    user_agent: Option<String>,
    fetch_mode: Option<String>,
    /// Header names that must be there, in lower case: what the preflight asked for.
    names: Vec<String>,
}

impl Expected {
    /// What continues the chain after this exchange, by the URL that is asked for.
    pub(super) fn after(
        exchange: &Exchange,
        requested: &Requested<'_>,
        role: Role,
        chain: usize,
        links: usize,
    ) -> Vec<(String, Self)> {
        let own = |name: &str| requested.headers.first(name).map(str::to_owned);
        let response = exchange.response.as_ref();
        let base = Self {
            chain,
            links,
            since: response.map_or(requested.time, |response| response.time),
            from: Arc::clone(requested.id),
            kind: JoinKind::Preflight,
            method: requested.method.to_owned(),
            origins: vec![own("origin")],
            user_agent: own("user-agent"),
            fetch_mode: own("sec-fetch-mode"),
            names: Vec::new(),
        };
        match role {
            Role::Preflight => vec![(requested.url.clone(), base.after_preflight(requested))],
            Role::Actual => base.after_redirect(exchange, requested),
        }
    }

    fn after_preflight(self, requested: &Requested<'_>) -> Self {
        let names = requested.headers.all("access-control-request-headers").flat_map(|line| line.split(','));
        Self {
            method: requested.headers.first("access-control-request-method").unwrap_or_default().to_owned(),
            names: names
                .map(|name| name.trim().to_ascii_lowercase())
                .filter(|name| !name.is_empty())
                .take(MAX_NAMES)
                .collect(),
            ..self
        }
    }

    /// The Location itself and, where that is http, the same by https: what comes back to the
    /// backend after the load balancer redirected the http request.
    fn after_redirect(self, exchange: &Exchange, requested: &Requested<'_>) -> Vec<(String, Self)> {
        let Some(response) = exchange.response.as_ref().filter(|response| response.is_redirect()) else {
            return Vec::new();
        };
        let Ok(from) = Url::parse(&requested.url) else { return Vec::new() };
        let location = response.headers.first("location").unwrap_or_default();
        let Some(to) = resolve_location(&from, location) else { return Vec::new() };
        let base = Self { kind: JoinKind::Redirect, method: followed_method(response.status, &self.method), ..self };
        let upgraded =
            (to.scheme() == "http").then(|| to.clone()).and_then(|mut url| url.set_scheme("https").ok().map(|()| url));
        let detour = upgraded.map(|url| {
            let origins = origins_after(&base.origins_after(&from, &to), &to, &url);
            (normal_form(url), Self { origins, ..base.copy() })
        });
        let direct = Self { origins: base.origins_after(&from, &to), ..base };
        [Some((normal_form(to), direct)), detour].into_iter().flatten().collect()
    }

    fn origins_after(&self, from: &Url, to: &Url) -> Vec<Option<String>> {
        origins_after(&self.origins, from, to)
    }

    fn copy(&self) -> Self {
        Self {
            from: Arc::clone(&self.from),
            method: self.method.clone(),
            origins: self.origins.clone(),
            user_agent: self.user_agent.clone(),
            fetch_mode: self.fetch_mode.clone(),
            names: self.names.clone(),
            ..*self
        }
    }

    /// Whether this request is the one.
    pub(super) fn is_met_by(&self, requested: &Requested<'_>, role: Role) -> bool {
        let field = |name: &str| requested.headers.first(name);
        let method = match role {
            Role::Preflight if self.kind == JoinKind::Redirect => field("access-control-request-method"),
            Role::Preflight => None,
            Role::Actual => Some(requested.method),
        };
        method == Some(self.method.as_str())
            && requested.time >= self.since
            && field("user-agent") == self.user_agent.as_deref()
            && self.origins.iter().any(|origin| origin.as_deref() == field("origin"))
            && self.fits_fetch_mode(field("sec-fetch-mode"), role)
            && self.names.iter().all(|name| requested.headers.has(name))
    }

    /// Browsers leave `Sec-Fetch-Mode` out towards http, so only two that differ tell.
    fn fits_fetch_mode(&self, mode: Option<&str>, role: Role) -> bool {
        match (self.fetch_mode.as_deref(), mode) {
            (Some(before), Some(now)) => before == now || role == Role::Preflight,
            _ => true,
        }
    }

    /// The join that this request makes, with what it rests on.
    pub(super) fn join(&self, requested: &Requested<'_>) -> Join {
        let client = requested.client.map(|client| format!("client address {client}"));
        let agent = self.user_agent.as_ref().map(|_| "user agent".to_owned());
        let origin = requested.headers.first("origin").map(|origin| format!("Origin {origin}"));
        let asked = match self.kind {
            JoinKind::Preflight => format!("the method {} that the preflight asked for", self.method),
            _ => "the URL that the Location names".to_owned(),
        };
        let elapsed = requested.time.since(self.since);
        let time = format!("{:.1} ms after the answer", elapsed.as_secs_f64() * 1000.0);
        Join {
            from: Arc::clone(&self.from),
            to: Arc::clone(requested.id),
            kind: self.kind,
            because: [client, agent, origin, Some(asked), Some(time)].into_iter().flatten().collect(),
        }
    }
}

/// Fetch 4.7, "HTTP-redirect fetch", step 11: the method after a redirect.
fn followed_method(status: u16, method: &str) -> String {
    let becomes_get = match status {
        301 | 302 => method == "POST",
        303 => method != "HEAD",
        _ => false,
    };
    if becomes_get { "GET" } else { method }.to_owned()
}

/// The values of Origin after a redirect (Fetch 2.2.5, "redirect-taint"): `null` once an origin
/// that is not the page's own was left. A request without Origin may be one to the page's own
/// origin, or one that never carries it.
fn origins_after(before: &[Option<String>], from: &Url, to: &Url) -> Vec<Option<String>> {
    let stays = same_origin(from, to);
    let left = Origin::of(from);
    let mut after = Vec::new();
    for origin in before {
        match origin.as_deref() {
            None if stays => after.push(None),
            None => after.extend([None, Some(left.as_str().to_owned())]),
            Some(origin) if stays || origin == left.as_str() => after.push(Some(origin.to_owned())),
            Some(_) => after.push(Some("null".to_owned())),
        }
    }
    after.dedup();
    after
}
