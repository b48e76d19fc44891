//! Which calls are over: no request that could continue them is to be expected any more.

use std::time::Duration;

use corscope::analyzer::Call;
use corscope::chain::{FOLLOWS_WITHIN, Role};
use corscope::http::Time;

/// How long the answer is waited for of a request that may continue a call: the idle timeout of an
/// AWS load balancer, unless set otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether nothing is going to continue a call; `waiting` are the times of the requests that are
/// still without their answers.
pub(super) fn is_settled(call: &Call, now: Time, waiting: &[Time]) -> bool {
    let Some(end) = end(call) else { return true };
    let since = now.since(end);
    if since <= FOLLOWS_WITHIN || since > PATIENCE {
        return since > PATIENCE;
    }
    let may_continue = |began: &Time| *began >= end && began.since(end) <= FOLLOWS_WITHIN;
    !(may_go_on(call) && waiting.iter().any(may_continue))
}

/// When the last of it was seen.
fn end(call: &Call) -> Option<Time> {
    let exchange = &call.chain().links.last()?.exchange;
    let response = exchange.response.as_ref().map(|response| response.time);
    response.or_else(|| exchange.request.as_ref().map(|request| request.time))
}

/// A preflight is followed by its request, a redirect by the next one.
fn may_go_on(call: &Call) -> bool {
    call.chain().links.last().is_some_and(|link| {
        let status = link.exchange.response.as_ref().map(|response| response.status);
        link.role == Role::Preflight || status.is_some_and(|status| (300..400).contains(&status))
    })
}

#[cfg(test)]
mod tests {
    use corscope::analyzer::{Options, analyze_exchanges};

    use super::*;
    use crate::watch::testing::{Call as Made, exchanges};

    /// Whether a call of the second 10 is over at another, in milliseconds, while requests wait.
    fn settles(call: Made, now: u32, waiting: &[u32]) -> bool {
        let exchanges = exchanges(&[call]).into_iter().map(std::sync::Arc::new).collect();
        let analysis = analyze_exchanges(Vec::new(), exchanges, &Options::default());
        let time = |milliseconds: &u32| {
            let start = Time::parse("2026-11-23T07:00:00Z").unwrap().nanoseconds();
            Time::from_nanoseconds(start + i128::from(*milliseconds) * 1_000_000, 3)
        };
        is_settled(&analysis.chains[0], time(&now), &waiting.iter().map(time).collect::<Vec<_>>())
    }

    #[test]
    fn a_call_is_over_when_nothing_can_follow_any_more() {
        assert!(!settles(Made::at(10), 13_000, &[]));
        assert!(settles(Made::at(10), 13_001, &[]));
    }

    #[test]
    fn a_redirect_waits_for_a_request_that_may_have_followed_it() {
        let redirect = || Made::at(10).redirected("/b");
        assert!(!settles(redirect(), 20_000, &[10_500]));
        // One from before, or from too late, is another call's.
        assert!(settles(redirect(), 20_000, &[9_000, 13_500]));
        // Nothing follows an answer that is no redirect.
        assert!(settles(Made::at(10), 20_000, &[10_500]));
        // Not for ever.
        assert!(settles(redirect(), 71_000, &[10_500]));
    }
}
