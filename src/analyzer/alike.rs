//! Calls that are alike come to the same: most of a capture is the same few calls over and over.
//!
//! What a call comes to is looked up by all of it that a verdict or a finding may hang on. Left out
//! is only what none of them reads: the path of a call that is not redirected, and the values of a
//! few headers that differ each time. Only calls without a finding are looked up, since those with
//! one have evidence to give.

use std::collections::HashMap;

use super::Brief;
use crate::chain::{Chain, Link};
use crate::cors::Decision;
use crate::http::{Headers, is_redirect_status};

/// Kinds of calls that are told apart. Real traffic has hundreds; a hostile capture could make every
/// call one of its own.
const MAX_KINDS: usize = 4096;

/// The longest description of a kind; what is longer is looked at each time.
const MAX_KEY: usize = 8 << 10;

/// Headers whose value neither a verdict nor a finding hangs on, only that they are there.
const VALUE_IS_NO_MATTER: [&str; 12] = [
    "authorization",
    "content-length",
    "cookie",
    "date",
    "etag",
    "if-modified-since",
    "if-none-match",
    "last-modified",
    "set-cookie",
    "x-amzn-trace-id",
    "x-forwarded-for",
    "x-request-id",
];

/// What calls of each kind came to.
#[derive(Debug, Default)]
pub(super) struct Alike {
    kinds: HashMap<Box<[u8]>, Brief>,
    key: Vec<u8>,
}

impl Alike {
    /// What a call of this kind came to, if there was one.
    pub(super) fn get(&mut self, chain: &Chain) -> Option<&Brief> {
        self.key.clear();
        if !describe(chain, &mut self.key) || self.key.len() > MAX_KEY {
            self.key.clear();
            return None;
        }
        self.kinds.get(&*self.key)
    }

    /// What the call that was asked for last came to, which hangs on nothing but the call itself.
    pub(super) fn put(&mut self, brief: &Brief) {
        let has_room = self.kinds.len() < MAX_KINDS && !self.key.is_empty();
        let is_quiet = brief.findings.is_empty() && matches!(brief.decision, Decision::Allowed | Decision::NotCors);
        if has_room && is_quiet {
            self.kinds.insert(self.key.as_slice().into(), brief.clone());
        }
    }
}

/// Writes down all that the call may hang on; `false` where that is more than can be told so.
fn describe(chain: &Chain, key: &mut Vec<u8>) -> bool {
    let Some(first) = chain.links.first().and_then(|link| link.exchange.url()) else { return false };
    let answers = || chain.links.iter().filter_map(|link| link.exchange.response.as_ref());
    if answers().any(|response| is_redirect_status(response.status)) {
        return false;
    }
    let (origin, _) = split_origin(first);
    key.extend(origin.bytes());
    chain.links.iter().all(|link| describe_link(link, first, key))
}

fn describe_link(link: &Link, first_url: &str, key: &mut Vec<u8>) -> bool {
    let exchange = &*link.exchange;
    let (Some(request), Some(response)) = (&exchange.request, &exchange.response) else { return false };
    // The path may be left out where it is the same all along.
    let is_plain = link.also_seen.is_empty() && exchange.context.is_none() && exchange.interim.is_empty();
    if !is_plain || request.url.as_deref() != Some(first_url) {
        return false;
    }
    key.extend([0xff, link.role as u8, exchange.vantage as u8, exchange.state as u8, exchange.end as u8]);
    key.extend(request.method.bytes());
    headers(&request.headers, key);
    key.extend(response.status.to_be_bytes());
    headers(&response.headers, key);
    key.extend(&response.body.kept);
    true
}

fn headers(headers: &Headers, key: &mut Vec<u8>) {
    key.push(if headers.is_complete() { 0xfe } else { 0xfd });
    for line in headers.iter() {
        key.extend(line.name.bytes());
        key.push(0xfe);
        if !is_no_matter(line.name) {
            key.extend(line.value.bytes());
        }
        key.push(0xfe);
    }
}

fn is_no_matter(name: &str) -> bool {
    VALUE_IS_NO_MATTER.iter().any(|known| known.len() == name.len() && known.eq_ignore_ascii_case(name))
}

/// A URL's scheme and authority, and what follows.
fn split_origin(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url.get(authority..).and_then(|rest| rest.find(['/', '?', '#']));
    url.split_at_checked(path.map_or(url.len(), |at| authority + at)).unwrap_or((url, ""))
}
