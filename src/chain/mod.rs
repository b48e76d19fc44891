//! Observed exchanges joined to one call of a page: which OPTIONS belongs to which request, which
//! request follows which Location. It infers nothing: a hop that was not captured is not here.

mod because;
mod glance;
mod joiner;
mod link;
mod links;
mod repeated;
mod waiting;

use std::sync::Arc;

use crate::http::{Exchange, Few, Id};

pub use glance::Glance;
pub use joiner::{FOLLOWS_WITHIN, Joiner};
pub use links::Links;

/// What an exchange is in its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A CORS preflight.
    Preflight,
    /// The request itself, or what followed a redirect.
    Actual,
}

/// One exchange in its place in a call.
#[derive(Clone, Debug)]
pub struct Link {
    /// What the exchange is in this call.
    pub role: Role,
    /// The exchange as the browser's side knows it best.
    pub exchange: Arc<Exchange>,
    /// The same request seen at another place, such as behind the load balancer.
    pub also_seen: Few<Arc<Exchange>>,
}

/// Why two exchanges were put into one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// The first is the second's preflight.
    Preflight,
    /// The second follows the first's Location.
    Redirect,
    /// The source says that they belong together (`context.fetch`).
    SameCall,
    /// Both are the same request, seen at two places.
    SameRequest,
}

/// One join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The earlier exchange's id.
    pub from: Id,
    /// The later exchange's id.
    pub to: Id,
    /// What the later one is to the earlier.
    pub kind: JoinKind,
}

/// One call of a page, as far as it was captured: its preflights, its request and every redirect
/// after it, in order of time.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Never empty.
    pub links: Links,
    /// One for each exchange after the first.
    pub joins: Few<Join>,
}

impl Chain {
    /// The chain's name: the id of its first exchange.
    #[must_use]
    pub fn id(&self) -> &str {
        self.links.first().map_or("", |link| &link.exchange.id)
    }

    /// What tied the exchanges of one of its joins together, in plain words: client address, user agent, origin,
    /// URL, time.
    #[must_use]
    pub fn because(&self, join: &Join) -> Vec<String> {
        let called = |id: &Id| self.links.iter().map(|link| &*link.exchange).find(|exchange| exchange.id == *id);
        because::words(join.kind, called(&join.from), called(&join.to))
    }
}
