//! When something was captured.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU8;
use std::time::Duration;

use jiff::Timestamp;

/// A moment in UTC, with the number of digits of the second that its source really has.
///
/// Two times compare by the moment alone. A capture holds four of them for each exchange, so they are
/// small, and no larger where there may be none.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// Its second since 1970-01-01T00:00:00Z, in two parts: no calendar needs all 64 bits of one number.
    second_low: u32,
    second_high: i16,
    /// Of the second, with its sign.
    nanosecond: i32,
    /// How many digits are known, and one more.
    digits: NonZeroU8,
}

impl Time {
    /// `nanoseconds` since 1970-01-01T00:00:00Z, of which `digits` (0 to 9) decimal digits of the
    /// second are known. A moment outside of what a calendar can show (years -9999 to 9999) is
    /// moved to the nearest second that it can.
    #[must_use]
    pub fn from_nanoseconds(nanoseconds: i128, digits: u8) -> Self {
        let nearest = if nanoseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let moment = Timestamp::from_nanosecond(nanoseconds)
            .or_else(|_| Timestamp::from_second(nearest.as_second()))
            .unwrap_or(nearest);
        Self::of(moment, digits)
    }

    /// The same in whole seconds and the nanosecond of the last.
    #[must_use]
    pub fn new(second: i64, nanosecond: u32, digits: u8) -> Self {
        let nanosecond = i32::try_from(nanosecond).unwrap_or_default();
        if (0..Timestamp::MAX.as_second()).contains(&second) && nanosecond < 1_000_000_000 {
            return Self::made(second, nanosecond, digits);
        }
        Self::from_nanoseconds(i128::from(second) * 1_000_000_000 + i128::from(nanosecond), digits)
    }

    /// Reads an RFC 3339 date and time, such as `2026-11-23T07:00:00.123456Z`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let moment: Timestamp = text.parse().ok()?;
        // ISO 8601 lets a comma stand for the point.
        let fraction = text.split_once(['.', ',']).map_or("", |(_, rest)| rest);
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        Some(Self::of(moment, u8::try_from(digits).unwrap_or(9)))
    }

    fn of(moment: Timestamp, digits: u8) -> Self {
        Self::made(moment.as_second(), moment.subsec_nanosecond(), digits)
    }

    #[inline]
    fn made(second: i64, nanosecond: i32, digits: u8) -> Self {
        let second_low = u32::try_from(second & i64::from(u32::MAX)).unwrap_or_default();
        let second_high = i16::try_from(second >> 32).unwrap_or_default();
        Self { second_low, second_high, nanosecond, digits: known(digits) }
    }

    #[inline]
    fn second(self) -> i64 {
        i64::from(self.second_high) << 32 | i64::from(self.second_low)
    }

    /// The second since 1970-01-01T00:00:00Z that it lies in, the nanosecond of that, and how many digits of
    /// that are known; `None` before 1970.
    #[must_use]
    pub fn since_1970(self) -> Option<(u64, u32, u8)> {
        let (second, nanosecond) = (self.second().try_into().ok()?, self.nanosecond.try_into().ok()?);
        Some((second, nanosecond, self.digits.get() - 1))
    }

    fn moment(self) -> Timestamp {
        // It came from one.
        Timestamp::new(self.second(), self.nanosecond).unwrap_or_default()
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn nanoseconds(self) -> i128 {
        self.moment().as_nanosecond()
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let seconds = self.second() - earlier.second();
        let nanoseconds = i64::from(self.nanosecond - earlier.nanosecond);
        let nanoseconds = seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds);
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or_default())
    }
}

/// As [`Time`] keeps it.
fn known(digits: u8) -> NonZeroU8 {
    NonZeroU8::MIN.saturating_add(digits.min(9))
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.second(), self.nanosecond).cmp(&(other.second(), other.nanosecond))
    }
}

/// RFC 3339 in UTC, with as many digits of the second as the source has.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.*}", usize::from(self.digits.get() - 1), self.moment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_digits_that_the_source_has() {
        let micro = Time::from_nanoseconds(1_795_417_200_123_456_000, 6);
        assert_eq!(micro.to_string(), "2026-11-23T07:00:00.123456Z");
        let whole = Time::from_nanoseconds(1_795_417_200_000_000_000, 0);
        assert_eq!(whole.to_string(), "2026-11-23T07:00:00Z");
        let nano = Time::from_nanoseconds(1_795_417_200_000_000_001, 9);
        assert_eq!(nano.to_string(), "2026-11-23T07:00:00.000000001Z");
    }

    #[test]
    fn what_it_prints_it_reads() {
        for text in ["2026-11-23T07:00:00Z", "2026-11-23T07:00:00.000Z", "2026-11-23T07:00:00.120456Z"] {
            assert_eq!(Time::parse(text).map(|time| time.to_string()), Some(text.to_owned()));
        }
        let comma = Time::parse("2026-11-23T07:00:00,120Z").map(|time| time.to_string());
        assert_eq!(comma.as_deref(), Some("2026-11-23T07:00:00.120Z"));
        assert_eq!(Time::parse("yesterday"), None);
    }

    #[test]
    fn the_end_of_the_calendar_is_not_the_end_of_the_program() {
        let (last, first) = (Time::from_nanoseconds(i128::MAX, 6), Time::from_nanoseconds(i128::MIN, 6));
        assert!(last > first);
        for end in [first, last] {
            assert_eq!(Time::parse(&end.to_string()), Some(end));
        }
    }
}
