//! Exchanges joined to calls of a page, across TCP connections and load-balancer nodes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::quality::RandomState;

use super::glance::{Glance, MarkKey};
use super::link::{Expected, Requested, Sought, SoughtKey, Tie};
use super::repeated::Repeated;
use super::waiting::Waiting;
use super::{Chain, Join, JoinKind, Link, Role};
use crate::http::{Exchange, Few, Time};

/// A browser sends a request right after its preflight's answer, and follows a redirect at once: a
/// round trip and a new connection later at the most. What comes later is a call of its own.
pub const FOLLOWS_WITHIN: Duration = Duration::from_secs(3);

/// The same request passes two places of one path within this time.
const PASSES_WITHIN: Duration = Duration::from_secs(1);

/// Expectations of one browser for one URL that are kept: more than even thousands of browsers
/// behind one address raise within [`FOLLOWS_WITHIN`]. A hostile capture could raise any number.
const MAX_EXPECTED: usize = 1 << 15;

/// How often expectations that nothing can fulfil any more are dropped, in exchanges.
const SWEEP_EVERY: usize = 8192;

/// Joins exchanges, which must come in the order of their requests' times.
#[derive(Debug, Default)]
pub struct Joiner {
    chains: Vec<Chain>,
    /// The chains that a request would continue, by what it must be.
    expected: HashMap<SoughtKey, Waiting<Expected>, RandomState>,
    /// Chains whose exchanges share a `context.fetch`.
    calls: HashMap<(Arc<str>, String), usize>,
    /// Requests of a short while ago, to know them again at another place.
    passing: HashMap<MarkKey, Waiting<Passing>, RandomState>,
    pushed: usize,
    /// Which marks are worth to be left, where all exchanges to come are known.
    repeated: Option<Repeated>,
}

/// A request that may be seen again. Each that was captured leaves some for a while: memory has no room for as
/// many chains as 32 bits can count.
#[derive(Clone, Copy, Debug)]
struct Passing {
    chain: u32,
    link: u32,
    since: Time,
}

impl Joiner {
    /// Adds one exchange. One without a request, or whose URL cannot be known, is no page's call
    /// and is left out.
    pub fn push(&mut self, exchange: &Arc<Exchange>) {
        if let Some(glance) = Glance::at(exchange) {
            self.push_known(Arc::clone(exchange), &glance);
        }
    }

