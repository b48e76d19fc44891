//! One side's bytes to messages: where a head begins and ends, what belongs to its body, and how
//! to find the next message when that is no longer known.

use memchr::memchr;

use super::framing::Framing;
use crate::flow::Stamp;
use crate::session::sniff::{Expect, Look, look_for};
use crate::wire::http1::{chunk_size, head_end};

/// The longest head or trailer section that is waited for. Servers accept 8 to 64 KB as a rule.
const MAX_HEAD: usize = 256 << 10;

/// The longest line with a chunk's size and extensions that is waited for.
const MAX_CHUNK_LINE: usize = 16 << 10;

/// The packets of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) struct Span {
    pub(super) first: Stamp,
    pub(super) last: Stamp,
}

impl Span {
    pub(in crate::session) fn at(stamp: Stamp) -> Self {
        Self { first: stamp, last: stamp }
    }

    /// Bytes come in order, their packets may not.
    fn extend(&mut self, stamp: Stamp) {
        if stamp.frame < self.first.frame {
            self.first = stamp;
        }
        if stamp.frame > self.last.frame {
            self.last = stamp;
        }
    }
}

/// The beginning of a message that has to wait for the rest, and its packets.
#[derive(Debug, Default)]
pub(in crate::session) struct Held {
    pub(in crate::session) bytes: Vec<u8>,
    pub(in crate::session) span: Option<Span>,
}

impl Held {
    pub(in crate::session) fn add(&mut self, bytes: &[u8], stamp: Stamp) {
        self.bytes.extend_from_slice(bytes);
        self.span.get_or_insert(Span::at(stamp)).extend(stamp);
    }
}

/// Who is told of messages.
pub(super) trait Listener {
    /// What a message of this side looks like.
    const LOOK: Look;

    /// A message begins; says how its body is framed. With `whole` false the head is not all
    /// there, and no body follows that could be told.
    fn head(&mut self, head: &[u8], whole: bool, span: Span) -> Framing;
    /// Bytes of its body, without the transfer coding.
    fn body(&mut self, bytes: &[u8]);
    /// Whether the message that is being read may lack the body that its head announces.
    fn doubts_body(&self) -> bool {
        false
    }
    /// Whether the sender may have kept its body to itself.
    fn may_lack_body(&self) -> bool {
        false
    }
    /// Whether the next message may begin.
    fn awaits_next(&self) -> bool {
        true
    }
    /// Bytes of it that are not in the capture; with `in_body`, that many of its body.
    fn missing(&mut self, len: u64, cut: bool, in_body: bool);
    /// Its trailer section.
    fn trailers(&mut self, section: &[u8]);
    /// Something about it that is not as it should be.
    fn odd(&mut self, what: &str);
    /// It ends here; with `whole` false, not all of it was seen, or it could not be read.
    fn end(&mut self, whole: bool, span: Span);
    /// The connection ended in its midst.
    fn broken_off(&mut self, span: Span);
    /// Where messages begin is no longer known; some may be missed.
    fn lost(&mut self);
    /// Bytes that belong to no message.
    fn skipped(&mut self, bytes: usize);
}

/// Why reading cannot go on where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// So many bytes are not in the capture; `cut` by the snapshot length.
    Gap { len: u64, cut: bool },
    /// Something is not as it should be.
    Odd(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A message should begin here, or has begun and its head waits in `held`.
    Between,
    /// Where the next message begins is not known.
    Lost,
    Length(u64),
    ChunkSize,
    Chunk(u64),
    /// The line end behind a chunk's bytes.
    ChunkEnd,
    Trailers,
    UntilClose,
    /// Not HTTP any more.
    Tunnel,
}

/// Reads one side of a connection.
#[derive(Debug)]
pub(super) struct Reader {
    state: State,
    /// A head, a chunk's first line or a trailer section that is not complete yet.
    held: Vec<u8>,
    /// The packets of the message that is being read.
    span: Option<Span>,
    /// The start line of the head in `held` was recognised.
    recognised: bool,
    /// How sure it is that the next message begins where it is looked for.
    expect: Expect,
}

