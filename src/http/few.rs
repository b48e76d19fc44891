//! What an exchange nearly never has any of: it takes the room of a pointer there.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A list that is nearly always empty.
#[derive(Clone, PartialEq, Eq, Hash)]
#[expect(clippy::box_collection, reason = "what counts is the room that an empty one takes")]
pub struct Few<T>(Option<Box<Vec<T>>>);

impl<T> Few<T> {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// Adds one behind the others.
    pub fn push(&mut self, item: T) {
        self.list().push(item);
    }

    /// Adds copies of some behind the others.
    pub fn extend_from_slice(&mut self, items: &[T])
    where
        T: Clone,
    {
        if !items.is_empty() {
            self.list().extend_from_slice(items);
        }
    }

    /// Leaves only the first so many.
    pub fn truncate(&mut self, len: usize) {
        if len == 0 {
            self.0 = None;
        } else if let Some(list) = &mut self.0 {
            list.truncate(len);
        }
    }

    fn list(&mut self) -> &mut Vec<T> {
        self.0.get_or_insert_default()
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().map(Vec::as_slice).unwrap_or_default()
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.0.as_deref_mut().map(Vec::as_mut_slice).unwrap_or_default()
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(list: Vec<T>) -> Self {
        Self((!list.is_empty()).then(|| Box::new(list)))
    }
}

impl<T> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_some() {
            self.list().extend(items);
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Vec::from_iter(items).into()
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.map(|list| *list).unwrap_or_default().into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Few<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T: PartialEq> PartialEq<[T]> for Few<T> {
    fn eq(&self, other: &[T]) -> bool {
        **self == *other
    }
}

impl<T: PartialEq<U>, U, const N: usize> PartialEq<[U; N]> for Few<T> {
    fn eq(&self, other: &[U; N]) -> bool {
        **self == *other
    }
}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().collect::<Vec<_>>().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_none_however_it_came_about() {
        let mut few = Few::from(Vec::<u8>::new());
        few.extend([]);
        assert_eq!(few, Few::new());
        assert_eq!(size_of_val(&few), size_of::<usize>());
        few.extend([1, 2, 3]);
        few.truncate(2);
        few.push(4);
        assert_eq!(few, [1, 2, 4]);
        few.truncate(0);
        assert_eq!(few, Few::new());
        assert!(few.into_iter().next().is_none());
    }
}