    /// One for exchanges that are all known, and at most so many.
    pub fn of<'a>(glances: impl Iterator<Item = &'a Glance>, most: usize) -> Self {
        Self { chains: Vec::with_capacity(most), repeated: Some(Repeated::among(glances, most)), ..Self::default() }
    }

    /// Adds an exchange at which it was glanced; says whether it is a link of a chain now, and not only another
    /// sight of one.
    pub fn push_known(&mut self, exchange: Arc<Exchange>, glance: &Glance) -> bool {
        self.pushed += 1;
        if self.pushed.is_multiple_of(SWEEP_EVERY) {
            self.sweep(glance.time);
        }
        if glance.names_its_call && self.joins_call(&exchange, glance.role) {
            return true;
        }
        if self.is_seen_again(&exchange, glance) {
            return false;
        }
        let continued = self.continued(&exchange, glance);
        let sequel = glance.may_go_on.then(|| Arc::clone(&exchange));
        let link = Link { role: glance.role, exchange, also_seen: Few::new() };
        let (place, keeps_origin) = match continued {
            Some((index, join, tie)) => {
                self.append(index, link, join);
                (index, tie.keeps_origin)
            }
            None => (self.begin(link), false),
        };
        self.remember(place, glance);
        if let Some(exchange) = sequel {
            self.expect(place, exchange, glance, keeps_origin);
        }
        true
    }

    /// Every chain, in the order in which they began.
    #[must_use]
    pub fn finish(self) -> Vec<Chain> {
        self.chains
    }

    fn begin(&mut self, link: Link) -> usize {
        self.chains.push(Chain { links: link.into(), joins: Few::new() });
        self.chains.len() - 1
    }

    fn append(&mut self, index: usize, link: Link, join: Join) {
        if let Some(chain) = self.chains.get_mut(index) {
            chain.links.push(link);
            chain.joins.push(join);
        }
    }

    /// The source itself says which exchanges belong together.
    fn joins_call(&mut self, exchange: &Arc<Exchange>, role: Role) -> bool {
        let Some(call) = exchange.extras.context.as_ref().and_then(|context| context.fetch.clone()) else {
            return false;
        };
        let link = Link { role, exchange: Arc::clone(exchange), also_seen: Few::new() };
        let key = (Arc::clone(&exchange.source), call);
        let Some(&index) = self.calls.get(&key) else {
            let index = self.begin(link);
            self.calls.insert(key, index);
            return true;
        };
        let last = self.chains.get(index).and_then(|chain| chain.links.last());
        let from = last.map_or_else(|| exchange.id.clone(), |last| last.exchange.id.clone());
        self.append(index, link, Join { from, to: exchange.id.clone(), kind: JoinKind::SameCall });
        true
    }

    /// The chain that this request continues: of those that were let on the one that has waited
    /// longest.
    fn continued(&mut self, exchange: &Exchange, glance: &Glance) -> Option<(usize, Join, Tie)> {
        let ties = || Tie::of(glance.role).map(|tie| (glance.sought.tied(tie), tie));
        if !ties().any(|(sought, _)| self.expected.contains_key(&sought)) {
            return None;
        }
        let requested = Requested::of(exchange)?;
        ties().find_map(|(sought, tie)| {
            let expected = self.take(sought, &requested, glance.role, tie)?;
            let join = Join { from: expected.from.id.clone(), to: exchange.id.clone(), kind: tie.kind };
            Some((expected.chain, join, tie))
        })
    }

    fn take(&mut self, sought: SoughtKey, requested: &Requested<'_>, role: Role, tie: Tie) -> Option<Expected> {
        let Self { expected, chains, .. } = self;
        let waiting = expected.get_mut(&sought)?;
        // A redirect raises several expectations, of which one can be met.
        let is_open = |expected: &Expected| {
            requested.time.since(expected.since) <= FOLLOWS_WITHIN
                && chains.get(expected.chain).is_some_and(|chain| chain.links.len() == expected.links)
        };
        waiting.drop_while(|expected| !is_open(expected));
        let met = waiting.take(|expected| is_open(expected) && expected.is_met_by(requested, role, tie));
        if waiting.is_empty() {
            expected.remove(&sought);
        }
        met
    }

    /// What would continue the chain after this exchange. `keeps_origin`: it is a preflight whose request has
    /// the origin null.
    fn expect(&mut self, chain: usize, exchange: Arc<Exchange>, glance: &Glance, keeps_origin: bool) {
        let links = self.chains.get(chain).map_or(0, |chain| chain.links.len());
        let since = glance.answered.unwrap_or(glance.time);
        let expected = Expected { chain, links, since, from: exchange };
        match glance.role {
            Role::Preflight => {
                let tie = Tie { kind: JoinKind::Preflight, is_let_on: glance.is_let_on, keeps_origin: false };
                let tainted = || Some(Sought::by(&Requested::of(&expected.from)?, Role::Preflight).tainted().key());
                let sought = keeps_origin.then(tainted).flatten().unwrap_or(glance.sought);
                self.wait(sought.tied(tie), expected);
            }
            Role::Actual => expected.after_redirect().into_iter().for_each(|(sought, it)| self.wait(sought, it)),
        }
    }

    fn wait(&mut self, sought: SoughtKey, expected: Expected) {
        let waiting = self.expected.entry(sought).or_default();
        if waiting.len() == MAX_EXPECTED {
            waiting.take_oldest();
        }
        waiting.push(expected);
    }

    /// The same request, captured at another place: behind the load balancer, in a second file.
    fn is_seen_again(&mut self, exchange: &Arc<Exchange>, glance: &Glance) -> bool {
        let passing = glance.marks_sought().find_map(|mark| self.passes(mark, exchange, glance.time));
        let Some(passing) = passing else { return false };
        let Some(chain) = self.chains.get_mut(passing.chain as usize) else { return false };
        let Some(link) = chain.links.get_mut(passing.link as usize) else { return false };
        chain.joins.push(Join { from: link.exchange.id.clone(), to: exchange.id.clone(), kind: JoinKind::SameRequest });
        link.also_seen.push(Arc::clone(exchange));
        // At a third place it is known by the trace id that it has here.
        if let Some(trace) = glance.trace() {
            self.leave(trace, passing);
        }
        true
    }

    /// What passes under this mark and is this request. One of several alike is taken for one: the
    /// next that looks like it is the next one's.
    fn passes(&mut self, mark: MarkKey, exchange: &Exchange, time: Time) -> Option<Passing> {
        let Self { passing, chains, .. } = self;
        let alike = passing.get_mut(&mark)?;
        let seen = |passing: &Passing| {
            let link = chains.get(passing.chain as usize).and_then(|chain| chain.links.get(passing.link as usize));
            link.map(|link| &*link.exchange)
        };
        // Its answer passes after the answer passed further in.
        let is_open = |passing: &Passing| {
            let in_time = time.since(passing.since) <= PASSES_WITHIN;
            in_time && seen(passing).and_then(answered).is_none_or(|until| time <= until)
        };
        alike.drop_while(|passing| !is_open(passing));
        alike.take(|passing| is_open(passing) && seen(passing).is_some_and(|seen| is_elsewhere(seen, exchange)))
    }

    fn leave(&mut self, mark: MarkKey, passing: Passing) {
        if self.repeated.as_ref().is_none_or(|repeated| repeated.may_hold(mark)) {
            self.passing.entry(mark).or_default().push(passing);
        }
    }

    fn remember(&mut self, chain: usize, glance: &Glance) {
        let link = self.chains.get(chain).map_or(0, |chain| chain.links.len().saturating_sub(1));
        let (Ok(chain), Ok(link)) = (chain.try_into(), link.try_into()) else { return };
        for mark in glance.marks_left() {
            self.leave(mark, Passing { chain, link, since: glance.time });
        }
    }

    fn sweep(&mut self, now: Time) {
        self.expected.retain(|_, waiting| {
            waiting.drop_all(|expected| now.since(expected.since) > FOLLOWS_WITHIN);
            !waiting.is_empty()
        });
        // What is known at a third place is left again behind younger ones.
        self.passing.retain(|_, alike| {
            alike.drop_all(|passing| now.since(passing.since) > PASSES_WITHIN);
            !alike.is_empty()
        });
    }
}

