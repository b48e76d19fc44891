//! What a join rests on, in words. They are found when somebody asks for them, which is seldom.

use super::JoinKind;
use crate::http::{Exchange, client_address};

/// `from` and `to` are the exchanges that are joined, where they are links of the chain.
pub(super) fn words(kind: JoinKind, from: Option<&Exchange>, to: Option<&Exchange>) -> Vec<String> {
    match (kind, from, to) {
        (JoinKind::Preflight | JoinKind::Redirect, Some(from), Some(to)) => follows(from, to, kind),
        (JoinKind::SameCall, _, Some(to)) => same_call(to),
        (JoinKind::SameRequest, ..) => vec!["the same request, captured at two places at the same time".to_owned()],
        _ => Vec::new(),
    }
}

fn follows(from: &Exchange, to: &Exchange, kind: JoinKind) -> Vec<String> {
    let Some(request) = &to.request else { return Vec::new() };
    let client = client_address(&request.headers, to.client).map(|client| format!("client address {client}"));
    let agent = request.headers.has("user-agent").then(|| "user agent".to_owned());
    let origin = request.headers.first("origin").map(|origin| format!("Origin {origin}"));
    let asked = match kind {
        JoinKind::Preflight => format!("the method {} that the preflight asked for", request.method),
        _ => "the URL that the Location names".to_owned(),
    };
    let answered = from.response.as_ref().map(|response| response.time);
    let since = answered.or_else(|| from.request.as_ref().map(|request| request.time));
    let time = since.map(|since| {
        let elapsed = request.time.since(since);
        format!("{:.1} ms after the answer", elapsed.as_secs_f64() * 1000.0)
    });
    [client, agent, origin, Some(asked), time].into_iter().flatten().collect()
}

fn same_call(exchange: &Exchange) -> Vec<String> {
    let call = exchange.extras.context.as_ref().and_then(|context| context.fetch.as_ref());
    call.map(|call| format!("the source says that both belong to the call '{call}'")).into_iter().collect()
}
