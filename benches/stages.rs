//! The time that each stage takes, over traffic that is made up and lies in memory.
//!
//! `cargo bench` runs them all, `cargo bench -- flow` those with that in their name. The input of a
//! stage is what the stage before made of it, ready before the clock starts.
#![allow(missing_docs, clippy::unwrap_used, reason = "a measurement that cannot be set up shall fail")]

#[path = "../tests/common/traffic/mod.rs"]
mod traffic;

use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use corscope::analyzer::{Analysis, Keep, Options, Part, Read, SourceKind, analyze};
use corscope::balancer::Balancer;
use corscope::chain::{Chain, Joiner};
use corscope::cors::{Asserted, Browser, PreflightCache, PreflightKey, Surroundings, decide, judge};
use corscope::flow::{Chunk, Delivery, Flows, Stamp};
use corscope::http::{Exchange, Time};
use corscope::import::exchange_file::{Bodies, Importer, Writer};
use corscope::report::{Charset, Layout, json, redacted, text};
use corscope::session::Sessions;
use corscope::wire::capture::Reader;
use corscope::wire::link::{Decoded, decode};
use corscope::wire::{Packet, Segment};
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use traffic::Traffic;

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// Longer than the caches of most processors, short enough for many rounds.
const SIZE: u64 = 16 << 20;

criterion_group!(stages, reading, judging, telling);
criterion_main!(stages);