impl Reader {
    /// Starts with what was looked at already, if it may begin a message of the side.
    pub(super) fn new<L: Listener>((held, expect): (Held, Expect)) -> Self {
        let is_start = look_for(L::LOOK, &held.bytes, expect) != Look::No;
        let held = if is_start { held } else { Held::default() };
        Self { state: State::Between, held: held.bytes, span: held.span, recognised: false, expect }
    }

    /// Whether some of a head has come, and its end has not.
    pub(super) fn is_in_head(&self) -> bool {
        self.state == State::Between && !self.held.is_empty()
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.state == State::Tunnel
    }

    /// Nothing of this side is HTTP any more.
    pub(super) fn tunnel(&mut self) {
        self.state = State::Tunnel;
        self.held = Vec::new();
    }

    /// How sure it is that the next message begins where it is looked for, where that is all there is to know.
    pub(super) fn at_rest(&self) -> Option<Expect> {
        let rests = self.state == State::Between && self.held.is_empty() && self.span.is_none() && !self.recognised;
        rests.then_some(self.expect)
    }

    /// The bytes that wait.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes the next bytes.
    pub(super) fn data<L: Listener>(&mut self, data: &[u8], stamp: Stamp, to: &mut L) {
        if self.state == State::Lost {
            self.seek::<L>(data);
        } else if self.is_in_doubt(to) && to.awaits_next() {
            if look_for(L::LOOK, data, Expect::Anything) == L::LOOK {
                self.end(true, to);
            } else {
                to.lost();
            }
        } else if self.is_in_body() && to.may_lack_body() && look_for(L::LOOK, data, Expect::Anything) == L::LOOK {
            self.end(true, to);
        }
        let mut rest = data;
        while !rest.is_empty() {
            let used = self.step(rest, stamp, to);
            rest = rest.get(used..).unwrap_or_default();
        }
    }

    /// Takes note of bytes that are not in the capture.
    pub(super) fn gap<L: Listener>(&mut self, len: u64, cut: bool, stamp: Stamp, to: &mut L) {
        if cut {
            self.touch(stamp);
        }
        if self.is_in_doubt(to) {
            // What is missing may be other messages.
            to.lost();
        }
        let left = match self.state {
            State::Tunnel => return,
            State::UntilClose => return to.missing(len, cut, true),
            State::Length(left) | State::Chunk(left) => left,
            _ => return self.lose(Loss::Gap { len, cut }, to),
        };
        let within = len.min(left);
        to.missing(within, cut, true);
        let beyond = len - within;
        match self.state {
            State::Length(_) if within < left => self.state = State::Length(left - within),
            State::Length(_) => self.end(true, to),
            _ if within < left => self.state = State::Chunk(left - within),
            _ => self.state = State::ChunkEnd,
        }
        if beyond > 0 {
            self.lose(Loss::Gap { len: beyond, cut }, to);
        }
    }

    /// The side has ended; `closed` when it said so itself.
    pub(super) fn finish<L: Listener>(&mut self, closed: bool, to: &mut L) {
        match self.state {
            State::UntilClose if closed => self.end(true, to),
            State::Between if self.held.is_empty() => {}
            State::Lost | State::Tunnel => {}
            State::Between => {
                if self.begin_partial(to) {
                    self.break_off(to);
                }
            }
            _ => self.break_off(to),
        }
        self.held = Vec::new();
        self.state = State::Lost;
    }

    /// Goes on without what waits, because there is no room for it.
    pub(super) fn give_up<L: Listener>(&mut self, to: &mut L) {
        if !self.held.is_empty() {
            self.lose(Loss::Odd("had to be given up: too much waits"), to);
        }
    }

