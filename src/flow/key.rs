//! Both ends of a connection as one number: the same for both directions, in a fraction of the time that the
//! standard hasher takes, once a packet.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;

use crate::wire::Endpoint;

/// Where hashing starts: at a secret, so that nobody can write a capture whose connections all collide. Nothing that
/// is handed on depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl Seed {
    /// The hash of two ends, whoever of them sends.
    pub(super) fn hash(self, one: Endpoint, other: Endpoint) -> u64 {
        fold(self.0, self.hash_end(one).wrapping_add(self.hash_end(other)))
    }

    fn hash_end(self, end: Endpoint) -> u64 {
        let port = u64::from(end.port);
        match end.address {
            IpAddr::V4(address) => fold(self.0, u64::from(address.to_bits()) << 16 | port),
            IpAddr::V6(address) => {
                #[expect(clippy::cast_possible_truncation, reason = "the halves")]
                let [high, low] = [(address.to_bits() >> 64) as u64, address.to_bits() as u64];
                fold(fold(fold(self.0, high), low), port)
            }
        }
    }
}

/// Adds a word to a hash: multiplies, and folds the halves of the product together.
pub(super) fn fold(hash: u64, word: u64) -> u64 {
    const ODD: u128 = 0x9E37_79B9_7F4A_7C15;
    let product = u128::from(hash ^ word) * ODD;
    #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
    let [low, high] = [product as u64, (product >> 64) as u64];
    low ^ high
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    fn end(text: &str) -> Endpoint {
        let address: std::net::SocketAddr = text.parse().unwrap();
        Endpoint { address: address.ip(), port: address.port() }
    }

    #[test]
    fn both_directions_have_one_hash() {
        let seed = Seed::default();
        let (one, other) = (end("10.0.0.1:80"), end("10.0.0.2:41000"));
        assert_eq!(seed.hash(one, other), seed.hash(other, one));
        assert_ne!(seed.hash(one, other), seed.hash(one, end("10.0.0.2:41001")));
        assert_ne!(seed.hash(one, other), seed.hash(end("10.0.0.1:41000"), end("10.0.0.2:80")));
    }

    #[test]
    fn neighbours_are_hashed_apart() {
        let seed = Seed::default();
        for (one, other) in [("10.0.0.1:80", "[2001:db8::2]:1"), ("10.0.0.1:80", "10.0.0.2:1")] {
            let hash = |port| seed.hash(end(one), Endpoint { port, ..end(other) });
            let hashes: std::collections::HashSet<u64> = (1..=u16::MAX).map(|port| hash(port) >> 32).collect();
            assert!(hashes.len() > 65_000, "{}", hashes.len());
        }
    }
}
