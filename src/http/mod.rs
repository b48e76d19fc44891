//! The vocabulary of HTTP as an observer needs it: plain values, no parsing of packets and no
//! judgement.
//!
//! Everything corscope reads narrows to one value, [`Exchange`]; everything it says begins there.
//! Text from the wire is kept byte for byte: each byte is one code point (ISO-8859-1), as RFC 9110
//! section 5.5 asks of a recipient that wants to lose nothing.

mod body;
mod content;
mod exchange;
mod extras;
mod few;
mod fingerprint;
mod headers;
mod location;
mod message;
mod origin;
mod plain;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod time;
mod vantage;
mod web_url;

use std::borrow::Cow;

pub use body::Body;
pub use content::MAX_CONTENT;
pub use exchange::{Carrier, Closed, Context, End, Exchange, FrameSpan, Frames, Id, Peer, State, Vantage};
pub use extras::{Extra, Extras};
pub use few::Few;
pub(crate) use fingerprint::{ByFingerprint, Fingerprints, fingerprint};
pub use headers::{Field, Header, HeaderLines, Headers, Masking};
pub use location::resolve_location;
pub use message::{Request, Response, is_ok_status, is_redirect_status};
pub use origin::{Origin, OriginError};
pub use text::{Target, Text};
pub use time::Time;
pub(crate) use vantage::is_navigation;
pub use vantage::{ClientUrl, asked_text, asked_url, client_address, client_url, is_health_check, vantage};
pub use web_url::{WebUrl, authority, site};

/// Turns bytes from the wire into text without losing any: byte `0xE9` becomes `U+00E9`.
#[must_use]
pub fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        // What is ASCII, and nearly all is, stays as it stands.
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

/// Characters that change how others are drawn, or are not drawn themselves.
#[must_use]
pub fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Removes the optional white space (SP and HTAB, RFC 9110 section 5.6.3) around a field value.
///
/// Nothing else is removed: a vertical tab or a NUL is part of the value, and makes an
/// `Access-Control-Allow-Origin` differ from the origin it resembles.
#[must_use]
pub fn trim_ows(value: &str) -> &str {
    let is_ows = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let bytes = value.as_bytes();
    if is_ows(bytes.first()) || is_ows(bytes.last()) { value.trim_matches([' ', '\t']) } else { value }
}
