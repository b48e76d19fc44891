//! The pcap format: a file header, then record after record with nothing in between.

use super::form::{Form, LONGEST_HEADER};
use super::order::Order;
use super::{Content, Damage, MAX_RECORD, Plausible, Record, Step, Taken};
use crate::wire::{LinkType, Moment};

/// The length of the file header, in bytes.
const FILE_HEADER: usize = 24;

/// IXIA's has the length of all records behind it.
pub(super) const LONGEST_FILE_HEADER: usize = FILE_HEADER + 4;

/// The snapshot length that is allowed whatever the file header says (libpcap's
/// `MAXIMUM_SNAPLEN`): some writers put less there than they capture.
const USUAL_SNAPLEN: u32 = 262_144;

/// How far apart two neighbouring records are believed to be while looking for the end of damage.
const DAY: u32 = 24 * 60 * 60;

/// One way to write a file, told by its first four bytes.
struct Dialect {
    magic: u32,
    file_header: usize,
    /// Digits of the fraction of a second.
    digits: u8,
    /// How its records may be written: the first, unless they contradict it.
    forms: &'static [Form],
}

const DIALECTS: [Dialect; 5] = [
    Dialect::of(0xa1b2_c3d4, 6, &[Form::Plain, Form::Interface, Form::Nokia]),
    Dialect::of(0xa1b2_3c4d, 9, &[Form::Plain]),
    // Kuznetsov's patched libpcap.
    Dialect::of(0xa1b2_cd34, 6, &[Form::Interface, Form::Processors]),
    // IXIA's hardware and software.
    Dialect { file_header: LONGEST_FILE_HEADER, ..Dialect::of(0x1c00_01ac, 9, &[Form::Plain]) },
    Dialect { file_header: LONGEST_FILE_HEADER, ..Dialect::of(0x1c00_01ab, 6, &[Form::Plain]) },
];

impl Dialect {
    const fn of(magic: u32, digits: u8, forms: &'static [Form]) -> Self {
        Self { magic, file_header: FILE_HEADER, digits, forms }
    }

    fn known_by(magic: [u8; 4]) -> Option<(Order, &'static Self)> {
        [Order::Little, Order::Big].into_iter().find_map(|order| {
            let dialect = DIALECTS.iter().find(|dialect| dialect.magic == order.u32(magic))?;
            Some((order, dialect))
        })
    }
}

/// All byte sequences that a pcap file can begin with.
pub(super) fn magics() -> impl Iterator<Item = [u8; 4]> {
    DIALECTS.iter().flat_map(|dialect| [dialect.magic.to_le_bytes(), dialect.magic.to_be_bytes()])
}

/// The length of the file header that `input` begins with.
pub(super) fn file_header(input: &[u8]) -> usize {
    let known = input.first_chunk().and_then(|magic| Dialect::known_by(*magic));
    known.map_or(FILE_HEADER, |(_, dialect)| dialect.file_header)
}

/// The records of one file.
#[derive(Debug)]
pub(super) struct Records {
    order: Order,
    digits: u8,
    form: Form,
    /// Which forms it may turn out to be instead.
    others: &'static [Form],
    /// The version is from before the lengths changed places (2.3): some files of it have them this way, some the other.
    lengths_may_be_swapped: bool,
    link: LinkType,
    /// More captured bytes than this are doubted.
    longest: u32,
    /// The second of the latest record.
    latest: Option<u32>,
}

/// A record header (section "Packet Record").
struct Head {
    seconds: u32,
    fraction: u32,
    captured: u32,
    original: u32,
}

impl Records {
    /// Reads the file header (section "File Header"). `None` if there is less of it, or another magic.
    pub(super) fn open(input: &[u8]) -> Option<Self> {
        let ([magic, version, _zone, _accuracy, snaplen, network, ..], _) = input.as_chunks::<4>() else {
            return None;
        };
        let (order, dialect) = Dialect::known_by(*magic)?;
        let [form, others @ ..] = dialect.forms else { return None };
        if input.len() < dialect.file_header {
            return None;
        }
        let [a, b, c, d] = *version;
        let version = (order.u16([a, b]), order.u16([c, d]));
        // The upper half of the word tells the length of a frame check sequence.
        let [network, _] = halves(order.u32(*network));
        let aix = if version == (2, 2) { link_of_aix(network) } else { None };
        let is_old = matches!(version, (2, 0..=3) | (543, _));
        Some(Self {
            order,
            digits: if aix.is_some() { 9 } else { dialect.digits },
            form: *form,
            // The others came with version 2.4.
            others: if is_old { &[] } else { others },
            lengths_may_be_swapped: is_old,
            link: LinkType(aix.unwrap_or(network)),
            longest: order.u32(*snaplen).clamp(USUAL_SNAPLEN, MAX_RECORD),
            latest: None,
        })
    }

