//! The filter language: terms with blanks between them, all of which must hold.
//!
//! `key:value` asks for a value, `!term` for the opposite, a bare word for a piece of the URL. Letter
//! case does not count.

mod parse;

pub use parse::FilterError;

use std::collections::HashSet;
use std::sync::Arc;

use crate::analyzer::{Analysis, Call, ChainReport};
use crate::chain::Chain;
use crate::http::{Exchange, client_address};

/// What calls have to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    key: Key,
    /// In lower case.
    value: String,
}

/// What a term asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// A piece of a URL.
    Url,
    Outcome,
    Error,
    Finding,
    Method,
    Host,
    Path,
    Status,
    Client,
    Origin,
    Id,
}

impl Filter {
    /// Reads an expression. An empty one lets everything through.
    pub fn parse(expression: &str) -> Result<Self, FilterError> {
        parse::terms(expression).map(|terms| Self { terms })
    }

    /// Leaves of an analysis the calls that the filter lets through, the findings that explain them,
    /// and the evidence that is in them. Ids stay as they are.
    pub fn apply(&self, analysis: &mut Analysis) {
        if self.terms.is_empty() {
            return;
        }
        let matching = analysis.chains.iter().filter(|call| self.matches(analysis, call)).cloned().collect();
        analysis.chains = Arc::new(matching);
        let Analysis { chains, findings, .. } = analysis;
        let kept: HashSet<&str> = chains.iter().map(Call::id).collect();
        let shown: HashSet<&str> = chains.iter().flat_map(|call| exchanges(call.chain())).map(|one| &*one.id).collect();
        for finding in findings.iter_mut() {
            finding.chains.retain(|id| kept.contains(&**id));
            finding.evidence.retain(|piece| shown.contains(&*piece.exchange));
        }
        findings.retain(|finding| !finding.chains.is_empty());
    }

    /// Whether a call of the analysis is let through.
    #[must_use]
    pub fn matches(&self, analysis: &Analysis, call: &Call) -> bool {
        let brief = Facts::of_brief(call);
        let (by_brief, by_report): (Vec<_>, Vec<_>) = self.terms.iter().partition(|term| term.key.is_brief());
        by_brief.iter().all(|term| term.holds(&brief))
            && (by_report.is_empty() || {
                let report = analysis.report(call);
                let facts = Facts::of_call(&report);
                by_report.iter().all(|term| term.holds(&facts))
            })
    }

    /// Whether an exchange that is in no call is let through: it has no outcome and no finding.
    #[must_use]
    pub fn matches_exchange(&self, exchange: &Exchange) -> bool {
        let mut facts = Facts::default();
        facts.add(exchange);
        self.hold(&facts)
    }

    fn hold(&self, facts: &Facts<'_>) -> bool {
        self.terms.iter().all(|term| term.holds(facts))
    }
}

/// Every exchange of a call, wherever it was seen.
fn exchanges(chain: &Chain) -> impl Iterator<Item = &Exchange> {
    chain.links.iter().flat_map(|link| std::iter::once(&link.exchange).chain(&link.also_seen)).map(AsRef::as_ref)
}

/// What terms are compared with.
#[derive(Default)]
struct Facts<'a> {
    outcome: &'a str,
    error: &'a str,
    findings: &'a [&'static str],
    ids: Vec<&'a str>,
    methods: Vec<&'a str>,
    urls: Vec<&'a str>,
    statuses: Vec<String>,
    clients: Vec<String>,
    origins: Vec<&'a str>,
}

impl Key {
    /// Whether it asks about what is kept of every call, so that nothing has to be worked out.
    fn is_brief(self) -> bool {
        matches!(self, Self::Outcome | Self::Error | Self::Finding | Self::Id)
    }
}

impl<'a> Facts<'a> {
    fn of_brief(call: &'a Call) -> Self {
        Self {
            outcome: call.decision().name(),
            error: call.decision().error().map_or("", crate::cors::Error::name),
            findings: call.findings(),
            ids: exchanges(call.chain()).map(|exchange| &*exchange.id).collect(),
            ..Self::default()
        }
    }

    fn of_call(call: &'a ChainReport) -> Self {
        let judgement = &call.judgement;
        let mut facts = Self::default();
        exchanges(&call.chain).for_each(|exchange| facts.add(exchange));
        for hop in &judgement.hops {
            facts.methods.push(&hop.method);
            facts.urls.push(&hop.url);
            facts.statuses.extend(hop.answer.as_ref().map(|answer| answer.status.to_string()));
        }
        facts.methods.push(&judgement.asked.method);
        facts.urls.push(&judgement.asked.url);
        facts.origins.extend(judgement.asked.page_origin.as_deref());
        facts.clients.extend(call.client.map(|client| client.to_string()));
        facts
    }

