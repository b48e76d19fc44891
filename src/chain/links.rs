//! The links of a chain.

use std::ops::{Deref, DerefMut};
use std::slice;

use super::Link;

/// Links in order of time. Most chains have one, which lies here itself.
#[derive(Clone, Debug)]
pub struct Links(Held);

#[derive(Clone, Debug)]
enum Held {
    One(Link),
    #[expect(clippy::box_collection, reason = "what counts is the room that one link takes")]
    Several(Box<Vec<Link>>),
}

impl Links {
    /// Adds one behind the others.
    pub fn push(&mut self, link: Link) {
        match &mut self.0 {
            Held::Several(links) => links.push(link),
            Held::One(first) => self.0 = Held::Several(Box::new(vec![first.clone(), link])),
        }
    }
}

impl From<Link> for Links {
    fn from(link: Link) -> Self {
        Self(Held::One(link))
    }
}

impl From<Vec<Link>> for Links {
    fn from(links: Vec<Link>) -> Self {
        Self(Held::Several(Box::new(links)))
    }
}

impl Deref for Links {
    type Target = [Link];

    fn deref(&self) -> &[Link] {
        match &self.0 {
            Held::One(link) => slice::from_ref(link),
            Held::Several(links) => links,
        }
    }
}

impl DerefMut for Links {
    fn deref_mut(&mut self) -> &mut [Link] {
        match &mut self.0 {
            Held::One(link) => slice::from_mut(link),
            Held::Several(links) => links,
        }
    }
}

impl<'a> IntoIterator for &'a Links {
    type Item = &'a Link;
    type IntoIter = slice::Iter<'a, Link>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Links {
    type Item = &'a mut Link;
    type IntoIter = slice::IterMut<'a, Link>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}
