//! The request of a hop, as browser and load balancer would make it: a recorded one with what must
//! differ replaced, in the recorded order, letter case and repetition.

use url::{Position, Url};

use super::moment;
use crate::chain::{Chain, Role};
use crate::cors::Hop;
use crate::http::{Body, Header, Headers, Request};

/// The request of a hop, made of the recorded request that is most like it.
pub(super) fn made_of(recorded: &Chain, hop: &Hop, url: &Url, trace: &str) -> Option<Request> {
    let of_role = || recorded.links.iter().filter(|link| link.role == hop.role);
    let requests = || of_role().filter_map(|link| link.exchange.request.as_ref());
    let is_same = |request: &&Request| request.method == hop.method && request.url.as_deref() == Some(&hop.url);
    let model = requests().find(is_same).or_else(|| requests().next_back())?;
    let carries_body = hop.role == Role::Actual && model.method == hop.method;
    let headers = model.headers.iter().filter_map(|line| replaced(line, hop, url, trace, carries_body));
    let headers = headers.collect();
    Some(Request {
        time: moment(recorded),
        end_time: None,
        method: hop.method.clone(),
        target: url[Position::BeforePath..Position::AfterQuery].to_owned(),
        url: Some(hop.url.clone()),
        headers,
        trailers: Headers::default(),
        body: if carries_body { model.body.clone() } else { Body::default() },
    })
}

/// A recorded line as this request carries it; `None`: it does not.
fn replaced(line: &Header, hop: &Hop, url: &Url, trace: &str, carries_body: bool) -> Option<(String, String)> {
    let value = match line.name.to_ascii_lowercase().as_str() {
        "x-amzn-trace-id" => trace.to_owned(),
        "origin" => hop.origin.clone()?,
        "x-forwarded-proto" => url.scheme().to_owned(),
        "content-length" | "content-type" | "transfer-encoding" if !carries_body => return None,
        _ => line.value.clone(),
    };
    Some((line.name.clone(), value))
}
