//! What the page asked, read from what is on the wire: each belief with its basis.

use std::borrow::Cow;

use super::intent::lower_case;
use super::{Api, Assumption, AuthorHeader, Credentials, Intent, Mode, RedirectMode, csp};
use crate::chain::{Chain, Role};
use crate::http::{Context, Headers, Origin, Request, WebUrl, asked_url};

/// What somebody says of every call (`--page-origin` and its kin). It fills gaps: what the wire tells of a call
/// counts, whatever is said.
#[derive(Clone, Debug, Default)]
pub struct Asserted {
    /// The page's origin.
    pub page_origin: Option<Origin>,
    /// The requests' mode.
    pub mode: Option<Mode>,
    /// The requests' credentials mode.
    pub credentials: Option<Credentials>,
    /// The requests' redirect mode.
    pub redirect: Option<RedirectMode>,
}

/// What the page asked, as far as a chain tells; `None` when the URL of its request is unknown.
#[must_use]
pub fn intent<'a>(chain: &'a Chain, asserted: &Asserted) -> Option<Intent<'a>> {
    let evidence = Evidence::of(chain)?;
    // The first request, if it is no preflight, is the first of those whose URLs are known already.
    let url = match (&evidence.preflight, evidence.actuals.first()) {
        (None, Some((request, url))) if std::ptr::eq(*request, evidence.first) => url.clone(),
        _ => asked_url(&chain.links.first()?.exchange)?,
    };
    let mut assumptions = Vec::new();
    if url.scheme() == "https" && evidence.first.url().is_some_and(|seen| seen.starts_with("http:")) {
        let because = "a page on https can send nothing to http, so TLS ended before the place of capture, and no X-Forwarded-Proto: https says so";
        assumptions.push(assumption("scheme", "https", because));
    }
    let mode = evidence.mode(asserted, &mut assumptions);
    let policy = evidence.told(|context| &context.page_csp);
    let is_sandboxed = policy.is_some_and(csp::makes_origin_opaque);
    let origin = if is_sandboxed && evidence.origin.is_none_or(|origin| origin == Origin::OPAQUE) {
        Some(Origin::opaque())
    } else {
        evidence.page_origin(asserted, mode, &url, &mut assumptions)
    };
    let crosses_origins = |url: &WebUrl<'_>| origin.as_ref().is_some_and(|origin| !origin.is_same_as(url));
    let credentials = evidence.credentials(asserted, mode, crosses_origins, &mut assumptions);
    let redirect = evidence.redirect(asserted, mode, &mut assumptions);
    // Of a navigation, and of a client that is no page, nobody asks which headers a script set.
    let is_by_script = mode != Mode::Navigate && origin.is_some();
    Some(Intent {
        origin_is_null: evidence.origin == Some("null") && origin.as_ref().is_some_and(|it| !it.is_opaque()),
        page_url: evidence.told(|context| &context.page_url).and_then(WebUrl::parse),
        upgrades_insecure: policy.is_some_and(csp::upgrades_insecure_requests),
        policy,
        method: evidence.method,
        mode,
        credentials,
        redirect,
        api: evidence.api(mode),
        headers: if is_by_script { evidence.author_headers() } else { Vec::new() },
        uses_preflight: evidence.uses_preflight(),
        origin,
        url,
        assumptions,
    })
}

/// The requests that tell.
struct Evidence<'a> {
    /// The first request of the chain, preflight or not.
    first: &'a Request,
    /// Its Origin field.
    origin: Option<&'a str>,
    /// The chain ends with a redirect that the capture does not show to be followed.
    ends_with_redirect: bool,
    /// Every preflight of the chain.
    preflights: Vec<&'a Request>,
    /// The chain's first preflight, when the chain begins with it.
    preflight: Option<&'a Request>,
    /// The requests that are no preflights, with the URLs that the page asked for.
    actuals: Vec<(&'a Request, WebUrl<'a>)>,
    /// The method of the request itself.
    method: &'a str,
    /// The headers that show the page's wishes best.
    telling: &'a Headers,
    /// Their Sec-Fetch-Mode.
    fetch_mode: Option<&'a str>,
    context: Option<&'a Context>,
}

