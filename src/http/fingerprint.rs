//! What is alike as one number.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash};
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use foldhash::quality::RandomState;

static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A number for what is looked up often and would be long to keep: equal for equal values, and for others with a
/// chance of one in 2^64. Nobody can foresee it, so that no capture can be written whose values all have the same.
pub(crate) fn fingerprint(value: &(impl Hash + ?Sized)) -> u64 {
    SEED.hash_one(value)
}

/// A table by fingerprints. Hashing them takes little: they are chance itself, and nobody can choose them to fall
/// together.
pub(crate) type ByFingerprint<K, V> = HashMap<K, V, FixedState>;

/// Fingerprints that came up.
pub(crate) type Fingerprints<K> = HashSet<K, FixedState>;