    /// Reads the record that `input` begins with.
    ///
    /// A header with something wrong in it is taken at its word if another record follows where it
    /// says: odd writers are more common than damaged files.
    pub(super) fn step<'a>(&mut self, input: &'a [u8], at_end: bool) -> Step<'a> {
        if !self.others.is_empty()
            && let Some(needed) = self.settle_form(input, at_end)
        {
            return Step::Need(needed);
        }
        let Some(head) = self.head(input) else { return Step::Need(self.form.header()) };
        let damage = self.damage(&head);
        if let Some(damage) = damage {
            match self.followed(&head, input, at_end) {
                Plausible::Yes => {}
                Plausible::No => return Step::Lost(damage),
                Plausible::Need(needed) => return Step::Need(needed),
            }
        }
        let len = self.len(&head);
        let Some(data) = input.get(self.form.header()..len) else { return Step::Need(len) };
        self.latest = Some(head.seconds);
        let record = Record {
            time: Some(self.time(&head)),
            link: self.link,
            data,
            original_len: head.original.max(head.captured),
        };
        Step::Take(Taken { len, content: Content::Packet(record), damage })
    }

    /// Whether a record begins with `input`: its header is sound, it belongs to the time of the
    /// record before the damage, and another one follows.
    pub(super) fn plausible(&self, input: &[u8], at_end: bool) -> Plausible {
        let Some(head) = self.head(input) else { return Plausible::Need(self.form.header()) };
        let in_time = self.latest.is_none_or(|latest| latest.abs_diff(head.seconds) <= DAY);
        if in_time && self.damage(&head).is_none() { self.followed(&head, input, at_end) } else { Plausible::No }
    }

    /// Whether a record, or the end of the file, comes after the one that `input` begins with.
    fn followed(&self, head: &Head, input: &[u8], at_end: bool) -> Plausible {
        if head.captured > MAX_RECORD {
            return Plausible::No;
        }
        let len = self.len(head);
        let believed = match input.get(len..).map(|rest| self.head(rest)) {
            Some(Some(next)) => next.is_believable_after(head),
            _ if !at_end => return Plausible::Need(len + self.form.header()),
            // The file ends right here, or so early in the next header that it cannot contradict.
            Some(None) => true,
            None => false,
        };
        if believed { Plausible::Yes } else { Plausible::No }
    }

    /// Tells by the first record, and what comes behind it, which of the forms with this magic the records have. Says
    /// how many bytes it needs if it cannot yet: the first record of nearly every file tells by itself.
    #[cold]
    fn settle_form(&mut self, input: &[u8], at_end: bool) -> Option<usize> {
        if input.len() < LONGEST_HEADER && !at_end {
            return Some(LONGEST_HEADER);
        }
        let may_be = |form: &&Form| form.fits(self.order, input);
        let forms = [self.form].into_iter().chain(self.others.iter().filter(may_be).copied());
        let tried: Vec<(Form, Plausible)> =
            forms.map(|form| (form, Self { form, ..*self }.is_told_by(input, at_end))).collect();
        // One that is alone has nothing to be told from.
        let is_alone = tried.len() < 2;
        match tried.into_iter().find(|(_, told)| !matches!(told, Plausible::No)).filter(|_| !is_alone) {
            Some((_, Plausible::Need(needed))) => return Some(needed),
            Some((form, Plausible::Yes)) => self.form = form,
            Some((_, Plausible::No)) | None => {}
        }
        self.others = &[];
        None
    }

    /// Whether the first two records are as this form has them. One alone does not tell: where a file is cut off, a
    /// longer form could end there by chance.
    fn is_told_by(&self, input: &[u8], at_end: bool) -> Plausible {
        let Some(head) = self.head(input).filter(|head| self.damage(head).is_none()) else { return Plausible::No };
        let len = self.len(&head);
        let Some(rest) = input.get(len..).filter(|rest| at_end || rest.len() >= self.form.header()) else {
            return if at_end { Plausible::No } else { Plausible::Need(len + self.form.header()) };
        };
        let goes_on = self.head(rest).is_some_and(|next| {
            self.damage(&next).is_none() && next.is_believable_after(&head) && self.form.fits(self.order, rest)
        });
        if goes_on { Plausible::Yes } else { Plausible::No }
    }

    fn head(&self, input: &[u8]) -> Option<Head> {
        if input.len() < self.form.header() {
            return None;
        }
        let ([seconds, fraction, captured, original, ..], _) = input.as_chunks::<4>() else { return None };
        let (captured, original) = (self.order.u32(*captured), self.order.u32(*original));
        let swapped = self.lengths_may_be_swapped && captured > original;
        let (captured, original) = if swapped { (original, captured) } else { (captured, original) };
        Some(Head { seconds: self.order.u32(*seconds), fraction: self.order.u32(*fraction), captured, original })
    }

    fn damage(&self, head: &Head) -> Option<Damage> {
        let Head { fraction, captured, original, .. } = *head;
        if captured > self.longest {
            Some(Damage::CapturedLength { captured, most: self.longest })
        } else if original == 0 || original > MAX_RECORD {
            Some(Damage::OriginalLength(original))
        } else if captured > original {
            Some(Damage::CapturedMore { captured, original })
        } else if fraction >= 10_u32.pow(u32::from(self.digits)) {
            Some(Damage::Fraction(fraction))
        } else {
            None
        }
    }

    fn len(&self, head: &Head) -> usize {
        self.form.header().saturating_add(head.captured as usize)
    }

    fn time(&self, head: &Head) -> Moment {
        let unit = if self.digits == 9 { 1 } else { 1_000 };
        Moment::new(head.seconds, u64::from(head.fraction) * unit, self.digits)
    }
}

