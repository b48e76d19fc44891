//! The request of a hop, as browser and load balancer would make it: a recorded one with what must
//! differ replaced, in the recorded order, letter case and repetition.

use url::{Position, Url};

use super::moment;
use crate::chain::{Chain, Role};
use crate::cors::Hop;
use crate::http::{Body, Header, Request, Target};

/// The request of a hop, made of the recorded request that is most like it.
pub(super) fn made_of(recorded: &Chain, hop: &Hop, url: &Url, trace: &str) -> Option<Request> {
    let of_role = || recorded.links.iter().filter(|link| link.role == hop.role);
    let requests = || of_role().filter_map(|link| link.exchange.request.as_ref());
    let is_same = |request: &&Request| request.method == hop.method && request.url() == Some(&hop.url);
    let model = requests().find(is_same).or_else(|| requests().next_back())?;
    let carries_body = hop.role == Role::Actual && model.method == hop.method;
    let body = if carries_body { model.body.clone() } else { Body::default() };
    let hop_of = Made { hop, url, trace, body: carries_body.then_some(body.bytes) };
    let headers = model.headers.iter().filter_map(|line| hop_of.line(line)).collect();
    Some(Request {
        time: moment(recorded),
        end_time: None,
        method: hop.method.as_str().into(),
        target: Target::new(&url[Position::BeforePath..Position::AfterQuery], Some(hop.url.clone())),
        headers,
        body,
    })
}

/// What differs from the recorded request.
struct Made<'a> {
    hop: &'a Hop,
    url: &'a Url,
    trace: &'a str,
    /// The length of the body, where there is one.
    body: Option<u64>,
}

impl Made<'_> {
    /// A recorded line as this request carries it; `None`: it does not.
    fn line(&self, line: Header<'_>) -> Option<(String, String)> {
        let value = match (line.name.to_ascii_lowercase().as_str(), self.body) {
            ("x-amzn-trace-id", _) => self.trace.to_owned(),
            ("origin", _) => self.hop.origin.clone()?,
            ("x-forwarded-proto", _) => self.url.scheme().to_owned(),
            ("content-length" | "content-type" | "transfer-encoding", None) | ("expect", _) => return None,
            // The recorded body is known without its transfer coding, and goes as one piece.
            ("transfer-encoding", Some(length)) => return Some(("Content-Length".to_owned(), length.to_string())),
            _ => line.value.to_owned(),
        };
        Some((line.name.to_owned(), value))
    }
}
