//! An answer that depends on Origin does not say so.

use crate::cors::Error;
use crate::diagnose::case::{Case, Diagnosis, General, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::{Evidence, Fix, Severity};
use crate::http::{Field, Headers};

pub(super) struct VaryOriginMissing;

static GENERAL: General = General {
    id: "vary-origin-missing",
    severity: Severity::Error,
    title: "an answer that depends on Origin does not say so (Vary: Origin)",
    what: "The server answers each origin with a header of its own, or leaves the header out where no Origin was sent, and does not say Vary: Origin. A cache (a CDN, or the browser's own) may then give the answer made for one page, or for none, to another: that page sees a CORS error which comes and goes, and which no request to the server itself shows.",
    recognise: "Answers for one host name different origins in Access-Control-Allow-Origin, or an answer to a request without Origin has none, and Vary does not name Origin. Where it went wrong: an answer with Age or X-Cache: Hit that names another origin.",
    disproof: "every answer carries the same Access-Control-Allow-Origin whoever asks, or nothing may be stored (Cache-Control: no-store).",
    links: &[
        "https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches",
        "https://github.com/expressjs/cors/issues/106",
        "https://github.com/rs/cors/issues/10",
        "https://github.com/samvera/serverless-iiif/issues/111",
    ],
    shows_in: ShowsIn::Any,
    symptom_of: &[],
};

impl Rule for VaryOriginMissing {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        vec![
            Fix {
                server: "the CORS layer",
                change: "Vary: Origin".to_owned(),
                caution: Some("On every answer, those to requests without Origin too. Starlette does so in its current versions (1.10 does, 0.41 did not).".to_owned()),
            },
            Fix {
                server: "nginx",
                change: "add_header Vary Origin always;".to_owned(),
                caution: Some("Where nginx adds the CORS headers.".to_owned()),
            },
            Fix {
                server: "CloudFront",
                change: "origin request policy: forward Origin, Access-Control-Request-Method and Access-Control-Request-Headers"
                    .to_owned(),
                caution: Some("And let the cache key contain Origin; then invalidate what is stored.".to_owned()),
            },
        ]
    }

    /// What no cache is likely to keep does no harm yet.
    fn severity(&self, case: &Case<'_>) -> Severity {
        match poisoned(case) {
            Some(_) => Severity::Error,
            None if case.seen_hops().any(|seen| is_open(seen) && is_storable(&seen.response.headers)) => {
                Severity::Warning
            }
            None => Severity::Note,
        }
    }

    fn is_decisive(&self, case: &Case<'_>) -> bool {
        poisoned(case).is_some()
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        if let Some((seen, other)) = poisoned(case) {
            return Some(self.told(seen, &other, "was answered from a cache, with what was made for another request"));
        }
        let (seen, other) =
            case.seen_hops().filter(|seen| is_open(seen)).find_map(|seen| Some((seen, depends(case, seen)?)))?;
        Some(self.told(seen, &other, "gets another answer for another origin, and Vary does not name Origin"))
    }
}

impl VaryOriginMissing {
    fn told(&self, seen: &SeenHop<'_>, other: &Evidence, what: &str) -> Diagnosis {
        let of_cache = ["age", "x-cache"].into_iter().filter(|name| seen.response.headers.has(name));
        let mut evidence = vec![
            seen.request_evidence("origin"),
            seen.response_evidence("access-control-allow-origin"),
            seen.response_evidence("vary"),
        ];
        evidence.extend(of_cache.map(|name| seen.response_evidence(name)));
        evidence.push(other.clone());
        Diagnosis {
            story: format!("{} {} {what}.", seen.hop.method, path(&seen.hop.url)),
            evidence,
            fixes: self.fixes().into(),
        }
    }
}

/// The call fails because a cache answered it with what was made for somebody else.
fn poisoned<'a>(case: &'a Case<'_>) -> Option<(&'a SeenHop<'a>, Evidence)> {
    let seen = case.failed_with(&[Error::MissingAllowOriginHeader, Error::AllowOriginMismatch])?;
    let headers = &seen.response.headers;
    let is_hit =
        headers.has("age") || headers.first("x-cache").is_some_and(|value| value.to_ascii_lowercase().contains("hit"));
    let origin = seen.request.headers.first("origin").filter(|_| is_hit && !varies(headers))?;
    let allowed = case.siblings.with_cors_for(&seen.url()?, origin)?;
    Some((seen, allowed.clone()))
}