impl Head {
    /// Asks less than [`Records::damage`] does, for an odd writer is odd in all its records.
    fn is_believable_after(&self, before: &Self) -> bool {
        let longest = self.captured.max(self.original);
        (1..=MAX_RECORD).contains(&longest) && self.seconds.abs_diff(before.seconds) <= DAY
    }
}

/// AIX wrote version 2.2 with nanoseconds, and the types of interfaces (RFC 1573) for those of links, of which libpcap
/// had none of these numbers in files of that time: Ethernet, token ring, FDDI and loopback.
fn link_of_aix(interface: u16) -> Option<u16> {
    match interface {
        6 => Some(1),
        9 => Some(6),
        15 => Some(10),
        24 => Some(0),
        _ => None,
    }
}

/// The lower and the upper half of a word.
fn halves(word: u32) -> [u16; 2] {
    let [a, b, c, d] = word.to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}

#[cfg(test)]
mod tests {
    use super::super::sample::{assert_steady, read, read_in_steps};
    use super::super::{MAX_WARNINGS, Reader, Warning};
    use super::*;

    const PLAIN: u32 = 0xa1b2_c3d4;
    const MODIFIED: u32 = 0xa1b2_cd34;

    type Write = fn(u32) -> [u8; 4];

    fn header(write: Write, magic: u32, snaplen: u32, network: u32) -> Vec<u8> {
        let version = if write(1) == [1, 0, 0, 0] { [2, 0, 4, 0] } else { [0, 2, 0, 4] };
        [write(magic), version, [0; 4], [0; 4], write(snaplen), write(network)].concat()
    }

    fn record(write: Write, seconds: u32, fraction: u32, data: &[u8]) -> Vec<u8> {
        let len = u32::try_from(data.len()).unwrap();
        [&[write(seconds), write(fraction), write(len), write(len + 9)].concat(), data].concat()
    }

    /// The packet is `"packet <nth>"`, captured in second 1000 + nth.
    fn nth(nth: u32) -> Vec<u8> {
        record(u32::to_le_bytes, 1000 + nth, 5, format!("packet {nth}").as_bytes())
    }

