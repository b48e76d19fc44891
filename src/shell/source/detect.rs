//! What an input is, told from its first bytes.

use corscope::analyzer::SourceKind;
use corscope::wire::capture::{Detected, detect};

/// What an input looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// A capture of that kind.
    Capture(SourceKind),
    /// A file of exchanges.
    Exchanges,
    /// Nothing that can be read; what to say about it.
    Other(String),
}

/// Formats that people try to read, by their first bytes, and how to make something readable of them.
const ARCHIVES: [(&[u8], &str, &str); 2] = [(b"PK\x03\x04", "zip", "unzip"), (b"7z\xbc\xaf\x27\x1c", "7z", "7z x")];

const READABLE: &str = "pcap, pcapng and files of exchanges (corscope.exchange/1) can be read";

/// Tells what an input is.
pub(super) fn looks(first: &[u8]) -> Looks {
    if first.is_empty() {
        return Looks::Other("is empty: there is not one byte in it".to_owned());
    }
    match detect(first) {
        Detected::Pcap => return Looks::Capture(SourceKind::Pcap),
        Detected::Pcapng => return Looks::Capture(SourceKind::Pcapng),
        Detected::NeedMore => {
            return Looks::Other("is cut off: it ends before its first bytes could tell what it is".to_owned());
        }
        Detected::Unknown => {}
    }
    if let Some((_, name, command)) = ARCHIVES.iter().find(|(magic, ..)| first.starts_with(magic)) {
        return Looks::Other(format!(
            "is a {name} archive, which may hold any number of files: unpack it first ({command})"
        ));
    }
    let text = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first).trim_ascii_start();
    if text.starts_with(b"{\"log\"")
        || text.starts_with(b"{") && contains(text, b"\"log\":") && contains(text, b"\"creator\"")
    {
        return Looks::Other(format!("looks like HAR, which can't be read yet: {READABLE}"));
    }
    if text.starts_with(b"{") {
        return Looks::Exchanges;
    }
    let what = if first.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace()) {
        "text"
    } else {
        "binary data"
    };
    Looks::Other(format!("is {what} of an unknown kind: {READABLE}"))
}

fn contains(text: &[u8], piece: &[u8]) -> bool {
    text.windows(piece.len()).any(|window| window == piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(first: &[u8]) -> String {
        match looks(first) {
            Looks::Other(what) => what,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn inputs_are_known_by_their_first_bytes() {
        assert_eq!(looks(b"\xd4\xc3\xb2\xa1\x02\0\x04\0"), Looks::Capture(SourceKind::Pcap));
        assert_eq!(looks(b"\x0a\x0d\x0d\x0a\x1c\0\0\0"), Looks::Capture(SourceKind::Pcapng));
        assert_eq!(looks(b"\xEF\xBB\xBF \r\n{\"request\""), Looks::Exchanges);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(told(b"PK\x03\x04").contains("is a zip archive, which may hold any number of files: unpack it first"));
        assert!(told(b"").contains("is empty"));
        assert!(told(b"\xd4").contains("is cut off"));
        assert!(told(b"{\n \"log\": {\n \"version\": \"1.2\", \"creator\": {").contains("HAR"));
        assert!(told(b"GET / HTTP/1.1\r\n").contains("text of an unknown kind"));
        assert!(told(b"\x7fELF\x02\x01").contains("binary data"));
    }
}
