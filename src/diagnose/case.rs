//! One chain as the rules look at it.

use std::cell::OnceCell;
use std::sync::Arc;

use super::fixes::Fixes;
use super::siblings::Siblings;
use super::{Evidence, Explanation, Fix, Severity};
use crate::balancer::Balancer;
use crate::chain::Role;
use crate::cors::{AnsweredBy, Error, Failure, Hop, Judgement};
use crate::http::{Exchange, Headers, Request, Response, Vantage, WebUrl};

/// A rule: one cause, whether it holds, what to say here and what to say in general.
pub(super) trait Rule: Sync {
    /// What is to be said in general.
    fn general(&self) -> &'static General;

    /// What mends it in general, by server, the safest first.
    fn fixes(&self) -> Vec<Fix>;

    /// What is to be said of this chain, when the cause holds in it.
    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis>;

    /// Whether the cause, which holds in this chain, is what the call fails for: it is then named
    /// before causes that would have made it fail later.
    fn is_decisive(&self, _case: &Case<'_>) -> bool {
        true
    }

    /// How bad it is in this chain: what blocks no call here will block one somewhere.
    fn severity(&self, case: &Case<'_>) -> Severity {
        let general = self.general().severity;
        if case.failure().is_some() { general } else { general.min(Severity::Warning) }
    }

    /// All that is to be said in general.
    fn explanation(&self) -> Explanation {
        let general = self.general();
        Explanation {
            id: general.id,
            severity: general.severity,
            title: general.title,
            what: general.what,
            recognise: general.recognise,
            disproof: general.disproof,
            fixes: self.fixes(),
            links: general.links,
        }
    }
}

/// What a rule says in general; the fields are those of [`Explanation`].
pub(super) struct General {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    pub(super) title: &'static str,
    pub(super) what: &'static str,
    pub(super) recognise: &'static str,
    pub(super) disproof: &'static str,
    pub(super) links: &'static [&'static str],
    /// Where it can hold at all: nearly all calls are not looked at by nearly all rules.
    pub(super) shows_in: ShowsIn,
    /// Causes of which this is only a symptom: where one of them holds, this is not said.
    pub(super) symptom_of: &'static [&'static str],
}

/// The calls in which a cause can hold.
#[derive(Clone, Copy)]
pub(super) enum ShowsIn {
    /// Those with an answer that redirects.
    Redirected,
    /// Those that are blocked.
    Blocked,
    /// All.
    Any,
}

/// What a rule says of one chain.
pub(super) struct Diagnosis {
    pub(super) story: String,
    pub(super) evidence: Vec<Evidence>,
    pub(super) fixes: Fixes,
}

/// One chain, and what surrounds it.
pub(super) struct Case<'a> {
    pub(super) judgement: &'a Judgement,
    pub(super) balancer: &'a Balancer,
    pub(super) siblings: &'a Siblings<'a>,
    /// The hops that the capture shows with their answers, in order.
    seen: Vec<SeenHop<'a>>,
    /// One of them redirects.
    redirects: bool,
}

/// A hop that the capture shows with its answer.
pub(super) struct SeenHop<'a> {
    pub(super) hop: &'a Hop,
    pub(super) exchange: &'a Exchange,
    pub(super) request: &'a Request,
    pub(super) response: &'a Response,
    redirect: Option<Redirect<'a>>,
    /// The text of its body, worked out when a rule first asks.
    body: OnceCell<String>,
    /// The same as it was seen furthest in, where that is another place.
    furthest_in: Option<Box<SeenHop<'a>>>,
}

/// Where an answer leads.
pub(super) struct Redirect<'a> {
    /// The URL that was asked.
    pub(super) from: WebUrl<'a>,
    /// The URL that the Location names.
    pub(super) to: WebUrl<'static>,
}

impl<'a> Case<'a> {
    pub(super) fn new(judgement: &'a Judgement, balancer: &'a Balancer, siblings: &'a Siblings<'a>) -> Self {
        let seen: Vec<SeenHop<'_>> = judgement.hops.iter().filter_map(seen).collect();
        let redirects = seen.iter().any(|seen| seen.redirect.is_some() || seen.furthest_in().redirect.is_some());
        Self { judgement, balancer, siblings, seen, redirects }
    }

    /// Whether it is one of those calls.
    pub(super) fn is_one_that(&self, shows: ShowsIn) -> bool {
        match shows {
            ShowsIn::Redirected => self.redirects,
            ShowsIn::Blocked => self.failure().is_some(),
            ShowsIn::Any => true,
        }
    }

