//! An analysis put in the order in which people read it: one group for each cause, the worst first.

use std::collections::HashSet;
use std::net::SocketAddr;

use crate::analyzer::{Analysis, Call, ChainReport};
use crate::cors::Decision;
use crate::diagnose::{Finding, Fix, Severity};

use super::words::count;

/// What a report says, in its order.
pub(super) struct Outline<'a> {
    pub(super) counts: Counts,
    pub(super) groups: Vec<Group<'a>>,
    /// Findings that are the first of no call: notes, and symptoms of other causes.
    pub(super) noticed: Vec<&'a Finding>,
    /// Calls of no group: allowed ones, and those that are not CORS.
    pub(super) quiet: Vec<&'a Call>,
    pub(super) analysis: &'a Analysis,
}

/// How many calls came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) blocked: u64,
    pub(super) undetermined: u64,
    pub(super) allowed: u64,
    pub(super) not_cors: u64,
}

/// Calls with the same cause.
pub(super) struct Group<'a> {
    pub(super) cause: Cause<'a>,
    /// In order of time.
    pub(super) calls: Vec<&'a Call>,
    pub(super) counts: Counts,
    pub(super) analysis: &'a Analysis,
}

/// Why the calls of a group stand together.
#[derive(Clone, Copy)]
pub(super) enum Cause<'a> {
    /// A root cause.
    Found(&'a Finding),
    /// They are blocked, and corscope does not know why.
    Unidentified,
    /// Not enough was captured to judge them.
    Undetermined,
}

impl Counts {
    pub(crate) fn of<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Self {
        let mut counts = Self::default();
        for call in calls {
            *match call.decision() {
                Decision::Blocked(_) => &mut counts.blocked,
                Decision::Undetermined => &mut counts.undetermined,
                Decision::Allowed => &mut counts.allowed,
                Decision::NotCors => &mut counts.not_cors,
            } += 1;
        }
        counts
    }

    pub(super) fn total(self) -> u64 {
        self.blocked + self.undetermined + self.allowed + self.not_cors
    }
}

impl<'a> Outline<'a> {
    pub(super) fn of(analysis: &'a Analysis) -> Self {
        let mut found: Vec<(&Finding, Vec<&Call>)> =
            analysis.findings.iter().map(|finding| (finding, Vec::new())).collect();
        let (mut unidentified, mut undetermined, mut quiet) = (Vec::new(), Vec::new(), Vec::new());
        for call in analysis.chains.iter() {
            let first = call.findings().iter().find_map(|id| {
                found.iter().position(|(finding, _)| finding.id == *id && finding.severity > Severity::Note)
            });
            match (first.and_then(|at| found.get_mut(at)), call.decision()) {
                (Some((_, calls)), _) => calls.push(call),
                (None, Decision::Blocked(_)) => unidentified.push(call),
                (None, Decision::Undetermined) => undetermined.push(call),
                (None, Decision::Allowed | Decision::NotCors) => quiet.push(call),
            }
        }
        let noticed = found.iter().filter(|(_, calls)| calls.is_empty()).map(|(finding, _)| *finding).collect();
        let causes = found.into_iter().map(|(finding, calls)| (Cause::Found(finding), calls));
        let rest = [(Cause::Unidentified, unidentified), (Cause::Undetermined, undetermined)];
        let mut groups: Vec<Group<'_>> = causes
            .chain(rest)
            .filter(|(_, calls)| !calls.is_empty())
            .map(|(cause, calls)| Group { cause, counts: Counts::of(calls.iter().copied()), calls, analysis })
            .collect();
        groups.sort_by_key(Group::rank);
        Self { counts: Counts::of(analysis.chains.iter()), groups, noticed, quiet, analysis }
    }
}

impl<'a> Group<'a> {
    /// The worst comes first: known causes that block by the number of calls they block, what is
    /// blocked for an unknown cause, what is not known to be blocked, what only may be.
    fn rank(&self) -> (u8, std::cmp::Reverse<u64>) {
        let class = match self.cause {
            Cause::Found(_) if self.counts.blocked > 0 => 0,
            Cause::Unidentified => 1,
            Cause::Found(finding) if finding.severity == Severity::Error => 2,
            Cause::Undetermined => 3,
            Cause::Found(_) => 4,
        };
        (class, std::cmp::Reverse(self.counts.blocked))
    }

    /// The first of the calls that are blocked, or else of all.
    pub(super) fn first(&self) -> Option<ChainReport> {
        let blocked = |call: &&&Call| matches!(call.decision(), Decision::Blocked(_));
        self.calls.iter().find(blocked).or(self.calls.first()).map(|call| self.analysis.report(call))
    }

    /// Which servers answered, to know where something can be changed: `10.0.2.9:8000 answered`.
    pub(super) fn answered(&self) -> Option<String> {
        let links = self.calls.iter().flat_map(|call| &call.chain().links);
        let mut servers: Vec<SocketAddr> = Vec::new();
        for server in links.filter_map(|link| link.exchange.server) {
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
        let first = servers.first()?;
        let others = servers.len() as u64 - 1;
        let more = if others > 0 { format!(" and {}", count(others, "other")) } else { String::new() };
        Some(format!("{first}{more} answered"))
    }

    /// The first calls of each shape, at most `limit`: a thousand calls of one shape need one picture.
    pub(super) fn examples(&self, limit: usize) -> Vec<&'a Call> {
        let mut shapes = HashSet::new();
        self.calls.iter().copied().filter(|call| shapes.insert(call.brief().shape)).take(limit).collect()
    }
}

/// A change to one thing. Calls may need it with different values, such as each page its own
/// origin: then all of its forms are needed, and none of them instead of another.
pub(super) struct Mend<'a> {
    pub(super) server: &'a str,
    pub(super) changes: Vec<&'a str>,
    pub(super) caution: Option<&'a str>,
}

/// Fixes, of which those that differ in a value only are one.
pub(super) fn mends(fixes: &[Fix]) -> Vec<Mend<'_>> {
    let mut mends: Vec<Mend<'_>> = Vec::new();
    for Fix { server, change, caution } in fixes {
        let caution = caution.as_deref();
        match mends.iter_mut().find(|mend| mend.server == *server && mend.caution == caution) {
            Some(mend) => mend.changes.push(change),
            None => mends.push(Mend { server, changes: vec![change], caution }),
        }
    }
    mends
}
