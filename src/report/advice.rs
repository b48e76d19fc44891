//! What to say when a source holds nothing that can be judged: what was there instead, and where to
//! capture instead.

use crate::analyzer::{Analysis, SourceKind, SourceSummary};

use super::words::{called, count};

/// A piece of advice: what is so, why, and what to type.
pub(super) struct Advice {
    pub(super) title: String,
    pub(super) paragraphs: Vec<String>,
    pub(super) commands: Vec<String>,
}

/// The advice that an analysis needs: a page of it when there is no call to judge, a short note
/// when some connections could not be read, none otherwise.
pub(super) fn advice(analysis: &Analysis) -> Option<Advice> {
    let seen = Seen::of(analysis);
    if !analysis.chains.is_empty() {
        return (seen.tls > 0).then(|| encrypted_too(&seen));
    }
    let mut advice = without_call(&seen);
    if let Some(damage) = &seen.damage {
        advice.paragraphs.insert(0, not_all_read(damage));
    }
    Some(advice)
}

fn without_call(seen: &Seen) -> Advice {
    if seen.tls > 0 {
        encrypted(seen)
    } else if seen.exchanges > 0 {
        no_page_call(seen)
    } else if seen.http2 > 0 {
        http2(seen)
    } else if !seen.captures {
        empty_file()
    } else if seen.packets == 0 && seen.damage.is_some() {
        no_packet_read()
    } else if seen.packets == 0 {
        no_packets()
    } else {
        no_http(seen)
    }
}

struct Seen {
    captures: bool,
    packets: u64,
    connections: u64,
    exchanges: u64,
    health_checks: u64,
    is_filtered_out: bool,
    tls: u64,
    http2: u64,
    lost_bytes: u64,
    /// Why not all of a source was read: the first reason, with the source's name.
    damage: Option<String>,
}

impl Seen {
    fn of(analysis: &Analysis) -> Self {
        let sum = |of: fn(&SourceSummary) -> u64| analysis.sources.iter().map(of).sum();
        Self {
            captures: analysis.sources.iter().any(|source| source.kind != SourceKind::Exchanges),
            packets: sum(|source| source.packets),
            connections: sum(|source| source.connections),
            exchanges: sum(|source| source.exchanges),
            health_checks: analysis.health_checks,
            is_filtered_out: analysis.is_filtered_out(),
            tls: sum(|source| source.unread.tls),
            http2: sum(|source| source.unread.http2),
            lost_bytes: sum(|source| source.lost_bytes),
            damage: analysis.sources.iter().find_map(damage),
        }
    }
}

fn damage(source: &SourceSummary) -> Option<String> {
    source.damage.as_ref().map(|damage| format!("{}: {damage}", called(&source.path)))
}

/// Stands first: what follows holds for what was read alone.
fn not_all_read(damage: &str) -> String {
    format!("Not all of it was read, and what is looked for may be in the rest. {damage}.")
}

const WHERE: &str = "Capture on the backend's side, where the load balancer has taken the TLS off: on the machine (or in \
                     the container) that runs the server, on the port that the load balancer forwards to. Put that port \
                     in the place of 8000 and repeat the failing call while it runs:";

fn capture_commands() -> Vec<String> {
    vec![
        "sudo tcpdump -i any -s 0 -w backend.pcap 'tcp port 8000'".to_owned(),
        "corscope analyze backend.pcap".to_owned(),
    ]
}

fn encrypted(seen: &Seen) -> Advice {
    Advice {
        title: format!("No call to judge, and {} not readable", count(seen.tls, "TLS connection")),
        paragraphs: vec![
            "What was captured is encrypted. Taking port 443 in front of the load balancer is everybody's first \
             mistake: what the browser and the load balancer say to each other there cannot be read."
                .to_owned(),
            WHERE.to_owned(),
        ],
        commands: capture_commands(),
    }
}

fn encrypted_too(seen: &Seen) -> Advice {
    Advice {
        title: format!("Not read: {}", count(seen.tls, "TLS connection")),
        paragraphs: vec![
            "They are encrypted, so what went over them is in no verdict above. If a call is missing here, capture \
             between load balancer and backend, on the port that the server listens on (here 8000):"
                .to_owned(),
        ],
        commands: capture_commands(),
    }
}

fn http2(seen: &Seen) -> Advice {
    Advice {
        title: format!("Nothing to read: {} without TLS", count(seen.http2, "HTTP/2 connection")),
        paragraphs: vec![
            "Only HTTP/1.1 can be read yet. A load balancer speaks HTTP/2 to its targets when the target group's \
             protocol version says so; a target group with protocol version HTTP1 on the same server shows the same \
             calls."
                .to_owned(),
        ],
        commands: Vec::new(),
    }
}

fn no_packet_read() -> Advice {
    Advice {
        title: "No packet could be read: the file is cut off or damaged".to_owned(),
        paragraphs: vec![
            "Copy it again, once whoever writes it has ended: what tcpdump holds back is only in the file then. If it is \
             no better, capture anew (8000 stands for the backend's port):"
                .to_owned(),
        ],
        commands: capture_commands(),
    }
}

