//! Which marks several exchanges bear: nearly every exchange has a mark that no other has, and leaves it for
//! nobody.

use super::glance::{Glance, MarkKey};

/// Marks that more than one exchange bears, and some more: it may take a mark for one of its own, and never
/// one of its own for another.
#[derive(Debug)]
pub(super) struct Repeated {
    /// Twice as many bits as there are marks, and more.
    once: Bits,
    again: Bits,
}

impl Repeated {
    /// There are at most so many of them.
    pub(super) fn among<'a>(glances: impl Iterator<Item = &'a Glance>, most: usize) -> Self {
        let bits = most.saturating_mul(8);
        let mut repeated = Self { once: Bits::new(bits), again: Bits::new(bits) };
        for mark in glances.flat_map(Glance::marks) {
            if repeated.once.set(mark) {
                repeated.again.set(mark);
            }
        }
        repeated
    }

    pub(super) fn may_hold(&self, mark: MarkKey) -> bool {
        self.again.has(mark)
    }
}

/// A set of numbers of which only some bits are looked at.
#[derive(Debug)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(bits: usize) -> Self {
        Self(vec![0; bits.div_ceil(64).next_power_of_two()])
    }

    /// Says whether it was set already.
    fn set(&mut self, mark: MarkKey) -> bool {
        let (at, bit) = self.place(mark);
        let Some(word) = self.0.get_mut(at) else { return true };
        let was_set = *word & bit != 0;
        *word |= bit;
        was_set
    }

    fn has(&self, mark: MarkKey) -> bool {
        let (at, bit) = self.place(mark);
        self.0.get(at).is_none_or(|word| word & bit != 0)
    }

    fn place(&self, MarkKey(mark): MarkKey) -> (usize, u64) {
        let at = usize::try_from(mark >> 6 & (self.0.len() as u64 - 1)).unwrap_or_default();
        (at, 1 << (mark & 63))
    }
}
