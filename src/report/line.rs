//! A call in one line, for logs and for programs that read as calls come in.

use super::{Charset, time_of, visible};
use crate::analyzer::ChainReport;

/// What stands where there is nothing to say.
const NOTHING: &str = "-";

/// Time, id, outcome, method, URL, error and first finding, with blanks between them and none in
/// them. More may be added at the end of the line.
#[must_use]
pub fn line(call: &ChainReport, charset: Charset) -> String {
    let asked = &call.judgement.asked;
    let outcome = &call.judgement.verdict.outcome;
    let error = match outcome {
        crate::cors::Outcome::Blocked(failure) => failure.error.name(),
        _ => NOTHING,
    };
    let time = time_of(call).map_or_else(|| NOTHING.to_owned(), |time| time.to_string());
    let finding = call.findings.first().copied().unwrap_or(NOTHING);
    let [id, method, url] = [call.chain.id(), &asked.method, &asked.url].map(|text| word(text, charset));
    format!("{time} {id:>6} {:12} {method:7} {url} {error} {finding}", outcome.name())
}

/// Text from the wire as one word.
fn word(text: &str, charset: Charset) -> String {
    if text.is_empty() {
        return NOTHING.to_owned();
    }
    visible(text, charset).replace(char::is_whitespace, r"\x20")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn every_field_is_one_word() {
        let analysis = samples::canonical();
        let mut call = analysis.report(&analysis.chains[0]);
        call.judgement.asked.url.push_str("?a b\u{1b}[2J");
        let told = line(&call, Charset::Unicode);
        let fields: Vec<&str> = told.split_whitespace().collect();
        assert_eq!(fields.len(), 7, "{told}");
        assert_eq!(fields[2..4], ["blocked", "GET"]);
        assert!(fields[4].ends_with(r"?a\x20b\x1B[2J"), "{told}");
        assert_eq!(fields[5..], ["MixedContent", "forwarded-proto-ignored"]);
    }
}
