//! A capture read.

use std::sync::Arc;

use corscope::analyzer::{Part, Read, SourceKind};
use corscope::wire::capture::{Error, Reader};

use super::Keep;
use super::block::{Blocks, Taken};
use crate::stop::reason;

pub(super) fn read(path: &Arc<str>, kind: SourceKind, blocks: Blocks<'_>, keep: Keep) -> Result<Read, String> {
    let mut reader = Reader::new();
    let mut part = Part::new(path, keep);
    let mut refused: Option<Error> = None;
    let read = blocks.each(|held, at_end| match reader.push(held, at_end, &mut |packet| part.packet(&packet)) {
        Ok(bytes) => Taken { bytes, needs: reader.needs() },
        Err(error) => {
            refused = Some(error);
            Taken { bytes: held.len(), needs: 1 }
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
    Ok(part.finish(Arc::clone(path), kind, bytes))
}