impl<'a> Evidence<'a> {
    fn of(chain: &'a Chain) -> Option<Self> {
        let begins = chain.links.first()?;
        let first = begins.exchange.request.as_ref()?;
        let preflight = (begins.role == Role::Preflight).then_some(first);
        let actuals = chain.links.iter().filter(|link| link.role == Role::Actual);
        let actuals: Vec<_> =
            actuals.filter_map(|link| Some((link.exchange.request.as_ref()?, asked_url(&link.exchange)?))).collect();
        let preflights = chain.links.iter().filter(|link| link.role == Role::Preflight);
        let preflights = preflights.filter_map(|link| link.exchange.request.as_ref()).collect();
        let last = chain.links.last().and_then(|link| link.exchange.response.as_ref());
        let asked_for = preflight.and_then(|preflight| preflight.headers.first("access-control-request-method"));
        let actual = actuals.first().map(|(request, _)| *request);
        let (telling, fetch_mode) = actuals.iter().find_map(|(request, _)| told_mode(request)).unwrap_or_else(|| {
            let headers = &actual.unwrap_or(first).headers;
            (headers, headers.first("sec-fetch-mode"))
        });
        Some(Self {
            first,
            origin: first.headers.first("origin"),
            ends_with_redirect: last.is_some_and(crate::http::Response::is_redirect),
            preflights,
            preflight,
            method: asked_for.unwrap_or(&actual.unwrap_or(first).method),
            telling,
            fetch_mode,
            context: chain.links.iter().find_map(|link| link.exchange.extras.context.as_ref()),
            actuals,
        })
    }

