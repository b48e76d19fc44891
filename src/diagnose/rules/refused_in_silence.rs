//! A preflight that a CORS layer refused without a word of why. Spring answers 'Invalid CORS request' whatever
//! it is that it does not allow; rs/cors (Go) answers 204 that bears nothing but its Vary.

use super::origin_not_allowed::allows_another;
use crate::cors::Error;
use crate::diagnose::Evidence;
use crate::diagnose::case::{Case, SeenHop, path};
use crate::diagnose::layers::listed;
use crate::diagnose::server::{Server, is_refused_by_spring};

/// What of the preflight was refused, told by what the same host grants the same origin elsewhere.
pub(super) struct Refused<'a> {
    pub(super) seen: &'a SeenHop<'a>,
    pub(super) what: What,
    /// What the host grants the origin.
    pub(super) granted: &'a [String],
    /// An answer that allows the origin.
    pub(super) shared: Evidence,
}

pub(super) enum What {
    Method(String),
    Headers(Vec<String>),
}

/// `None` where something is said, or nothing tells.
pub(super) fn refused<'a>(case: &'a Case<'_>) -> Option<Refused<'a>> {
    let seen = case.failed_with(&[Error::PreflightMissingAllowOriginHeader, Error::PreflightInvalidStatus])?;
    if !seen.is_preflight() || seen.is_by_load_balancer() || !is_mute(seen) {
        return None;
    }
    // A path may have a list of origins of its own: one that grants another what it refuses this one.
    if allows_another(case, seen).is_some() {
        return None;
    }
    let url = seen.url()?;
    let shared = case.siblings.with_cors_for(&url, case.page_origin())?.clone();
    let leave = case.siblings.granted(&url, case.page_origin());
    let method = seen.request.headers.first("access-control-request-method")?;
    let is_granted = leave.is_some_and(|leave| leave.has_method(method));
    let what = if matches!(method, "GET" | "HEAD" | "POST") || is_granted {
        let asked = seen.request.headers.first("access-control-request-headers").unwrap_or_default();
        let lacking = listed(asked).into_iter().filter(|name| !leave.is_some_and(|leave| leave.has_header(name)));
        What::Headers(lacking.map(str::to_owned).collect())
    } else {
        What::Method(method.to_owned())
    };
    let is_told = !matches!(&what, What::Headers(names) if names.is_empty());
    is_told.then(|| Refused { seen, what, granted: leave.map_or(&[], |leave| leave.methods.as_slice()), shared })
}

impl Refused<'_> {
    pub(super) fn server(&self) -> Server {
        if is_refused_by_spring(self.seen.response) { Server::Spring } else { Server::of(&self.seen.response.headers) }
    }

    pub(super) fn story(&self, asked: &str) -> String {
        format!(
            "The preflight for {} asks for {asked} and was answered {} without a word of what is not allowed. The same host allows this origin elsewhere (exchange {}), and nothing in the capture shows that it allows {asked}.",
            path(&self.seen.hop.url),
            self.seen.response.status,
            self.shared.exchange
        )
    }
}

/// Whether a CORS layer answered, and said neither whom nor what it allows.
fn is_mute(seen: &SeenHop<'_>) -> bool {
    const LISTS: [&str; 3] =
        ["access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers"];
    let headers = &seen.response.headers;
    let looks_at_preflights = headers.all("vary").flat_map(|value| value.split(',')).any(|name| {
        let name = name.trim();
        ["access-control-request-method", "access-control-request-headers"]
            .iter()
            .any(|it| name.eq_ignore_ascii_case(it))
    });
    let is_ok = seen.response.is_ok();
    let says_nothing = !LISTS.iter().any(|name| headers.has(name));
    says_nothing && (is_refused_by_spring(seen.response) || (is_ok && looks_at_preflights))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    const PAGE: &str = "https://client.example";

    fn preflight(method: &str, names: &str) -> Builder {
        exchange("OPTIONS", "https://request.example/items")
            .page(PAGE)
            .behind_balancer()
            .header("Access-Control-Request-Method", method)
            .header("Access-Control-Request-Headers", names)
    }

    fn shared() -> Builder {
        exchange("GET", "https://request.example/items").page(PAGE).behind_balancer().at(9_000).shared_with(PAGE)
    }

    fn spring(method: &str) -> Builder {
        preflight(method, "content-type").status(403).body("Invalid CORS request")
    }

    #[test]
    fn spring_refuses_a_method_with_the_words_for_an_origin() {
        let found = diagnosed([spring("DELETE"), shared()]);
        assert_eq!(found.by_chain[0], ["method-not-allowed-by-cors"]);
        assert_eq!(found.findings[0].fixes[0].server, "Spring");
        assert!(found.findings[0].fixes[0].change.contains("\"DELETE\""), "{:?}", found.findings[0].fixes);
        assert_eq!(diagnosed([spring("DELETE")]).by_chain[0], ["origin-not-allowed"], "nothing tells");
    }

    #[test]
    fn a_path_that_grants_another_origin_refuses_this_one() {
        let other = exchange("OPTIONS", "https://request.example/items")
            .page("https://other.example")
            .behind_balancer()
            .header("Access-Control-Request-Method", "DELETE")
            .at(20_000)
            .shared_with("https://other.example");
        let elsewhere = exchange("GET", "https://request.example/else").page(PAGE).behind_balancer();
        let elsewhere = elsewhere.at(9_000).shared_with(PAGE);
        assert_eq!(diagnosed([spring("DELETE"), elsewhere, other]).by_chain[0], ["origin-not-allowed"]);
    }

    #[test]
    fn a_header_is_refused_where_the_method_needs_no_leave_or_has_it() {
        let found = diagnosed([spring("GET"), shared()]);
        assert_eq!(found.by_chain[0], ["header-not-allowed-by-cors"]);
        let granted = || {
            let allowing = preflight("PUT", "x-a").shared_with(PAGE).at(20_000);
            allowing.answer("Access-Control-Allow-Methods", "PUT").answer("Access-Control-Allow-Headers", "x-a")
        };
        let rs =
            |names: &str| preflight("PUT", names).status(204).answer("Vary", "Origin, Access-Control-Request-Method");
        assert_eq!(diagnosed([rs("x-a,x-b"), granted()]).by_chain[0], ["header-not-allowed-by-cors"]);
        assert_eq!(diagnosed([preflight("PUT", "x-b").status(204), granted()]).by_chain[0], ["preflight-not-handled"]);
    }
}