    fn add(&mut self, exchange: &'a Exchange) {
        self.ids.push(&exchange.id);
        if let Some(request) = &exchange.request {
            self.methods.push(&request.method);
            self.urls.push(request.url().unwrap_or(&request.target));
            self.origins.extend(request.headers.first("origin"));
            self.clients.extend(client_address(&request.headers, exchange.client).map(|client| client.to_string()));
        }
        self.statuses.extend(exchange.response.as_ref().map(|response| response.status.to_string()));
    }
}

impl Term {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        self.is_met(facts) != self.negated
    }

    fn is_met(&self, facts: &Facts<'_>) -> bool {
        let is = |text: &str| text.eq_ignore_ascii_case(&self.value);
        let has = |text: &str| text.to_ascii_lowercase().contains(&self.value);
        match self.key {
            Key::Url => facts.urls.iter().any(|url| has(url)),
            Key::Outcome => is(facts.outcome),
            Key::Error => is(facts.error),
            Key::Finding => facts.findings.iter().any(|id| is(id)),
            Key::Method => facts.methods.iter().any(|method| is(method)),
            Key::Host => facts.urls.iter().any(|url| has(parts(url).0)),
            Key::Path => facts.urls.iter().any(|url| has(parts(url).1)),
            Key::Status => facts.statuses.iter().any(|status| is_status(&self.value, status)),
            Key::Client => facts.clients.iter().any(|client| is(client)),
            Key::Origin => facts.origins.iter().any(|origin| has(origin)),
            Key::Id => facts.ids.iter().any(|id| is(id)),
        }
    }
}

/// Host with port, and path without query, of a URL.
fn parts(url: &str) -> (&str, &str) {
    let (authority, path) = match url.split_once("://") {
        Some((_, rest)) => rest.find(['/', '?', '#']).map_or((rest, "/"), |at| rest.split_at(at)),
        None => ("", url),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (host, path.split(['?', '#']).next().unwrap_or_default())
}

/// `307`, or `3xx` for any of its kind.
fn is_status(asked: &str, status: &str) -> bool {
    asked.len() == status.len() && asked.bytes().zip(status.bytes()).all(|(asked, is)| asked == b'x' || asked == is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn ids(expression: &str) -> Vec<String> {
        let mut analysis = samples::preflight_redirected();
        Filter::parse(expression).unwrap().apply(&mut analysis);
        analysis.chains.iter().map(|call| call.id().to_owned()).collect()
    }

    #[test]
    fn terms_choose_calls() {
        let all = ["0.0", "1.0", "1.1"];
        assert_eq!(ids(""), all);
        assert_eq!(ids("outcome:blocked"), ["0.0"]);
        assert_eq!(ids("!outcome:blocked"), ["1.0", "1.1"]);
        assert_eq!(ids("error:preflightdisallowedredirect method:OPTIONS"), ["0.0"]);
        assert_eq!(ids("finding:preflight-redirected"), ["0.0"]);
        assert_eq!(ids("status:3xx"), ["0.0"]);
        assert_eq!(ids("status:200 id:1.1"), ["1.1"]);
        assert_eq!(ids("host:request.example path:/items/"), ["1.0", "1.1"]);
        assert_eq!(ids("client:203.0.113.50 origin:client.example"), all);
        assert_eq!(ids("ORDERS"), ["0.0"]);
        assert!(ids("path:request").is_empty());
    }

    #[test]
    fn findings_keep_only_what_is_left() {
        let mut analysis = samples::thousand();
        Filter::parse("id:7.0").unwrap().apply(&mut analysis);
        assert_eq!(analysis.chains.len(), 1);
        assert_eq!(analysis.findings[0].chains.len(), 1);
        assert!(analysis.findings[0].evidence.is_empty());
        Filter::parse("outcome:allowed").unwrap().apply(&mut analysis);
        assert!(analysis.findings.is_empty());
    }

    #[test]
    fn an_exchange_of_no_call_is_compared_by_itself() {
        let analysis = samples::canonical();
        let exchange = &analysis.chains[0].chain().links[0].exchange;
        assert!(Filter::parse("status:307 /items").unwrap().matches_exchange(exchange));
        assert!(!Filter::parse("outcome:blocked").unwrap().matches_exchange(exchange));
    }
}
