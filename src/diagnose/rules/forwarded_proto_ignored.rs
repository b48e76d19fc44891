//! The server does not believe the load balancer's `X-Forwarded-Proto`.

use super::https_redirect_loop::leads_to_itself;
use crate::cors::Outcome;
use crate::diagnose::case::{Case, Diagnosis, General, Redirect, Rule, SeenHop, ShowsIn, path};
use crate::diagnose::server::Server;
use crate::diagnose::trust::{self, Subnets};
use crate::diagnose::{Fix, Severity};
use crate::http::WebUrl;

pub(super) struct ForwardedProtoIgnored;

static GENERAL: General = General {
    id: "forwarded-proto-ignored",
    severity: Severity::Error,
    title: "the server does not believe the load balancer's X-Forwarded-Proto",
    what: "The load balancer ends TLS and tells the backend in X-Forwarded-Proto that the browser came by https. The backend believes that header only from peers it trusts, and the load balancer is not among them, so it takes the scheme for http and builds http:// URLs into its redirects. The redirect itself carries correct CORS headers. The browser then has to go to http://: from an https page it refuses (mixed content), from an http page it meets the load balancer's own port-80 redirect, which has no CORS header. Either way it looks like a CORS error, and no CORS setting cures it.",
    recognise: "A request with X-Forwarded-Proto: https is answered with a redirect whose Location is http:// and the same host. The next request of the call is missing from the capture, or comes back with Origin: null. ASP.NET Core (Kestrel) redirects such a request to its own https URL instead.",
    disproof: "the Location is relative, or leads by https to another URL than the one that was asked for, or X-Forwarded-Proto is not exactly https. If the Location is http although the server trusts the peer, the application builds it by itself.",
    links: &[
        "https://github.com/fastapi/fastapi/issues/4990",
        "https://fastapi.tiangolo.com/advanced/behind-a-proxy/",
        "https://github.com/Kludex/uvicorn/pull/2387",
    ],
    shows_in: ShowsIn::Redirected,
    symptom_of: &["forwarded-proto-malformed"],
};

impl Rule for ForwardedProtoIgnored {
    fn general(&self) -> &'static General {
        &GENERAL
    }

    fn fixes(&self) -> Vec<Fix> {
        let mut fixes = trust::all_fixes();
        fixes.push(canonical_path());
        fixes
    }

    fn is_decisive(&self, case: &Case<'_>) -> bool {
        leads_to_failure(case, |seen| downgraded_location(seen).is_some()) || downgraded(case).is_none()
    }

    fn examine(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let Some((seen, target)) = downgraded(case) else { return insists_on_https(case) };
        let server = Server::of(&seen.response.headers);
        let mut fixes = trust::fixes(server, &Subnets::of(case.balancer));
        if path(&seen.hop.url).trim_end_matches('/') == target.path().trim_end_matches('/') {
            fixes.push(canonical_path());
        }
        Some(Diagnosis {
            story: story(case, seen, target, server),
            evidence: vec![
                seen.request_evidence("x-forwarded-proto"),
                seen.response_evidence("location"),
                seen.response_evidence("access-control-allow-origin"),
            ],
            fixes: fixes.into(),
        })
    }
}

/// A redirect of this chain that leads from https to http on the same host.
fn downgraded<'a>(case: &'a Case<'_>) -> Option<(&'a SeenHop<'a>, &'a WebUrl<'a>)> {
    case.seen_hops().map(SeenHop::furthest_in).find_map(|seen| Some((seen, downgraded_location(seen)?)))
}

/// ASP.NET Core redirects what it takes for http to https, and has no other reason to do so: its
/// redirect of a request by https to its own URL shows that it does not believe the header.
fn insists_on_https(case: &Case<'_>) -> Option<Diagnosis> {
    let is_kestrel = |seen: &SeenHop<'_>| Server::of(&seen.response.headers) == Server::Kestrel;
    let seen = case.seen_hops().find(|seen| is_kestrel(seen) && came_by_https(seen) && leads_to_itself(seen))?;
    Some(Diagnosis {
        story: format!(
            "The load balancer says that the browser came by https (X-Forwarded-Proto: https). Kestrel does not believe it, and UseHttpsRedirection redirects {} {} to itself.",
            seen.hop.method,
            path(&seen.hop.url)
        ),
        evidence: vec![seen.request_evidence("x-forwarded-proto"), seen.response_evidence("location")],
        fixes: trust::fixes(Server::Kestrel, &Subnets::of(case.balancer)).into(),
    })
}

/// A redirect that already fails the CORS check fails for that, and not for where it leads.
pub(super) fn leads_to_failure(case: &Case<'_>, leads_astray: impl Fn(&SeenHop<'_>) -> bool) -> bool {
    let failed = case.failure().and_then(|failure| case.judgement.hops.get(failure.hop));
    let redirect = case.seen_hops().find(|seen| leads_astray(seen));
    !matches!((failed, redirect), (Some(failed), Some(redirect)) if std::ptr::eq(failed, redirect.hop))
}

/// The http URL that a request was redirected to on its own host, although the load balancer says
/// that it came by https.
pub(super) fn downgraded_location<'a>(seen: &'a SeenHop<'_>) -> Option<&'a WebUrl<'a>> {
    came_by_https(seen).then(|| downgrade(seen)).flatten()
}

/// Whether the load balancer says that the request came by https.
pub(super) fn came_by_https(seen: &SeenHop<'_>) -> bool {
    let is_https = seen.exchange.url().is_some_and(|url| url.starts_with("https:"));
    is_https && seen.request.headers.has("x-forwarded-proto")
}

