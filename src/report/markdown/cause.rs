//! A cause in general, as a page of the documentation: the same source as `corscope explain`.

use std::fmt::Write as _;

use super::escape::{block, sentence};
use crate::diagnose::{Explanation, Fix};
use crate::report::words::{is_prose, severity};

/// One cause in full.
#[must_use]
pub fn cause_page(explanation: &Explanation) -> String {
    let mut out = String::new();
    let Explanation { id, title, what, recognise, disproof, fixes, links, .. } = explanation;
    _ = writeln!(out, "# {id}\n\n{} ({})\n", capitalized(title), severity(explanation.severity));
    for (heading, text) in [("What happens", what), ("How to recognise it", recognise), ("It is not this if", disproof)]
    {
        _ = writeln!(out, "## {heading}\n\n{}\n", sentence(text));
    }
    out.push_str("## How to fix it\n");
    for fix in fixes {
        describe(&mut out, fix);
    }
    out.push_str("\n## More\n\n");
    for link in *links {
        _ = writeln!(out, "- <{link}>");
    }
    out
}

/// Every cause in a line, in the order in which they are tried: a cause before its symptoms.
#[must_use]
pub fn cause_index(explanations: &[Explanation]) -> String {
    let mut out = "# Findings\n\nEvery cause that corscope knows, as `corscope explain` tells them: a cause before its symptoms.\n\n| finding | severity | what it is |\n| --- | --- | --- |\n".to_owned();
    for Explanation { id, title, severity: how_bad, .. } in explanations {
        _ = writeln!(out, "| [{id}]({id}.md) | {} | {} |", severity(*how_bad), sentence(title));
    }
    out
}

fn describe(out: &mut String, fix: &Fix) {
    _ = write!(out, "\n### {}\n\n", sentence(fix.server));
    if is_prose(&fix.change) {
        _ = writeln!(out, "{}", sentence(&fix.change));
    } else {
        out.push_str(&block(&fix.change));
    }
    if let Some(caution) = &fix.caution {
        _ = writeln!(out, "\n{}", sentence(caution));
    }
}

fn capitalized(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    sentence(&first.into_iter().chain(letters).collect::<String>())
}
