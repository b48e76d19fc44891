//! One captured packet.

const NANOSECONDS: i128 = 1_000_000_000;

/// When a packet was captured, as its file says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Since 1970-01-01T00:00:00Z; a pcapng interface may place it before.
    second: i64,
    /// Of the second.
    nanosecond: u32,
    /// How many decimal digits of the second the file holds (6 for microseconds).
    pub digits: u8,
}

impl Moment {
    /// So many nanoseconds after a second since 1970-01-01T00:00:00Z, where the file holds so many digits.
    #[must_use]
    pub fn new(second: u32, nanoseconds: u64, digits: u8) -> Self {
        let [over, nanosecond] = [nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000];
        let second = i64::from(second).saturating_add_unsigned(over);
        Self { second, nanosecond: u32::try_from(nanosecond).unwrap_or_default(), digits }
    }

    /// So many nanoseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn from_nanoseconds(nanoseconds: i128, digits: u8) -> Self {
        let furthest = if nanoseconds < 0 { i64::MIN } else { i64::MAX };
        let second = i64::try_from(nanoseconds.div_euclid(NANOSECONDS)).unwrap_or(furthest);
        let nanosecond = u32::try_from(nanoseconds.rem_euclid(NANOSECONDS)).unwrap_or_default();
        Self { second, nanosecond, digits }
    }

    /// Since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn nanoseconds(self) -> i128 {
        i128::from(self.second) * NANOSECONDS + i128::from(self.nanosecond)
    }

    /// The whole second since 1970-01-01T00:00:00Z that it lies in, and the nanosecond of that.
    #[must_use]
    pub fn second_and_nanosecond(self) -> (i64, u32) {
        (self.second, self.nanosecond)
    }
}

/// What the first byte of a packet belongs to: a LINKTYPE_ value of <https://www.tcpdump.org/linktypes.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

/// One captured packet, borrowed from the block that it was read in.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Counted from 1 over the whole file, as Wireshark counts frames.
    pub number: u64,
    /// When it was captured.
    pub time: Moment,
    /// How to read `data`.
    pub link: LinkType,
    /// The captured bytes.
    pub data: &'a [u8],
    /// How long the packet was on the wire: more than `data` where the snapshot length cut it.
    pub original_len: u32,
}
