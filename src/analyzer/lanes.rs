//! What connections carry, read by several threads at once: each connection has its lane, and each lane is
//! read by one thread at a time. What comes of a capture does not depend on how many threads there are.

use std::ops::Range;
use std::sync::Arc;

use super::Glance;
use crate::flow::{Chunk, Delivery, FlowId, Side, Stamp};
use crate::http::{Exchange, Masking, Time};
use crate::session::{Counters, Keep, Sessions};
use crate::wire::Endpoint;

/// How many lanes there are, whoever reads them: more than readers are of use for, since packets are still
/// taken one after the other.
pub(super) const LANES: usize = 8;

/// Room for text that is kept for the next text, at most: long bodies are rare, and take far more.
const MAX_ROOM: usize = 1 << 20;

/// All lanes of a capture.
#[derive(Debug)]
pub(super) struct Lanes(Vec<Sessions>);

impl Lanes {
    /// `path` is what the exchanges name as their source; `keep` says which bodies are kept.
    pub(super) fn new(path: &Arc<str>, keep: Keep) -> Self {
        Self((0..LANES).map(|_| Sessions::new(Arc::clone(path)).keeping(keep).one_of(LANES)).collect())
    }

    /// Keeps what comes up in many heads once, and with a `masking` no secrets.
    pub(super) fn sharing(self, masking: Option<Masking>) -> Self {
        Self(self.0.into_iter().map(|lane| lane.sharing(masking)).collect())
    }

    /// Takes the next chunk of a connection, and hands on the exchanges that end with it.
    pub(super) fn push(&mut self, delivery: &Delivery<'_>, sink: &mut impl FnMut(Exchange)) {
        if let Some(lane) = self.0.get_mut(lane_of(delivery.flow)) {
            lane.push(delivery, sink);
        }
    }

    /// What happened so far on all of them.
    pub(super) fn counters(&self) -> Counters {
        self.0.iter().map(Sessions::counters).fold(Counters::default(), |all, one| all + one)
    }

    /// When each request came that is still without its answer, in no order.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Time> {
        self.0.iter().flat_map(Sessions::waiting)
    }

    /// Divides them among at most so many readers, who glance at what ends or do not; says how many lanes
    /// each has.
    pub(super) fn divided(&mut self, readers: usize, glances: bool) -> (usize, Vec<LaneReader<'_>>) {
        let each = LANES.div_ceil(readers.clamp(1, LANES));
        let readers = self.0.chunks_mut(each).enumerate();
        (each, readers.map(|(nth, lanes)| LaneReader { first: nth * each, lanes, glances }).collect())
    }
}

fn lane_of(flow: FlowId) -> usize {
    usize::try_from(flow.0 % LANES as u64).unwrap_or_default()
}

/// Reads some lanes, perhaps on a thread of its own.
#[derive(Debug)]
pub struct LaneReader<'a> {
    first: usize,
    lanes: &'a mut [Sessions],
    glances: bool,
}

impl LaneReader<'_> {
    /// Takes what came, and says which exchanges ended with it.
    pub fn read(&mut self, batch: Batch) -> Ended {
        let mut ended = Vec::new();
        for piece in &batch.pieces {
            let Some(lane) = self.lanes.get_mut(lane_of(piece.flow) - self.first) else { continue };
            lane.push(&batch.delivery(piece), &mut |exchange| {
                let glance = self.glances.then(|| Glance::at(&exchange));
                ended.push((piece.order, Arc::new(exchange), glance));
            });
        }
        Ended { exchanges: ended, spent: batch.emptied() }
    }
}

/// Exchanges that ended, each with the order of what it ended with.
#[derive(Debug, Default)]
pub struct Ended {
    exchanges: Vec<(u64, Arc<Exchange>, Option<Glance>)>,
    /// Room for another batch: it is large, and taking it from the system again and again would take longer than
    /// filling it.
    spent: Batch,
}

impl Ended {
    pub(super) fn spent(&mut self) -> &mut Batch {
        &mut self.spent
    }

    /// Those of all readers, in the order in which they would have ended with one.
    pub(super) fn together(all: Vec<Self>) -> impl Iterator<Item = (Arc<Exchange>, Option<Glance>)> {
        let mut ended: Vec<_> = all.into_iter().flat_map(|one| one.exchanges).collect();
        ended.sort_by_key(|(order, ..)| *order);
        ended.into_iter().map(|(_, exchange, glance)| (exchange, glance))
    }
}

/// Writes exchanges down.
pub trait Scribe {
    /// Writes one behind the others, and says how long the text is then.
    fn write(&mut self, exchange: &Exchange) -> usize;

    /// All that was written.
    fn into_text(self) -> String;
}

/// Exchanges that ended, written down by whoever read them: a text goes from one processor to another with less
/// trouble than all the pieces of an exchange.
#[derive(Debug, Default)]
pub struct Written {
    text: String,
    /// The order of what each ended with, and where it ends in the text.
    ends: Vec<(u64, usize)>,
    spent: Batch,
}

impl Ended {
    /// The same, written down by a scribe, who is given room for it.
    #[must_use]
    pub fn written<S: Scribe>(mut self, scribe: impl FnOnce(String) -> S) -> Written {
        let mut scribe = scribe(std::mem::take(&mut self.spent.room));
        let ends = self.exchanges.iter().map(|(order, exchange, _)| (*order, scribe.write(exchange))).collect();
        Written { text: scribe.into_text(), ends, spent: self.spent }
    }
}

