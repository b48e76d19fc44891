//! What a body says: its content codings (RFC 9110 section 8.4) taken off, on demand and within bounds.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

use super::{Body, Headers, Response};

/// What is made of one body at most. A few hundred bytes can claim to be gigabytes; what a body is
/// looked at for, an error page's words, stands at its beginning.
pub const MAX_CONTENT: usize = 64 << 10;

/// Codings that are taken off one body. Servers apply one, and each costs up to [`MAX_CONTENT`].
const MAX_CODINGS: usize = 3;

/// The window that a zstd frame may ask memory for: what browsers accept (RFC 9659 section 3).
const MAX_ZSTD_WINDOW: u64 = 8 << 20;

impl Response {
    /// The beginning of the body, as far as it was kept, without its content codings.
    ///
    /// Nothing where a coding is unknown or its beginning is missing; up to the damage where it is
    /// damaged. At most [`MAX_CONTENT`] bytes come of a coded body.
    #[must_use]
    pub fn content(&self) -> Cow<'_, [u8]> {
        content(&self.headers, &self.body)
    }
}

fn content<'a>(headers: &Headers, body: &'a Body) -> Cow<'a, [u8]> {
    let codings: Vec<&str> = headers
        .all("content-encoding")
        .flat_map(|line| line.split(','))
        .map(super::trim_ows)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"))
        .take(MAX_CODINGS + 1)
        .collect();
    if codings.len() > MAX_CODINGS {
        return Cow::Borrowed(&[]);
    }
    // They are named in the order in which they were applied.
    codings.iter().rev().fold(Cow::Borrowed(body.kept()), |coded, coding| Cow::Owned(decoded(coding, &coded)))
}

/// `x-gzip` is the same as `gzip` (RFC 9110 section 8.4.1.3).
fn decoded(coding: &str, coded: &[u8]) -> Vec<u8> {
    match coding.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => beginning(MultiGzDecoder::new(coded)),
        "deflate" => inflated(coded),
        "br" => beginning(brotli_decompressor::Decompressor::new(coded, coded.len().max(1))),
        "zstd" => {
            StreamingDecoder::new_with_max_window_size(coded, MAX_ZSTD_WINDOW).map_or_else(|_| Vec::new(), beginning)
        }
        _ => Vec::new(),
    }
}

/// The coding is in the zlib format, but some servers leave that out (RFC 9110 section 8.4.1.2).
fn inflated(coded: &[u8]) -> Vec<u8> {
    let content = beginning(ZlibDecoder::new(coded));
    if content.is_empty() { beginning(DeflateDecoder::new(coded)) } else { content }
}

/// Reads until the end, the bound, or what cannot be decoded.
fn beginning(mut decoder: impl Read) -> Vec<u8> {
    let mut content = Vec::new();
    let mut piece = [0; 4 << 10];
    while content.len() < MAX_CONTENT {
        match decoder.read(&mut piece) {
            Ok(len) if len > 0 => content.extend_from_slice(piece.get(..len).unwrap_or_default()),
            _ => break,
        }
    }
    content.truncate(MAX_CONTENT);
    content
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    const TEXT: &[u8] = b"Invalid CORS request";

    /// [`TEXT`], as Node's `zlib.brotliCompressSync` codes it.
    const BROTLI: &[u8] = &[
        0x8B, 0x09, 0x80, 0x49, 0x6E, 0x76, 0x61, 0x6C, 0x69, 0x64, 0x20, 0x43, 0x4F, 0x52, 0x53, 0x20, 0x72, 0x65,
        0x71, 0x75, 0x65, 0x73, 0x74, 0x03,
    ];

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(content: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(content: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(content: &[u8]) -> Vec<u8> {
        compress_to_vec(content, CompressionLevel::Fastest)
    }

    fn said(codings: &[&str], kept: &[u8]) -> Vec<u8> {
        let headers = codings.iter().map(|coding| ("Content-Encoding", *coding)).collect();
        let body = Body::whole(kept);
        content(&headers, &body).into_owned()
    }

    #[test]
    fn every_coding_is_taken_off() {
        for (coding, coded) in [
            ("gzip", gzip(TEXT)),
            ("X-GZIP", gzip(TEXT)),
            ("deflate", zlib(TEXT)),
            ("deflate", deflate(TEXT)),
            ("br", BROTLI.to_vec()),
            ("zstd", zstd(TEXT)),
            ("identity", TEXT.to_vec()),
        ] {
            assert_eq!(said(&[coding], &coded), TEXT, "{coding}");
        }
        assert_eq!(said(&[], TEXT), TEXT);
        assert_eq!(said(&["deflate, gzip"], &gzip(&zlib(TEXT))), TEXT);
        assert_eq!(said(&["zstd", "gzip"], &gzip(&zstd(TEXT))), TEXT);
    }

    #[test]
    fn what_cannot_be_decoded_says_nothing() {
        assert_eq!(said(&["compress"], TEXT), b"");
        assert_eq!(said(&["gzip, gzip, gzip, gzip"], &gzip(TEXT)), b"");
        for coding in ["gzip", "br", "zstd"] {
            assert_eq!(said(&[coding], TEXT), b"", "{coding}");
            assert_eq!(said(&[coding], b""), b"", "{coding}");
        }
    }

    #[test]
    fn a_beginning_says_its_beginning() {
        let page = b"<html>Error</html>".repeat(3000);
        for (coding, coded) in [("gzip", gzip(&page)), ("deflate", zlib(&page))] {
            let half = coded.get(..coded.len() / 2).unwrap();
            let begun = said(&[coding], half);
            assert!(begun.len() > 1000 && page.starts_with(&begun), "{coding}: {}", begun.len());
        }
    }

    #[test]
    fn the_expansion_is_bounded() {
        let bomb = vec![0; 8 << 20];
        for (coding, coded) in [("gzip", gzip(&bomb)), ("deflate", zlib(&bomb)), ("zstd", zstd(&bomb))] {
            assert!(coded.len() < bomb.len() / 100, "{coding}: {}", coded.len());
            assert_eq!(said(&[coding], &coded).len(), MAX_CONTENT, "{coding}");
        }
        assert_eq!(said(&["gzip, gzip"], &gzip(&gzip(&bomb))).len(), MAX_CONTENT);
    }

    #[test]
    fn a_frame_asks_for_no_more_memory_than_browsers_give() {
        // The window descriptor stands behind the frame header's descriptor, which says that it is there.
        let frame = |window: u8| [&[0x28, 0xB5, 0x2F, 0xFD, 0, window, 0x29, 0, 0][..], b"Error"].concat();
        assert_eq!(said(&["zstd"], &frame(13 << 3)), b"Error");
        assert_eq!(said(&["zstd"], &frame(14 << 3)), b"");
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(
            coding in proptest::sample::select(vec!["gzip", "deflate", "br", "zstd"]),
            coded in proptest::sample::select(vec![gzip(TEXT), zlib(TEXT), BROTLI.to_vec(), zstd(TEXT), Vec::new()]),
            noise in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
            more in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut coded = [coded, more].concat();
            for (at, byte) in noise {
                if !coded.is_empty() {
                    let at = at.index(coded.len());
                    coded[at] = byte;
                }
            }
            prop_assert!(said(&[coding], &coded).len() <= MAX_CONTENT);
        }
    }
}
