//! However the network cuts the bytes, exchanges and report are the same, or honestly incomplete: the
//! segments of every shipped capture are cut, repeated, swapped and dropped.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up shall fail"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use corscope::analyzer::{Analysis, Keep, Options, Part, Read, SourceKind, analyze};
use corscope::cors::Outcome;
use corscope::flow::Stamp;
use corscope::http::{Exchange, Frames, State, Time};
use corscope::wire::capture::Reader;
use corscope::wire::link::{Decoded, decode};
use corscope::wire::{Endpoint, Flags, Segment};
use proptest::prelude::*;
use proptest::sample::Index;

/// A segment that owns its bytes.
#[derive(Clone, Debug)]
struct Owned {
    source: Endpoint,
    destination: Endpoint,
    sequence: u32,
    acknowledgement: u32,
    flags: Flags,
    payload: Vec<u8>,
    stamp: Stamp,
}

/// A call as the report tells it, frames and times aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    method: String,
    url: String,
    outcome: &'static str,
    error: Option<&'static str>,
    findings: Vec<&'static str>,
}

/// So far may a segment be overtaken.
const WINDOW: usize = 4;

/// What was sent this long after another segment, in nanoseconds, does not overtake it: by then the capture would
/// have lost what is missing.
const PAUSE: u128 = 500_000_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cut_repeated_and_swapped_segments_give_the_same_exchanges_and_report(
        capture in any::<Index>(),
        cuts in prop::collection::vec((any::<Index>(), any::<Index>()), 0..20),
        repeats in prop::collection::vec((any::<Index>(), 0..WINDOW), 0..10),
        swaps in prop::collection::vec((any::<Index>(), 1..WINDOW), 0..10),
    ) {
        let path = captures()[capture.index(captures().len())].clone();
        let whole = segments(&path);
        let expected = (essence(&whole), calls(&report(&whole)));
        let mut changed = whole;
        for (which, at) in cuts {
            cut(&mut changed, which, at);
        }
        for (which, later) in repeats {
            repeat(&mut changed, which, later);
        }
        for (which, by) in swaps {
            swap(&mut changed, which, by);
        }
        prop_assert_eq!((essence(&changed), calls(&report(&changed))), expected, "{}", path.display());
    }

    #[test]
    fn dropped_segments_accuse_and_acquit_nobody(
        capture in any::<Index>(),
        drops in prop::collection::vec(any::<Index>(), 1..4),
    ) {
        let path = captures()[capture.index(captures().len())].clone();
        let whole = segments(&path);
        let truth = report(&whole);
        let exchanges = essence(&whole);
        let mut lossy = whole;
        for which in &drops {
            lossy.remove(which.index(lossy.len()));
        }
        for exchange in essence(&lossy).iter().filter(|exchange| exchange.state == State::Complete) {
            let is_same = |one: &Exchange| (&one.request, &one.response) == (&exchange.request, &exchange.response);
            prop_assert!(exchanges.iter().any(is_same), "{}: {exchange:?}", path.display());
        }
        for call in calls(&report(&lossy)) {
            prop_assert!(is_honest(&call, &truth), "{}: {call:?}", path.display());
        }
    }
}

/// A verdict from an incomplete capture is that of the whole one, or none.
fn is_honest(call: &Call, truth: &Analysis) -> bool {
    if matches!(call.outcome, "undetermined" | "not-cors") {
        return true;
    }
    truth.reports().any(|chain| {
        let verdict = &chain.judgement.verdict.outcome;
        let passes_there = chain.judgement.hops.iter().any(|hop| hop.url == call.url);
        let error = verdict.failure().map(|failure| failure.error.name());
        // A chain that lost its beginning is judged from where it is seen.
        passes_there && (error == call.error || (call.outcome == "allowed" && matches!(verdict, Outcome::Allowed)))
    })
}

