//! Packets of a conversation to exchanges, for tests.

use super::{Counters, Keep, Sessions};
use crate::flow::Flows;
use crate::flow::story::{Sent, Story};
use crate::http::{Exchange, State};

/// What is read from packets, by connections that never rest and by such that rest whenever they can.
pub(super) fn read_packets(packets: &[Sent]) -> (Vec<Exchange>, Counters) {
    let awake = read_by(packets, Sessions::new("story".into()));
    let resting = read_by(packets, Sessions { rest_weight: 0, ..Sessions::new("story".into()) });
    assert_eq!(resting, awake);
    awake
}

fn read_by(packets: &[Sent], sessions: Sessions) -> (Vec<Exchange>, Counters) {
    let mut flows = Flows::default();
    let mut sessions = sessions.keeping(Keep::All(64));
    let mut read = Vec::new();
    for packet in packets {
        flows.push(&packet.segment(), packet.stamp, &mut |delivery| {
            sessions.push(delivery, &mut |exchange| read.push(exchange));
        });
    }
    flows.finish(&mut |delivery| sessions.push(delivery, &mut |exchange| read.push(exchange)));
    assert!(sessions.connections.is_empty());
    assert_eq!(sessions.weight, 0);
    (read, sessions.counters())
}

pub(super) fn read(story: &Story) -> Vec<Exchange> {
    read_packets(&story.packets()).0
}

/// An exchange in short: its target (`-` without a request), its status (0 without a response).
fn brief(exchange: &Exchange) -> (&str, u16, State) {
    let target = exchange.request.as_ref().map_or("-", |request| &request.target);
    (target, exchange.response.as_ref().map_or(0, |response| response.status), exchange.state)
}

/// The exchanges in short.
pub(super) fn briefs(exchanges: &[Exchange]) -> Vec<(&str, u16, State)> {
    exchanges.iter().map(brief).collect()
}

/// The body of an exchange's response: its size, whether it is complete, what was kept.
pub(super) fn body(exchange: &Exchange) -> (u64, bool, &[u8]) {
    let body = exchange.response.as_ref().map(|response| &response.body);
    body.map_or((0, false, &[]), |body| (body.bytes, body.complete, body.kept()))
}