/// The http URL that a request by https was redirected to on its own host.
pub(super) fn downgrade<'a>(seen: &'a SeenHop<'_>) -> Option<&'a WebUrl<'a>> {
    let Redirect { from, to } = seen.redirect().filter(|redirect| redirect.from.scheme() == "https")?;
    (to.scheme() == "http" && to.host_str() == from.host_str()).then_some(to)
}

fn story(case: &Case<'_>, seen: &SeenHop<'_>, target: &WebUrl<'_>, server: Server) -> String {
    let headers = if seen.response.headers.has("access-control-allow-origin") {
        "The redirect carries the CORS headers; only its Location is wrong."
    } else {
        "The redirect carries no CORS headers either."
    };
    let then = match &case.judgement.verdict.outcome {
        Outcome::Blocked(_) if case.page_origin().starts_with("https://") => {
            "The page is on https, so the browser may not go there."
        }
        Outcome::Blocked(_) => "There the load balancer's port-80 listener answers by itself, without CORS headers.",
        Outcome::Undetermined(_) => {
            "What came of this call was not captured; a fetch() from a page does not get through."
        }
        Outcome::Allowed | Outcome::NotCors => "This call got through all the same; a fetch() from a page would not.",
    };
    let peer = seen.exchange.client.map_or_else(|| "the load balancer".to_owned(), |peer| peer.ip().to_string());
    format!(
        "The load balancer says that the browser came by https (X-Forwarded-Proto: https). {}: it takes the scheme for http and redirects {} to {target}. {headers} {then}",
        disbelief(server, &peer),
        path(&seen.hop.url)
    )
}

/// Why a server does not believe the header; not every one asks who sent it.
fn disbelief(server: Server, peer: &str) -> String {
    let name = capitalized(server.name());
    match server {
        Server::Nginx | Server::Apache => {
            format!("{name} builds its redirects from its own listener and does not read that")
        }
        Server::Hypercorn | Server::Werkzeug | Server::Waitress | Server::Daphne | Server::Tornado | Server::Jetty => {
            format!("{name} believes nobody unless told to")
        }
        Server::Express => format!("{name} believes nobody unless 'trust proxy' is set, and so not {peer}"),
        Server::Unknown | Server::Php => format!("{name} does not believe {peer}"),
        _ => format!("{name} believes that only from addresses it trusts, and {peer} is not among them"),
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn canonical_path() -> Fix {
    Fix {
        server: "client",
        change: "call the path that the redirect names, with its slash or without, from the start".to_owned(),
        caution: Some("A way around, not a cure: no redirect, no wrong Location, until the next one.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::testing::diagnosed;
    use crate::http::testing::{Builder, exchange};

    fn redirect(location: &str) -> Builder {
        exchange("GET", "https://request.example/items")
            .page("https://client.example")
            .behind_balancer()
            .status(307)
            .answer("server", "uvicorn")
            .answer("location", location)
            .shared_with("https://client.example")
    }

    #[test]
    fn the_canonical_bug_is_named_although_the_redirect_carries_cors_headers() {
        let found = diagnosed([redirect("http://request.example/items/")]);
        assert_eq!(found.by_chain, [["forwarded-proto-ignored"]]);
        let finding = &found.findings[0];
        assert_eq!(finding.fixes[0].change, "uvicorn app:app --proxy-headers --forwarded-allow-ips '10.0.1.0/24'");
        assert_eq!(finding.fixes.last().unwrap().server, "client");
        assert!(finding.evidence.iter().any(|piece| piece.header == Some("location")));
    }

    #[test]
    fn where_the_redirect_itself_fails_the_check_that_comes_first() {
        let bare = exchange("GET", "https://request.example/items")
            .page("https://client.example")
            .behind_balancer()
            .status(307)
            .answer("location", "http://request.example/items/");
        assert_eq!(diagnosed([bare]).by_chain, [["origin-not-allowed", "forwarded-proto-ignored"]]);
    }

    #[test]
    fn what_was_not_captured_is_not_said_to_have_got_through() {
        let image = exchange("GET", "https://request.example/items")
            .header("Referer", "https://client.example/")
            .header("Sec-Fetch-Mode", "no-cors")
            .header("Sec-Fetch-Dest", "image")
            .behind_balancer()
            .status(307)
            .answer("location", "http://request.example/items/");
        assert!(!diagnosed([image]).findings[0].story.contains("got through"));
    }

    #[test]
    fn a_relative_or_https_location_is_fine() {
        for location in ["/items/", "https://request.example/items/", "http://other.example/items/"] {
            let found = diagnosed([redirect(location)]);
            assert!(!found.by_chain[0].contains(&"forwarded-proto-ignored"), "{location}");
        }
    }

    #[test]
    fn kestrel_that_insists_on_https_does_not_believe_that_it_has_it() {
        let looped = |server: &str| {
            exchange("OPTIONS", "https://request.example/items")
                .page("https://client.example")
                .behind_balancer()
                .header("Access-Control-Request-Method", "PUT")
                .status(307)
                .answer("Server", server)
                .answer("Location", "https://request.example/items")
        };
        let found = diagnosed([looped("Kestrel")]);
        assert_eq!(found.by_chain, [["forwarded-proto-ignored", "https-redirect-loop", "preflight-redirected"]]);
        assert_eq!(diagnosed([looped("gunicorn")]).by_chain, [["https-redirect-loop", "preflight-redirected"]]);
    }

    #[test]
    fn without_a_load_balancer_there_is_nothing_to_ignore() {
        let direct = exchange("GET", "http://request.example/items").page("http://client.example").status(307);
        let found = diagnosed([direct.answer("location", "http://request.example/items/")]);
        assert!(!found.by_chain[0].contains(&"forwarded-proto-ignored"));
    }
}