fn calls(analysis: &Analysis) -> Vec<Call> {
    let mut calls: Vec<Call> = analysis
        .reports()
        .map(|chain| Call {
            method: chain.judgement.asked.method.clone(),
            url: chain.judgement.asked.url.clone(),
            outcome: chain.judgement.verdict.outcome.name(),
            error: chain.judgement.verdict.outcome.failure().map(|failure| failure.error.name()),
            findings: chain.findings.clone(),
        })
        .collect();
    calls.sort();
    calls
}

fn report(segments: &[Owned]) -> Analysis {
    analyze(vec![read(segments)], &Options::default())
}

/// The exchanges without what depends on the packets alone, by their ids.
fn essence(segments: &[Owned]) -> Vec<Exchange> {
    let time = Time::from_nanoseconds(0, 0);
    let mut exchanges: Vec<Exchange> = read(segments).exchanges.into_iter().map(Arc::unwrap_or_clone).collect();
    for exchange in &mut exchanges {
        exchange.frames = Frames::default();
        if let Some(request) = &mut exchange.request {
            (request.time, request.end_time) = (time, None);
        }
        for response in exchange.extras.interim.iter_mut().chain(&mut exchange.response) {
            (response.time, response.end_time) = (time, None);
        }
    }
    exchanges.sort_by(|one, other| one.id.cmp(&other.id));
    exchanges
}

fn read(segments: &[Owned]) -> Read {
    let path: Arc<str> = "capture".into();
    let mut part = Part::new(&path, Keep::Errors).sharing(None);
    for owned in segments {
        let segment = Segment {
            source: owned.source,
            destination: owned.destination,
            sequence: owned.sequence,
            acknowledgement: owned.acknowledgement,
            flags: owned.flags,
            fingerprint: u32::try_from(owned.stamp.frame).unwrap(),
            payload: &owned.payload,
            cut_off: 0,
        };
        part.segment(&segment, owned.stamp);
    }
    part.finish(path, SourceKind::Pcap, 0)
}

fn cut(segments: &mut Vec<Owned>, which: Index, at: Index) {
    let index = which.index(segments.len());
    let segment = &segments[index];
    if segment.payload.len() < 2 || segment.flags.syn {
        return;
    }
    let at = 1 + at.index(segment.payload.len() - 1);
    let mut rest = segment.clone();
    rest.payload = rest.payload.split_off(at);
    rest.sequence = rest.sequence.wrapping_add(u32::try_from(at).unwrap());
    let first = &mut segments[index];
    first.payload.truncate(at);
    first.flags.fin = false;
    segments.insert(index + 1, rest);
}

fn repeat(segments: &mut Vec<Owned>, which: Index, later: usize) {
    let index = which.index(segments.len());
    // A SYN that comes again after its connection was used would open a new one, and rightly so.
    if segments[index].flags.syn {
        return;
    }
    let again = segments[index].clone();
    segments.insert((index + 1 + later).min(segments.len()), again);
}

fn swap(segments: &mut [Owned], which: Index, by: usize) {
    let index = which.index(segments.len());
    let other = (index + by).min(segments.len() - 1);
    let overtaken = &segments[index..=other];
    let handshake = overtaken.iter().any(|segment| segment.flags.syn || segment.flags.rst);
    let times = || overtaken.iter().map(|segment| segment.stamp.time.nanoseconds());
    let pause = times().max().unwrap().abs_diff(times().min().unwrap());
    if !handshake && pause < PAUSE {
        segments.swap(index, other);
    }
}

fn segments(capture: &Path) -> Vec<Owned> {
    let bytes = std::fs::read(capture).unwrap();
    let mut owned = Vec::new();
    let mut take = |packet: corscope::wire::Packet<'_>| {
        if let Decoded::Tcp(segment) = decode(&packet) {
            owned.push(Owned {
                source: segment.source,
                destination: segment.destination,
                sequence: segment.sequence,
                acknowledgement: segment.acknowledgement,
                flags: segment.flags,
                payload: segment.payload.to_vec(),
                stamp: Stamp { frame: packet.number, time: packet.time },
            });
        }
    };
    Reader::new().push(&bytes, true, &mut take).unwrap();
    owned
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng"));
    files.sort();
    files
}
