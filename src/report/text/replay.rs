//! A replay as text: each call with what it was and what it is now, hop by hop, and a tally.

use anstyle::Style;

use super::Layout;
use super::group::rule;
use super::ink::{BAD, BOLD, DIM, GOOD, Ink, LABEL, PLAIN, Span, UNSURE, blanks};
use super::page::Page;
use crate::cors::Outcome;
use crate::replay::{Replayed, Run, Verdict};
use crate::report::words::{count, replayed};

/// Writes a replay as text with styles in it.
#[must_use]
pub fn replay_text(run: &Run, layout: Layout) -> String {
    let mut page = layout.page();
    headline(&mut page, run);
    for call in &run.calls {
        page.blank();
        told(&mut page, call);
    }
    tally(&mut page, run);
    page.into_text()
}

fn headline(page: &mut Page, run: &Run) {
    let ink = page.ink;
    let from =
        run.sender.bound_to.map_or_else(|| "an address of the system's choice".to_owned(), |own| own.to_string());
    let whose = match run.sender.load_balancer {
        Some(balancer) if Some(balancer) == run.sender.bound_to => ", the load balancer's own address".to_owned(),
        Some(balancer) => format!(", not the load balancer's {balancer}"),
        None => ", since no load balancer is seen in the recording".to_owned(),
    };
    page.prose(
        0,
        vec![
            ink.wire(BOLD, &run.target),
            ink.own(PLAIN, "  asked from "),
            ink.wire(BOLD, &from),
            ink.wire(PLAIN, &whose),
        ],
    );
    for warning in &run.warnings {
        page.hanging(2, vec![ink.own(UNSURE, ink.glyphs().warning), blanks(1)], vec![ink.wire(PLAIN, warning)]);
    }
}

fn told(page: &mut Page, call: &Replayed) {
    let ink = page.ink;
    let (style, mark) = look(ink, call.verdict);
    let name = replayed(call.verdict).to_uppercase();
    let (method, url) = &call.asked;
    let head = vec![ink.own(style, mark), blanks(1), ink.wire(style, &name), blanks(2)];
    let asked = vec![
        ink.wire(BOLD, method),
        blanks(1),
        ink.wire(PLAIN, url),
        blanks(2),
        ink.wire(DIM, &format!("call {}", call.id)).whole(),
    ];
    page.hanging(0, head, asked);
    if let Some(after) = &call.after {
        side_by_side(page, &call.before, &after.verdict.outcome);
    }
    page.hanging(4, vec![ink.own(LABEL, "why      ")], vec![ink.wire(PLAIN, &call.why)]);
    for one in &call.differences {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let head = format!("hop {} {:<9}", one.hop + 1, one.what);
        let change = vec![
            ink.wire(DIM, &shown(&one.before)),
            ink.own(PLAIN, " "),
            ink.own(DIM, ink.glyphs().arrow),
            ink.own(PLAIN, " "),
            ink.wire(BOLD, &shown(&one.after)),
        ];
        page.hanging(4, vec![ink.wire(DIM, &head), blanks(1)], change);
    }
    if let Some(proviso) = &call.proviso {
        page.hanging(4, vec![ink.own(UNSURE, "PROVIDED ")], vec![ink.wire(PLAIN, proviso)]);
    }
}

/// The recorded verdict and the new one.
fn side_by_side(page: &mut Page, before: &Outcome, after: &Outcome) {
    let ink = page.ink;
    let line = [
        blanks(4),
        ink.own(LABEL, "before   "),
        outcome(ink, before),
        blanks(4),
        ink.own(LABEL, "now  "),
        outcome(ink, after),
    ];
    page.line(line);
}

fn outcome(ink: Ink, outcome: &Outcome) -> Span {
    let (style, mark) = match outcome {
        Outcome::Allowed => (GOOD, ink.glyphs().good),
        Outcome::Blocked(_) => (BAD, ink.glyphs().bad),
        Outcome::Undetermined(_) => (UNSURE, ink.glyphs().unsure),
        Outcome::NotCors => (DIM, ink.glyphs().none),
    };
    let error = outcome.failure().map(|failure| format!(" ({})", failure.error.name())).unwrap_or_default();
    ink.wire(style, &format!("{mark} {}{error}", outcome.name()))
}

fn look(ink: Ink, verdict: Verdict) -> (Style, &'static str) {
    let glyphs = ink.glyphs();
    match verdict {
        Verdict::Fixed | Verdict::Unchanged => (GOOD, glyphs.good),
        Verdict::StillBroken | Verdict::Worse => (BAD, glyphs.bad),
        Verdict::Undecided => (UNSURE, glyphs.unsure),
        Verdict::Skipped => (DIM, glyphs.none),
    }
}

fn tally(page: &mut Page, run: &Run) {
    const ALL: [Verdict; 6] = [
        Verdict::Fixed,
        Verdict::StillBroken,
        Verdict::Worse,
        Verdict::Unchanged,
        Verdict::Undecided,
        Verdict::Skipped,
    ];
    let ink = page.ink;
    page.blank();
    rule(page, BOLD, ink.glyphs().arrow, "Replayed");
    page.blank();
    let mut spans = vec![ink.wire(BOLD, &count(run.calls.len() as u64, "call")), ink.own(BOLD, ":")];
    for verdict in ALL {
        let number = run.calls.iter().filter(|call| call.verdict == verdict).count();
        if number > 0 {
            let (style, mark) = look(ink, verdict);
            spans.extend([blanks(2), ink.wire(style, &format!("{mark} {number} {}", replayed(verdict))).whole()]);
        }
    }
    page.prose(0, spans);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::Sender;
    use crate::report::Charset;

    fn run(bound_to: &str, calls: Vec<Replayed>) -> Run {
        let sender = Sender { bound_to: bound_to.parse().ok(), load_balancer: "127.0.0.9".parse().ok() };
        Run { target: "http://127.0.0.1:8000".to_owned(), sender, calls, warnings: Vec::new() }
    }

    fn skipped(why: &str) -> Replayed {
        Replayed {
            id: "2.1".into(),
            asked: ("POST".to_owned(), "https://request.example/\u{1b}[2J".to_owned()),
            before: Outcome::Allowed,
            after: None,
            verdict: Verdict::Skipped,
            proviso: None,
            why: why.to_owned(),
            differences: Vec::new(),
        }
    }

    #[test]
    fn the_address_is_always_told_and_nothing_harmful_is() {
        let layout = Layout { width: 80, charset: Charset::Ascii };
        let own = anstream::adapter::strip_str(&replay_text(&run("127.0.0.9", vec![skipped("x")]), layout)).to_string();
        assert!(own.contains("127.0.0.9, the load balancer's own address"), "{own}");
        assert!(own.contains("SKIPPED") && own.contains("1 skipped") && !own.contains('\u{1b}'), "{own}");
        let other = replay_text(&run("127.0.0.1", Vec::new()), layout);
        assert!(anstream::adapter::strip_str(&other).to_string().contains("not the load balancer's 127.0.0.9"));
    }
}
