//! What joining has to know of every exchange, and can be told without the others.

use std::hash::Hash;
use std::net::IpAddr;

use super::Role;
use super::link::{Requested, Sought, SoughtKey};
use crate::http::{Exchange, Response, Time, Vantage, fingerprint};

/// One exchange as joining sees it first.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    pub(super) time: Time,
    pub(super) role: Role,
    /// When its answer came.
    pub(super) answered: Option<Time>,
    /// Something may follow it.
    pub(super) may_go_on: bool,
    /// The answer to a preflight lets the page go on.
    pub(super) is_let_on: bool,
    /// The source itself says which call it belongs to.
    pub(super) names_its_call: bool,
    vantage: Vantage,
    /// What it may continue, whatever ties it to that.
    pub(super) sought: SoughtKey,
    trace: Option<MarkKey>,
    request: MarkKey,
}

/// By what the same request is known at another place: also by the program that made it and the page
/// it was made for, since a service that asks another on behalf of a request passes its trace id on,
/// and is no other place of it.
#[derive(Hash)]
struct Mark<'a> {
    by: MarkedBy<'a>,
    method: &'a str,
    user_agent: Option<&'a str>,
    origin: Option<&'a str>,
}

#[derive(Hash)]
enum MarkedBy<'a> {
    /// The load balancer's trace id, which every request gets anew.
    Trace(&'a str),
    /// Browser and URL, for the place before the load balancer.
    Request(Option<IpAddr>, &'a str),
}

/// A mark's fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct MarkKey(pub(super) u64);

impl Glance {
    /// `None` where an exchange is left out: without a request, or one whose URL cannot be known, it is no
    /// page's call.
    #[must_use]
    pub fn at(exchange: &Exchange) -> Option<Self> {
        let requested = Requested::of(exchange)?;
        let response = exchange.response.as_ref();
        let role = if exchange.is_preflight() { Role::Preflight } else { Role::Actual };
        let trace = requested.headers.first("x-amzn-trace-id").map(MarkedBy::Trace);
        let request = MarkedBy::Request(requested.client, &requested.url);
        Some(Self {
            time: requested.time,
            role,
            answered: response.map(|response| response.time),
            may_go_on: role == Role::Preflight || response.is_some_and(Response::is_redirect),
            is_let_on: response.is_some_and(Response::lets_on),
            names_its_call: exchange.extras.context.as_ref().is_some_and(|context| context.fetch.is_some()),
            vantage: exchange.vantage,
            sought: Sought::by(&requested, role).key(),
            trace: trace.map(|by| MarkKey::of(by, &requested)),
            request: MarkKey::of(request, &requested),
        })
    }

    /// All marks that it bears.
    pub(super) fn marks(&self) -> impl Iterator<Item = MarkKey> {
        self.trace.into_iter().chain([self.request])
    }

    /// By what it may have been seen before it came here.
    pub(super) fn marks_sought(&self) -> impl Iterator<Item = MarkKey> {
        [self.trace, self.is_behind().then_some(self.request)].into_iter().flatten()
    }

    /// By what it may be known again further in.
    pub(super) fn marks_left(&self) -> impl Iterator<Item = MarkKey> {
        [self.trace, (!self.is_behind()).then_some(self.request)].into_iter().flatten()
    }

    /// Whether it was captured behind the load balancer.
    fn is_behind(&self) -> bool {
        self.vantage == Vantage::Backend
    }

    /// By what it is known at a third place.
    pub(super) fn trace(&self) -> Option<MarkKey> {
        self.trace
    }
}

impl MarkKey {
    fn of(by: MarkedBy<'_>, requested: &Requested<'_>) -> Self {
        let Requested { method, user_agent, origin, .. } = *requested;
        Self(fingerprint(&Mark { by, method, user_agent, origin }))
    }
}
