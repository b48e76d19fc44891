//! What continues a chain: the request that a preflight asked for, the one that a Location leads to.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{JoinKind, Role};
use crate::http::{Exchange, Headers, Origin, Response, Time, WebUrl, asked_text, client_address, fingerprint};

/// A request as joining sees it.
#[derive(Debug)]
pub(super) struct Requested<'a> {
    /// The browser's address.
    pub(super) client: Option<IpAddr>,
    pub(super) time: Time,
    pub(super) method: &'a str,
    /// Equal URLs are equal texts; without fragment.
    pub(super) url: Cow<'a, str>,
    pub(super) origin: Option<&'a str>,
    pub(super) user_agent: Option<&'a str>,
    pub(super) headers: &'a Headers,
    /// Its answer lets the page read it.
    pub(super) is_shared: bool,
}

impl<'a> Requested<'a> {
    /// `None` when there is no request, or its URL is unknown.
    pub(super) fn of(exchange: &'a Exchange) -> Option<Self> {
        let request = exchange.request.as_ref()?;
        Some(Self {
            client: client_address(&request.headers, exchange.client),
            time: request.time,
            method: &request.method,
            url: asked_text(exchange)?,
            origin: request.headers.first("origin"),
            user_agent: request.headers.first("user-agent"),
            headers: &request.headers,
            is_shared: exchange.response.as_ref().is_some_and(Response::is_shared),
        })
    }
}

/// A redirect is followed within a round trip or two, on a connection that is open mostly.
const AT_ONCE: Duration = Duration::from_millis(500);

/// Names that a preflight asks for and that its request is known by; a head could hold any number.
const MAX_NAMES: usize = 256;

/// What a request must be to continue a chain, as far as equality tells: requests are looked up by
/// it, so that many that wait for the same URL do not make the search longer.
#[derive(Hash)]
pub(super) struct Sought<'a> {
    client: Option<IpAddr>,
    url: &'a str,
    /// Of the request itself: for a preflight, the one that it asks for.
    method: &'a str,
    origin: Option<&'a str>,
    user_agent: Option<&'a str>,
}

/// What ties a request to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tie {
    pub(super) kind: JoinKind,
    /// The answer before lets the page go on.
    pub(super) is_let_on: bool,
    /// It is a preflight with the page's origin although redirects made that of its request null, as Firefox
    /// sends them.
    pub(super) keeps_origin: bool,
}

/// The fingerprint of a request that is sought, and of its tie if there is one.
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

    /// The same with an origin that redirects made null.
    pub(super) fn tainted(self) -> Self {
        Self { origin: Some(Origin::OPAQUE), ..self }
    }

    pub(super) fn key(&self) -> SoughtKey {
        SoughtKey(fingerprint(self))
    }
}

impl SoughtKey {
    /// The key of the same with a tie.
    pub(super) fn tied(self, tie: Tie) -> Self {
        let kind = match tie.kind {
            JoinKind::Preflight => 2,
            JoinKind::Redirect => 4,
            JoinKind::SameCall | JoinKind::SameRequest => 6,
        };
        Self(self.0.wrapping_add(kind | u64::from(tie.is_let_on) | u64::from(tie.keeps_origin) << 3))
    }
}

impl Tie {
    /// What ties a request in that role to what it may continue, what is likelier first. After an
    /// answer that refuses the page something comes only by another's leave, such as a preflight in
    /// the cache: where the same call was tried again, the try that was let on is the one that goes on.
    pub(super) fn of(role: Role) -> impl Iterator<Item = Self> {
        let kinds: &[(JoinKind, bool)] = match role {
            Role::Preflight => &[(JoinKind::Redirect, false), (JoinKind::Redirect, true)],
            Role::Actual => &[(JoinKind::Preflight, false), (JoinKind::Redirect, false)],
        };
        let tied = |is_let_on| move |&(kind, keeps_origin)| Self { kind, is_let_on, keeps_origin };
        [true, false].into_iter().flat_map(move |is_let_on| kinds.iter().map(tied(is_let_on)))
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
    /// The last exchange of the chain.
    pub(super) from: Arc<Exchange>,
}

impl Expected {
    /// Where the answer leads, and so what continues the chain: the Location itself and, where that is http, the
    /// same by https, which is what comes back to the backend after the load balancer redirected the http request.
    pub(super) fn after_redirect(self) -> Vec<(SoughtKey, Self)> {
        self.redirected().unwrap_or_default().into_iter().map(|key| (key, self.clone())).collect()
    }

