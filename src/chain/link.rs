//! What continues a chain: the request that a preflight asked for, the one that a Location leads to.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::net::IpAddr;

use foldhash::quality::RandomState;
use url::Url;

use super::{Join, JoinKind, Role};
use crate::http::{
    Exchange, Headers, Id, Origin, Response, Time, asked_text, client_address, resolve_location, same_origin,
};

/// A request as joining sees it.
#[derive(Debug)]
pub(super) struct Requested<'a> {
    pub(super) id: &'a Id,
    /// The browser's address.
    pub(super) client: Option<IpAddr>,
    pub(super) time: Time,
    pub(super) method: &'a str,
    /// Equal URLs are equal texts; without fragment.
    pub(super) url: Cow<'a, str>,
    pub(super) origin: Option<&'a str>,
    pub(super) user_agent: Option<&'a str>,
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
            url: asked_text(exchange)?,
            origin: request.headers.first("origin"),
            user_agent: request.headers.first("user-agent"),
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
#[derive(Clone, Debug, Hash)]
pub(super) struct Sought<'a> {
    client: Option<IpAddr>,
    url: &'a str,
    /// Of the request itself: for a preflight, the one that it asks for.
    method: &'a str,
    origin: Option<&'a str>,
    user_agent: Option<&'a str>,
}

/// What ties a request to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tie {
    pub(super) kind: JoinKind,
    /// The answer before lets the page go on.
    is_let_on: bool,
}

/// A request that is sought and its tie, as one number that nobody can foresee: equal for equal ones,
/// and for others with a chance of one in 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SoughtKey(u64);

impl<'a> Sought<'a> {
    /// What this request may continue.
    pub(super) fn by(requested: &'a Requested<'_>, role: Role) -> Self {
        let asked_for = || requested.headers.first("access-control-request-method").unwrap_or_default();
        Self {
            client: requested.client,
            url: &requested.url,
            method: if role == Role::Preflight { asked_for() } else { requested.method },
            origin: requested.origin,
            user_agent: requested.user_agent,
        }
    }

    /// The keys for each tie.
    pub(super) fn keys<T: IntoIterator<Item = Tie>>(
        &self,
        seed: &RandomState,
        ties: T,
    ) -> impl Iterator<Item = (SoughtKey, Tie)> {
        let mut hasher = seed.build_hasher();
        self.hash(&mut hasher);
        ties.into_iter().map(move |tie| {
            let mut hasher = hasher.clone();
            tie.hash(&mut hasher);
            (SoughtKey(hasher.finish()), tie)
        })
    }
}

impl Tie {
    /// What ties a request in that role to what it may continue, what is likelier first. After an
    /// answer that refuses the page something comes only by another's leave, such as a preflight in
    /// the cache: where the same call was tried again, the try that was let on is the one that goes on.
    pub(super) fn of(role: Role) -> impl Iterator<Item = Self> {
        let kinds: &[JoinKind] = match role {
            Role::Preflight => &[JoinKind::Redirect],
            Role::Actual => &[JoinKind::Preflight, JoinKind::Redirect],
        };
        [true, false].into_iter().flat_map(move |is_let_on| kinds.iter().map(move |&kind| Self { kind, is_let_on }))
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
    from: Id,
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
        seed: &RandomState,
    ) -> Vec<(SoughtKey, Self)> {
        // Nearly all exchanges are answered requests after which nothing follows.
        if role == Role::Actual && !exchange.response.as_ref().is_some_and(Response::is_redirect) {
            return Vec::new();
        }
        let response = exchange.response.as_ref();
        let base = Self {
            chain,
            links,
            since: response.map_or(requested.time, |response| response.time),
            from: requested.id.clone(),
            fetch_mode: requested.headers.first("sec-fetch-mode").map(str::to_owned),
            names: Vec::new(),
        };
        match (role, response) {
            (Role::Preflight, _) => base.after_preflight(requested, response, seed),
            (Role::Actual, Some(response)) => base.after_redirect(response, requested, seed),
            (Role::Actual, None) => Vec::new(),
        }
    }

    fn after_preflight(
        self,
        requested: &Requested<'_>,
        response: Option<&Response>,
        seed: &RandomState,
    ) -> Vec<(SoughtKey, Self)> {
        let names = requested.headers.all("access-control-request-headers").flat_map(|line| line.split(','));
        let is_let_on = response.is_some_and(|response| (200..300).contains(&response.status) && is_shared(response));
        let tie = Tie { kind: JoinKind::Preflight, is_let_on };
        let names = names.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
        let expected = Self { names: names.take(MAX_NAMES).collect(), ..self };
        Sought::by(requested, Role::Preflight).keys(seed, [tie]).map(|(key, _)| (key, expected.clone())).collect()
    }

    /// The Location itself and, where that is http, the same by https: what comes back to the
    /// backend after the load balancer redirected the http request.
    fn after_redirect(
        self,
        response: &Response,
        requested: &Requested<'_>,
        seed: &RandomState,
    ) -> Vec<(SoughtKey, Self)> {
        let Ok(from) = Url::parse(&requested.url) else { return Vec::new() };
        let location = response.headers.first("location").unwrap_or_default();
        let Some(to) = resolve_location(&from, location) else { return Vec::new() };
        let origin = requested.origin.map(str::to_owned);
        let tie = Tie { kind: JoinKind::Redirect, is_let_on: origin.is_none() || is_shared(response) };
        let method = followed_method(response.status, requested.method);
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
            .flat_map(|(url, origin)| {
                let sought = Sought {
                    client: requested.client,
                    url: &url,
                    method,
                    origin: origin.as_deref(),
                    user_agent: requested.user_agent,
                };
                sought.keys(seed, [tie]).map(|(key, _)| (key, self.clone())).collect::<Vec<_>>()
            })
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
    pub(super) fn join(&self, requested: &Requested<'_>, kind: JoinKind) -> Join {
        let client = requested.client.map(|client| format!("client address {client}"));
        let agent = requested.user_agent.map(|_| "user agent".to_owned());
        let origin = requested.origin.map(|origin| format!("Origin {origin}"));
        let asked = match kind {
            JoinKind::Preflight => format!("the method {} that the preflight asked for", requested.method),
            _ => "the URL that the Location names".to_owned(),
        };
        let elapsed = requested.time.since(self.since);
        let time = format!("{:.1} ms after the answer", elapsed.as_secs_f64() * 1000.0);
        Join {
            from: self.from.clone(),
            to: requested.id.clone(),
            kind,
            because: [client, agent, origin, Some(asked), Some(time)].into_iter().flatten().collect(),
        }
    }
}

/// Whether the answer lets any page read it.
fn is_shared(response: &Response) -> bool {
    response.headers.has("access-control-allow-origin")
}

/// Fetch 4.7, "HTTP-redirect fetch", step 11: the method after a redirect.
fn followed_method(status: u16, method: &str) -> &str {
    let becomes_get = match status {
        301 | 302 => method == "POST",
        303 => method != "HEAD",
        _ => false,
    };
    if becomes_get { "GET" } else { method }
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
