//! Who does the work that can be done side by side. The library knows no threads: whoever has some
//! brings them along, and the result does not depend on how many there are.

/// Does work on many items.
pub trait Workers {
    /// What `work` makes of each item, in their order.
    fn map<I: Sync, T: Send>(&self, items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T>;
}

/// Does one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Workers for Alone {
    fn map<I: Sync, T: Send>(&self, items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
        items.iter().map(work).collect()
    }
}