    /// What somebody told of the call.
    fn told(&self, what: impl Fn(&Context) -> &Option<String>) -> Option<&'a str> {
        what(self.context?).as_deref()
    }

    /// The first request that is no preflight.
    fn actual(&self) -> Option<&'a Request> {
        self.actuals.first().map(|(request, _)| *request)
    }

    /// What the requests themselves say, which nobody's word changes.
    fn mode_on_wire(&self) -> Option<Mode> {
        if self.preflight.is_some() {
            return Some(Mode::Cors);
        }
        match self.fetch_mode {
            Some("nested-navigate" | "websocket") => return Some(Mode::Navigate),
            Some(told) => return Some(Mode::named(told).unwrap_or(Mode::Navigate)),
            None => {}
        }
        // A WebSocket's handshake carries Origin, and is no matter of CORS.
        let is_websocket = self.telling.has("sec-websocket-key");
        let navigates = is_websocket || self.telling.first("upgrade-insecure-requests") == Some("1");
        navigates.then_some(Mode::Navigate)
    }

    fn mode(&self, asserted: &Asserted, assumptions: &mut Vec<Assumption>) -> Mode {
        let on_wire = self.mode_on_wire();
        let asserted = asserted.mode.filter(|_| on_wire.is_none());
        let told = asserted.or_else(|| self.told(|context| &context.mode).and_then(Mode::named));
        if let Some(mode) = told.or(on_wire) {
            return mode;
        }
        if !self.actuals.iter().any(|(request, _)| request.headers.has("origin")) {
            return Mode::Navigate;
        }
        let because = if !self.telling.is_complete() {
            Some("the request carries Origin, and not all of its head was captured: Sec-Fetch-Mode may be in the rest")
        } else if matches!(self.method, "GET" | "HEAD") {
            None
        } else {
            Some("the request carries Origin but no Sec-Fetch-Mode; forms and beacons look the same")
        };
        assumptions.extend(because.map(|because| assumption("mode", Mode::Cors.name(), because)));
        Mode::Cors
    }

    /// It is not on the wire: only a redirect that was followed shows it.
    fn redirect(&self, asserted: &Asserted, mode: Mode, assumptions: &mut Vec<Assumption>) -> RedirectMode {
        let told = self.told(|context| &context.redirect).and_then(RedirectMode::named);
        if let Some(told) = asserted.redirect.or(told) {
            return told;
        }
        if self.ends_with_redirect && mode != Mode::Navigate && self.preflight.is_none_or(|_| self.actual().is_some()) {
            let because = "a call follows redirects unless its page said otherwise, which is not on the wire";
            assumptions.push(assumption("redirect", RedirectMode::Follow.name(), because));
        }
        RedirectMode::Follow
    }

    /// What the requests themselves say, which nobody's word changes. A null Origin says nothing: redirects make it.
    fn origin_on_wire(&self, mode: Mode, url: &WebUrl<'_>) -> Option<Origin> {
        match self.origin {
            Some("null") => None,
            Some(origin) => Origin::parse(origin).ok(),
            None => {
                // A page's request to its own origin needs no Origin; where a redirect then leaves it, the
                // next request names it.
                let home = url.origin();
                let names_home = |headers: &Headers| headers.first("origin") == Some(home.as_str());
                let is_named = self.actuals.iter().any(|(request, _)| names_home(&request.headers));
                (is_named || self.is_sent_home(mode)).then_some(home)
            }
        }
    }

    /// The browser says that the page asks its own origin.
    fn is_sent_home(&self, mode: Mode) -> bool {
        let is_by_page = self.fetch_mode.is_some() && mode != Mode::Navigate;
        is_by_page && self.telling.first("sec-fetch-site") == Some("same-origin")
    }

    /// `None` when nothing speaks for a page behind the request.
    fn page_origin(
        &self,
        asserted: &Asserted,
        mode: Mode,
        url: &WebUrl<'_>,
        assumptions: &mut Vec<Assumption>,
    ) -> Option<Origin> {
        let on_wire = self.origin_on_wire(mode, url);
        if let (None, Some(asserted)) = (&on_wire, &asserted.page_origin) {
            return Some(asserted.clone());
        }
        if let Some(told) = self.told(|context| &context.page_origin) {
            return Origin::parse(told).ok();
        }
        match self.origin {
            _ if on_wire.is_some() => on_wire,
            // Redirects made it null, or the page has no other: the Referer tells which.
            Some("null") => {
                let because = "Origin is null, as redirects make it, and Referer names the page";
                let referer = self.referer_origin();
                let assumed = referer.as_ref().map(|page| page.as_str().to_owned());
                assumptions.extend(assumed.map(|page| assumption("page origin", page, because)));
                Some(referer.unwrap_or_else(Origin::opaque))
            }
            // Across origins every cors request carries Origin: a client that leaves it out is no browser.
            None if self.fetch_mode.is_some() && !matches!(mode, Mode::Navigate | Mode::Cors) => self.referer_origin(),
            _ => None,
        }
    }

    fn referer_origin(&self) -> Option<Origin> {
        let referer = WebUrl::parse(self.first.headers.first("referer")?)?;
        Some(referer.origin()).filter(|origin| !origin.is_opaque())
    }

    fn credentials(
        &self,
        asserted: &Asserted,
        mode: Mode,
        crosses_origins: impl Fn(&WebUrl<'_>) -> bool,
        assumptions: &mut Vec<Assumption>,
    ) -> Credentials {
        let mut abroad = self.actuals.iter().filter(|(_, url)| crosses_origins(url)).peekable();
        let may_be_any = mode == Mode::Cors && (abroad.peek().is_some() || self.preflight.is_some());
        // Cookies cross origins only with `include`; Authorization may be the script's own header.
        let is_proven = may_be_any && abroad.any(|(request, _)| request.headers.has("cookie"));
        let asserted = asserted.credentials.filter(|_| !is_proven);
        let told = asserted.or_else(|| self.told(|context| &context.credentials).and_then(Credentials::named));
        if let Some(told) = told {
            return told;
        }
        if is_proven {
            return Credentials::Include;
        }
        if !may_be_any {
            return Credentials::SameOrigin;
        }
        let because = match self.actual() {
            Some(_) => "no Cookie was sent, which proves nothing where there was none to send",
            None => "a preflight never carries credentials",
        };
        assumptions.push(assumption("credentials", Credentials::SameOrigin.name(), because));
        Credentials::SameOrigin
    }

    fn api(&self, mode: Mode) -> Api {
        let headers = self.telling;
        let destination = self.told(|context| &context.destination).or_else(|| headers.first("sec-fetch-dest"));
        match self.told(|context| &context.api) {
            Some("xhr") => return Api::Xhr,
            Some("eventsource") => return Api::EventSource,
            Some("beacon") => return Api::Beacon,
            Some("nav") => return Api::Navigation,
            Some("img" | "image") => return Api::Image,
            Some("script") => return Api::Script,
            Some("style") => return Api::Style,
            Some("font") => return Api::Font,
            Some("audio") => return Api::Audio,
            Some("video") => return Api::Video,
            _ => {}
        }
        match destination.unwrap_or("empty") {
            "image" => Api::Image,
            "script" => Api::Script,
            "style" => Api::Style,
            "font" => Api::Font,
            "audio" => Api::Audio,
            "video" => Api::Video,
            _ if mode == Mode::Navigate => Api::Navigation,
            _ if headers.first("accept") == Some("text/event-stream") => Api::EventSource,
            _ if headers.first("x-requested-with") == Some("XMLHttpRequest") => Api::Xhr,
            _ => Api::Fetch,
        }
    }

    /// A preflight names exactly the unsafe ones; without one at the beginning, what the request
    /// shows is taken, and what a preflight after a redirect names.
    fn author_headers(&self) -> Vec<AuthorHeader<'a>> {
        let named = self.preflights.iter().flat_map(|preflight| names_asked_for(preflight));
        let mut headers: Vec<AuthorHeader<'_>> = named.map(|name| AuthorHeader { name, value: None }).collect();
        if self.preflight.is_some() {
            return headers;
        }
        let lines = self.actual().into_iter().flat_map(|actual| actual.headers.called(is_set_by_scripts));
        headers.extend(lines.map(|line| AuthorHeader::new(line.name, line.value)));
        headers
    }

    /// A preflight was sent for a request that the wire shows to need none.
    fn uses_preflight(&self) -> bool {
        self.preflight.is_some_and(|preflight| {
            super::safelist::is_safe_method(self.method) && names_asked_for(preflight).next().is_none()
        })
    }
}

