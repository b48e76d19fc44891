//! Header fields in wire order, and whether a field can be known to be absent.

use super::trim_ows;

/// One header line: the name as it was sent, the value without the white space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// As sent: letter case tells servers and proxies apart.
    pub name: String,
    /// One code point a byte (ISO-8859-1), optional white space around it removed.
    pub value: String,
}

/// The header lines of one message, in wire order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    lines: Vec<Header>,
    /// False when the capture lacks part of the head: then no field can be said to be absent,
    /// and no field's value to be whole.
    complete: bool,
}

impl Default for Headers {
    fn default() -> Self {
        Self { lines: Vec::new(), complete: true }
    }
}

/// What an observer may say of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// The combined value: every line of that name, joined with `, ` (Fetch, "get a header").
    Present(String),
    /// The whole head was seen, and the field is not in it.
    Absent,
    /// Part of the head was not captured, so the field may have been there, or there again.
    Unseen,
}

impl Field {
    /// The value, when the field was seen.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unseen => None,
        }
    }
}

impl Headers {
    /// Headers of a head that was seen whole.
    #[must_use]
    pub fn complete(lines: Vec<Header>) -> Self {
        Self { lines, complete: true }
    }

    /// The lines that were seen of a head whose rest was lost.
    #[must_use]
    pub fn partial(lines: Vec<Header>) -> Self {
        Self { lines, complete: false }
    }

    /// Whether the whole head was seen.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The lines in wire order.
    pub fn iter(&self) -> impl Iterator<Item = &Header> {
        self.lines.iter()
    }

    /// Adds a line after the others.
    pub fn push(&mut self, name: impl Into<String>, value: &str) {
        self.lines.push(Header { name: name.into(), value: trim_ows(value).to_owned() });
    }

    /// The values of all lines with that name (letter case aside), in wire order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter(move |line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value.as_str())
    }

    /// The first line with that name, whatever else the head holds: to show and to recognise by,
    /// not to judge by (see [`Headers::get`]).
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value.as_str())
    }

    /// Whether a line with that name was seen.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The combined value of a field, to judge by: [`Field::Unseen`] for every name as soon as
    /// part of the head is missing, since another line may have been in the lost part.
    #[must_use]
    pub fn get(&self, name: &str) -> Field {
        if !self.complete {
            return Field::Unseen;
        }
        let values: Vec<&str> = self.all(name).collect();
        if values.is_empty() { Field::Absent } else { Field::Present(values.join(", ")) }
    }
}

impl<N: Into<String>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    /// Headers of a head that was seen whole.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            headers.push(name, value.as_ref());
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_lines_are_joined() {
        let headers = Headers::from_iter([("A", "*"), ("b", "x"), ("a", " * ")]);
        assert_eq!(headers.get("A"), Field::Present("*, *".to_owned()));
        assert_eq!(headers.get("c"), Field::Absent);
    }

    #[test]
    fn an_empty_value_is_not_an_absent_field() {
        let headers = Headers::from_iter([("a", "")]);
        assert_eq!(headers.get("a"), Field::Present(String::new()));
    }

    #[test]
    fn a_partial_head_proves_nothing() {
        let headers = Headers::partial(vec![Header { name: "a".into(), value: "1".into() }]);
        assert_eq!(headers.get("a"), Field::Unseen);
        assert_eq!(headers.get("b"), Field::Unseen);
        assert_eq!(headers.first("A"), Some("1"));
    }
}