/// What shows that this answer depends on Origin.
fn depends(case: &Case<'_>, seen: &SeenHop<'_>) -> Option<Evidence> {
    let origin = seen.request.headers.first("origin");
    match (origin, seen.answered("access-control-allow-origin")) {
        (Some(origin), Some(allowed)) if allowed == origin => {}
        (None, None) => {}
        _ => return None,
    }
    case.siblings.answered_otherwise(&seen.url()?, origin).cloned()
}

/// An answer to GET that a cache could give to another page, as far as Vary says.
fn is_open(seen: &SeenHop<'_>) -> bool {
    let is_read = seen.request.method == "GET" && seen.response.is_ok();
    let headers = &seen.response.headers;
    is_read && headers.is_complete() && !varies(headers) && !says(headers, &["no-store", "private"])
}

fn varies(headers: &Headers) -> bool {
    let named = |value: &str| {
        value.split(',').any(|name| matches!(name.trim(), "*") || name.trim().eq_ignore_ascii_case("origin"))
    };
    headers.all("vary").any(named) || headers.get("vary") == Field::Unseen
}

fn says(headers: &Headers, directives: &[&str]) -> bool {
    let mut told = headers.all("cache-control").flat_map(|value| value.split(',')).map(str::trim);
    told.any(|one| {
        directives
            .iter()
            .any(|directive| one.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case(directive)))
    })
}

/// Whether a cache is likely to keep it: it says how long it is fresh, or by what it can be asked
/// for again, or has been in a cache already.
fn is_storable(headers: &Headers) -> bool {
    ["expires", "etag", "last-modified", "age", "x-cache"].iter().any(|name| headers.has(name))
        || says(headers, &["max-age", "s-maxage", "public"])
}

#[cfg(test)]
mod tests {
    use crate::diagnose::Severity;
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    const ONE: &str = "https://one.example";
    const TWO: &str = "https://two.example";

    fn call(page: &str) -> Builder {
        exchange("GET", "https://request.example/items").page(page).behind_balancer().shared_with(page)
    }

    fn bare() -> Builder {
        exchange("GET", "https://request.example/items").behind_balancer().at(20)
    }

    #[test]
    fn answers_that_differ_by_origin_have_to_say_so() {
        let found = diagnosed([call(ONE).answer("ETag", "1"), call(TWO).at(10).answer("ETag", "1")]);
        assert_eq!(found.by_chain, [["vary-origin-missing"], ["vary-origin-missing"]]);
        assert_eq!(found.findings[0].severity, Severity::Warning);
        let found = diagnosed([call(ONE).answer("Vary", "Origin"), bare().answer("Cache-Control", "max-age=60")]);
        assert_eq!(found.by_chain[1], ["vary-origin-missing"]);
    }

    #[test]
    fn what_is_not_kept_is_noted_only() {
        assert_eq!(diagnosed([call(ONE), call(TWO).at(10)]).findings[0].severity, Severity::Note);
        let unkept = |page| call(page).answer("Cache-Control", "no-store");
        assert!(diagnosed([unkept(ONE), unkept(TWO).at(10)]).findings.is_empty());
    }

    #[test]
    fn one_origin_for_everybody_needs_no_vary() {
        let fixed = |page: &str| {
            exchange("GET", "https://request.example/items").page(page).shared_with(ONE).answer("ETag", "1")
        };
        assert!(!diagnosed([fixed(ONE), fixed(TWO).at(10)]).by_chain.concat().contains(&"vary-origin-missing"));
        assert!(diagnosed([call(ONE).answer("ETag", "1"), call(ONE).at(10)]).findings.is_empty());
        let said = |page| call(page).answer("ETag", "1").answer("vary", "accept-encoding, origin");
        assert!(diagnosed([said(ONE), said(TWO).at(10)]).findings.is_empty());
    }

    #[test]
    fn a_cache_that_answers_with_what_was_made_for_another_is_the_cause() {
        let hit =
            exchange("GET", "https://request.example/items").page(TWO).at(5_000).shared_with(ONE).answer("Age", "5");
        let found = diagnosed([call(ONE), call(TWO).at(10), hit]);
        assert_eq!(found.by_chain[2], ["vary-origin-missing"]);
        assert_eq!(found.findings[0].severity, Severity::Error);
    }
}
