//! The recording and the replay side by side: is the call fixed?

use std::net::IpAddr;

use url::Url;

use super::Done;
use crate::analyzer::ChainReport;
use crate::cors::{Hop, Judgement, Outcome};
use crate::http::Id;

/// What a replay says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Blocked before, allowed now.
    Fixed,
    /// Blocked before and now.
    StillBroken,
    /// Allowed before, blocked now.
    Worse,
    /// Allowed before and now.
    Unchanged,
    /// It cannot be said.
    Undecided,
    /// Not replayed.
    Skipped,
}

/// One call replayed.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The chain's id.
    pub id: Id,
    /// What was asked: method and URL.
    pub asked: (String, String),
    /// What became of the recorded call.
    pub before: Outcome,
    /// What became of it now; `None` where it was not replayed.
    pub after: Option<Judgement>,
    /// What that means.
    pub verdict: Verdict,
    /// What the verdict hangs on, where it may not hold.
    pub proviso: Option<String>,
    /// Why the verdict is as it is.
    pub why: String,
    /// What is other than in the recording, hop by hop.
    pub differences: Vec<Difference>,
}

/// Something that is other than in the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The index of the hop.
    pub hop: usize,
    /// `url`, `status` or `location`.
    pub what: &'static str,
    /// As recorded; `None`: there was none.
    pub before: Option<String>,
    /// As it is now.
    pub after: Option<String>,
}

/// All calls of a replay.
#[derive(Clone, Debug)]
pub struct Run {
    /// The server's URL, as the user gave it.
    pub target: String,
    /// From where the requests came.
    pub sender: Sender,
    /// The calls, in order of time.
    pub calls: Vec<Replayed>,
    /// What was odd.
    pub warnings: Vec<String>,
}

/// From which address the requests came. Servers believe forwarded headers by that address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The address that was used; `None`: whatever the system chose.
    pub bound_to: Option<IpAddr>,
    /// The load balancer's, as the recording shows it.
    pub load_balancer: Option<IpAddr>,
}

impl Sender {
    fn is_the_load_balancer(self) -> bool {
        self.bound_to.is_some() && self.bound_to == self.load_balancer
    }

    /// What a verdict hangs on, when it does not come from the load balancer's address.
    fn proviso(self) -> String {
        let used = self.bound_to.map_or_else(|| "the system's choice".to_owned(), |address| address.to_string());
        match self.load_balancer {
            Some(address) => format!(
                "the requests came from {used}, not from the load balancer's {address}, and servers believe X-Forwarded-Proto by that address: {}",
                way_to(address)
            ),
            None => format!("the requests came from {used}; the recording does not show the load balancer's address"),
        }
    }
}

/// How to replay from an address.
fn way_to(address: IpAddr) -> String {
    if address.is_loopback() {
        return format!("replay with --bind {address}");
    }
    let bits = if address.is_ipv4() { 32 } else { 128 };
    format!("give it to this machine (ip addr add {address}/{bits} dev lo) and replay with --bind {address}")
}

/// A call that was not replayed.
#[must_use]
pub fn skipped(call: &ChainReport, why: String) -> Replayed {
    replayed(call, Verdict::Skipped, why)
}

/// What a finished replay means for a call. With `strict`, what hangs on the address is undecided.
#[must_use]
pub fn compare(call: &ChainReport, done: Done, sender: Sender, strict: bool) -> Replayed {
    match done {
        Done::Undecided { why, judgement } => stopped(call, judgement, Verdict::Undecided, why),
        Done::Withheld { why, judgement } => stopped(call, judgement, Verdict::Skipped, why),
        Done::Judged(after) => judged(call, *after, sender, strict),
    }
}

fn stopped(call: &ChainReport, judgement: Option<Box<Judgement>>, verdict: Verdict, why: String) -> Replayed {
    let differences = judgement.as_ref().map(|after| differences(&call.judgement, after)).unwrap_or_default();
    let after = judgement.map(|judgement| *judgement);
    Replayed { after, differences, ..replayed(call, verdict, why) }
}

