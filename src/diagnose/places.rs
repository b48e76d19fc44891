//! Whom the answers of each path allow. A CORS layer that refuses an origin may say nothing at all
//! (Flask-CORS does): that there is one shows beside its answers to others alone.

use std::sync::Arc;

use super::Evidence;
use super::siblings::evidence_of;
use crate::http::{ByFingerprint, Exchange, Fingerprints, WebUrl, fingerprint};

/// Answers beyond this are not noted: a hostile capture could name a new path in every request.
const MAX_KEPT: usize = 1 << 14;

/// What each path answers to the origins that ask.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// By path, an answer to a preflight that names the origin that asked.
    preflights: ByFingerprint<u64, Evidence>,
    /// By path, any answer that does.
    named: ByFingerprint<u64, Evidence>,
    /// By path and origin: some answer allows it, or may, where not all of it was seen.
    allowed: Fingerprints<u64>,
    /// By path and origin: a request other than a preflight was answered, and allowed nobody.
    bare: Fingerprints<u64>,
    /// There was more than there is room for: that nothing allows an origin is not known.
    is_full: bool,
}

impl Places {
    pub(super) fn of<'a>(exchanges: impl Iterator<Item = &'a Arc<Exchange>>) -> Self {
        let mut places = Self::default();
        for exchange in exchanges {
            places.note(exchange);
            if places.is_full {
                // Nothing more can be known, and others wait for it.
                break;
            }
        }
        places
    }

    /// An answer of the same path that allows another origin, where that shows a CORS layer that does
    /// not allow this one: it answered a preflight of the other, or left out of this origin's plain
    /// requests what it says to the other's.
    pub(super) fn refuses(&self, url: &WebUrl<'_>, origin: &str) -> Option<&Evidence> {
        let place = place(url);
        let allows = |origin: &str| self.allowed.contains(&fingerprint(&(place, origin)));
        if self.is_full || allows(origin) || allows("*") {
            return None;
        }
        let is_bare = self.bare.contains(&fingerprint(&(place, origin)));
        self.preflights.get(&place).or_else(|| self.named.get(&place).filter(|_| is_bare))
    }

    fn note(&mut self, exchange: &Exchange) {
        let Some((place, origin)) = asked(exchange) else { return };
        let Some(response) = &exchange.response else { return };
        if self.allowed.len() + self.bare.len() >= MAX_KEPT {
            self.is_full = true;
            return;
        }
        let is_ok = response.is_ok();
        match response.headers.first("access-control-allow-origin") {
            Some("*") => self.allow(place, "*"),
            Some(named) if named == origin => {
                self.allow(place, origin);
                let evidence = || evidence_of(exchange, "access-control-allow-origin", named);
                if exchange.is_preflight() && is_ok {
                    self.preflights.entry(place).or_insert_with(evidence);
                }
                self.named.entry(place).or_insert_with(evidence);
            }
            None if !response.headers.is_complete() => self.allow(place, origin),
            None if is_ok && !exchange.is_preflight() => {
                self.bare.insert(fingerprint(&(place, origin)));
            }
            Some(_) | None => {}
        }
    }

    fn allow(&mut self, place: u64, origin: &str) {
        self.allowed.insert(fingerprint(&(place, origin)));
    }
}

fn asked(exchange: &Exchange) -> Option<(u64, &str)> {
    let request = exchange.request.as_ref()?;
    let origin = request.headers.first("origin")?;
    Some((place(&request.target.web_url()?), origin))
}

/// Host, port and path: the scheme may have got lost on the way in, and the query is no matter of a
/// CORS layer.
fn place(url: &WebUrl<'_>) -> u64 {
    fingerprint(&(url.host_str(), url.port(), url.path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{Builder, exchange};

    const OURS: &str = "https://client.example";
    const OTHER: &str = "https://other.example";

    fn get(origin: &str) -> Builder {
        exchange("GET", "https://request.example/items").page(origin)
    }

    fn preflight(origin: &str) -> Builder {
        exchange("OPTIONS", "https://request.example/items?page=2")
            .page(origin)
            .header("Access-Control-Request-Method", "PUT")
    }

    fn refuses(exchanges: impl IntoIterator<Item = Builder>) -> bool {
        let exchanges: Vec<_> = exchanges.into_iter().map(Builder::shared).collect();
        let url = WebUrl::parse("https://request.example/items").unwrap();
        Places::of(exchanges.iter()).refuses(&url, OURS).is_some()
    }

    #[test]
    fn a_preflight_of_another_origin_shows_the_layer() {
        assert!(refuses([preflight(OTHER).status(204).shared_with(OTHER), preflight(OURS)]));
        assert!(!refuses([preflight(OTHER).status(204), preflight(OURS)]));
    }

    #[test]
    fn a_plain_request_shows_it_where_this_origin_gets_another_answer_to_the_same() {
        assert!(refuses([get(OTHER).shared_with(OTHER), get(OURS)]));
        assert!(!refuses([get(OTHER).shared_with(OTHER)]), "the handler of GET may have added it");
        assert!(!refuses([get(OTHER).shared_with(OTHER), get(OURS).status(500)]));
    }

    #[test]
    fn whoever_is_allowed_anywhere_on_the_path_is_not_refused() {
        let allowing = || preflight(OTHER).shared_with(OTHER);
        assert!(!refuses([allowing(), get(OURS).shared_with(OURS)]));
        assert!(!refuses([allowing(), get(OTHER).shared_with("*")]));
        assert!(!refuses([allowing(), get(OURS).lost_head()]));
    }

    #[test]
    fn other_paths_and_ports_show_nothing() {
        for url in ["https://request.example/other", "https://request.example:8443/items"] {
            let elsewhere = exchange("OPTIONS", url).page(OTHER).header("Access-Control-Request-Method", "PUT");
            assert!(!refuses([elsewhere.shared_with(OTHER)]), "{url}");
        }
    }
}
