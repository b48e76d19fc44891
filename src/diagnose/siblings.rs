//! What the other answers of a host say: whether it has a CORS layer, and for whom.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::Evidence;
use super::granted::{Granted, Leave};
use super::places::Places;
use super::server::{Server, is_uncaught_in_starlette};
use crate::chain::Chain;
use crate::http::{
    ByFingerprint, End, Exchange, Fingerprints, Id, Response, State, Time, WebUrl, authority, fingerprint,
};

/// Hosts, URLs and origins beyond this are not kept apart: a hostile capture could name a new one
/// in every request.
const MAX_KEPT: usize = 4096;

/// The first answer of each host to each origin that carries CORS headers.
#[derive(Clone, Debug, Default)]
pub struct Sharing {
    noted: Fingerprints<SharingKey>,
    answers: Vec<Arc<Exchange>>,
}

/// Host and origin of an answer that carries CORS headers, as a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SharingKey(u64);

impl SharingKey {
    /// `None` where the answer carries none.
    #[must_use]
    pub fn of(exchange: &Exchange) -> Option<Self> {
        let origin = exchange.request.as_ref()?.headers.first("origin")?;
        exchange.response.as_ref()?.headers.first("access-control-allow-origin")?;
        let authority = authority(exchange.url()?)?;
        Some(Self(fingerprint(&(authority, origin))))
    }
}

impl Sharing {
    /// Whether there is no answer with that key yet, and room for it.
    #[must_use]
    pub fn lacks(&self, key: SharingKey) -> bool {
        self.noted.len() < MAX_KEPT && !self.noted.contains(&key)
    }

    /// Takes note of an answer.
    pub fn note(&mut self, exchange: Arc<Exchange>, key: SharingKey) {
        if self.lacks(key) {
            self.noted.insert(key);
            self.answers.push(exchange);
        }
    }
}

/// What can be said of an exchange only by looking at others.
#[derive(Debug)]
pub(super) struct Siblings<'a> {
    chains: &'a [Chain],
    /// For each host, one answer that carries CORS headers.
    shares: HashMap<String, Evidence>,
    /// The same for each origin: by host and origin, as a fingerprint.
    shares_with: ByFingerprint<u64, Evidence>,
    /// Gathered when a rule first asks, which few captures make one do.
    readers: OnceLock<Readers>,
    places: OnceLock<Places>,
    granted: OnceLock<Granted>,
    idle: OnceLock<HashMap<Id, Idle>>,
}

/// How answers differ by the origin that asked.
#[derive(Debug, Default)]
struct Readers {
    /// For each host, answers that name the origin that asked: one, and one for another origin.
    by_host: HashMap<String, (String, Evidence, Option<Evidence>)>,
    /// For each URL, an answer that names the origin that asked.
    named: HashMap<String, Evidence>,
    /// For each URL, an answer to a request without Origin that allows nobody.
    bare: HashMap<String, Evidence>,
}

/// A connection that was used before, and then left idle.
#[derive(Clone, Debug)]
pub(super) struct Idle {
    /// From the end of the answer before to the request.
    pub(super) lasted: Duration,
    /// The answer before it on the same connection.
    pub(super) before: Evidence,
    /// Who gave that answer.
    pub(super) server: Server,
    /// The seconds that its `Keep-Alive: timeout=` names.
    pub(super) announced: Option<u64>,
    /// That answer was Uvicorn's to an exception that no handler caught: it then resets the connection
    /// without having said `Connection: close`.
    pub(super) is_after_exception: bool,
}

impl<'a> Siblings<'a> {
    pub(super) fn of(chains: &'a [Chain], sharing: &Sharing) -> Self {
        let mut siblings = Self {
            shares: HashMap::new(),
            shares_with: ByFingerprint::default(),
            readers: OnceLock::new(),
            places: OnceLock::new(),
            granted: OnceLock::new(),
            idle: OnceLock::new(),
            chains,
        };
        for (host, origin, evidence) in sharing.answers.iter().filter_map(|exchange| shared(exchange)) {
            siblings.shares_with.entry(fingerprint(&(&*host, &*origin))).or_insert_with(|| evidence.clone());
            siblings.shares.entry(host).or_insert(evidence);
        }
        siblings
    }

    /// An answer of the same host that carries `Access-Control-Allow-Origin`.
    pub(super) fn with_cors(&self, url: &WebUrl<'_>) -> Option<&Evidence> {
        self.shares.get(url.host_str()?)
    }

    /// The same, for a request with that origin.
    pub(super) fn with_cors_for(&self, url: &WebUrl<'_>, origin: &str) -> Option<&Evidence> {
        self.shares_with.get(&fingerprint(&(url.host_str()?, origin)))
    }

    /// An answer that shows that this one, which names `origin` (`None`: it names none), would have
    /// been another for another origin.
    pub(super) fn answered_otherwise(&self, url: &WebUrl<'_>, origin: Option<&str>) -> Option<&Evidence> {
        let readers = self.readers.get_or_init(|| Readers::of(self.chains));
        let Some(origin) = origin else { return readers.named.get(url.as_str()) };
        let by_host = url.host_str().and_then(|host| readers.by_host.get(host));
        let other =
            by_host.and_then(|(known, first, second)| if known == origin { second.as_ref() } else { Some(first) });
        other.or_else(|| readers.bare.get(url.as_str()))
    }

    /// An answer of the same path that allows another origin, where that shows a CORS layer that does
    /// not allow this one.
    pub(super) fn refuses(&self, url: &WebUrl<'_>, origin: &str) -> Option<&Evidence> {
        self.places.get_or_init(|| Places::of(Self::exchanges(self.chains))).refuses(url, origin)
    }

