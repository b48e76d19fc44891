//! Connections in memory, each in a slot of its own as long as it is there.

use super::connection::Connection;

/// Slots in one piece of memory: one list of all would be there twice while it grows, and a piece for each
/// connection would have to be found before the connection is.
const PIECE: usize = 64;

/// Connections by slot.
#[derive(Debug, Default)]
pub(super) struct Slab {
    /// All full but the last.
    pieces: Vec<Vec<Option<Connection>>>,
    free: Vec<u32>,
}

impl Slab {
    pub(super) fn get(&self, slot: u32) -> Option<&Connection> {
        let (piece, place) = place_of(slot);
        self.pieces.get(piece)?.get(place)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Connection> {
        self.place(slot)?.as_mut()
    }

    /// Puts a connection into a slot that is free, and says which.
    pub(super) fn insert(&mut self, connection: Connection) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| self.add());
        if let Some(place) = self.place(slot) {
            *place = Some(connection);
        }
        slot
    }

    pub(super) fn remove(&mut self, slot: u32) -> Option<Connection> {
        let connection = self.place(slot)?.take()?;
        self.free.push(slot);
        Some(connection)
    }

    /// How many slots there are, free ones among them.
    pub(super) fn slots(&self) -> u32 {
        let full = self.pieces.len().saturating_sub(1) * PIECE;
        u32::try_from(full + self.pieces.last().map_or(0, Vec::len)).unwrap_or(u32::MAX)
    }

    /// All connections with their slots.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Connection)> {
        (0..self.slots()).filter_map(|slot| Some((slot, self.get(slot)?)))
    }

    /// One slot more.
    fn add(&mut self) -> u32 {
        let slot = self.slots();
        if (slot as usize).is_multiple_of(PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(None);
        }
        slot
    }

    fn place(&mut self, slot: u32) -> Option<&mut Option<Connection>> {
        let (piece, place) = place_of(slot);
        self.pieces.get_mut(piece)?.get_mut(place)
    }
}

fn place_of(slot: u32) -> (usize, usize) {
    (slot as usize / PIECE, slot as usize % PIECE)
}
