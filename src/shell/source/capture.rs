//! A capture read.

use std::sync::Arc;

use corscope::analyzer::{Part, Read, SourceKind, SourceSummary};
use corscope::http::Exchange;
use corscope::wire::capture::{Error, Reader};

use super::Keep;
use super::block::{Blocks, Taken};
use crate::stop::reason;

/// Reads all of it at once.
pub(super) fn read(path: &Arc<str>, kind: SourceKind, blocks: Blocks<'_>, keep: Keep) -> Result<Read, String> {
    let mut exchanges = Vec::new();
    let summary = each(path, kind, blocks, keep, &mut |more| {
        exchanges.extend(more.into_iter().map(Arc::new));
        true
    })?;
    Ok(Read { summary, exchanges })
}

/// Hands on the exchanges as they end, as long as somebody wants them.
pub(super) fn each(
    path: &Arc<str>,
    kind: SourceKind,
    blocks: Blocks<'_>,
    keep: Keep,
    hand_on: &mut dyn FnMut(Vec<Exchange>) -> bool,
) -> Result<SourceSummary, String> {
    let mut reader = Reader::new();
    let mut part = Part::new(path, keep);
    let mut refused: Option<Error> = None;
    let read = blocks.each(|held, at_end| match reader.push(held, at_end, &mut |packet| part.packet(&packet)) {
        Ok(bytes) => hand_on(part.take_exchanges()).then_some(Taken { bytes, needs: reader.needs() }),
        Err(error) => {
            refused = Some(error);
            None
        }
    });
    if let Some(error) = refused {
        return Err(format!("is no capture that can be read: {error}"));
    }
    let kept = reader.take_warnings();
    let more = reader.warned() - kept.len() as u64;
    for warning in &kept {
        part.warn(warning.to_string());
    }
    if more > 0 {
        part.warn(format!("{more} more damaged place(s)"));
    }
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) => {
            part.warn(format!("reading ended early: {}", reason(&error)));
            0
        }
    };
    part.end();
    hand_on(part.take_exchanges());
    Ok(part.summary(Arc::clone(path), kind, bytes))
}