    fn plain(records: &[Vec<u8>]) -> Vec<u8> {
        [header(u32::to_le_bytes, PLAIN, 65535, 1), records.concat()].concat()
    }

    fn texts(file: &[u8]) -> Vec<String> {
        read(file).0.into_iter().map(|packet| String::from_utf8_lossy(&packet.data).into_owned()).collect()
    }

    #[test]
    fn every_magic_is_read_in_either_byte_order() {
        for write in [u32::to_le_bytes as Write, u32::to_be_bytes] {
            for (magic, digits, nanoseconds) in [(PLAIN, 6, 7000), (0xa1b2_3c4d, 9, 7), (MODIFIED, 6, 7000)] {
                let mut record = record(write, 1_700_000_000, 7, b"hello");
                if magic == MODIFIED {
                    record.splice(16..16, [0, 0, 0, 1, 8, 0, 0, 0]);
                }
                let file = [header(write, magic, 65535, 113), record.repeat(2)].concat();
                let (packets, warnings) = read(&file);
                assert_eq!(warnings, []);
                assert_eq!(packets.len(), 2);
                assert_eq!((packets[0].number, packets[1].number), (1, 2));
                assert_eq!(packets[1].link, LinkType(113));
                assert_eq!(packets[1].data, b"hello");
                assert_eq!(packets[1].original_len, 14);
                let nanoseconds = 1_700_000_000_000_000_000 + nanoseconds;
                assert_eq!(packets[1].time, Moment::from_nanoseconds(nanoseconds, digits));
                assert_steady(&file);
            }
        }
    }

    /// A record whose header goes on with `more`.
    fn longer(write: Write, seconds: u32, more: &[u8], data: &[u8]) -> Vec<u8> {
        let mut record = record(write, seconds, 7, data);
        record.splice(16..16, more.iter().copied());
        record
    }

    /// Interface 2, IPv4, for this host.
    fn interface(write: Write) -> Vec<u8> {
        let protocol = if write(1) == [1, 0, 0, 0] { [0, 8] } else { [8, 0] };
        [&write(2)[..], &protocol, &[0, 0xee]].concat()
    }

    const NOKIA: [u8; 4] = [1, 0xb6, 0xbf, 0x9f];

    #[test]
    fn forms_with_the_same_magic_are_told_by_the_records() {
        for write in [u32::to_le_bytes as Write, u32::to_be_bytes] {
            let processors = [interface(write), vec![9; 4]].concat();
            let forms =
                [(PLAIN, interface(write)), (PLAIN, NOKIA.to_vec()), (PLAIN, vec![0; 4]), (MODIFIED, processors)];
            for (magic, more) in forms {
                for records in 2..4 {
                    let records: Vec<u8> =
                        (0..records).flat_map(|nth| longer(write, 1000 + nth, &more, b"a packet of a form")).collect();
                    let file = [header(write, magic, 65535, 1), records].concat();
                    let (packets, warnings) = read(&file);
                    assert_eq!(warnings, [], "{more:x?}");
                    assert!(packets.iter().all(|packet| packet.data == b"a packet of a form"), "{more:x?}");
                    for step in [1, 7, 64] {
                        assert_eq!(read_in_steps(&file, step), (packets.clone(), Vec::new()));
                    }
                }
            }
        }
    }

    #[test]
    fn an_ordinary_file_whose_packets_look_like_longer_headers_stays_one() {
        // As on a loopback interface: addresses of zeroes.
        let packet = |nth: u32| {
            record(u32::to_le_bytes, 1_700_000_000 + nth, 5, &[&[0; 12][..], &[8, 0, 0x45, 0, 9, 9]].concat())
        };
        let nokia = |nth: u32| record(u32::to_le_bytes, 1_700_000_000 + nth, 5, &[&NOKIA[..], b"and more"].concat());
        for (first, second) in [(packet(0), packet(1)), (nokia(0), nokia(1))] {
            let file = plain(&[first.clone(), second]);
            let (packets, warnings) = read(&file);
            assert_eq!((packets.len(), warnings), (2, Vec::new()));
            // Wherever it is cut off behind the first, whose place a longer header would move.
            for len in FILE_HEADER + first.len()..file.len() {
                assert_eq!(read(&file[..len]).0, packets[..1], "after {len} bytes");
            }
        }
        // The second is damaged.
        let mut records: Vec<_> = (0..4).map(packet).collect();
        records[1][8..12].fill(0xff);
        assert_eq!(read(&plain(&records)).0.len(), 3);
    }

