//! `corscope analyze`.

use std::mem::ManuallyDrop;

use corscope::analyzer::{Analysis, Options, analyze_by};
use corscope::cors::Decision;
use corscope::diagnose::Severity;
use corscope::report::{SECRETS, markdown, redacted, text, write_json};

use crate::args::{Analyze, FailOn, Format};
use crate::contradicted::say_contradicted;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::source::{self, Keep};
use crate::stop::Stop;
use crate::terminal::{layout, one_screen};

pub(crate) fn run(args: &Analyze, mut output: Output) -> Result<(), Stop> {
    // What is never shown need not be kept: cookies and tokens are most of many heads.
    let masking = (!args.show_secrets).then_some(SECRETS);
    let interrupt = Interrupt::by_ctrl_c().map_err(Stop::of_signals)?;
    let reads = source::read_all(&args.reading, Keep::Errors, masking, &interrupt)?;
    // The text report tells its sources' warnings: on one screen they need not be told twice.
    if args.format != Format::Text || !one_screen() {
        source::say_warnings(reads.iter().map(|read| &read.summary));
    }
    let options = Options { what_if: args.what_if, ..args.judging.options() };
    let workers = source::threads(&args.reading);
    // The process ends with it: giving back its millions of pieces one by one would take a tenth of the time.
    let mut analysis = ManuallyDrop::new(analyze_by(&workers, reads, &options));
    if let Some(filter) = &args.filter {
        filter.apply(&mut analysis);
    }
    say_contradicted(&analysis, &options.asserted);
    let shown = if args.show_secrets { (*analysis).clone() } else { redacted(&analysis) };
    match args.format {
        Format::Text => output.styled(&text(&shown, layout(args.ascii), args.all))?,
        Format::Json => output.written(|to| write_json(&shown, &workers, to))?,
        Format::Markdown => output.line(markdown(&shown, args.all).trim_end())?,
    }
    output.close()?;
    args.fail_on.iter().find_map(|what| failed(*what, &shown)).map_or(Ok(()), |why| Err(Stop::No(why)))
}

/// Why the answer is no, if it is.
fn failed(what: FailOn, analysis: &Analysis) -> Option<String> {
    let calls = |of: fn(Decision) -> bool| analysis.chains.iter().filter(|call| of(call.decision())).count();
    let (number, one, kind) = match what {
        FailOn::Blocked => (calls(|decision| matches!(decision, Decision::Blocked(_))), "call", "blocked"),
        FailOn::Undetermined => (calls(|decision| decision == Decision::Undetermined), "call", "undetermined"),
        FailOn::Finding => {
            let errors = analysis.findings.iter().filter(|finding| finding.severity == Severity::Error);
            (errors.count(), "finding", "of severity error")
        }
        FailOn::Nothing => {
            let nothing = analysis.sources.iter().all(|source| source.exchanges == 0);
            return nothing.then(|| "--fail-on nothing: there is no HTTP at all".to_owned());
        }
    };
    let plural = if number == 1 { "" } else { "s" };
    (number > 0).then(|| format!("--fail-on: {number} {one}{plural} {kind}"))
}
