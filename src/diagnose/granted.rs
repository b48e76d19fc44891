//! What preflights were granted. A CORS layer that refuses a method or a header may say nothing of which: what
//! it grants elsewhere tells.

use std::sync::Arc;

use super::layers::listed;
use crate::http::{ByFingerprint, Exchange, WebUrl, fingerprint};

/// Hosts and origins beyond this are not kept apart, nor names beyond this of one: a hostile capture could name
/// a new one in every request.
const MAX_KEPT: usize = 4096;
const NAMES_KEPT: usize = 256;

/// By host and origin.
#[derive(Debug, Default)]
pub(super) struct Granted(ByFingerprint<u64, Leave>);

/// What the preflights of one origin were granted at one host.
#[derive(Debug, Default)]
pub(super) struct Leave {
    pub(super) methods: Vec<String>,
    headers: Vec<String>,
}

impl Granted {
    pub(super) fn of<'a>(exchanges: impl Iterator<Item = &'a Arc<Exchange>>) -> Self {
        let mut granted = Self::default();
        for exchange in exchanges.filter(|exchange| exchange.is_preflight()) {
            granted.note(exchange);
        }
        granted
    }

    pub(super) fn to(&self, url: &WebUrl<'_>, origin: &str) -> Option<&Leave> {
        self.0.get(&key(url, origin))
    }

    fn note(&mut self, exchange: &Exchange) -> Option<()> {
        let (request, response) = (exchange.request.as_ref()?, exchange.response.as_ref()?);
        let origin = request.headers.first("origin")?;
        let allowed = response.headers.first("access-control-allow-origin")?;
        let key = key(&request.target.web_url()?, origin);
        let is_known = self.0.contains_key(&key);
        let is_granted = allowed == "*" || allowed == origin;
        if !is_granted || (!is_known && self.0.len() >= MAX_KEPT) {
            return None;
        }
        let leave = self.0.entry(key).or_default();
        let methods = response.headers.all("access-control-allow-methods").flat_map(listed);
        let headers = response.headers.all("access-control-allow-headers").flat_map(listed);
        unite(&mut leave.methods, methods.map(str::to_owned));
        unite(&mut leave.headers, headers.map(str::to_ascii_lowercase));
        Some(())
    }
}

impl Leave {
    pub(super) fn has_method(&self, method: &str) -> bool {
        self.methods.iter().any(|granted| granted == method || granted == "*")
    }

    pub(super) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|granted| granted.eq_ignore_ascii_case(name) || granted == "*")
    }
}

fn unite(names: &mut Vec<String>, more: impl Iterator<Item = String>) {
    for name in more {
        if names.len() < NAMES_KEPT && !names.contains(&name) {
            names.push(name);
        }
    }
}

fn key(url: &WebUrl<'_>, origin: &str) -> u64 {
    fingerprint(&(url.host_str(), origin))
}
