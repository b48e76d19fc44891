//! Lines of the same name. Some fields may have but one value: where two differ, one may have been smuggled in, and the
//! network stack of a browser takes the whole answer for none.

use super::{Error, Rules};
use crate::http::{Field, Headers, trim_ows};

/// The error that a head is to browsers that compare such lines.
pub(super) fn refused(rules: &Rules, headers: &Headers) -> Option<Error> {
    let lengths = headers.all("content-length").flat_map(elements);
    // Of a head that was lost in part, the line that makes the lengths void may be in the lost part.
    let is_read =
        || (headers.is_complete() && !comes_in_chunks(headers)) || rules.compares_lengths_of_chunked_answers();
    let error = if differ(lengths) && is_read() {
        Error::MultipleContentLengths
    } else if dispositions_differ(rules, headers) {
        Error::MultipleContentDispositions
    } else {
        return None;
    };
    rules.refuses_lines_that_differ().then_some(error)
}

/// The value of a field, its lines joined as the browser does it.
pub(super) fn combined<'h>(rules: &Rules, headers: &'h Headers, name: &str) -> Field<'h> {
    let field = headers.get(name);
    // Lines are joined by commas: without one there is one line.
    let is_joined = field.value().is_some_and(|value| value.contains(','));
    if !is_joined || headers.all(name).all(|line| !line.is_empty()) || !rules.drops_empty_lines() {
        return field;
    }
    let lines: Vec<&str> = headers.all(name).filter(|line| !line.is_empty()).collect();
    Field::Present(lines.join(", ").into())
}

fn comes_in_chunks(headers: &Headers) -> bool {
    headers.all("transfer-encoding").flat_map(elements).any(|coding| coding.eq_ignore_ascii_case("chunked"))
}

fn dispositions_differ(rules: &Rules, headers: &Headers) -> bool {
    let lines = || headers.all("content-disposition");
    differ(lines()) || (differ(lines().flat_map(elements)) && rules.parts_dispositions_at_commas())
}

/// What stands between the commas of a line, but for those in quotes.
fn elements(line: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = line.split(move |c| {
        let is_plain = !std::mem::take(&mut is_escaped);
        match c {
            '\\' if is_quoted && is_plain => is_escaped = true,
            '"' if is_plain => is_quoted = !is_quoted,
            _ => {}
        }
        c == ',' && !is_quoted
    });
    parts.map(trim_ows)
}

fn differ<'a>(mut values: impl Iterator<Item = &'a str>) -> bool {
    let first = values.next();
    values.any(|other| Some(other) != first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cors::Browser;

    fn by(browser: Browser, lines: &[(&str, &str)]) -> Option<Error> {
        refused(&Rules::of(browser), &lines.iter().copied().collect())
    }

    #[test]
    fn lines_that_differ_make_an_answer_none() {
        let two = [("Content-Length", "2"), ("content-length", "3")];
        for browser in [Browser::Chromium, Browser::Firefox] {
            assert_eq!(by(browser, &two), Some(Error::MultipleContentLengths));
        }
        assert_eq!(by(Browser::Standard, &two), None);
        let chromium = |lines: &[(&str, &str)]| by(Browser::Chromium, lines);
        assert_eq!(chromium(&[("Content-Length", "2, 3")]), Some(Error::MultipleContentLengths));
        assert_eq!(chromium(&[("Content-Length", "2, 2")]), None);
        let with_coding = |coding| [two[0], two[1], ("Transfer-Encoding", coding)];
        assert_eq!(chromium(&with_coding("gzip, Chunked")), None);
        assert_eq!(chromium(&with_coding("identity")), Some(Error::MultipleContentLengths));
        assert_eq!(by(Browser::Firefox, &with_coding("chunked")), Some(Error::MultipleContentLengths));
        let partial = two.iter().copied().collect::<Headers>().into_partial();
        assert_eq!(refused(&Rules::of(Browser::Chromium), &partial), None, "it may have come in chunks");
        let disposition = |value| ("Content-Disposition", value);
        assert_eq!(chromium(&[disposition("a"), disposition("b")]), Some(Error::MultipleContentDispositions));
        assert_eq!(chromium(&[disposition("a"), disposition("a")]), None);
    }

    #[test]
    fn a_comma_in_the_name_of_a_file_is_one_too_many() {
        let bare = [("Content-Disposition", "attachment; filename=a,b.csv")];
        assert_eq!(by(Browser::Chromium, &bare), Some(Error::MultipleContentDispositions));
        assert_eq!(by(Browser::Firefox, &bare), None);
        for fine in ["attachment; filename=\"a,b.csv\"", "attachment; filename=\"a\\\",b.csv\"", "inline, inline"] {
            assert_eq!(by(Browser::Chromium, &[("Content-Disposition", fine)]), None, "{fine}");
        }
    }
}
