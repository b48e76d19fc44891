//! A redirect loop makes a browser ask the same again twenty times: what repeats is shown once.

use crate::cors::{Hop, Judgement};

/// A loop of more hops than this is not looked for: what people meet goes round two URLs.
const LONGEST: usize = 4;

/// Fewer hops than this are not worth a line that stands for them.
const FEWEST: usize = 3;

/// What is shown of a call, in its order.
pub(super) enum Shown<'a> {
    /// A hop and its index.
    Hop(usize, &'a Hop),
    /// The hops before it, again.
    Again(Again),
}

/// Hops that say what those before them said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Again {
    /// The index of the first of them.
    from: usize,
    /// How many hops come again.
    hops: usize,
    /// How often.
    times: usize,
}

impl Again {
    /// `hops 3 to 20: the same 2 hops 9 more times`
    pub(super) fn said(self) -> String {
        let (first, last) = (self.from + 1, self.from + self.hops * self.times);
        let what = if self.hops == 1 { "hop".to_owned() } else { format!("{} hops", self.hops) };
        let times = if self.times == 1 { "once more".to_owned() } else { format!("{} more times", self.times) };
        format!("hops {first} to {last}: the same {what} {times}")
    }
}

/// Every hop. Without `all`, what repeats is folded; the hop at which the call fails and the one where
/// the headers drop off are not.
pub(super) fn shown(judgement: &Judgement, all: bool) -> Vec<Shown<'_>> {
    let hops = &judgement.hops;
    let marks = [
        judgement.verdict.outcome.failure().map(|failure| failure.hop),
        judgement.drop_off.as_ref().map(|drop_off| drop_off.hop),
    ];
    let mut shown = Vec::new();
    let mut at = 0;
    while let Some(hop) = hops.get(at) {
        // No further than to the next hop that is marked.
        let end = marks.into_iter().flatten().filter(|mark| *mark >= at).min().unwrap_or(hops.len());
        let again = hops.get(..end.min(hops.len())).filter(|_| !all).and_then(|hops| again(hops, at));
        if let Some(again) = again {
            at += again.hops * again.times;
            shown.push(Shown::Again(again));
        } else {
            shown.push(Shown::Hop(at, hop));
            at += 1;
        }
    }
    shown
}

/// Whether the hops from there on repeat those before them: the shortest loop.
fn again(hops: &[Hop], from: usize) -> Option<Again> {
    let rest = hops.get(from..)?;
    (1..=LONGEST).find_map(|length| {
        let before = hops.get(from.checked_sub(length)?..from)?;
        let is_again = |round: &&[Hop]| round.iter().zip(before).all(|(hop, earlier)| is_same(hop, earlier));
        let times = rest.chunks_exact(length).take_while(is_again).count();
        (times * length >= FEWEST).then_some(Again { from, hops: length, times })
    })
}

/// Whether two hops say the same, but for the frames that show them.
fn is_same(hop: &Hop, other: &Hop) -> bool {
    let asked = |hop: &Hop| (hop.role, hop.answered_by, hop.check, hop.exchange.is_some());
    asked(hop) == asked(other)
        && hop.method == other.method
        && hop.url == other.url
        && hop.origin == other.origin
        && hop.answer == other.answer
        && hop.missing == other.missing
        && hop.inferred_because == other.inferred_because
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Role;
    use crate::cors::{AnsweredBy, Check, Error, Failure, Outcome};
    use crate::http::Few;

    fn hop(url: &str) -> Hop {
        Hop {
            role: Role::Actual,
            method: "GET".to_owned(),
            url: url.to_owned(),
            origin: None,
            exchange: None,
            also_seen: Few::new(),
            answered_by: AnsweredBy::Backend,
            answer: None,
            needed: Vec::new(),
            missing: Vec::new(),
            check: Check::Pass,
            inferred_because: None,
        }
    }

    fn told(urls: &[&str], all: bool) -> Vec<String> {
        let mut judgement = Judgement { hops: urls.iter().map(|url| hop(url)).collect(), ..Judgement::default() };
        let (error, parameter) = (Error::TooManyRedirects, String::new());
        judgement.verdict.outcome = Outcome::Blocked(Failure { error, parameter, hop: urls.len() - 1 });
        let tell = |shown| match shown {
            Shown::Hop(at, hop) => format!("{} {}", at + 1, hop.url),
            Shown::Again(again) => again.said(),
        };
        shown(&judgement, all).into_iter().map(tell).collect()
    }

    #[test]
    fn what_repeats_is_shown_once_and_the_end_by_itself() {
        assert_eq!(told(&["a"; 21], false), ["1 a", "hops 2 to 20: the same hop 19 more times", "21 a"]);
        let two = ["a", "b"].repeat(10);
        assert_eq!(told(&two, false), ["1 a", "2 b", "hops 3 to 18: the same 2 hops 8 more times", "19 a", "20 b"]);
        let three = ["x", "a", "b", "c", "a", "b", "c", "d"];
        assert_eq!(told(&three, false), ["1 x", "2 a", "3 b", "4 c", "hops 5 to 7: the same 3 hops once more", "8 d"]);
    }

    #[test]
    fn all_of_it_is_shown_where_that_was_asked_for_and_where_little_repeats() {
        assert_eq!(told(&["a"; 21], true).len(), 21);
        assert_eq!(told(&["a", "a", "a", "b"], false), ["1 a", "2 a", "3 a", "4 b"]);
    }
}