/// The headers of a request with its `Sec-Fetch-Mode`. They show the page's wishes best: browsers leave it
/// out towards http, so it may be in a request after a redirect to https.
fn told_mode(request: &Request) -> Option<(&Headers, Option<&str>)> {
    request.headers.first("sec-fetch-mode").map(|mode| (&request.headers, Some(mode)))
}

fn assumption(about: &'static str, assumed: impl Into<Cow<'static, str>>, because: &'static str) -> Assumption {
    Assumption { about, assumed: assumed.into(), because: because.into(), otherwise: None }
}

/// The names in Access-Control-Request-Headers, in lower case.
fn names_asked_for(preflight: &Request) -> impl Iterator<Item = Cow<'_, str>> {
    let names = preflight.headers.all("access-control-request-headers").flat_map(|line| line.split(','));
    names.map(|name| lower_case(name.trim())).filter(|name| !name.is_empty())
}

/// Headers that a page's script is likely to have set: browsers add none of these by themselves,
/// and proxies seldom.
fn is_set_by_scripts(name: &str) -> bool {
    const BY_PROXIES: [&str; 12] = [
        "x-forwarded-",
        "x-amz",
        "x-real-ip",
        "x-request-id",
        "x-envoy-",
        "x-b3-",
        "x-client-data",
        "x-scheme",
        "x-original-",
        "x-cloud-trace-context",
        "x-arr-",
        "x-azure-",
    ];
    let begins = |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    match name.as_bytes() {
        [b'x' | b'X', b'-', ..] => !BY_PROXIES.iter().any(|prefix| begins(prefix)),
        [b'a' | b'A', ..] => name.eq_ignore_ascii_case("authorization"),
        [b'c' | b'C', ..] => name.eq_ignore_ascii_case("content-type"),
        [b'r' | b'R', ..] => name.eq_ignore_ascii_case("range"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Link;
    use crate::http::Exchange;
    use crate::http::Few;
    use crate::http::testing::{Builder, exchange};

    fn read(exchange: Exchange, role: Role) -> Intent<'static> {
        let link = Link { role, exchange: exchange.into(), also_seen: Few::new() };
        asked_by(vec![link])
    }

    #[test]
    fn a_page_says_itself_what_it_asked() {
        let intent = read(exchange("GET", "https://b.example/x").page("https://a.example").build(), Role::Actual);
        assert_eq!(intent.mode, Mode::Cors);
        assert_eq!(intent.origin, Origin::parse("https://a.example").ok());
        assert_eq!(intent.credentials, Credentials::SameOrigin);
        assert_eq!(intent.assumptions.len(), 1, "nothing proves the credentials mode");
    }

    #[test]
    fn a_cookie_across_origins_proves_include() {
        let with_cookie = exchange("GET", "https://b.example/x").page("https://a.example").header("Cookie", "s=1");
        assert_eq!(read(with_cookie.build(), Role::Actual).credentials, Credentials::Include);
        let at_home = exchange("GET", "https://a.example/x").page("https://a.example").header("Cookie", "s=1");
        assert_eq!(read(at_home.build(), Role::Actual).credentials, Credentials::SameOrigin);
    }

    #[test]
    fn a_preflight_names_the_method_and_the_unsafe_headers() {
        let preflight = exchange("OPTIONS", "https://b.example/x")
            .page("https://a.example")
            .header("Access-Control-Request-Method", "PUT")
            .header("Access-Control-Request-Headers", "content-type,x-a");
        let intent = read(preflight.build(), Role::Preflight);
        assert_eq!(intent.method, "PUT");
        let names: Vec<&str> = intent.headers.iter().map(|header| &*header.name).collect();
        assert_eq!(names, ["content-type", "x-a"]);
        assert!(!intent.uses_preflight, "the method alone asks for it");
    }

    #[test]
    fn null_with_a_referer_comes_from_redirects() {
        let tainted = exchange("GET", "https://b.example/x").page("null").header("Referer", "https://a.example/");
        let intent = read(tainted.build(), Role::Actual);
        assert!(intent.origin_is_null);
        assert_eq!(intent.origin, Origin::parse("https://a.example").ok());
        let opaque = read(exchange("GET", "https://b.example/x").page("null").build(), Role::Actual);
        assert!(!opaque.origin_is_null);
        assert_eq!(opaque.origin, Some(Origin::opaque()));
    }

    #[test]
    fn nobodys_word_outweighs_the_wire() {
        let said = Asserted {
            page_origin: Origin::parse("https://said.example").ok(),
            mode: Some(Mode::NoCors),
            credentials: Some(Credentials::Omit),
            redirect: None,
        };
        let asked = |builder: Builder| {
            let link = Link { role: Role::Actual, exchange: builder.shared(), also_seen: Few::new() };
            let chain = Chain { links: vec![link].into(), joins: Few::new() };
            let intent = intent(&chain, &said).unwrap();
            (intent.origin.map(|origin| origin.as_str().to_owned()), intent.mode, intent.credentials)
        };
        let told = exchange("GET", "https://b.example/x").page("https://a.example").header("Cookie", "s=1");
        let told = told.header("Sec-Fetch-Mode", "cors");
        assert_eq!(asked(told), (Some("https://a.example".to_owned()), Mode::Cors, Credentials::Include));
        let home = exchange("GET", "https://b.example/x").header("Sec-Fetch-Mode", "cors");
        let home = home.header("Sec-Fetch-Site", "same-origin");
        assert_eq!(asked(home), (Some("https://b.example".to_owned()), Mode::Cors, Credentials::Omit));
        let of_said = || Some("https://said.example".to_owned());
        let silent = exchange("GET", "https://b.example/x");
        assert_eq!(asked(silent), (of_said(), Mode::NoCors, Credentials::Omit));
        let tainted = exchange("GET", "https://b.example/x").header("Origin", "null");
        assert_eq!(asked(tainted), (of_said(), Mode::NoCors, Credentials::Omit));
    }

    fn read_all(exchanges: impl IntoIterator<Item = Builder>) -> Intent<'static> {
        let link = |builder: Builder| Link { role: Role::Actual, exchange: builder.shared(), also_seen: Few::new() };
        let links = exchanges.into_iter().map(link).collect();
        asked_by(links)
    }

    /// What is asked borrows from the chain, which stays for as long as the tests run.
    fn asked_by(links: Vec<Link>) -> Intent<'static> {
        let chain = Box::leak(Box::new(Chain { links: links.into(), joins: Few::new() }));
        intent(chain, &Asserted::default()).unwrap()
    }

    #[test]
    fn a_page_that_was_led_away_from_its_own_origin_is_known_by_what_follows() {
        let home = exchange("GET", "http://a.example/x");
        let intent = read_all([home, exchange("GET", "https://a.example/x").page("http://a.example")]);
        assert_eq!((intent.mode, intent.origin), (Mode::Cors, Origin::parse("http://a.example").ok()));
    }

    #[test]
    fn a_cookie_on_any_request_across_origins_proves_include() {
        let home = exchange("GET", "https://a.example/x").page("https://a.example").header("Cookie", "s=1");
        let abroad = || exchange("GET", "https://b.example/x").page("https://a.example");
        assert_eq!(read_all([home, abroad()]).credentials, Credentials::SameOrigin);
        assert_eq!(read_all([abroad(), abroad().header("Cookie", "s=1")]).credentials, Credentials::Include);
    }

    #[test]
    fn what_proxies_add_is_no_wish_of_the_page() {
        let behind_ingress = exchange("GET", "https://b.example/x").page("https://a.example");
        let behind_ingress =
            behind_ingress.header("X-Scheme", "https").header("X-Original-Forwarded-For", "203.0.113.5");
        assert!(read(behind_ingress.build(), Role::Actual).headers.is_empty());
    }

    #[test]
    fn a_websocket_is_no_matter_of_cors() {
        let handshake = exchange("GET", "http://b.example/ws").header("Origin", "http://a.example");
        let intent = read(handshake.header("Sec-WebSocket-Key", "x").build(), Role::Actual);
        assert_eq!(intent.mode, Mode::Navigate);
    }

    #[test]
    fn a_client_that_is_no_page_has_no_origin() {
        let curl = read(exchange("GET", "https://b.example/x").header("User-Agent", "curl/8").build(), Role::Actual);
        assert_eq!(curl.origin, None);
    }

    #[test]
    fn a_cors_request_across_origins_without_an_origin_comes_from_no_browser() {
        let bare = exchange("PUT", "https://b.example/x").header("Sec-Fetch-Mode", "cors");
        let bare = bare.header("Referer", "https://a.example/").header("Sec-Fetch-Site", "cross-site");
        assert_eq!(read(bare.build(), Role::Actual).origin, None);
        let at_home = exchange("GET", "https://b.example/x").header("Sec-Fetch-Mode", "cors");
        let at_home = at_home.header("Sec-Fetch-Site", "same-origin");
        assert_eq!(read(at_home.build(), Role::Actual).origin, Origin::parse("https://b.example").ok());
    }
}