/// From the bytes of a capture to exchanges, in bytes of the capture.
fn reading(criterion: &mut Criterion) {
    for (shape, traffic) in
        [("small", Traffic::SMALL), ("mixed", Traffic::MIXED), ("large", Traffic::LARGE), ("many", Traffic::MANY)]
    {
        let bytes = Traffic { size: SIZE, ..traffic }.pcap();
        let packets = Packets::of(&bytes);
        let segments: Vec<(Segment<'_>, Stamp)> = packets.iter().filter_map(|packet| segment(&packet)).collect();
        let deliveries = Deliveries::of(&segments);

        let mut group = group(criterion, shape, Throughput::Bytes(bytes.len() as u64));
        group.bench_function("capture", |bencher| bencher.iter(|| read_packets(&bytes, &mut |_| {})));
        group.bench_function("link", |bencher| bencher.iter(|| packets.iter().filter_map(|one| segment(&one)).count()));
        group.bench_function("flow", |bencher| bencher.iter_with_large_drop(|| flow(&segments, |_| {})));
        group.bench_function("session", |bencher| bencher.iter_with_large_drop(|| session(&deliveries)));
        group.bench_function("part", |bencher| bencher.iter_with_large_drop(|| part(&bytes)));
        group.finish();
    }
}

/// From exchanges to an analysis, in exchanges.
fn judging(criterion: &mut Criterion) {
    let read = part(&capture());
    let mut exchanges = read.exchanges.clone();
    exchanges.sort_by_key(began);
    let (mut balancer, mut preflights) = (Balancer::default(), PreflightCache::default());
    for exchange in &exchanges {
        balancer.observe(exchange);
        if let Some(key) = PreflightKey::of_preflight(exchange) {
            preflights.observe(exchange, key);
        }
    }
    let around = Surroundings { balancer: &balancer, preflights: Some(&preflights) };
    let chains = join(&exchanges);
    let asserted = Asserted::default();

    let mut group = group(criterion, "judging", Throughput::Elements(exchanges.len() as u64));
    group.bench_function("chain", |bencher| bencher.iter_with_large_drop(|| join(&exchanges)));
    group.bench_function("decide", |bencher| {
        bencher.iter(|| {
            for chain in &chains {
                _ = black_box(decide(chain, around, &asserted, Browser::default()));
            }
        });
    });
    group.bench_function("judge", |bencher| {
        bencher.iter(|| {
            for chain in &chains {
                _ = black_box(judge(chain, around, &asserted, Browser::default()));
            }
        });
    });
    group.bench_function("analyze", |bencher| {
        bencher.iter_batched(
            || vec![read.clone()],
            |reads| analyze(reads, &Options::default()),
            // One at a time: each analysis keeps what it judged.
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// From exchanges or an analysis to what is written, and back, in exchanges.
fn telling(criterion: &mut Criterion) {
    let read = part(&capture());
    let exchanges = read.exchanges.clone();
    let analysis = analyze(vec![read], &Options::default());
    let file = lines(&exchanges);

    let mut group = group(criterion, "telling", Throughput::Elements(exchanges.len() as u64));
    group.bench_function("redact and text", |bencher| bencher.iter(|| text(&redacted(&analysis), LAYOUT, false)));
    group.bench_function("redact and json", |bencher| bencher.iter(|| redacted_json(&analysis)));
    group.bench_function("exchange file, write", |bencher| {
        bencher.iter(|| lines(&exchanges));
    });
    group.bench_function("exchange file, read", |bencher| bencher.iter_with_large_drop(|| import(&file)));
    group.finish();
}

const LAYOUT: Layout = Layout { width: 100, charset: Charset::Unicode };

fn group<'a>(criterion: &'a mut Criterion, name: &str, throughput: Throughput) -> Group<'a> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.throughput(throughput);
    group
}

fn capture() -> Vec<u8> {
    Traffic { size: SIZE, ..Traffic::SMALL }.pcap()
}

fn read_packets(bytes: &[u8], sink: &mut dyn FnMut(Packet<'_>)) {
    Reader::new().push(bytes, true, sink).unwrap();
}

fn segment<'a>(packet: &Packet<'a>) -> Option<(Segment<'a>, Stamp)> {
    match decode(packet) {
        Decoded::Tcp(segment) => Some((segment, Stamp { frame: packet.number, time: packet.time })),
        _ => None,
    }
}

fn flow(segments: &[(Segment<'_>, Stamp)], mut sink: impl FnMut(&Delivery<'_>)) -> Flows {
    let mut flows = Flows::default();
    for (segment, stamp) in segments {
        flows.push(segment, *stamp, &mut sink);
    }
    flows.finish(&mut sink);
    flows
}

fn session(deliveries: &Deliveries) -> Vec<Exchange> {
    let mut sessions = Sessions::new("capture".into()).keeping(Keep::Errors);
    let mut exchanges = Vec::new();
    deliveries.each(|delivery| sessions.push(delivery, &mut |exchange| exchanges.push(exchange)));
    exchanges
}

/// All stages of reading, one behind the other.
fn part(bytes: &[u8]) -> Read {
    let path: Arc<str> = "capture".into();
    let mut part = Part::new(&path, Keep::Errors).sharing(None);
    read_packets(bytes, &mut |packet| part.packet(&packet));
    part.finish(path, SourceKind::Pcap, bytes.len() as u64)
}

fn began(exchange: &Arc<Exchange>) -> Option<Time> {
    exchange.request.as_ref().map(|request| request.time)
}

fn join(exchanges: &[Arc<Exchange>]) -> Vec<Chain> {
    let mut joiner = Joiner::default();
    for exchange in exchanges {
        joiner.push(exchange);
    }
    joiner.finish()
}

fn redacted_json(analysis: &Analysis) -> String {
    json(&redacted(analysis))
}

fn lines(exchanges: &[Arc<Exchange>]) -> String {
    let mut writer = Writer::new(Bodies::Measured);
    for exchange in exchanges {
        writer.write(exchange);
    }
    writer.into_lines()
}

fn import(lines: &str) -> Vec<Exchange> {
    let mut importer = Importer::new("exchanges".into());
    let mut exchanges = Vec::new();
    importer.push(lines.as_bytes(), &mut |line| exchanges.push(line.unwrap()));
    importer.finish(&mut |line| exchanges.push(line.unwrap()));
    exchanges
}

/// The packets of a capture, which a reader only lends.
struct Packets {
    bytes: Vec<u8>,
    /// Each without its bytes, and where these are.
    packets: Vec<(Packet<'static>, Range<usize>)>,
}

impl Packets {
    fn of(capture: &[u8]) -> Self {
        let mut all = Self { bytes: Vec::new(), packets: Vec::new() };
        read_packets(capture, &mut |packet| {
            let at = keep(&mut all.bytes, packet.data);
            all.packets.push((Packet { data: &[], ..packet }, at));
        });
        all
    }

    fn iter(&self) -> impl Iterator<Item = Packet<'_>> {
        let packet = |(packet, at): &(Packet<'static>, Range<usize>)| Packet {
            data: self.bytes.get(at.clone()).unwrap_or_default(),
            ..*packet
        };
        self.packets.iter().map(packet)
    }
}

/// What the connections deliver, which they only lend.
struct Deliveries {
    bytes: Vec<u8>,
    /// Each without its bytes, and where these are.
    deliveries: Vec<(Delivery<'static>, Range<usize>)>,
}

impl Deliveries {
    fn of(segments: &[(Segment<'_>, Stamp)]) -> Self {
        let mut all = Self { bytes: Vec::new(), deliveries: Vec::new() };
        flow(segments, |delivery| {
            let (chunk, at) = match delivery.chunk {
                Chunk::Data(data) => (Chunk::Data(&[][..]), keep(&mut all.bytes, data)),
                Chunk::Gap { len, cut } => (Chunk::Gap { len, cut }, 0..0),
                Chunk::End(how) => (Chunk::End(how), 0..0),
            };
            let Delivery { flow, side, source, destination, from_start, stamp, .. } = *delivery;
            all.deliveries.push((Delivery { flow, side, source, destination, from_start, stamp, chunk }, at));
        });
        all
    }

    fn each(&self, mut sink: impl FnMut(&Delivery<'_>)) {
        for (delivery, at) in &self.deliveries {
            match delivery.chunk {
                Chunk::Data(_) => {
                    sink(&Delivery { chunk: Chunk::Data(self.bytes.get(at.clone()).unwrap_or_default()), ..*delivery });
                }
                Chunk::Gap { .. } | Chunk::End(_) => sink(delivery),
            }
        }
    }
}

fn keep(all: &mut Vec<u8>, more: &[u8]) -> Range<usize> {
    let from = all.len();
    all.extend_from_slice(more);
    from..all.len()
}
