//! An expression to its terms.

use super::{Key, Term};
use crate::cors::Error;
use crate::diagnose::explanations;
use crate::report::nearest::nearest;

const KEYS: [(&str, Key); 10] = [
    ("outcome", Key::Outcome),
    ("error", Key::Error),
    ("finding", Key::Finding),
    ("method", Key::Method),
    ("host", Key::Host),
    ("path", Key::Path),
    ("status", Key::Status),
    ("client", Key::Client),
    ("origin", Key::Origin),
    ("id", Key::Id),
];

const OUTCOMES: [&str; 4] = ["allowed", "blocked", "not-cors", "undetermined"];

/// Why an expression is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at character {position}: {what}")]
pub struct FilterError {
    /// Which character of the expression, counted from 1.
    pub position: usize,
    /// What is wrong there.
    pub what: String,
}

/// The terms of an expression, in order.
pub(super) fn terms(expression: &str) -> Result<Vec<Term>, FilterError> {
    words(expression).map(|(position, word)| term(word).map_err(|what| FilterError { position, what })).collect()
}

/// The words of a text, each with the number of its first character.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut position = 1;
    text.split(' ').filter_map(move |word| {
        let start = position;
        position += word.chars().count() + 1;
        (!word.is_empty()).then_some((start, word))
    })
}

fn term(word: &str) -> Result<Term, String> {
    let (negated, asked) = match word.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    if asked.is_empty() {
        return Err("'!' stands before nothing: write !term".to_owned());
    }
    let (key, value) = match asked.split_once(':') {
        // `https://…` is a piece of a URL, not a key.
        Some((_, rest)) if rest.starts_with("//") => (Key::Url, asked),
        Some((name, value)) => (key(name)?, value),
        None => (Key::Url, asked),
    };
    if value.is_empty() {
        return Err(format!("'{asked}' has no value"));
    }
    let value = value.to_ascii_lowercase();
    check(key, &value)?;
    Ok(Term { negated, key, value })
}

fn key(name: &str) -> Result<Key, String> {
    let known = KEYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, key)| *key).ok_or_else(|| {
        let names: Vec<&str> = KEYS.iter().map(|(name, _)| *name).collect();
        format!("'{name}' is no key: there are {}", names.join(", "))
    })
}

/// A value that nothing can have is a slip of the hand, and would silently hide everything.
fn check(key: Key, value: &str) -> Result<(), String> {
    match key {
        Key::Outcome if !OUTCOMES.contains(&value) => {
            Err(format!("'{value}' is no outcome: there are {}", OUTCOMES.join(", ")))
        }
        Key::Error => among(value, "error", Error::ALL.iter().map(|known| known.name())),
        Key::Finding => among(value, "finding", explanations().iter().map(|known| known.id)),
        Key::Status if value.len() != 3 || !value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x') => {
            Err(format!("'{value}' is no status: write 307, or 3xx"))
        }
        _ => Ok(()),
    }
}

/// Whether a value is one of those names, letter case aside; else which are like it.
fn among<'a>(value: &str, kind: &str, names: impl Iterator<Item = &'a str> + Clone) -> Result<(), String> {
    if names.clone().any(|known| known.eq_ignore_ascii_case(value)) {
        return Ok(());
    }
    Err(format!("'{value}' is no {kind}: the nearest are {}", nearest(value, names).join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(expression: &str) -> (usize, String) {
        terms(expression).map_err(|error| (error.position, error.what)).err().unwrap_or_default()
    }

    #[test]
    fn mistakes_are_located() {
        let (position, what) = error("outcome:blocked  colour:red");
        assert_eq!(position, 18);
        assert!(what.contains("'colour' is no key") && what.contains("outcome, error, finding"), "{what}");
        assert_eq!(error("a ! b").0, 3);
        assert_eq!(error("method:").1, "'method:' has no value");
        assert!(error("outcome:bloked").1.contains("is no outcome"));
        assert!(error("status:30").1.contains("is no status"));
        let finding = error("finding:forwarded-proto-ignord").1;
        assert!(
            finding.starts_with("'forwarded-proto-ignord' is no finding: the nearest are forwarded-proto-ignored, ")
        );
        let wrong = error("!error:MixedContnt").1;
        assert!(wrong.starts_with("'mixedcontnt' is no error: the nearest are MixedContent, "), "{wrong}");
        assert_eq!(error("error:mixedcontent error:NoResponse").1, "");
        assert_eq!(error("finding:Forwarded-Proto-Ignored").1, "");
    }

    #[test]
    fn a_url_is_a_bare_word() {
        assert_eq!(
            terms("https://a/x").unwrap(),
            [Term { negated: false, key: Key::Url, value: "https://a/x".into() }]
        );
        assert_eq!(terms("!STATUS:3XX").unwrap(), [Term { negated: true, key: Key::Status, value: "3xx".into() }]);
    }
}