    /// Why the call is blocked, where it is.
    pub(super) fn failure(&self) -> Option<&'a Failure> {
        self.judgement.verdict.outcome.failure()
    }

    /// The hop at which the call is blocked, where the capture shows it, when it is for one of
    /// these reasons.
    pub(super) fn failed_with(&self, errors: &[Error]) -> Option<&SeenHop<'a>> {
        let failure = self.failure().filter(|failure| errors.contains(&failure.error))?;
        let hop = self.judgement.hops.get(failure.hop)?;
        self.seen.iter().find(|seen| std::ptr::eq(seen.hop, hop))
    }

    /// The hops that the capture shows with their answers, in order.
    pub(super) fn seen_hops(&self) -> impl Iterator<Item = &SeenHop<'a>> {
        self.seen.iter()
    }

    /// The page's origin; `null` where it is opaque or not known.
    pub(super) fn page_origin(&self) -> &'a str {
        self.judgement.asked.page_origin.as_deref().unwrap_or("null")
    }
}

fn seen(hop: &Hop) -> Option<SeenHop<'_>> {
    let exchange = hop.exchange.as_deref()?;
    let mut seen = seen_at(hop, exchange)?;
    let mut behind = hop.also_seen.iter().rev().filter(|exchange| exchange.vantage == Vantage::Backend);
    seen.furthest_in = behind.find_map(|exchange| seen_at(hop, exchange)).map(Box::new);
    Some(seen)
}

fn seen_at<'a>(hop: &'a Hop, exchange: &'a Exchange) -> Option<SeenHop<'a>> {
    let (request, response) = (exchange.request.as_ref()?, exchange.response.as_ref()?);
    let redirect = if response.is_redirect() { redirect(hop, response) } else { None };
    Some(SeenHop { hop, exchange, request, response, redirect, body: OnceCell::new(), furthest_in: None })
}

fn redirect<'a>(hop: &'a Hop, response: &Response) -> Option<Redirect<'a>> {
    let from = WebUrl::parse(&hop.url)?;
    let to = from.resolve(response.headers.first("location")?)?;
    Some(Redirect { from, to })
}

impl<'a> SeenHop<'a> {
    /// The hop's URL.
    pub(super) fn url(&self) -> Option<WebUrl<'a>> {
        WebUrl::parse(&self.hop.url)
    }

    /// The same hop as it was seen furthest in, where it was captured at several places: what the server
    /// was told, and what it said.
    pub(super) fn furthest_in(&self) -> &Self {
        self.furthest_in.as_deref().unwrap_or(self)
    }

    /// Where its answer leads: few do, and most causes are about those.
    pub(super) fn redirect(&self) -> Option<&Redirect<'a>> {
        self.redirect.as_ref()
    }

    /// Whether the load balancer itself answered: then no layer of the backend is to blame.
    pub(super) fn is_by_load_balancer(&self) -> bool {
        self.hop.answered_by == AnsweredBy::LoadBalancer
    }

    pub(super) fn is_preflight(&self) -> bool {
        self.hop.role == Role::Preflight
    }

    /// A response header as it was sent.
    pub(super) fn answered(&self, name: &str) -> Option<&'a str> {
        self.response.headers.first(name)
    }

    /// The beginning of what the response's body says, as text.
    pub(super) fn body(&self) -> &str {
        self.body.get_or_init(|| String::from_utf8_lossy(&self.response.content()).into_owned())
    }

    /// A response header as evidence; its absence too.
    pub(super) fn response_evidence(&self, header: &'static str) -> Evidence {
        self.evidence(self.exchange.frames.response().map(|span| span.first), header, &self.response.headers)
    }

    /// A request header as evidence; its absence too.
    pub(super) fn request_evidence(&self, header: &'static str) -> Evidence {
        self.evidence(self.exchange.frames.request().map(|span| span.first), header, &self.request.headers)
    }

    /// The status line as evidence.
    pub(super) fn status_evidence(&self) -> Evidence {
        Evidence {
            source: Arc::clone(&self.exchange.source),
            exchange: self.exchange.id.clone(),
            frame: self.exchange.frames.response().map(|span| span.first),
            header: None,
            value: format!(
                "{} {} answered {} {}",
                self.hop.method,
                path(&self.hop.url),
                self.response.status,
                self.response.reason
            )
            .trim_end()
            .to_owned(),
        }
    }

    fn evidence(&self, frame: Option<u64>, header: &'static str, headers: &Headers) -> Evidence {
        let lines: Vec<&str> = headers.all(header).collect();
        Evidence {
            source: Arc::clone(&self.exchange.source),
            exchange: self.exchange.id.clone(),
            frame,
            header: Some(header),
            value: match lines.as_slice() {
                [] => "(absent)".to_owned(),
                [line] => (*line).to_owned(),
                // Joined alone it would look like one line that holds a list.
                lines => format!("{} (sent {})", lines.join(", "), times(lines.len())),
            },
        }
    }
}

/// How often something is there.
pub(super) fn times(number: usize) -> String {
    if number == 2 { "twice".to_owned() } else { format!("{number} times") }
}

/// The part of a URL behind the authority, to speak of it shortly.
pub(super) fn path(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(after_scheme..).unwrap_or_default();
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
}
