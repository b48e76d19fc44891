//! What waits under one key, the oldest first.

use std::collections::VecDeque;

/// Nearly always one waits, and nearly every request that is captured makes something wait: a queue would
/// take room for several.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    oldest: Option<T>,
    #[expect(clippy::box_collection, reason = "what counts is the room that an empty one takes")]
    others: Option<Box<VecDeque<T>>>,
}

impl<T> Waiting<T> {
    pub(super) fn push(&mut self, item: T) {
        if self.oldest.is_none() {
            self.oldest = Some(item);
        } else {
            self.others.get_or_insert_default().push_back(item);
        }
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.oldest.is_some()) + self.others.as_ref().map_or(0, |others| others.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.oldest.is_none()
    }

    /// Drops those at the front that are none any more.
    pub(super) fn drop_while(&mut self, is_over: impl Fn(&T) -> bool) {
        while self.oldest.as_ref().is_some_and(&is_over) {
            self.take_oldest();
        }
    }

    /// Drops those that are none any more, wherever they stand.
    pub(super) fn drop_all(&mut self, is_over: impl Fn(&T) -> bool) {
        if let Some(others) = &mut self.others {
            others.retain(|item| !is_over(item));
        }
        self.drop_while(is_over);
    }

    /// Takes the first that this holds for.
    pub(super) fn take(&mut self, is_it: impl Fn(&T) -> bool) -> Option<T> {
        if self.oldest.as_ref().is_some_and(&is_it) {
            return self.take_oldest();
        }
        let others = self.others.as_mut()?;
        others.remove(others.iter().position(is_it)?)
    }

    pub(super) fn take_oldest(&mut self) -> Option<T> {
        let next = self.others.as_mut().and_then(|others| others.pop_front());
        std::mem::replace(&mut self.oldest, next)
    }
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { oldest: None, others: None }
    }
}