    /// Takes some of `data`, and says how much; none where only the state has changed.
    fn step<L: Listener>(&mut self, data: &[u8], stamp: Stamp, to: &mut L) -> usize {
        match self.state {
            State::Between => return self.between(data, stamp, to),
            State::Lost => to.skipped(data.len()),
            State::Tunnel => {}
            _ => {
                self.touch(stamp);
                return self.in_message(data, to);
            }
        }
        data.len()
    }

    fn in_message<L: Listener>(&mut self, data: &[u8], to: &mut L) -> usize {
        match self.state {
            State::Length(left) => {
                let taken = take(data, left);
                to.body(taken);
                self.state = State::Length(left - taken.len() as u64);
                if taken.len() as u64 == left {
                    self.end(true, to);
                }
                taken.len()
            }
            State::ChunkSize => self.chunk_size(data, to),
            State::Chunk(left) => {
                let taken = take(data, left);
                to.body(taken);
                let left = left - taken.len() as u64;
                self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                taken.len()
            }
            State::ChunkEnd => self.chunk_end(data, to),
            State::Trailers => self.trailers(data, to),
            _ => {
                to.body(data);
                data.len()
            }
        }
    }

    /// Whether it is reading a body that may be none.
    fn is_in_doubt<L: Listener>(&self, to: &L) -> bool {
        self.is_in_body() && to.doubts_body()
    }

    fn is_in_body(&self) -> bool {
        !matches!(self.state, State::Between | State::Lost | State::Tunnel)
    }

    fn between<L: Listener>(&mut self, data: &[u8], stamp: Stamp, to: &mut L) -> usize {
        let before = self.held.len();
        if before == 0 {
            // RFC 9112 section 2.2: empty lines before a start line are passed over.
            let blank = data.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank > 0 {
                return blank;
            }
        } else {
            self.held.extend_from_slice(data);
        }
        self.touch(stamp);
        let seen = if before == 0 { data } else { self.held.as_slice() };
        if !self.recognised {
            match look_for(L::LOOK, seen, self.expect) {
                Look::Unclear => return self.wait(data, before == 0, to),
                found if found == L::LOOK => (self.recognised, self.expect) = (true, Expect::Start),
                _ => return self.mistaken(data, before, to),
            }
        }
        let Some(end) = head_end(seen, before.saturating_sub(3)) else {
            return self.wait(data, before == 0, to);
        };
        let held = std::mem::take(&mut self.held);
        let message = if before == 0 { data } else { held.as_slice() };
        self.begin(message.get(..end).unwrap_or_default(), to);
        end.saturating_sub(before)
    }

    /// Keeps an unfinished head, up to a bound.
    fn wait<L: Listener>(&mut self, data: &[u8], keep: bool, to: &mut L) -> usize {
        if keep {
            self.held.extend_from_slice(data);
        }
        if self.held.len() > MAX_HEAD {
            self.lose(Loss::Odd("is too long to be read"), to);
        }
        data.len()
    }

    /// No message begins where one should: there is something else, or bytes beyond the length
    /// that the last message gave.
    fn mistaken<L: Listener>(&mut self, data: &[u8], held_before: usize, to: &mut L) -> usize {
        self.held.clear();
        self.span = None;
        self.state = State::Lost;
        to.lost();
        if held_before > 0 {
            to.skipped(held_before);
            self.seek::<L>(data);
        }
        if self.state == State::Lost {
            to.skipped(data.len());
            return data.len();
        }
        // What was found begins where `data` does, and is taken from there.
        0
    }

    /// Looks for a message at the start of a segment, where one is likely to start.
    fn seek<L: Listener>(&mut self, data: &[u8]) {
        let found = look_for(L::LOOK, data, Expect::Anything);
        if found == L::LOOK || found == Look::Unclear {
            (self.state, self.expect) = (State::Between, Expect::Anything);
        }
    }

    fn begin<L: Listener>(&mut self, head: &[u8], to: &mut L) {
        self.recognised = false;
        let Some(span) = self.span else { return };
        self.state = match to.head(head, true, span) {
            Framing::NoBody | Framing::Length(0) => return self.end(true, to),
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
            Framing::Tunnel => {
                self.end(true, to);
                return self.tunnel();
            }
        };
    }