fn judged(call: &ChainReport, after: Judgement, sender: Sender, strict: bool) -> Replayed {
    let (verdict, why) = weigh(&call.judgement.verdict.outcome, &after.verdict.outcome);
    let hangs = !sender.is_the_load_balancer() && hangs_on_the_address(call, &after);
    let proviso = hangs.then(|| sender.proviso());
    let (verdict, why) = match &proviso {
        Some(proviso) if strict => (Verdict::Undecided, proviso.clone()),
        _ => (verdict, why),
    };
    let differences = differences(&call.judgement, &after);
    Replayed { after: Some(after), differences, proviso, ..replayed(call, verdict, why) }
}

fn replayed(call: &ChainReport, verdict: Verdict, why: String) -> Replayed {
    let asked = &call.judgement.asked;
    Replayed {
        id: call.chain.id().into(),
        asked: (asked.method.clone(), asked.url.clone()),
        before: call.judgement.verdict.outcome.clone(),
        after: None,
        verdict,
        proviso: None,
        why,
        differences: Vec::new(),
    }
}

fn weigh(before: &Outcome, after: &Outcome) -> (Verdict, String) {
    let still = |outcome: &Outcome| match outcome {
        Outcome::Blocked(failure) => format!("{} at hop {}", failure.error.name(), failure.hop + 1),
        other => other.name().to_owned(),
    };
    match (before, after) {
        (_, Outcome::Undetermined(missing)) => (Verdict::Undecided, missing.clone()),
        (Outcome::Undetermined(missing), _) => (
            Verdict::Undecided,
            format!("{} now, but the recording does not tell what it was before: {missing}", still(after)),
        ),
        (Outcome::Blocked(_), Outcome::Blocked(_)) => {
            (Verdict::StillBroken, format!("blocked now too: {}", still(after)))
        }
        (Outcome::Blocked(_), _) => (Verdict::Fixed, format!("blocked before ({}), allowed now", still(before))),
        (_, Outcome::Blocked(_)) => (Verdict::Worse, format!("allowed before, blocked now: {}", still(after))),
        _ => (Verdict::Unchanged, "allowed before and now".to_owned()),
    }
}

/// Whether the server's own idea of scheme and host shows in what it answers: in a redirect to an
/// absolute URL of the host that was asked.
fn hangs_on_the_address(call: &ChainReport, after: &Judgement) -> bool {
    call.judgement.hops.iter().chain(&after.hops).any(|hop| {
        let location = hop.answer.as_ref().and_then(|answer| Url::parse(answer.location.as_deref()?).ok());
        let asked = Url::parse(&hop.url).ok();
        location.is_some_and(|location| asked.is_some_and(|asked| location.host() == asked.host()))
    })
}

fn differences(before: &Judgement, after: &Judgement) -> Vec<Difference> {
    // What was never asked is no difference.
    let is_over = !matches!(after.verdict.outcome, Outcome::Undetermined(_));
    let answered = after.hops.iter().take_while(|hop| hop.answer.is_some()).count();
    let hops = if is_over { before.hops.len().max(after.hops.len()) } else { answered };
    (0..hops).flat_map(|index| hop_differences(index, before.hops.get(index), after.hops.get(index))).collect()
}

fn hop_differences(hop: usize, before: Option<&Hop>, after: Option<&Hop>) -> Vec<Difference> {
    let url = |hop: &Hop| Some(hop.url.clone());
    let status = |hop: &Hop| Some(hop.answer.as_ref()?.status.to_string());
    let location = |hop: &Hop| hop.answer.as_ref()?.location.clone();
    let both = [
        ("url", before.and_then(url), after.and_then(url)),
        ("status", before.and_then(status), after.and_then(status)),
        ("location", before.and_then(location), after.and_then(location)),
    ];
    let differs = both.into_iter().filter(|(_, before, after)| before != after);
    differs.map(|(what, before, after)| Difference { hop, what, before, after }).collect()
}
