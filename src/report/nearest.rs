//! Names that are like one that is not known: most of those are slips of the hand.

/// How many names are suggested.
const SUGGESTED: usize = 3;

/// The names that are most like one that is none of them, the likest first.
#[must_use]
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let name = name.to_ascii_lowercase();
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_cached_key(|known| strangeness(&name, &known.to_ascii_lowercase()));
    names.truncate(SUGGESTED);
    names
}

/// How little a name has of another: a piece of it is near, however short; else letters count.
fn strangeness(name: &str, known: &str) -> (bool, usize) {
    let is_piece = name.len() >= 3 && known.contains(name);
    (!is_piece, distance(name.as_bytes(), known.as_bytes()))
}

/// How many letters have to be put in, taken out or changed to make one word of the other.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (taken, letter) in from.iter().enumerate() {
        let mut diagonal = taken;
        let mut left = taken + 1;
        for (cell, other) in row.iter_mut().zip(std::iter::once(None).chain(to.iter().map(Some))) {
            let above = *cell;
            left = match other {
                None => taken + 1,
                Some(other) => (diagonal + usize::from(letter != other)).min(above + 1).min(left + 1),
            };
            diagonal = above;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"abc", b"abc"), 0);
    }

    #[test]
    fn the_nearest_come_first() {
        let ids = ["origin-not-allowed", "preflight-redirected", "wildcard-with-credentials", "login-redirect"];
        let first = |name| nearest(name, ids).first().copied();
        assert_eq!(first("preflight-redirect"), Some("preflight-redirected"));
        assert_eq!(first("Wildcard"), Some("wildcard-with-credentials"));
        assert_eq!(nearest("x", ids).len(), SUGGESTED);
    }
}
