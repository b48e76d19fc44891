//! Streams to exchanges: which connections carry HTTP, and what was said on them.
//!
//! [`Sessions`] takes the chunks of all connections and hands on an [`Exchange`] whenever one ends.
//! What a connection carries is told by its bytes, on any port and from its middle as well as from
//! its start; so is who of its ends is the client.

mod connection;
mod desk;
mod http1;
mod sniff;

use std::collections::HashMap;
use std::sync::Arc;

use crate::flow::{Chunk, Delivery, Ending, FlowId, Side};
use crate::http::Exchange;
use crate::wire::Endpoint;
use connection::Connection;
use desk::Desk;

/// Bytes that are kept of each body, unless told otherwise: enough to recognise an error page.
pub const KEEP: usize = 4 << 10;

/// The memory that may be taken by what is under way on all connections: unfinished heads, and
/// requests that wait for their responses.
pub const MAX_WEIGHT: usize = 256 << 20;

/// Connections that carry something else than readable HTTP/1, and carry anything at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// TLS.
    pub tls: u64,
    /// HTTP/2 without TLS.
    pub http2: u64,
    /// Anything else.
    pub other: u64,
}

/// What happened on the way, for the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Exchanges handed on.
    pub exchanges: u64,
    /// Connections that carry something else.
    pub unread: Unread,
    /// Bytes on HTTP connections that belong to no message.
    pub skipped_bytes: u64,
    /// How often exchanges were given up because too many were under way.
    pub given_up: u64,
}

/// What is said on all connections of one capture.
#[derive(Debug)]
pub struct Sessions {
    connections: HashMap<FlowId, Connection>,
    /// The weight of all of them.
    weight: usize,
    desk: Desk,
}

impl Sessions {
    /// `source` is what the exchanges will name as theirs.
    #[must_use]
    pub fn new(source: Arc<str>) -> Self {
        Self { connections: HashMap::new(), weight: 0, desk: Desk::new(source) }
    }

    /// Keeps that many bytes of each body instead of [`KEEP`].
    #[must_use]
    pub fn keeping(mut self, bytes: usize) -> Self {
        self.desk.keep = bytes;
        self
    }

    /// Takes the next chunk, and hands on the exchanges that end with it.
    pub fn push(&mut self, delivery: &Delivery<'_>, sink: &mut impl FnMut(Exchange)) {
        match delivery.chunk {
            Chunk::End(how) => self.end(delivery, how),
            Chunk::Data(_) | Chunk::Gap { .. } => self.hear(delivery),
        }
        self.desk.ready.drain(..).for_each(sink);
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.desk.counters
    }

    fn hear(&mut self, delivery: &Delivery<'_>) {
        let Delivery { flow, side, stamp, .. } = *delivery;
        let connection = self.connections.entry(flow).or_insert_with(|| Connection::new(flow.0, addresses(delivery)));
        let others = self.weight - connection.weight();
        match delivery.chunk {
            Chunk::Data(bytes) => connection.data(side, bytes, stamp, &mut self.desk),
            Chunk::Gap { len, cut } => connection.gap(side, len, cut, stamp, &mut self.desk),
            Chunk::End(_) => {}
        }
        if others + connection.weight() > MAX_WEIGHT {
            connection.shed(&mut self.desk);
        }
        self.weight = others + connection.weight();
    }

    fn end(&mut self, delivery: &Delivery<'_>, how: Ending) {
        let Some(connection) = self.connections.get_mut(&delivery.flow) else { return };
        let others = self.weight - connection.weight();
        let both = connection.end(delivery.side, how, &mut self.desk);
        self.weight = others + connection.weight();
        if both {
            self.weight = others;
            self.connections.remove(&delivery.flow);
        }
    }
}

/// The addresses of side A and of side B.
fn addresses(delivery: &Delivery<'_>) -> [Endpoint; 2] {
    match delivery.side {
        Side::A => [delivery.source, delivery.destination],
        Side::B => [delivery.destination, delivery.source],
    }
}