/// When its answer passed.
fn answered(exchange: &Exchange) -> Option<Time> {
    exchange.response.as_ref().map(|response| response.end_time.unwrap_or(response.time))
}

/// Whether the two were captured at different places.
fn is_elsewhere(seen: &Exchange, exchange: &Exchange) -> bool {
    seen.source != exchange.source || seen.connection != exchange.connection
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Context;
    use crate::http::testing::{Builder, exchange};

    const PAGE: &str = "https://client.example";
    const ITEMS: &str = "https://request.example/items";
    const SLASH: &str = "https://request.example/items/";

    fn get(url: &str) -> Builder {
        exchange("GET", url).page(PAGE).behind_balancer()
    }

    fn preflight(url: &str, method: &str) -> Builder {
        exchange("OPTIONS", url).page(PAGE).behind_balancer().header("Access-Control-Request-Method", method)
    }

    fn joined(exchanges: impl IntoIterator<Item = Builder>) -> Vec<Vec<String>> {
        let mut joiner = Joiner::default();
        for (index, builder) in exchanges.into_iter().enumerate() {
            joiner.push(&builder.id(&index.to_string()).shared());
        }
        let ids = |chain: &Chain| chain.links.iter().map(|link| link.exchange.id.to_string()).collect();
        joiner.finish().iter().map(ids).collect()
    }

    #[test]
    fn a_preflight_belongs_to_the_request_it_asked_for() {
        let chains = joined([
            preflight(ITEMS, "PUT").header("Access-Control-Request-Headers", "x-a"),
            exchange("PUT", ITEMS).page(PAGE).behind_balancer().header("X-A", "1").at(10),
        ]);
        assert_eq!(chains, [["0", "1"]]);
    }

    #[test]
    fn a_request_without_the_headers_asked_for_is_another_call() {
        let chains = joined([
            preflight(ITEMS, "GET").header("Access-Control-Request-Headers", "authorization"),
            get(ITEMS).at(10),
        ]);
        assert_eq!(chains.len(), 2);
    }

    #[test]
    fn a_preflight_after_a_redirect_may_keep_the_pages_origin() {
        const OTHER: &str = "https://other.example/x";
        let redirect = || get(ITEMS).header("X-A", "1").status(307).answer("Location", OTHER);
        let asks = |page: &str| {
            let preflight = exchange("OPTIONS", OTHER).page(page).behind_balancer();
            preflight.header("Access-Control-Request-Method", "GET").header("Access-Control-Request-Headers", "x-a")
        };
        let request = |page: &str| exchange("GET", OTHER).page(page).behind_balancer().header("X-A", "1").at(30);
        assert_eq!(joined([redirect(), asks("null").at(10), request("null")]), [["0", "1", "2"]]);
        assert_eq!(joined([redirect(), asks(PAGE).at(10), request("null")]), [["0", "1", "2"]], "as in Firefox");
        assert_eq!(joined([redirect(), request(PAGE)]).len(), 2, "the request itself never does");
    }

    #[test]
    fn what_is_expected_is_bounded() {
        let mut joiner = Joiner::default();
        let most = |joiner: &Joiner| joiner.expected.values().map(Waiting::len).max();
        for _ in 0..=MAX_EXPECTED {
            joiner.push(&preflight(ITEMS, "PUT").shared());
        }
        assert_eq!(most(&joiner), Some(MAX_EXPECTED));
        joiner.push(&exchange("PUT", ITEMS).page(PAGE).behind_balancer().at(10).shared());
        assert_eq!(most(&joiner), Some(MAX_EXPECTED - 1));
    }

    #[test]
    fn a_redirect_is_followed_across_connections() {
        let chains = joined([get(ITEMS).status(307).answer("Location", "/items/"), get(SLASH).at(10)]);
        assert_eq!(chains, [["0", "1"]]);
    }

    #[test]
    fn a_later_request_to_the_same_url_is_a_call_of_its_own() {
        let redirect = || get(ITEMS).status(307).answer("Location", "/items/");
        assert_eq!(joined([redirect(), get(SLASH).at(4_000)]).len(), 2, "too late");
        assert_eq!(joined([redirect(), get(SLASH).at(10), get(SLASH).at(20)]).len(), 2, "followed already");
        let other_agent = exchange("GET", SLASH).header("User-Agent", "curl").behind_balancer().at(10);
        assert_eq!(joined([redirect(), other_agent]).len(), 2, "another program");
    }

    #[test]
    fn after_a_detour_over_http_the_origin_is_null() {
        let downgrade = || get(ITEMS).status(307).answer("Location", "http://request.example/items/");
        assert_eq!(joined([downgrade(), get(SLASH).at(10)]).len(), 2, "a call of its own: its Origin is the page's");
        let followed = exchange("GET", SLASH).page("null").behind_balancer().at(10);
        assert_eq!(joined([downgrade(), followed]), [["0", "1"]]);
    }

    #[test]
    fn the_request_after_a_redirect_may_have_a_preflight_of_its_own() {
        let chains = joined([
            preflight(ITEMS, "PUT"),
            exchange("PUT", ITEMS).page(PAGE).behind_balancer().at(5).status(307).answer("Location", "/items/"),
            preflight(SLASH, "PUT").at(10),
            exchange("PUT", SLASH).page(PAGE).behind_balancer().at(15),
        ]);
        assert_eq!(chains, [["0", "1", "2", "3"]]);
    }

    #[test]
    fn concurrent_calls_are_paired_in_order() {
        let redirect = |at| get(ITEMS).at(at).status(307).answer("Location", "/items/");
        let chains = joined([redirect(0), redirect(1), get(SLASH).at(10), get(SLASH).at(11)]);
        assert_eq!(chains, [["0", "2"], ["1", "3"]]);
    }

    #[test]
    fn what_was_refused_and_tried_again_goes_on_from_the_second_try() {
        let refused = preflight(ITEMS, "PUT").status(503);
        let again = preflight(ITEMS, "PUT").shared_with(PAGE).at(500);
        let put = exchange("PUT", ITEMS).page(PAGE).behind_balancer().at(510);
        assert_eq!(joined([refused, again, put]), [vec!["0"], vec!["1", "2"]]);
        let redirect = || get(ITEMS).status(307).answer("Location", "/items/");
        let chains = joined([redirect(), redirect().shared_with(PAGE).at(500), get(SLASH).at(510)]);
        assert_eq!(chains, [vec!["0"], vec!["1", "2"]]);
    }

    #[test]
    fn what_waits_in_vain_is_passed_over_however_much_it_is() {
        const CALLS: u64 = 20_000;
        let url = "http://request.example/items/";
        let http = |origin: &str| exchange("GET", url).header("Origin", origin).behind_balancer();
        let redirect = |at| {
            let call = exchange("GET", ITEMS).header("Origin", "http://client.example").behind_balancer();
            call.at(at).status(307).answer("Location", url)
        };
        let redirects = (0..CALLS).map(|call| redirect(call / 20));
        let followed = (0..CALLS).map(|call| http("null").at(1_100 + call / 20));
        let late = exchange("GET", SLASH).header("Origin", "null").behind_balancer().at(2_200);
        let chains = joined(redirects.chain(followed).chain([late]));
        assert_eq!(chains.len() as u64, CALLS + 1);
    }

    #[test]
    fn two_places_of_one_request_are_one_hop() {
        let mut joiner = Joiner::default();
        let trace = "Root=1-6b03ec83-e3103c6a9e2a034c184068a1";
        let mut outer = get(ITEMS).header("X-Amzn-Trace-Id", trace).id("0").build();
        outer.response.as_mut().unwrap().time = crate::http::testing::at(9);
        let mut inner = get(ITEMS).header("X-Amzn-Trace-Id", trace).id("1").at(2).build();
        inner.carrier_mut().connection = 1;
        joiner.push(&Arc::new(outer));
        joiner.push(&Arc::new(inner));
        let chains = joiner.finish();
        assert_eq!(chains.len(), 1);
        assert_eq!(chains[0].links[0].also_seen.len(), 1);
    }

    #[test]
    fn requests_alike_are_each_seen_once_further_in() {
        let mut joiner = Joiner::default();
        let direct = |id: &str, at| exchange("GET", ITEMS).page(PAGE).id(id).at(at);
        for (connection, builder) in
            [direct("0", 0), direct("1", 1), get(ITEMS).id("2").at(2), get(ITEMS).id("3").at(3)].into_iter().enumerate()
        {
            let mut exchange = builder.build();
            exchange.carrier_mut().connection = connection as u64;
            exchange.carrier_mut().client = "203.0.113.50:50000".parse().ok();
            exchange.response.as_mut().unwrap().time = crate::http::testing::at(9);
            joiner.push(&Arc::new(exchange));
        }
        let chains = joiner.finish();
        let seen: Vec<usize> = chains.iter().map(|chain| chain.links[0].also_seen.len()).collect();
        assert_eq!(seen, [1, 1]);
    }

    #[test]
    fn a_trace_id_that_is_passed_on_makes_no_second_place() {
        let mut joiner = Joiner::default();
        let traced = |builder: Builder| builder.header("X-Amzn-Trace-Id", "Root=1-0-0");
        let mut outer = traced(get(ITEMS)).id("0").build();
        outer.response.as_mut().unwrap().time = crate::http::testing::at(9);
        let service = exchange("GET", "http://stock.internal/items").header("User-Agent", "python-requests").at(2);
        let mut inner = traced(service).id("1").build();
        inner.carrier_mut().connection = 1;
        joiner.push(&Arc::new(outer));
        joiner.push(&Arc::new(inner));
        assert_eq!(joiner.finish().len(), 2);
    }

    #[test]
    fn what_the_source_says_belongs_together_is_together() {
        let call = |name: &str| Context { fetch: Some(name.to_owned()), ..Context::default() };
        let chains =
            joined([get(ITEMS).context(call("a")), get(SLASH).context(call("b")), get(SLASH).context(call("a"))]);
        assert_eq!(chains, [vec!["0", "2"], vec!["1"]]);
    }
}
