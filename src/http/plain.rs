//! Which URLs parsing and serializing leave as they are written: nearly all, and a look at each byte tells it.

use memchr::memchr_iter;

pub(super) const HTTPS: &str = "https://";
pub(super) const HTTP: &str = "http://";

/// Where a byte may stand and stay as it is.
const IN_HOST: u8 = 1;
const IN_PATH: u8 = 2;

/// Of each byte, where it stays as it is.
static STAYS_IN: [u8; 256] = {
    let mut places = [0; 256];
    let mut rest: &mut [u8] = &mut places;
    let mut byte = 0_u8;
    while let Some((first, behind)) = rest.split_first_mut() {
        *first = if stays_in_host(byte) { IN_HOST } else { 0 } | if stays_in_path(byte) { IN_PATH } else { 0 };
        rest = behind;
        byte = byte.wrapping_add(1);
    }
    places
};

const fn stays_in_host(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
}

/// In a path and in a query. An encoded one may be a dot.
const fn stays_in_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'('..=b'/' | b':' | b';' | b'?' | b'@' | b'!' | b'$' | b'&' | b'=' | b'_' | b'~')
}

fn all_stay_in(place: u8, text: &[u8]) -> bool {
    // None ends the search, so that the next bytes need not wait.
    text.iter().fold(place, |all, byte| all & STAYS_IN.get(usize::from(*byte)).unwrap_or(&0)) != 0
}

/// Where the host of an http or https URL ends that is left as it is.
pub(super) fn plain_host_end(text: &str) -> Option<usize> {
    if !text.starts_with(HTTPS) && !text.starts_with(HTTP) {
        return None;
    }
    let start = host_start(text);
    let end = start + memchr::memchr(b'/', text.as_bytes().get(start..)?)?;
    let (host, path) = (text.get(start..end)?, text.get(end..)?);
    (is_plain_host(host) && is_plain_path(path)).then_some(end)
}

/// Where the host of an http or https URL begins.
pub(super) fn host_start(text: &str) -> usize {
    if text.starts_with(HTTPS) { HTTPS.len() } else { HTTP.len() }
}

/// A name, not an address, in lower case, that is not encoded.
pub(super) fn is_plain_host(host: &str) -> bool {
    let mut labels = host.as_bytes().split(|byte| *byte == b'.');
    let is_plain = |label: &[u8]| !label.is_empty() && !label.starts_with(b"xn--");
    all_stay_in(IN_HOST, host.as_bytes())
        && labels.clone().all(is_plain)
        // What ends with a number is an address.
        && labels.next_back().is_some_and(|last| matches!(last, [b'a'..=b'z', .., b'a'..=b'z'] | [b'a'..=b'z']))
}

/// A path, with or without a query, in which nothing is to be encoded or left out.
pub(super) fn is_plain_path(path: &str) -> bool {
    let path = path.as_bytes();
    let begins_segment = |dot: usize| dot.checked_sub(1).and_then(|before| path.get(before)) == Some(&b'/');
    path.starts_with(b"/") && all_stay_in(IN_PATH, path) && !memchr_iter(b'.', path).any(begins_segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_all_urls_are_plain() {
        for url in
            ["https://a.example/", "https://request.example.com/items/7?page=2&q=a+b", "https://a/x.json", "http://a/"]
        {
            assert!(plain_host_end(url).is_some(), "{url}");
        }
        for url in [
            "https://A/",
            "https://a",
            "https://a/../b",
            "https://a:443/",
            "https://a/%2e%2e/",
            "https://10.0.0.1/",
            "ftp://a/",
        ] {
            assert!(plain_host_end(url).is_none(), "{url}");
        }
    }
}