fn no_packets() -> Advice {
    Advice {
        title: "The capture is empty: no packet in it".to_owned(),
        paragraphs: vec![
            "Nothing passed the capture filter while it ran, or it ran on another interface than the traffic. Try all \
             interfaces, and repeat the failing call while it runs (8000 stands for the backend's port):"
                .to_owned(),
        ],
        commands: capture_commands(),
    }
}

fn no_http(seen: &Seen) -> Advice {
    let what = if seen.connections == 0 {
        // Some may have been cut off or of a kind that cannot be read.
        let them = if seen.packets == 1 { "it" } else { "them" };
        format!("{}, no TCP found in {them}", count(seen.packets, "packet"))
    } else {
        let not = if seen.connections == 1 { "not" } else { "none of them" };
        format!("{}, {not} HTTP", count(seen.connections, "TCP connection"))
    };
    let cut = (seen.lost_bytes > 0).then(|| {
        let lost = count(seen.lost_bytes, "byte");
        format!("The capture lacks {lost}: was it taken with a snapshot length? -s 0 keeps all of each packet.")
    });
    Advice {
        title: format!("No HTTP at all: {what}"),
        paragraphs: cut.into_iter().chain([WHERE.to_owned()]).collect(),
        commands: capture_commands(),
    }
}

fn no_page_call(seen: &Seen) -> Advice {
    let nothing = || format!("No call to show in {}", count(seen.exchanges, "HTTP exchange"));
    let (title, paragraph) = if seen.is_filtered_out {
        (nothing(), "The filter lets none of the calls through. Widen it.")
    } else if seen.health_checks > 0 {
        (
            format!("No call of a page: only {} by the load balancer", count(seen.health_checks, "health check")),
            "The capture is at the right place. Repeat the failing call in the browser while it runs.",
        )
    } else {
        (
            nothing(),
            "None of them has a request whose URL is known: its beginning was not captured, or it names no host. Capture \
             from before the failing call until after it.",
        )
    };
    Advice { title, paragraphs: vec![paragraph.to_owned()], commands: Vec::new() }
}

fn empty_file() -> Advice {
    Advice {
        title: "No exchange in it".to_owned(),
        paragraphs: vec!["The file of exchanges is empty.".to_owned()],
        commands: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use std::sync::Arc;

    use super::*;
    use crate::analyzer::{Glances, Options, Read, Unread, analyze};
    use crate::http::testing::exchange;
    use crate::report::filter::Filter;

    fn source(kind: SourceKind, packets: u64, warnings: &[&str]) -> SourceSummary {
        SourceSummary {
            path: "some".into(),
            kind,
            packets,
            bytes: 300,
            connections: 0,
            exchanges: 1,
            unread: Unread::default(),
            lost_bytes: 0,
            damage: None,
            warnings: warnings.iter().map(|&warning| warning.to_owned()).collect(),
        }
    }

    fn told(analysis: &Analysis) -> String {
        let told = advice(analysis).unwrap();
        format!("{}\n{}", told.title, told.paragraphs.join("\n"))
    }

    #[test]
    fn a_filter_is_spoken_of_where_it_lets_no_call_through() {
        let analyzed = |call: crate::http::Exchange| {
            let summary = source(SourceKind::Exchanges, 0, &[]);
            analyze(
                vec![Read { summary, exchanges: vec![Arc::new(call)], glances: Glances::default() }],
                &Options::default(),
            )
        };
        let call = exchange("GET", "https://a.example/").build();
        let mut without_url = call.clone();
        without_url.request = None;
        let none = told(&analyzed(without_url));
        assert!(none.contains("URL is known") && !none.contains("filter"), "{none}");
        let mut filtered = analyzed(call);
        Filter::parse("method:PUT").unwrap().apply(&mut filtered);
        let none = told(&filtered);
        assert!(none.contains("The filter lets none of the calls through"), "{none}");
    }

    fn of_capture(packets: u64, damage: Option<&str>) -> Analysis {
        let odd = ["5 packet(s) were captured twice, and taken once"];
        let damage = damage.map(str::to_owned);
        let source = SourceSummary { exchanges: 0, damage, ..source(SourceKind::Pcapng, packets, &odd) };
        Analysis { sources: vec![source], ..Analysis::default() }
    }

    #[test]
    fn damage_is_told_first() {
        const DAMAGE: Option<&str> = Some("byte 0: the file ends here");
        let told_first =
            "Not all of it was read, and what is looked for may be in the rest. some: byte 0: the file ends here.";
        let none_read = told(&of_capture(0, DAMAGE));
        assert!(none_read.starts_with("No packet could be read: the file is cut off or damaged\n"), "{none_read}");
        assert!(!none_read.contains("capture filter"), "{none_read}");
        let no_http = told(&of_capture(4, DAMAGE));
        for text in [none_read, no_http] {
            assert_eq!(text.lines().nth(1), Some(told_first));
        }
        let empty = told(&of_capture(0, None));
        assert!(empty.starts_with("The capture is empty") && !empty.contains("Not all"), "{empty}");
    }
}
