//! Which connection a segment belongs to: one key for both directions, hashed once.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::net::IpAddr;

use crate::wire::Endpoint;

/// Both ends of a connection, in an order that does not depend on who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    low: [u64; 2],
    high: [u64; 2],
    /// That of `low`, and that of `high`.
    ports: [u16; 2],
}

impl Key {
    pub(super) fn of(one: Endpoint, other: Endpoint) -> Self {
        let (one, other) = (packed(one), packed(other));
        let ((low, low_port), (high, high_port)) = (one.min(other), one.max(other));
        Self { low, high, ports: [low_port, high_port] }
    }

    /// The ends and some words more, in one. Other than the hash it holds no secret: where it
    /// collides nothing is lost but a comparison.
    pub(super) fn folded(&self, words: [u64; 3]) -> u64 {
        let mut fold = Fold(0x9E37_79B9_7F4A_7C15);
        let ends = self.low[0] ^ self.low[1] ^ (self.high[0] ^ self.high[1]).rotate_left(32);
        fold.mix(ends ^ u64::from(self.ports[1]).rotate_left(48));
        for word in words {
            fold.mix(word);
        }
        fold.finish()
    }
}

/// An IPv4 address as its IPv4-mapped IPv6 address, which no packet carries.
fn packed(end: Endpoint) -> ([u64; 2], u16) {
    const MAPPED: u64 = 0xFFFF_0000_0000;
    #[expect(clippy::cast_possible_truncation, reason = "the halves")]
    let halves = match end.address {
        IpAddr::V4(address) => [0, MAPPED | u64::from(address.to_bits())],
        IpAddr::V6(address) => [(address.to_bits() >> 64) as u64, address.to_bits() as u64],
    };
    (halves, end.port)
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for half in self.low.into_iter().chain(self.high) {
            state.write_u64(half);
        }
        state.write_u32(u32::from(self.ports[0]) << 16 | u32::from(self.ports[1]));
    }
}

/// Starts [`Fold`] at a secret, so that nobody can write a capture whose keys all collide. Nothing
/// that is handed on depends on it.
#[derive(Clone, Debug)]
pub(super) struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for Seed {
    type Hasher = Fold;

    fn build_hasher(&self) -> Fold {
        Fold(self.0)
    }
}

/// Hashes by multiplying and folding the product's halves together: a fraction of the time that
/// the standard hasher takes, once a packet.
#[derive(Debug)]
pub(super) struct Fold(u64);

impl Fold {
    fn mix(&mut self, word: u64) {
        const ODD: u128 = 0x9E37_79B9_7F4A_7C15;
        let product = u128::from(self.0 ^ word) * ODD;
        #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
        let halves = (product as u64, (product >> 64) as u64);
        self.0 = halves.0 ^ halves.1;
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.mix(u64::from(byte));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.mix(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn finish(&self) -> u64 {
        self.0
    }
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
    fn both_directions_have_one_key() {
        let (one, other) = (end("10.0.0.1:80"), end("10.0.0.2:41000"));
        assert_eq!(Key::of(one, other), Key::of(other, one));
        assert_ne!(Key::of(one, other), Key::of(one, end("10.0.0.2:41001")));
        assert_ne!(Key::of(one, other), Key::of(end("10.0.0.1:41000"), end("10.0.0.2:80")));
    }

    #[test]
    fn neighbours_are_hashed_apart() {
        let seed = Seed::default();
        let hashes: std::collections::HashSet<u64> = (1..=u16::MAX)
            .map(|port| seed.hash_one(Key::of(end("10.0.0.1:80"), Endpoint { port, ..end("[2001:db8::2]:1") })) >> 32)
            .collect();
        assert!(hashes.len() > 65_000, "{}", hashes.len());
    }
}