impl Written {
    /// Room for another batch, and for what is written of it.
    pub(super) fn spent(&mut self) -> &mut Batch {
        self.text.clear();
        if self.text.capacity() <= MAX_ROOM {
            self.spent.room = std::mem::take(&mut self.text);
        }
        &mut self.spent
    }

    /// What all readers wrote, in the order in which it would have been written by one.
    pub(super) fn together(all: &[Self]) -> String {
        let mut parts: Vec<(u64, &str)> = all.iter().flat_map(Self::parts).collect();
        parts.sort_unstable_by_key(|(order, _)| *order);
        let mut together = String::with_capacity(parts.iter().map(|(_, text)| text.len()).sum());
        together.extend(parts.into_iter().map(|(_, text)| text));
        together
    }

    fn parts(&self) -> impl Iterator<Item = (u64, &str)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, end)| *end));
        starts.zip(&self.ends).map(|(start, &(order, end))| (order, self.text.get(start..end).unwrap_or_default()))
    }
}

/// What some packets brought for one reader.
#[derive(Debug, Default)]
pub struct Batch {
    /// The bytes that the packets lie in.
    block: Arc<Vec<u8>>,
    /// What had waited, and lies there no longer: never more than may wait ([`crate::flow::MAX_WAITING_BYTES`]).
    copied: Vec<u8>,
    pieces: Vec<Piece>,
    /// Room for what is written of it, with nothing in it.
    room: String,
}

/// A delivery without its bytes.
#[derive(Debug)]
struct Piece {
    /// Counted over all readers.
    order: u64,
    flow: FlowId,
    side: Side,
    source: Endpoint,
    destination: Endpoint,
    from_start: bool,
    stamp: Stamp,
    what: What,
}

#[derive(Debug)]
enum What {
    /// Bytes of the block.
    Lying(Range<usize>),
    /// Bytes that were copied.
    Copied(Range<usize>),
    /// Something without bytes.
    Else(Chunk<'static>),
}

impl Batch {
    /// Its room.
    fn emptied(mut self) -> Self {
        self.copied.clear();
        self.pieces.clear();
        Self { block: Arc::default(), ..self }
    }

    fn add(&mut self, delivery: &Delivery<'_>, order: u64, block: &[u8]) {
        let what = match delivery.chunk {
            Chunk::Data(bytes) => range_in(block, bytes).map_or_else(|| self.copy(bytes), What::Lying),
            Chunk::Gap { len, cut } => What::Else(Chunk::Gap { len, cut }),
            Chunk::End(how) => What::Else(Chunk::End(how)),
        };
        let Delivery { flow, side, source, destination, from_start, stamp, .. } = *delivery;
        self.pieces.push(Piece { order, flow, side, source, destination, from_start, stamp, what });
    }

    fn copy(&mut self, bytes: &[u8]) -> What {
        let start = self.copied.len();
        self.copied.extend_from_slice(bytes);
        What::Copied(start..self.copied.len())
    }

    fn delivery(&self, piece: &Piece) -> Delivery<'_> {
        let chunk = match &piece.what {
            What::Lying(range) => Chunk::Data(self.block.get(range.clone()).unwrap_or_default()),
            What::Copied(range) => Chunk::Data(self.copied.get(range.clone()).unwrap_or_default()),
            What::Else(chunk) => *chunk,
        };
        let Piece { flow, side, source, destination, from_start, stamp, .. } = *piece;
        Delivery { flow, side, source, destination, from_start, stamp, chunk }
    }
}

/// Where `bytes` lie within `block`, if they do.
fn range_in(block: &[u8], bytes: &[u8]) -> Option<Range<usize>> {
    let start = bytes.as_ptr().addr().checked_sub(block.as_ptr().addr())?;
    let end = start + bytes.len();
    (end <= block.len()).then_some(start..end)
}

/// Sorts what packets bring by who is to read it.
#[derive(Debug)]
pub(super) struct Sorter {
    batches: Vec<Batch>,
    /// Room for more.
    spent: Vec<Batch>,
    /// How many lanes each reader has.
    lanes_each: usize,
    order: u64,
}

impl Sorter {
    pub(super) fn new(lanes_each: usize) -> Self {
        let readers = LANES.div_ceil(lanes_each);
        let batches = (0..readers).map(|_| Batch::default()).collect();
        Self { batches, spent: Vec::new(), lanes_each, order: 0 }
    }

    /// `block` is where the packet lies.
    pub(super) fn add(&mut self, delivery: &Delivery<'_>, block: &[u8]) {
        self.order += 1;
        if let Some(batch) = self.batches.get_mut(lane_of(delivery.flow) / self.lanes_each) {
            batch.add(delivery, self.order, block);
        }
    }

    /// What the packets of `block` brought, for each reader.
    pub(super) fn take(&mut self, block: &Arc<Vec<u8>>) -> Vec<Batch> {
        let Self { batches, spent, .. } = self;
        let full = |batch: &mut Batch| {
            let full = std::mem::replace(batch, spent.pop().unwrap_or_default());
            Batch { block: Arc::clone(block), ..full }
        };
        batches.iter_mut().map(full).collect()
    }

    /// Takes back the room of batches that were read.
    pub(super) fn put_back<'b>(&mut self, spent: impl Iterator<Item = &'b mut Batch>) {
        self.spent.extend(spent.map(std::mem::take));
    }
}