    /// Makes what it can of a head whose rest is missing: nothing without its start line.
    fn begin_partial<L: Listener>(&mut self, to: &mut L) -> bool {
        let held = std::mem::take(&mut self.held);
        let known = self.recognised && memchr(b'\n', &held).is_some();
        self.recognised = false;
        if let Some(span) = self.span.filter(|_| known) {
            to.head(&held, false, span);
        }
        known
    }

    fn chunk_size<L: Listener>(&mut self, data: &[u8], to: &mut L) -> usize {
        let Some(newline) = memchr(b'\n', data) else {
            self.held.extend_from_slice(data);
            if self.held.len() > MAX_CHUNK_LINE {
                self.misframed(to);
            }
            return data.len();
        };
        let line = data.get(..newline).unwrap_or_default();
        let size = if self.held.is_empty() {
            chunk_size(line)
        } else {
            self.held.extend_from_slice(line);
            chunk_size(&std::mem::take(&mut self.held))
        };
        match size {
            Some(0) => self.state = State::Trailers,
            Some(size) => self.state = State::Chunk(size),
            None => self.misframed(to),
        }
        newline + 1
    }

    fn chunk_end<L: Listener>(&mut self, data: &[u8], to: &mut L) -> usize {
        match (self.held.is_empty(), data) {
            (_, [b'\n', ..]) => {
                self.held.clear();
                self.state = State::ChunkSize;
            }
            (true, [b'\r', ..]) => self.held.push(b'\r'),
            _ => self.misframed(to),
        }
        1
    }

    fn trailers<L: Listener>(&mut self, data: &[u8], to: &mut L) -> usize {
        let before = self.held.len();
        if before > 0 {
            self.held.extend_from_slice(data);
        }
        let seen = if before == 0 { data } else { self.held.as_slice() };
        let end = match seen {
            [b'\n', ..] => Some(1),
            [b'\r', b'\n', ..] => Some(2),
            _ => head_end(seen, before.saturating_sub(3)),
        };
        let Some(end) = end else {
            if before == 0 {
                self.held.extend_from_slice(data);
            }
            if self.held.len() > MAX_HEAD {
                self.misframed(to);
            }
            return data.len();
        };
        let held = std::mem::take(&mut self.held);
        let section = if before == 0 { data } else { held.as_slice() };
        if end > 2 {
            to.trailers(section.get(..end).unwrap_or_default());
        }
        self.end(true, to);
        end.saturating_sub(before)
    }

    /// The chunks are not what they should be, so where the message ends cannot be told.
    fn misframed<L: Listener>(&mut self, to: &mut L) {
        self.lose(Loss::Odd("has chunks that cannot be read"), to);
    }

    /// Ends what is being read, as far as it was read, and looks for the next message.
    fn lose<L: Listener>(&mut self, why: Loss, to: &mut L) {
        let in_message = match self.state {
            State::Between => self.begin_partial(to),
            State::Lost => false,
            _ => true,
        };
        if in_message {
            match why {
                Loss::Gap { len, cut } => to.missing(len, cut, false),
                Loss::Odd(what) => to.odd(what),
            }
            self.end(false, to);
        }
        self.held = Vec::new();
        self.span = None;
        self.recognised = false;
        self.state = State::Lost;
        to.lost();
    }

    fn end<L: Listener>(&mut self, whole: bool, to: &mut L) {
        self.state = State::Between;
        if let Some(span) = self.span.take() {
            to.end(whole, span);
        }
    }

    fn break_off<L: Listener>(&mut self, to: &mut L) {
        if let Some(span) = self.span.take() {
            to.broken_off(span);
        }
    }

    fn touch(&mut self, stamp: Stamp) {
        self.span.get_or_insert(Span::at(stamp)).extend(stamp);
    }
}

fn take(data: &[u8], most: u64) -> &[u8] {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    data.get(..most).unwrap_or(data)
}
