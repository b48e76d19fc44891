//! An analysis as a document for an issue, a pull request or an incident's channel: what to change
//! first, then each cause with its calls. Only Markdown's own words are Markdown: see `escape`.

mod call;
mod cause;
mod escape;

use std::fmt::Write as _;

pub use cause::{cause_index, cause_page};
use escape::{block, cell, code, prose, sentence};

use super::advice::advice;
use super::escape::elide;
use super::outline::{Cause, Group, Mend, Outline, mends};
use super::words::{called, count, counted, holdings, is_prose, severity, source_kind, tally};
use crate::analyzer::{Analysis, SourceSummary};
use crate::diagnose::{Evidence, Finding, Fix, Severity};

/// Without `all`: calls shown for each cause, and pieces of evidence.
const CALLS: usize = 2;
const EVIDENCE: usize = 4;
/// The longest value shown.
const LONGEST: usize = 240;

/// Writes an analysis. `all`: every call is shown, not only the first few of each cause.
#[must_use]
pub fn markdown(analysis: &Analysis, all: bool) -> String {
    let outline = Outline::of(analysis);
    let mut out = String::new();
    _ = writeln!(out, "# CORS report: {}\n", headline(&outline));
    for source in &analysis.sources {
        describe(&mut out, source);
    }
    advise(&mut out, analysis);
    what_to_change(&mut out, &outline);
    for (at, group) in outline.groups.iter().enumerate() {
        describe_group(&mut out, at + 1, group, all);
    }
    noticed(&mut out, &outline);
    if all {
        quiet(&mut out, &outline);
    }
    out
}

// Writing to a String does not fail: the results of `write!` are nothing to look at.

fn headline(outline: &Outline<'_>) -> String {
    let counts = outline.counts;
    match (counts.total(), counts.blocked + counts.undetermined) {
        (0, _) => "no call of a page".to_owned(),
        (total, 0) => format!("{}, none blocked", count(total, "call")),
        (total, _) => format!("{}: {}", count(total, "call"), tally(counts)),
    }
}

fn describe(out: &mut String, source: &SourceSummary) {
    let kind = source_kind(source.kind);
    _ = writeln!(out, "- {} ({kind}): {}", code(called(&source.path)), holdings(source));
    for warning in &source.warnings {
        _ = writeln!(out, "  - Warning: {}", sentence(warning));
    }
}

fn advise(out: &mut String, analysis: &Analysis) {
    let Some(advice) = advice(analysis) else { return };
    _ = writeln!(out, "\n## {}\n", sentence(&advice.title));
    for paragraph in &advice.paragraphs {
        _ = writeln!(out, "{}\n", prose(paragraph));
    }
    if !advice.commands.is_empty() {
        out.push_str(&block(&advice.commands.join("\n")));
    }
}

fn title<'a>(group: &Group<'a>) -> &'a str {
    match group.cause {
        Cause::Found(finding) => &finding.title,
        Cause::Unidentified => "the cause is not identified",
        Cause::Undetermined => "not enough was captured to judge",
    }
}

fn what_to_change(out: &mut String, outline: &Outline<'_>) {
    if outline.groups.is_empty() {
        return;
    }
    out.push_str("\n## What to change\n");
    for (at, group) in outline.groups.iter().enumerate() {
        _ = write!(out, "\n**{}. {}**: {}", at + 1, sentence(title(group)), counted(group.counts));
        if let Some(call) = group.first() {
            let asked = &call.judgement.asked;
            let first = if group.calls.len() > 1 { ", first" } else { "," };
            _ = write!(out, "{first} {}", code(&format!("{} {}", asked.method, elide(&asked.url, LONGEST))));
        }
        out.push('\n');
        if let Cause::Found(finding) = group.cause
            && let Some(Mend { server, changes, .. }) = mends(&finding.fixes).first()
        {
            let answered = group.answered().map(|answered| format!(" ({answered})")).unwrap_or_default();
            _ = writeln!(out, "\nChange in **{}**{answered}:\n", sentence(server));
            out.push_str(&change(changes));
        }
    }
}

/// Changes of one kind: code for what is typed, words for what is told.
fn change(changes: &[&str]) -> String {
    let all = changes.join("\n");
    if changes.iter().all(|change| change.lines().all(is_prose)) { format!("{}\n", prose(&all)) } else { block(&all) }
}

