//! What continues a chain: the request that a preflight asked for, the one that a Location leads to.

use std::net::IpAddr;
use std::sync::Arc;

use url::Url;

use super::{Join, JoinKind, Role};
use crate::http::{
    Exchange, Headers, Origin, Response, Time, asked_url, client_address, resolve_location, same_origin,
};

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
            url: normal_form(asked_url(exchange)?),
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

/// What a request must be to continue a chain, as far as equality tells: requests are looked up by
/// it, so that many that wait for the same URL do not make the search longer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sought {
    client: Option<IpAddr>,
    url: String,
    kind: JoinKind,
    /// Of the request itself: for a preflight, the one that it asks for.
    method: String,
    origin: Option<String>,
    user_agent: Option<String>,
    /// The answer before lets the page go on.
    is_let_on: bool,
}

impl Sought {
    /// What this request may continue, what is likelier first. After an answer that refuses the
    /// page something comes only by another's leave, such as a preflight in the cache: where the
    /// same call was tried again, the try that was let on is the one that goes on.
    pub(super) fn by(requested: &Requested<'_>, role: Role) -> Vec<Self> {
        let field = |name: &str| requested.headers.first(name).map(str::to_owned);
        let (method, kinds): (_, &[JoinKind]) = match role {
            Role::Preflight => (field("access-control-request-method").unwrap_or_default(), &[JoinKind::Redirect]),
            Role::Actual => (requested.method.to_owned(), &[JoinKind::Preflight, JoinKind::Redirect]),
        };
        let any = Self {
            client: requested.client,
            url: requested.url.clone(),
            kind: JoinKind::Redirect,
            method,
            origin: field("origin"),
            user_agent: field("user-agent"),
            is_let_on: true,
        };
        let order = [true, false].into_iter().flat_map(|is_let_on| kinds.iter().map(move |kind| (is_let_on, *kind)));
        order.map(|(is_let_on, kind)| Self { kind, is_let_on, ..any.clone() }).collect()
    }
}

/// A chain that a request would continue.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) chain: usize,
    /// How many links the chain had: with more it has been continued already.
    pub(super) links: usize,
    /// When the answer came that makes the browser send it.
    pub(super) since: Time,
    from: Arc<str>,
    fetch_mode: Option<String>,
    /// Header names that must be there, in lower case: what the preflight asked for.
    names: Vec<String>,
}

impl Expected {
    /// What continues the chain after this exchange.
    pub(super) fn after(
        exchange: &Exchange,
        requested: &Requested<'_>,
        role: Role,
        chain: usize,
        links: usize,
    ) -> Vec<(Sought, Self)> {
        let response = exchange.response.as_ref();
        let base = Self {
            chain,
            links,
            since: response.map_or(requested.time, |response| response.time),
            from: Arc::clone(requested.id),
            fetch_mode: requested.headers.first("sec-fetch-mode").map(str::to_owned),
            names: Vec::new(),
        };
        match (role, response) {
            (Role::Preflight, _) => vec![base.after_preflight(requested, response)],
            (Role::Actual, Some(response)) if response.is_redirect() => base.after_redirect(response, requested),
            (Role::Actual, _) => Vec::new(),
        }
    }

    fn after_preflight(self, requested: &Requested<'_>, response: Option<&Response>) -> (Sought, Self) {
        let field = |name: &str| requested.headers.first(name).map(str::to_owned);
        let names = requested.headers.all("access-control-request-headers").flat_map(|line| line.split(','));
        let sought = Sought {
            client: requested.client,
            url: requested.url.clone(),
            kind: JoinKind::Preflight,
            method: field("access-control-request-method").unwrap_or_default(),
            origin: field("origin"),
            user_agent: field("user-agent"),
            is_let_on: response.is_some_and(|response| (200..300).contains(&response.status) && is_shared(response)),
        };
        let names = names.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
        (sought, Self { names: names.take(MAX_NAMES).collect(), ..self })
    }

    /// The Location itself and, where that is http, the same by https: what comes back to the
    /// backend after the load balancer redirected the http request.
    fn after_redirect(self, response: &Response, requested: &Requested<'_>) -> Vec<(Sought, Self)> {
        let Ok(from) = Url::parse(&requested.url) else { return Vec::new() };
        let location = response.headers.first("location").unwrap_or_default();
        let Some(to) = resolve_location(&from, location) else { return Vec::new() };
        let origin = requested.headers.first("origin").map(str::to_owned);
        let any = Sought {
            client: requested.client,
            url: String::new(),
            kind: JoinKind::Redirect,
            method: followed_method(response.status, requested.method),
            is_let_on: origin.is_none() || is_shared(response),
            origin: None,
            user_agent: requested.headers.first("user-agent").map(str::to_owned),
        };
        let upgraded =
            (to.scheme() == "http").then(|| to.clone()).and_then(|mut url| url.set_scheme("https").ok().map(|()| url));
        let origins = origins_after(&[origin], &from, &to);
        let detour = upgraded.map(|url| (origins_after(&origins, &to, &url), url));
        [Some((origins, to)), detour]
            .into_iter()
            .flatten()
            .flat_map(|(origins, url)| {
                let url = normal_form(url);
                origins.into_iter().map(move |origin| (url.clone(), origin))
            })
            .map(|(url, origin)| (Sought { url, origin, ..any.clone() }, self.clone()))
            .collect()
    }

    /// Whether this request, which is what is sought, can be the one.
    pub(super) fn is_met_by(&self, requested: &Requested<'_>, role: Role) -> bool {
        requested.time >= self.since
            && self.fits_fetch_mode(requested.headers.first("sec-fetch-mode"), role)
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
    pub(super) fn join(&self, requested: &Requested<'_>, sought: &Sought) -> Join {
        let client = requested.client.map(|client| format!("client address {client}"));
        let agent = sought.user_agent.as_ref().map(|_| "user agent".to_owned());
        let origin = sought.origin.as_ref().map(|origin| format!("Origin {origin}"));
        let asked = match sought.kind {
            JoinKind::Preflight => format!("the method {} that the preflight asked for", sought.method),
            _ => "the URL that the Location names".to_owned(),
        };
        let elapsed = requested.time.since(self.since);
        let time = format!("{:.1} ms after the answer", elapsed.as_secs_f64() * 1000.0);
        Join {
            from: Arc::clone(&self.from),
            to: Arc::clone(requested.id),
            kind: sought.kind,
            because: [client, agent, origin, Some(asked), Some(time)].into_iter().flatten().collect(),
        }
    }
}

/// Whether the answer lets any page read it.
fn is_shared(response: &Response) -> bool {
    response.headers.has("access-control-allow-origin")
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
