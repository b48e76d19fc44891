//! A capture read.

use corscope::analyzer::Part;
use corscope::wire::capture::{Error, Reader};

use super::block::{Blocks, Taken};
use crate::stop::reason;

/// Reads all packets of a capture into `part`, and after each block lets somebody look at it, who says
/// whether to go on; returns how many bytes it had.
pub(super) fn read(part: &mut Part, blocks: Blocks, mut goes_on: impl FnMut(&mut Part) -> bool) -> Result<u64, String> {
    let mut reader = Reader::new();
    let mut refused: Option<Error> = None;
    let read = blocks.each(|held, at_end| match reader.push(held, at_end, &mut |packet| part.packet(&packet)) {
        Ok(bytes) => goes_on(part).then_some(Taken { bytes, needs: reader.needs() }),
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
    Ok(read.unwrap_or_else(|error| {
        part.warn(format!("reading ended early: {}", reason(&error)));
        0
    }))
}
