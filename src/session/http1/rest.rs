//! A connection between two exchanges: what has to be known of it to go on, in little room. A load balancer keeps
//! many connections open, and nearly all of them rest.

use super::Http1;
use super::exchanges::Exchanges;
use super::reader::{Held, Reader};
use super::request::Requests;
use super::response::Responses;
use crate::session::sniff::Expect;
use crate::wire::Endpoint;

/// What is left of a connection while nothing is under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::session) struct Rest {
    /// Of the client, and of the server.
    expect: [Expect; 2],
    exchanges: ExchangesAtRest,
}

/// What is left of its exchanges.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExchangesAtRest {
    pub(super) count: u32,
    pub(super) server_spoke: bool,
}

impl Http1 {
    /// What is left of it, if nothing is under way, nothing was missed and neither side has ended.
    pub(in crate::session) fn at_rest(&self) -> Option<Rest> {
        if self.ended != [None; 2] || self.first_end.is_some() {
            return None;
        }
        let expect = [self.requests.at_rest()?, self.responses.at_rest()?];
        Some(Rest { expect, exchanges: self.exchanges.at_rest()? })
    }

    /// The connection that rested.
    pub(in crate::session) fn woken(connection: u64, [client, server]: [Endpoint; 2], rest: Rest) -> Self {
        let [requests, responses] = rest.expect.map(|expect| (Held::default(), expect));
        Self {
            requests: Reader::new::<Requests<'_>>(requests),
            responses: Reader::new::<Responses<'_>>(responses),
            exchanges: Exchanges::woken(connection, client, server, rest.exchanges),
            ended: [None; 2],
            first_end: None,
        }
    }
}
