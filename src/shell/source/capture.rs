//! A capture read.

use corscope::analyzer::Part;
use corscope::wire::capture::{Error, Reader};

use super::block::{Blocks, Taken};
use crate::stop::reason;

/// Reads all packets of a capture into `part`, and after each block lets somebody look at it;
/// returns how many bytes it had.
pub(super) fn read(part: &mut Part, blocks: Blocks, mut meanwhile: impl FnMut(&mut Part)) -> Result<u64, String> {
    let mut reader = Reader::new();
    let mut refused: Option<Error> = None;
    let read = blocks.each(|held, at_end| {
        let taken = match reader.push(held, at_end, &mut |packet| part.packet(&packet)) {
            Ok(bytes) => Taken { bytes, needs: reader.needs() },
            Err(error) => {
                refused = Some(error);
                Taken { bytes: held.len(), needs: 1 }
            }
        };
        meanwhile(part);
        taken
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
