//! The connections that are followed: found by their two ends, and given up in time.

use std::collections::VecDeque;

use hashbrown::HashTable;

use super::connection::Connection;
use super::key::Seed;
use super::slab::Slab;
use super::{FlowId, Stamp};
use crate::wire::{Endpoint, Moment};

/// Connections that are followed at once. A load balancer's node has some 64,000 ports towards
/// each backend; more than three times that, at some 150 bytes a connection, is half of 64 MB.
/// A hash table of 2^18 places grows beyond seven eighths of them.
pub const MAX_CONNECTIONS: usize = (1 << 18) / 8 * 7;

/// Closed connections that are remembered, so that their late packets are known for what they are
/// and open no connection of their own.
pub const MAX_CLOSED: usize = 1 << 14;

/// Segments from one look for a silent connection to the next: what is looked at is seldom near the processor.
const LOOK_EVERY: u8 = 8;

/// How many connections are looked at, when there is room for no more, to find one that has been
/// silent for long.
const EVICTION_SAMPLE: usize = 64;

/// A slot is a place in the table; a connection keeps its own as long as it is there.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Of each connection, by its ends. Those are asked of the connection itself, which is needed anyway: a table
    /// that held them too would be ten times as large, and further from the processor.
    by_ends: HashTable<u32>,
    slab: Slab,
    seed: Seed,
    /// Oldest first; a slot may have been given to another connection since.
    closed: VecDeque<(u32, FlowId)>,
    /// The slot that was looked at last for silence.
    sweep: u32,
    /// Segments since then.
    since_look: u8,
}

impl Table {
    /// The hash of two ends, by which their connection is found.
    pub(super) fn hash(&self, one: Endpoint, other: Endpoint) -> u64 {
        self.seed.hash(one, other)
    }

    /// The connection between two ends with that hash, and its slot.
    pub(super) fn find(&self, hash: u64, one: Endpoint, other: Endpoint) -> Option<(u32, &Connection)> {
        let is_between = |slot: &u32| self.get(*slot).is_some_and(|connection| connection.is_between(one, other));
        let slot = *self.by_ends.find(hash, is_between)?;
        Some((slot, self.get(slot)?))
    }

    pub(super) fn get(&self, slot: u32) -> Option<&Connection> {
        self.slab.get(slot)
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Connection> {
        self.slab.get_mut(slot)
    }

    /// Adds a connection between two ends with that hash; says which slot it got.
    pub(super) fn insert(&mut self, hash: u64, connection: Connection) -> u32 {
        let Self { by_ends, slab, seed, .. } = self;
        let slot = slab.insert(connection);
        by_ends.insert_unique(hash, slot, |slot| slab.get(*slot).map_or(0, |connection| connection.hash(*seed)));
        slot
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Connection> {
        let connection = self.slab.remove(slot)?;
        if let Ok(place) = self.by_ends.find_entry(connection.hash(self.seed), |other| *other == slot) {
            place.remove();
        }
        Some(connection)
    }

    /// The slots of all connections, that of the eldest first.
    pub(super) fn eldest_first(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.slab.iter().map(|(slot, _)| slot).collect();
        slots.sort_unstable_by_key(|slot| self.get(*slot).map(Connection::id));
        slots
    }

    /// Notes that a connection has closed. The slot of one that is to be forgotten for it, if there is one.
    pub(super) fn note_closed(&mut self, slot: u32, id: FlowId) -> Option<u32> {
        self.closed.push_back((slot, id));
        if self.closed.len() <= MAX_CLOSED {
            return None;
        }
        let (slot, id) = self.closed.pop_front()?;
        (self.get(slot)?.id() == id).then_some(slot)
    }

    /// Looks at one connection every few segments, another each time, so that silent ones go in time without a list
    /// of them.
    pub(super) fn next_if_silent(&mut self, now: Stamp) -> Option<u32> {
        self.since_look = (self.since_look + 1) % LOOK_EVERY;
        if self.since_look > 0 {
            return None;
        }
        let (slot, connection) = self.next_in_turn()?;
        connection.is_silent(now).then_some(slot)
    }

    /// Where there is no room for one more: the connection that has been silent longest, of a few.
    pub(super) fn longest_silent_if_full(&mut self) -> Option<u32> {
        if self.by_ends.len() < MAX_CONNECTIONS {
            return None;
        }
        let mut longest: Option<(Moment, u32)> = None;
        for _ in 0..EVICTION_SAMPLE {
            let candidate = self.next_in_turn().map(|(slot, connection)| (connection.last().time, slot));
            longest = longest.into_iter().chain(candidate).min();
        }
        longest.map(|(_, slot)| slot)
    }

    fn next_in_turn(&mut self) -> Option<(u32, &Connection)> {
        self.sweep = if self.sweep + 1 < self.slab.slots() { self.sweep + 1 } else { 0 };
        self.get(self.sweep).map(|connection| (self.sweep, connection))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use super::*;
    use crate::flow::story::{Story, flowed};
    use crate::flow::{Ending, Flows, MAX_SILENCE};

    #[test]
    fn silence_ends_a_connection() {
        let mut story = Story::opened();
        story.client("first").client("second");
        let mut packets = story.packets();
        let time = &mut packets[4].stamp.time;
        *time = Moment::from_nanoseconds(time.nanoseconds() + MAX_SILENCE + 1, 6);
        let all = flowed(&packets);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0][0].end, Some(Ending::Timeout));
        assert_eq!(all[1][0].bytes(), b"second");
    }

    #[test]
    fn a_connection_takes_little_room() {
        assert!(size_of::<Option<Connection>>() <= 128, "a slot takes no more than the connection in it");
    }

    #[test]
    fn the_number_of_connections_is_bounded() {
        let mut flows = Flows::default();
        let mut ended = 0;
        let story = Story::opened();
        for number in 0..u32::try_from(MAX_CONNECTIONS).unwrap() + 10 {
            let mut packet = story.sent[0].clone();
            packet.ports = (u16::try_from(number & 0xFFFF).unwrap(), u16::try_from(number >> 16).unwrap());
            packet.stamp.time = Moment::from_nanoseconds(i128::from(number), 6);
            flows.push(&packet.segment(), packet.stamp, &mut |_| ended += 1);
        }
        assert_eq!((flows.counters().evicted, ended, flows.table.by_ends.len()), (10, 20, MAX_CONNECTIONS));
    }
}
