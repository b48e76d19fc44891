//! `corscope explain`.

use corscope::diagnose::explanations;
use corscope::report::{explain, explain_all, nearest};

use crate::args::Explain;
use crate::output::Output;
use crate::stop::Stop;
use crate::terminal::layout;

pub(crate) fn run(args: &Explain, mut output: Output) -> Result<(), Stop> {
    let all = explanations();
    let layout = layout(args.ascii);
    let told = match &args.finding {
        None => explain_all(&all, layout),
        Some(name) => match all.iter().find(|explanation| explanation.id == name.to_ascii_lowercase()) {
            Some(explanation) => explain(explanation, layout),
            None => return Err(unknown(name, all.iter().map(|explanation| explanation.id))),
        },
    };
    output.styled(&told)?;
    output.close()
}

fn unknown<'a>(name: &str, ids: impl IntoIterator<Item = &'a str>) -> Stop {
    let name = name.to_ascii_lowercase();
    let nearest = nearest(&name, ids).join(", ");
    Stop::Problem(format!("no finding is called '{name}'; the nearest are {nearest}; 'corscope explain' lists all"))
}