fn describe_group(out: &mut String, number: usize, group: &Group<'_>, all: bool) {
    _ = write!(out, "\n## {number}. {}\n\n{}", sentence(title(group)), counted(group.counts));
    match group.cause {
        Cause::Found(finding) => {
            explain(out, finding, all);
            fixes(out, &finding.fixes);
        }
        Cause::Unidentified | Cause::Undetermined => out.push('\n'),
    }
    let shown = if all { group.calls.clone() } else { group.examples(CALLS) };
    for call in &shown {
        call::full(out, &group.analysis.report(call), all);
    }
    let left = group.calls.len() - shown.len();
    if left > 0 {
        _ = writeln!(out, "\nAnd {} more like these.", count(left as u64, "call"));
    }
}

fn explain(out: &mut String, finding: &Finding, all: bool) {
    _ = writeln!(out, " · {} · {}\n", severity(finding.severity), code(finding.id));
    _ = writeln!(out, "{}\n", prose(&finding.story));
    let shown = if all { finding.evidence.len() } else { EVIDENCE };
    if !finding.evidence.is_empty() {
        out.push_str("| source | where | evidence |\n| --- | --- | --- |\n");
        finding.evidence.iter().take(shown).for_each(|piece| evidence(out, piece));
        let left = finding.evidence.len().saturating_sub(shown) as u64;
        if left > 0 {
            _ = writeln!(out, "\nAnd {} of evidence more.", count(left, "piece"));
        }
    }
    if !finding.disproof.is_empty() {
        _ = writeln!(out, "\nNot so if {}", sentence(finding.disproof));
    }
}

fn evidence(out: &mut String, piece: &Evidence) {
    let place = match piece.frame {
        Some(frame) => format!("frame {frame}"),
        None => format!("exchange {}", cell(&piece.exchange)),
    };
    let value = elide(&piece.value, LONGEST);
    let value = piece.header.map_or(value.clone(), |header| format!("{header}: {value}"));
    _ = writeln!(out, "| {} | {place} | {} |", cell(&piece.source), cell(&value));
}

fn fixes(out: &mut String, fixes: &[Fix]) {
    for (at, Mend { server, changes, caution }) in mends(fixes).into_iter().enumerate() {
        let label = if at == 0 { "Fix" } else { "Or" };
        let together = if changes.len() > 1 { " (all of these, for different calls)" } else { "" };
        _ = writeln!(out, "\n**{label}: {}**{together}\n", sentence(server));
        out.push_str(&change(&changes));
        if let Some(caution) = caution {
            _ = writeln!(out, "\n{}", prose(caution));
        }
    }
}

fn noticed(out: &mut String, outline: &Outline<'_>) {
    if outline.noticed.is_empty() {
        return;
    }
    out.push_str("\n## Also noticed\n\n");
    for finding in &outline.noticed {
        let calls = count(finding.chains.len() as u64, "call");
        _ = write!(out, "- {} ({}, {calls})", sentence(&finding.title), code(finding.id));
        // Nothing else of the report tells of a note; its first fix names what all of its calls need.
        match mends(&finding.fixes).first() {
            Some(Mend { server, changes, .. }) if finding.severity == Severity::Note => {
                let changes = code(&changes.join(" "));
                _ = writeln!(out, ": {} Change in {}: {changes}", sentence(&finding.story), sentence(server));
            }
            _ => out.push('\n'),
        }
    }
}

fn quiet(out: &mut String, outline: &Outline<'_>) {
    if outline.quiet.is_empty() {
        return;
    }
    out.push_str("\n## Calls that need no change\n\n| call | request | outcome |\n| --- | --- | --- |\n");
    for call in outline.quiet.iter().map(|call| outline.analysis.report(call)) {
        let asked = &call.judgement.asked;
        let request = format!("{} {}", asked.method, elide(&asked.url, LONGEST));
        let outcome = call.judgement.verdict.outcome.name();
        _ = writeln!(out, "| {} | {} | {outcome} |", cell(call.chain.id()), cell(&request));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn the_documents() {
        insta::assert_snapshot!("canonical", markdown(&samples::canonical(), false));
        insta::assert_snapshot!("preflight_redirected_all", markdown(&samples::preflight_redirected(), true));
        insta::assert_snapshot!("encrypted", markdown(&samples::encrypted(), false));
    }

    #[test]
    fn what_comes_from_the_wire_stays_text() {
        let evil = "|</td>\n# x `a` [a](javascript:b) <script> @all https://evil.example ```\n\x1b[2J";
        insta::assert_snapshot!("hostile", markdown(&samples::hostile(evil, evil), true));
    }
}
