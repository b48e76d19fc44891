//! `corscope explain`.

use corscope::diagnose::explanations;
use corscope::report::{explain, explain_all};

use crate::args::Explain;
use crate::output::Output;
use crate::stop::Stop;
use crate::terminal::layout;

/// How many names are suggested for one that is not known.
const SUGGESTED: usize = 3;

pub(crate) fn run(args: &Explain, mut output: Output) -> Result<(), Stop> {
    let all = explanations();
    let layout = layout(args.ascii);
    let told = match &args.finding {
        None => explain_all(&all, layout),
        Some(name) => match all.iter().find(|explanation| explanation.id == name.to_ascii_lowercase()) {
            Some(explanation) => explain(explanation, layout),
            None => return Err(unknown(name, all.iter().map(|explanation| explanation.id).collect())),
        },
    };
    output.styled(&told)?;
    output.close()
}

fn unknown(name: &str, mut ids: Vec<&str>) -> Stop {
    let name = name.to_ascii_lowercase();
    ids.sort_by_key(|id| strangeness(&name, id));
    ids.truncate(SUGGESTED);
    Stop::Problem(format!(
        "no finding is called '{name}'; the nearest are {}; 'corscope explain' lists all",
        ids.join(", ")
    ))
}

/// How little a name has of another: a piece of it is near, however short; else letters count.
fn strangeness(name: &str, id: &str) -> (bool, usize) {
    let is_piece = name.len() >= 3 && id.contains(name);
    (!is_piece, distance(name.as_bytes(), id.as_bytes()))
}

/// How many letters have to be put in, taken out or changed to make one word of the other.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (taken, letter) in from.iter().enumerate() {
        let mut diagonal = taken;
        let mut left = taken + 1;
        for (cell, other) in row.iter_mut().zip(std::iter::once(None).chain(to.iter().map(Some))) {
            let above = *cell;
            left = match other {
                None => taken + 1,
                Some(other) => (diagonal + usize::from(letter != other)).min(above + 1).min(left + 1),
            };
            diagonal = above;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"abc", b"abc"), 0);
    }

    #[test]
    fn the_nearest_come_first() {
        let ids = vec!["origin-not-allowed", "preflight-redirected", "wildcard-with-credentials"];
        let Stop::Problem(told) = unknown("preflight-redirect", ids.clone()) else { panic!("not a problem") };
        assert!(told.contains("the nearest are preflight-redirected, "), "{told}");
        let Stop::Problem(told) = unknown("wildcard", ids) else { panic!("not a problem") };
        assert!(told.contains("the nearest are wildcard-with-credentials, "), "{told}");
    }
}
