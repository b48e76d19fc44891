//! Secrets in an analysis.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::exchange::{redacted_exchange, without_heads};
use super::fields::masked_value;
use super::text;
use crate::analyzer::{Analysis, ChainReport, Mask};
use crate::cors::{Hop, Judgement, Outcome, Verdict};
use crate::diagnose::{Evidence, Finding, Fix};
use crate::http::Exchange;
use crate::replay::Run;

/// What evidence says of a header that was not there.
const ABSENT: &str = "(absent)";

/// An analysis whose reports have their secrets masked, everywhere: what any format makes of it cannot
/// tell them.
#[must_use]
pub fn redacted(analysis: &Analysis) -> Analysis {
    let mut copy = analysis.clone();
    copy.mask = Some(Mask { all: redact_call, words: redact_words });
    for source in &mut copy.sources {
        all(source.warnings.iter_mut().chain(&mut source.damage));
    }
    for finding in &mut copy.findings {
        redact_finding(finding);
    }
    copy
}

/// One call with its secrets masked.
#[must_use]
pub fn redacted_call(call: &ChainReport) -> ChainReport {
    let mut copy = call.clone();
    redact_call(&mut copy);
    copy
}

/// A replay with its secrets masked.
#[must_use]
pub fn redacted_run(run: &Run) -> Run {
    let mut copy = run.clone();
    let mut once = Once::masked_by(redacted_exchange);
    all(&mut copy.warnings);
    mask(&mut copy.target);
    for call in &mut copy.calls {
        mask(&mut call.asked.1);
        mask(&mut call.why);
        redact_outcome(&mut call.before);
        call.differences.iter_mut().flat_map(|one| [&mut one.before, &mut one.after]).flatten().for_each(mask);
        if let Some(after) = &mut call.after {
            after.hops.iter_mut().for_each(|hop| redact_hop(hop, &mut once));
            redact_verdict(&mut after.verdict);
        }
    }
    copy
}

/// What is masked once, however often it comes up in a call.
struct Once {
    exchanges: HashMap<*const Exchange, Arc<Exchange>>,
    mask: fn(&Exchange) -> Exchange,
    /// The last URL, as it was and masked: the next hop mostly goes there too.
    url: Option<(String, String)>,
}

impl Once {
    fn masked_by(mask: fn(&Exchange) -> Exchange) -> Self {
        Self { exchanges: HashMap::new(), mask, url: None }
    }

    fn redact(&mut self, exchange: &mut Arc<Exchange>) {
        let masked = self.exchanges.entry(Arc::as_ptr(exchange)).or_insert_with(|| Arc::new((self.mask)(exchange)));
        *exchange = Arc::clone(masked);
    }

    fn redact_url(&mut self, url: &mut String) {
        match &self.url {
            Some((known, masked)) if known == url => url.clone_from(masked),
            _ => {
                let plain = url.clone();
                mask(url);
                self.url = Some((plain, url.clone()));
            }
        }
    }
}

fn mask(text: &mut String) {
    text::mask(text, &mut |_| {});
}

/// What is written in the program itself is no secret.
fn mask_own(text: &mut Cow<'static, str>) {
    if let Cow::Owned(text) = text {
        mask(text);
    }
}

fn all<'a>(texts: impl IntoIterator<Item = &'a mut String>) {
    for text in texts {
        mask(text);
    }
}

fn redact_call(call: &mut ChainReport) {
    redact_by(redacted_exchange, call);
}

fn redact_words(call: &mut ChainReport) {
    redact_by(without_heads, call);
}

fn redact_by(masked_exchange: fn(&Exchange) -> Exchange, call: &mut ChainReport) {
    let once = &mut Once::masked_by(masked_exchange);
    for link in &mut call.chain.links {
        once.redact(&mut link.exchange);
        for exchange in &mut link.also_seen {
            once.redact(exchange);
        }
    }
    all(call.because.iter_mut().flatten().chain(&mut call.user_agent));
    redact_judgement(&mut call.judgement, once);
    if let Some(what_if) = &mut call.what_if {
        mask(&mut what_if.said);
        for change in &mut what_if.changes {
            all(change.before.iter_mut().chain(&mut change.after));
        }
        redact_judgement(&mut what_if.judgement, once);
    }
}

