//! What the user says of every call (`--page-origin` and its kin), where requests tell otherwise: then the
//! request counts, and the user hears of it once.

use corscope::analyzer::Analysis;
use corscope::cors::{Asserted, Intent, intent};

use crate::output::say;

/// Warns of each option that some calls contradict.
pub(crate) fn say_contradicted(analysis: &Analysis, asserted: &Asserted) {
    let mut options: Vec<Said> = said(asserted).collect();
    if options.is_empty() {
        return;
    }
    for intent in analysis.chains.iter().filter_map(|call| intent(call.chain(), asserted)) {
        for option in &mut options {
            option.look_at(&intent);
        }
    }
    options.iter().filter_map(Said::warning).for_each(|warning| say(&format!("warning: {warning}")));
}

/// An option, and what calls tell against it.
struct Said {
    option: &'static str,
    value: String,
    /// What of a call it is about.
    of: for<'i> fn(&'i Intent<'_>) -> &'i str,
    calls: u64,
    /// What they tell instead, each once.
    told: Vec<String>,
}

fn said(asserted: &Asserted) -> impl Iterator<Item = Said> {
    // No request tells the redirect mode.
    let Asserted { page_origin, mode, credentials, redirect: _ } = asserted;
    let said = |option, value: &str, of| Said { option, value: value.to_owned(), of, calls: 0, told: Vec::new() };
    let origin = page_origin.as_ref().map(|origin| {
        said("--page-origin", origin.as_str(), |intent| intent.origin.as_ref().map_or("", |origin| origin.as_str()))
    });
    let mode = mode.map(|mode| said("--mode", mode.name(), |intent| intent.mode.name()));
    let credentials =
        credentials.map(|credentials| said("--credentials", credentials.name(), |intent| intent.credentials.name()));
    [origin, mode, credentials].into_iter().flatten()
}

impl Said {
    fn look_at(&mut self, intent: &Intent<'_>) {
        let told = (self.of)(intent);
        if told == self.value {
            return;
        }
        self.calls += 1;
        if !self.told.iter().any(|known| known == told) {
            self.told.push(told.to_owned());
        }
    }

    fn warning(&self) -> Option<String> {
        let first = self.told.first()?;
        let others = match self.told.len() - 1 {
            0 => String::new(),
            1 => " and 1 other".to_owned(),
            others => format!(" and {others} others"),
        };
        let plural = if self.calls == 1 { "" } else { "s" };
        let Self { option, value, calls, .. } = self;
        Some(format!("{option} {value}: the requests of {calls} call{plural} tell {first}{others}, which counts"))
    }
}