    /// What the preflights of an origin were granted at that host.
    pub(super) fn granted(&self, url: &WebUrl<'_>, origin: &str) -> Option<&Leave> {
        self.granted.get_or_init(|| Granted::of(Self::exchanges(self.chains))).to(url, origin)
    }

    /// How long the connection of a request that got no answer was idle before it.
    pub(super) fn idle_before(&self, exchange: &Exchange) -> Option<&Idle> {
        self.idle.get_or_init(|| idle(self.chains)).get(&exchange.id)
    }

    fn exchanges(chains: &[Chain]) -> impl Iterator<Item = &Arc<Exchange>> {
        chains.iter().flat_map(|chain| &chain.links).map(|link| &link.exchange)
    }
}

impl Readers {
    fn of(chains: &[Chain]) -> Self {
        let mut readers = Self::default();
        for exchange in Siblings::exchanges(chains).filter(|exchange| is_read(exchange)) {
            match shared(exchange) {
                Some((host, origin, evidence)) if evidence.value == origin => {
                    readers.names(host, origin, exchange, evidence);
                }
                Some(_) => {}
                None => readers.names_nobody(exchange),
            }
        }
        readers
    }

    fn names(&mut self, host: String, origin: String, exchange: &Exchange, evidence: Evidence) {
        if let Some(url) = exchange.url().filter(|_| self.named.len() < MAX_KEPT) {
            self.named.entry(url.to_owned()).or_insert_with(|| evidence.clone());
        }
        let has_room = self.by_host.len() < MAX_KEPT;
        match self.by_host.get_mut(&host) {
            Some((first, _, second)) if *first != origin => *second = second.take().or(Some(evidence)),
            None if has_room => {
                self.by_host.insert(host, (origin, evidence, None));
            }
            Some(_) | None => {}
        }
    }

    fn names_nobody(&mut self, exchange: &Exchange) {
        let is_bare = exchange.request.as_ref().is_some_and(|request| !request.headers.has("origin"));
        let answers_all = exchange.response.as_ref().is_some_and(|it| it.headers.has("access-control-allow-origin"));
        if let Some(url) = exchange.url().filter(|_| is_bare && !answers_all && self.bare.len() < MAX_KEPT) {
            let evidence = || evidence_of(exchange, "access-control-allow-origin", "(absent)");
            self.bare.entry(url.to_owned()).or_insert_with(evidence);
        }
    }
}

/// Whether a page reads it, and a cache may keep it: an answer to GET that is seen whole.
fn is_read(exchange: &Exchange) -> bool {
    let is_get =
        exchange.request.as_ref().is_some_and(|request| request.method == "GET" && request.headers.is_complete());
    is_get && exchange.response.as_ref().is_some_and(|it| it.is_ok() && it.headers.is_complete())
}

/// Host, origin and evidence of an answer that carries the header.
fn shared(exchange: &Exchange) -> Option<(String, String, Evidence)> {
    let value = exchange.response.as_ref()?.headers.first("access-control-allow-origin")?;
    let request = exchange.request.as_ref()?;
    let origin = request.headers.first("origin")?;
    let host = request.target.web_url()?.host_str()?.to_owned();
    Some((host, origin.to_owned(), evidence_of(exchange, "access-control-allow-origin", value)))
}

pub(super) fn evidence_of(exchange: &Exchange, header: &'static str, value: &str) -> Evidence {
    Evidence {
        source: Arc::clone(&exchange.source),
        exchange: exchange.id.clone(),
        frame: exchange.frames.response().map(|span| span.first),
        header: Some(header),
        value: value.to_owned(),
    }
}

/// For each request that got no answer, by its exchange's id, how long its connection was idle.
fn idle(chains: &[Chain]) -> HashMap<Id, Idle> {
    let key = |exchange: &Exchange| (Arc::clone(&exchange.source), exchange.connection);
    let mut waiting: HashMap<(Arc<str>, u64), (Id, Time)> = HashMap::new();
    for exchange in Siblings::exchanges(chains).filter(|exchange| is_unanswered(exchange)) {
        let Some(request) = &exchange.request else { continue };
        if waiting.len() < MAX_KEPT {
            waiting.insert(key(exchange), (exchange.id.clone(), request.time));
        }
    }
    let mut found: HashMap<Id, (Time, Idle)> = HashMap::new();
    let others = Siblings::exchanges(chains).filter(|_| !waiting.is_empty());
    for (exchange, (id, asked)) in others.filter_map(|it| Some((it, waiting.get(&key(it))?))) {
        let Some(response) = exchange.response.as_ref() else { continue };
        let ended = response.end_time.unwrap_or(response.time);
        if ended > *asked || found.get(id).is_some_and(|(later, _)| *later > ended) {
            continue;
        }
        let idle = Idle {
            lasted: asked.since(ended),
            before: evidence_of(exchange, "connection", response.headers.first("connection").unwrap_or("(absent)")),
            server: Server::of(&response.headers),
            announced: response.headers.first("keep-alive").and_then(announced),
            is_after_exception: is_uncaught_in_starlette(response) && is_uvicorn(response),
        };
        found.insert(id.clone(), (ended, idle));
    }
    found.into_iter().map(|(id, (_, idle))| (id, idle)).collect()
}

fn is_uvicorn(response: &Response) -> bool {
    Server::of(&response.headers) == Server::Uvicorn
}

fn is_unanswered(exchange: &Exchange) -> bool {
    exchange.state == State::NoResponse && matches!(exchange.end, End::Reset | End::Closed)
}

/// `timeout=5, max=100`, as Node and Apache announce it.
fn announced(value: &str) -> Option<u64> {
    value.split(',').find_map(|part| part.trim().strip_prefix("timeout=")?.parse().ok())
}
