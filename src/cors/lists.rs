//! Header values as the CORS protocol reads them.

use super::mime::is_token;
use crate::http::{Field, trim_ows};

/// The elements of a list of tokens (`Access-Control-Allow-Methods` and its kin), or the first
/// element that is no token: then the whole header counts as a failure (Fetch, "extract header
/// list values").
pub(super) fn tokens(value: &str) -> Result<Vec<&str>, &str> {
    value
        .split(',')
        .map(trim_ows)
        .filter(|element| !element.is_empty())
        .map(|element| if is_token(element) { Ok(element) } else { Err(element) })
        .collect()
}

/// A list header as the preflight's algorithm sees it.
pub(super) enum List<'a> {
    /// Its elements; empty when the header is absent.
    Tokens(Vec<&'a str>),
    /// One of its elements is no token.
    Invalid(&'a str),
    /// Not all of the head was captured.
    Unseen,
}

impl<'a> List<'a> {
    pub(super) fn read(field: &'a Field<'_>) -> Self {
        match field {
            Field::Absent => Self::Tokens(Vec::new()),
            Field::Unseen => Self::Unseen,
            Field::Present(value) => match tokens(value) {
                Ok(elements) => Self::Tokens(elements),
                Err(_) => Self::Invalid(value),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_element_spoils_the_list() {
        assert_eq!(tokens("GET, ,PUT,"), Ok(vec!["GET", "PUT"]));
        assert_eq!(tokens("GET PUT"), Err("GET PUT"));
        assert_eq!(tokens("'bb-8'"), Ok(vec!["'bb-8'"]));
        assert_eq!(tokens("\"x\""), Err("\"x\""));
        assert_eq!(tokens(""), Ok(vec![]));
    }
}
