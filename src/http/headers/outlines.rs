//! The outlines that came up: each is kept once, and a head that has one of them is read along it, line by line.

use std::sync::Arc;

use super::known::Guess;
use super::outline::{BEHIND_NAME, Outline};

/// Bytes that outlines and the way to them may take at once: those of some hundred programs.
const MAX_ROOM: usize = 512 << 10;

/// Lines that are remembered to have come behind the same lines.
const MAX_NEXT: usize = 32;

/// Heads that there was no room for, after which it is given to others.
const MAX_REFUSED: usize = 4096;

/// A tree of names, whose every path is the beginning of a head that came up.
#[derive(Clone, Debug, Default)]
pub(super) struct Outlines {
    /// The first is the beginning of all.
    steps: Vec<Step>,
    /// Bytes that they take.
    room: usize,
    refused: usize,
}

/// A line behind those that lead to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// Its name and [`BEHIND_NAME`].
    name: Box<str>,
    /// What came next.
    next: Vec<usize>,
    /// Of heads that end with this line.
    outline: Option<Arc<Outline>>,
    /// Such a head was read by a strict parser.
    is_plain: bool,
    /// What its value may be.
    pub(super) guess: Guess,
    /// No value of it is kept as it is.
    pub(super) is_secret: bool,
}

impl Step {
    /// The name of the line.
    pub(super) fn name(&self) -> &str {
        self.name.strip_suffix(BEHIND_NAME).unwrap_or_default()
    }
}

impl Outlines {
    /// Where heads begin.
    pub(super) const START: usize = 0;

    /// The line that a section goes on with, if it is one that came up in plain heads behind that line: which
    /// it is, and how long its name is, with what stands behind it.
    pub(super) fn follow(&self, from: usize, section: &[u8]) -> Option<(usize, usize)> {
        self.steps.get(from)?.next.iter().find_map(|&next| {
            let step = self.steps.get(next)?;
            (section.starts_with(step.name.as_bytes()) && step.is_plain).then_some((next, step.name.len()))
        })
    }

    /// What is known of that line.
    pub(super) fn step(&mut self, at: usize) -> Option<&mut Step> {
        self.steps.get_mut(at)
    }

    /// What values may be is not known any more.
    pub(super) fn forget_guesses(&mut self) {
        self.steps.iter_mut().for_each(|step| step.guess = Guess::default());
    }

    /// The outline of heads that end with that line.
    pub(super) fn outline(&self, at: usize) -> Option<Arc<Outline>> {
        self.steps.get(at)?.outline.clone()
    }

    /// The outline of those names, which end where `ends` says. `is_plain` says that a strict parser took the
    /// whole head, `is_secret` whose values are secrets.
    pub(super) fn of(
        &mut self,
        names: &str,
        ends: &[u32],
        is_plain: bool,
        is_secret: impl Fn(&str) -> bool,
    ) -> Arc<Outline> {
        let step = self.step_of(names, ends, is_plain, is_secret);
        if let Some(known) = step.and_then(|at| self.outline(at)) {
            return known;
        }
        let outline = Outline::new(names, ends);
        let Some(step) = step.and_then(|at| self.steps.get_mut(at)) else {
            self.refuse();
            return Arc::new(outline);
        };
        let outline = Arc::new(outline.indexed());
        self.room += outline.memory_of_many();
        step.outline = Some(Arc::clone(&outline));
        outline
    }

    /// The step that those names lead to, made where there is none yet; `None` where there is no room for it.
    fn step_of(
        &mut self,
        names: &str,
        ends: &[u32],
        is_plain: bool,
        is_secret: impl Fn(&str) -> bool,
    ) -> Option<usize> {
        if self.steps.is_empty() {
            self.steps.push(Step::default());
        }
        let (mut at, mut start) = (Self::START, 0);
        for &end in ends {
            let name = names.get(start..end as usize)?;
            at = self.next_called(at, name).or_else(|| self.add(at, name, is_secret(name)))?;
            self.steps.get_mut(at)?.is_plain |= is_plain;
            start = end as usize;
        }
        Some(at)
    }

    /// Bytes that they take.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.room
    }

    fn next_called(&self, at: usize, name: &str) -> Option<usize> {
        let is_called = |next: usize| self.steps.get(next).is_some_and(|step| step.name() == name);
        self.steps.get(at)?.next.iter().copied().find(|&next| is_called(next))
    }

    fn add(&mut self, behind: usize, name: &str, is_secret: bool) -> Option<usize> {
        let added = self.steps.len();
        let room = self.room + size_of::<Step>() + name.len();
        let next = &mut self.steps.get_mut(behind)?.next;
        if room > MAX_ROOM || next.len() == MAX_NEXT {
            return None;
        }
        next.push(added);
        self.room = room;
        self.steps.push(Step { name: [name, BEHIND_NAME].concat().into(), is_secret, ..Step::default() });
        Some(added)
    }

    fn refuse(&mut self) {
        self.refused += 1;
        if self.refused > MAX_REFUSED {
            // Other programs write by now.
            *self = Self::default();
        }
    }
}