    fn redirected(&self) -> Option<Vec<SoughtKey>> {
        let (requested, response) = (Requested::of(&self.from)?, self.from.response.as_ref()?);
        let from = WebUrl::parse(&requested.url)?;
        let to = from.resolve(response.headers.first("location").unwrap_or_default())?;
        let origin = requested.origin.map(str::to_owned);
        let is_let_on = origin.is_none() || response.is_shared();
        let tie = Tie { kind: JoinKind::Redirect, is_let_on, keeps_origin: false };
        let method = followed_method(response.status, requested.method);
        let upgraded = if to.scheme() == "http" { to.by_https() } else { None };
        let origins = origins_after(&[origin], &from, &to);
        let detour = upgraded.map(|url| (origins_after(&origins, &to, &url), url));
        let ways = [Some((origins, to)), detour].into_iter().flatten();
        let keys = ways.flat_map(|(origins, url)| {
            let url = url.into_text();
            let Requested { client, user_agent, .. } = requested;
            let key = |origin| Sought { client, url: &url, method, origin, user_agent }.key();
            let is_tainted = origins.iter().any(|origin| origin.as_deref() == Some(Origin::OPAQUE));
            let by_page = is_tainted.then(|| key(requested.origin).tied(Tie { keeps_origin: true, ..tie }));
            let keys: Vec<SoughtKey> = origins.iter().map(|origin| key(origin.as_deref()).tied(tie)).collect();
            keys.into_iter().chain(by_page)
        });
        Some(keys.collect())
    }

    /// Whether this request, which is what is sought, can be the one.
    ///
    /// After a redirect that refuses the page, the browser goes on only where something in between adds the
    /// headers. It would add them to an answer that has them already, too: such a request, where it did not come
    /// at once, is a call of its own.
    pub(super) fn is_met_by(&self, requested: &Requested<'_>, role: Role, tie: Tie) -> bool {
        let comes_late = requested.is_shared && requested.time.since(self.since) > AT_ONCE;
        if comes_late && tie.kind == JoinKind::Redirect && !tie.is_let_on && self.needs_leave() {
            return false;
        }
        let Some(before) = self.from.request.as_ref().map(|request| &request.headers) else { return false };
        requested.time >= self.since
            && fits_fetch_mode(before.first("sec-fetch-mode"), requested.headers.first("sec-fetch-mode"), role)
            && asked_for(&self.from).all(|name| requested.headers.has(name))
    }

    /// Whether the request is a call of a page of another origin: navigations, and calls of pages of the same
    /// origin, need nobody's leave to follow a redirect.
    fn needs_leave(&self) -> bool {
        let Some(requested) = Requested::of(&self.from) else { return false };
        let mode = requested.headers.first("sec-fetch-mode");
        let is_call = mode.map_or_else(|| !requested.headers.has("upgrade-insecure-requests"), |mode| mode == "cors");
        let is_own = |url: WebUrl<'_>| requested.origin == Some(url.origin().as_str());
        is_call && !WebUrl::parse(&requested.url).is_some_and(is_own)
    }
}

/// The names of header fields that a preflight asks for.
fn asked_for(exchange: &Exchange) -> impl Iterator<Item = &str> {
    let preflight = exchange.request.as_ref().filter(|_| exchange.is_preflight());
    let lines = preflight.into_iter().flat_map(|request| request.headers.all("access-control-request-headers"));
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|name| !name.is_empty()).take(MAX_NAMES)
}

/// Browsers leave `Sec-Fetch-Mode` out towards http, so only two that differ tell.
fn fits_fetch_mode(before: Option<&str>, now: Option<&str>, role: Role) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => before == now || role == Role::Preflight,
        _ => true,
    }
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
fn origins_after(before: &[Option<String>], from: &WebUrl<'_>, to: &WebUrl<'_>) -> Vec<Option<String>> {
    let stays = from.has_origin_of(to);
    let left = from.origin();
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
