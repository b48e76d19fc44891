//! What a capture came to, in a few lines, and the exit status.

use super::follow::{Ended, Why};
use crate::output::say;
use crate::stop::Stop;

/// Says what was captured, what was lost and where it was written, and whether that is a no.
pub(super) fn conclude(ended: &Ended) -> Result<(), Stop> {
    for line in lines(ended) {
        say(&line);
    }
    match &ended.why {
        Why::Enough => Ok(()),
        Why::Finding(id, call) => Err(Stop::No(format!("--until-finding: {id} in call {call}"))),
        Why::Broken(problem) => Err(Stop::Problem(problem.clone())),
    }
}

fn lines(ended: &Ended) -> Vec<String> {
    let (live, calls) = (&ended.live, ended.calls);
    let source = ended.analysis.sources.first();
    let exchanges = source.map_or(0, |source| source.exchanges);
    let connections = source.map_or(0, |source| source.connections);
    let mut lines = vec![
        format!(
            "{}: {} packets, {connections} TCP connections, {exchanges} HTTP exchanges; {} calls: {} blocked, {} \
             undetermined, {} allowed, {} not CORS",
            live.interface,
            live.packets,
            calls.total(),
            calls.blocked,
            calls.undetermined,
            calls.allowed,
            calls.not_cors
        ),
        format!(
            "dropped: {} by the kernel, {} by the interface, {} by corscope's queue",
            live.dropped_by_kernel, live.dropped_by_interface, live.dropped_by_queue
        ),
    ];
    let unread = source.map(|source| source.unread).unwrap_or_default();
    if unread.tls > 0 {
        lines.push(format!(
            "{} TLS connections cannot be read: capture between load balancer and backend, where they are plain",
            unread.tls
        ));
    }
    let warnings = source.map(|source| source.warnings.as_slice()).unwrap_or_default();
    lines.extend(warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.extend(live.file.as_ref().map(|file| format!("written: {} packets to {file}", live.packets)));
    lines
}