    #[test]
    fn ixias_files_have_a_longer_header() {
        for write in [u32::to_le_bytes as Write, u32::to_be_bytes] {
            for (magic, digits, nanoseconds) in [(0x1c00_01ac, 9, 7), (0x1c00_01ab, 6, 7000)] {
                let records = record(write, 1, 7, b"hello").repeat(2);
                let len = u32::try_from(records.len()).unwrap();
                let file = [header(write, magic, 65535, 1), write(len).to_vec(), records].concat();
                let (packets, warnings) = read(&file);
                assert_eq!((packets.len(), warnings), (2, Vec::new()));
                assert_eq!(packets[0].time, Moment::from_nanoseconds(1_000_000_000 + nanoseconds, digits));
                for step in [1, 7, 64] {
                    assert_eq!(read_in_steps(&file, step).0, packets);
                }
                let damage = Damage::CutOff { present: 26, needed: 28 };
                assert_eq!(read(&file[..26]).1, [Warning { offset: 0, damage, skipped: 26 }]);
            }
        }
    }

    /// With a version, and the lengths in the order of that time.
    fn old(version: [u16; 2], network: u32, lengths: [u32; 2]) -> Vec<u8> {
        let mut file = header(u32::to_be_bytes, PLAIN, 65535, network);
        file.splice(4..8, version.map(u16::to_be_bytes).concat());
        let words = [1000, 7, lengths[0], lengths[1]].map(u32::to_be_bytes).concat();
        [file, [words, b"hello".to_vec()].concat().repeat(2)].concat()
    }

    #[test]
    fn lengths_of_old_versions_are_taken_in_either_order() {
        for version in [[2, 0], [2, 2], [2, 3], [543, 0]] {
            for lengths in [[14, 5], [5, 14], [5, 5]] {
                let file = old(version, 1, lengths);
                let (packets, warnings) = read(&file);
                assert_eq!((packets.len(), warnings), (2, Vec::new()), "{version:?} {lengths:?}");
                assert_eq!((packets[0].data.as_slice(), packets[0].time.digits), (&b"hello"[..], 6));
                assert_eq!(packets[0].original_len, lengths[0].max(lengths[1]));
                assert_steady(&file);
            }
        }
    }

    #[test]
    fn aix_counts_nanoseconds_and_interfaces() {
        for (interface, link) in [(6, 1), (9, 6), (15, 10), (24, 0)] {
            let file = old([2, 2], interface, [14, 5]);
            let (packets, warnings) = read(&file);
            assert_eq!((packets.len(), warnings), (2, Vec::new()));
            assert_eq!(packets[0].link, LinkType(link));
            assert_eq!(packets[0].time, Moment::from_nanoseconds(1_000_000_000_007, 9));
        }
    }

    #[test]
    fn the_link_type_is_the_lower_half_of_its_word() {
        let file = [header(u32::to_be_bytes, PLAIN, 0, 0x2400_0071), record(u32::to_be_bytes, 1, 1, b"x")].concat();
        assert_eq!(read(&file).0[0].link, LinkType(0x71));
    }