fn redact_judgement(judgement: &mut Judgement, once: &mut Once) {
    let Judgement { asked, hops, verdict, drop_off: _ } = judgement;
    once.redact_url(&mut asked.url);
    all(&mut asked.page_origin);
    for hop in hops {
        redact_hop(hop, once);
    }
    redact_verdict(verdict);
}

fn redact_hop(hop: &mut Hop, once: &mut Once) {
    for exchange in hop.exchange.iter_mut().chain(&mut hop.also_seen) {
        once.redact(exchange);
    }
    once.redact_url(&mut hop.url);
    all(hop.origin.iter_mut().chain(&mut hop.inferred_because));
    all(hop.answer.iter_mut().filter_map(|answer| answer.location.as_mut()));
}

fn redact_verdict(verdict: &mut Verdict) {
    redact_outcome(&mut verdict.outcome);
    let messages = &mut verdict.message;
    all(messages.chromium.iter_mut().chain(&mut messages.firefox).chain(&mut messages.safari));
    for differs in &mut verdict.differs {
        redact_outcome(&mut differs.outcome);
    }
    for assumption in &mut verdict.assumptions {
        mask_own(&mut assumption.assumed);
        mask_own(&mut assumption.because);
        if let Some(otherwise) = &mut assumption.otherwise {
            redact_outcome(otherwise);
        }
    }
    all(verdict.trail.iter_mut().map(|clause| &mut clause.said));
}

fn redact_outcome(outcome: &mut Outcome) {
    match outcome {
        Outcome::Blocked(failure) => mask(&mut failure.parameter),
        Outcome::Undetermined(reason) => mask(reason),
        Outcome::Allowed | Outcome::NotCors => {}
    }
}

fn redact_finding(finding: &mut Finding) {
    let Finding { title, story, evidence, fixes, .. } = finding;
    mask(title);
    mask(story);
    for piece in evidence {
        redact_evidence(piece);
    }
    for Fix { change, caution, .. } in fixes {
        mask(change);
        all(caution);
    }
}

fn redact_evidence(evidence: &mut Evidence) {
    // That a header was not there is no secret, and often the point.
    if evidence.value == ABSENT {
        return;
    }
    evidence.value = masked_value(evidence.header.unwrap_or_default(), &evidence.value, &mut |_| {}).into_owned();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::text::{Layout, text};
    use crate::report::{Charset, json, markdown, samples};

    #[test]
    fn no_format_tells_a_secret() {
        let secret = "s3cr3tVALUE0123456789";
        let evil =
            format!("https://joe:{secret}@a.example/cb?token={secret}&next=https%3A%2F%2Fb%2F%3Fcode%3D{secret}");
        let masked = redacted(&samples::hostile("x", &evil));
        let layout = Layout { width: 120, charset: Charset::Unicode };
        for told in [text(&masked, layout, true), json(&masked), markdown(&masked, true)] {
            assert!(!told.contains(secret), "{told}");
            assert!(told.contains("redacted"));
        }
    }

    #[test]
    fn what_was_masked_is_named() {
        let analysis = samples::canonical();
        let mut call = analysis.report(&analysis.chains[0]);
        let exchange = Arc::make_mut(&mut call.chain.links[0].exchange);
        if let Some(request) = &mut exchange.request {
            request.headers.push("Cookie", "a=1");
            request.target = crate::http::Target::new("/x?access_token=1", request.url().map(str::to_owned));
            request.body.keep(b"password");
        }
        let masked = redacted_exchange(exchange);
        assert_eq!(masked.extras.redacted, ["?access_token", "cookie", "request body"]);
        assert_eq!(redacted_exchange(&masked), masked);
    }
}