    #[test]
    fn a_file_without_packets_is_sound() {
        assert_eq!(read(&plain(&[])), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_damaged_length_is_passed_over() {
        let mut records: Vec<_> = (0..5).map(nth).collect();
        records[2][8..12].fill(0xff);
        let file = plain(&records);
        assert_eq!(texts(&file), ["packet 0", "packet 1", "packet 3", "packet 4"]);
        let damage = Damage::CapturedLength { captured: u32::MAX, most: USUAL_SNAPLEN };
        assert_eq!(read(&file).1, [Warning { offset: 24 + 2 * 24, damage, skipped: 24 }]);
        assert_steady(&file);
    }

    #[test]
    fn missing_and_foreign_bytes_are_passed_over() {
        let records: Vec<_> = (0..6).map(nth).collect();
        let whole = plain(&records);
        for (from, to) in [(50, 60), (48, 71), (90, 99)] {
            let missing = [&whole[..from], &whole[to..]].concat();
            assert!(texts(&missing).ends_with(&["packet 4".into(), "packet 5".into()]), "{from}..{to}");
            assert_steady(&missing);
            let foreign = [&whole[..from], &[0xa5; 77], &whole[from..]].concat();
            assert!(texts(&foreign).ends_with(&["packet 4".into(), "packet 5".into()]), "at {from}");
            assert_steady(&foreign);
        }
    }

    #[test]
    fn an_unwritten_end_is_no_packets() {
        let mut file = plain(&[nth(0), nth(1)]);
        let end = file.len() as u64;
        file.resize(file.len() + 1000, 0);
        assert_eq!(texts(&file), ["packet 0", "packet 1"]);
        assert_eq!(read(&file).1, [Warning { offset: end, damage: Damage::OriginalLength(0), skipped: 1000 }]);
    }

    #[test]
    fn a_length_that_reaches_beyond_the_end_is_damage() {
        let mut records: Vec<_> = (0..4).map(nth).collect();
        records[1][8..16].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let file = plain(&records);
        assert_eq!(texts(&file), ["packet 0", "packet 2", "packet 3"]);
        let damage = Damage::CutOff { present: 72, needed: 272 };
        assert_eq!(read(&file).1, [Warning { offset: 48, damage, skipped: 24 }]);
    }

    #[test]
    fn a_cut_off_end_is_told() {
        let file = plain(&[nth(0), nth(1)]);
        let (packets, warnings) = read(&file[..file.len() - 3]);
        assert_eq!(packets.len(), 1);
        let damage = Damage::CutOff { present: 21, needed: 24 };
        assert_eq!(warnings, [Warning { offset: 48, damage, skipped: 21 }]);
    }

    #[test]
    fn odd_records_among_sound_ones_are_taken() {
        let mut records: Vec<_> = (0..5).map(nth).collect();
        // As some writers leave them: no original length, a smaller one, a fraction above a second.
        records[1][12..16].fill(0);
        records[2][12] = 3;
        records[4][4..8].copy_from_slice(&1_000_000_u32.to_le_bytes());
        let file = plain(&records);
        let (packets, warnings) = read(&file);
        assert_eq!(packets.len(), 5);
        assert_eq!(packets[2].original_len, 8);
        assert_eq!(packets[4].time.nanoseconds(), 1_005_000_000_000);
        let damages: Vec<_> =
            warnings.iter().map(|warning| (warning.offset, warning.damage, warning.skipped)).collect();
        assert_eq!(
            damages,
            [
                (48, Damage::OriginalLength(0), 0),
                (72, Damage::CapturedMore { captured: 8, original: 3 }, 0),
                (120, Damage::Fraction(1_000_000), 0),
            ]
        );
    }

    #[test]
    fn records_longer_than_the_snapshot_length_are_taken() {
        let long = vec![b'x'; 300_000];
        let file = plain(&[nth(0), record(u32::to_le_bytes, 1001, 5, &long), nth(2)]);
        let (packets, warnings) = read_in_steps(&file, 4096);
        assert_eq!(packets.len(), 3);
        assert_eq!(packets[1].data, long);
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn no_more_than_a_record_is_asked_for() {
        let mut file = plain(&[nth(0)]);
        file.extend(nth(1));
        let end = file.len();
        file[end - 16..end - 8].fill(0xff);
        let mut reader = Reader::new();
        file.extend([0xff; 4096]);
        let _ = reader.push(&file, false, &mut |_| {});
        assert!(reader.needs() <= 2 * 24 + MAX_RECORD as usize);
    }

    #[test]
    fn warnings_are_bounded() {
        let mut odd = nth(0);
        odd[12] = 3;
        let file = plain(&vec![odd; MAX_WARNINGS + 10].into_iter().flat_map(|odd| [odd, nth(0)]).collect::<Vec<_>>());
        let mut reader = Reader::new();
        let mut packets = 0;
        assert_eq!(reader.push(&file, true, &mut |_| packets += 1), Ok(file.len()));
        assert_eq!(packets, 2 * (MAX_WARNINGS + 10));
        assert_eq!(reader.take_warnings().len(), MAX_WARNINGS);
        assert_eq!(reader.take_warnings(), []);
        assert_eq!(reader.warned(), MAX_WARNINGS as u64 + 10);
    }
}
