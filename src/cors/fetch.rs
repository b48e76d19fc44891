//! The Fetch standard as a machine without sockets: it says what the browser asks next, is told
//! what came back, and ends with what the page gets. Fed the recorded answers it judges; fed a
//! live server's answers it replays.
//!
//! Sections are those of <https://fetch.spec.whatwg.org/>, as of July 2026.

use super::check::{Checked, cors_check};
use super::hsts::Hsts;
use super::preflight::{self, check_preflight};
use super::safelist::{describes_body, is_safe_method, unsafe_names};
use super::{Api, AuthorHeader, Browser, Check, Clause, Credentials, Error, Intent, Mode, RedirectMode, ResponseType};
use super::{csp, mixed, policy, redirect};
use crate::chain::Role;
use crate::http::{Field, Headers, Origin, Response, WebUrl, is_redirect_status};

/// So many redirects pass; one more is a network error (Fetch, "HTTP-redirect fetch", step 7).
const MAX_REDIRECTS: u32 = 20;

/// A fetch under way.
#[derive(Clone, Debug)]
pub struct Fetch<'a> {
    browser: Browser,
    intent: &'a Intent<'a>,
    /// A preflight is sent whatever the request looks like.
    uses_preflight: bool,
    /// The request's current URL.
    url: WebUrl<'a>,
    /// The URL before it, where a redirect led here.
    previous: Option<WebUrl<'a>>,
    removed: Removed,
    tainting: Tainting,
    /// The request's redirect-taint is not `same-origin`: `Origin` is `null` from here on.
    origin_is_null: bool,
    redirects: u32,
    waiting_for: Role,
    /// Asks that were answered: the index of the next hop.
    answered: usize,
    /// What the answers of this call taught of hosts that want https.
    hsts: Hsts,
    /// How the last request was sent.
    sent: Sent,
    /// Whether a 304 was taken for the browser's own revalidation.
    trusted_stored_response: bool,
    /// `None`: nobody will read it.
    trail: Option<Vec<Clause>>,
}

/// Whether a fetch tells which clauses led it: working that out takes longer than following them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trail {
    /// It does.
    Told,
    /// It does not.
    Untold,
}

/// Whether a request asked for a change only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    OnCondition,
    Unconditionally,
    /// The part of it that was captured does not tell.
    InPart,
    /// Nobody said.
    Untold,
}

/// What redirects removed from the request.
#[derive(Clone, Copy, Debug, Default)]
struct Removed {
    /// The body and its headers: the method is GET then.
    body: bool,
    /// `Authorization`, since an origin was left.
    authorization: bool,
}

/// Fetch, "response tainting".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tainting {
    Basic,
    Opaque,
    Cors,
}

/// What the browser does next.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// It sends this request.
    Ask(Ask<'a>),
    /// The page has its answer.
    Done(Ending<'a>),
}

/// A request that the browser sends.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Preflight or the request itself.
    pub role: Role,
    /// The method on the wire.
    pub method: &'a str,
    /// Where it goes.
    pub url: WebUrl<'a>,
    /// Its Origin field; `None`: it carries none.
    pub origin: Option<&'a str>,
    /// The fields that the answer must carry, in lower case.
    pub needed: Vec<&'static str>,
    /// For a preflight, the method that it asks for (Access-Control-Request-Method).
    pub request_method: Option<&'a str>,
    /// For a preflight, the names that it asks for (Access-Control-Request-Headers).
    pub request_headers: Vec<&'a str>,
}

/// How a fetch ends.
#[derive(Clone, Debug)]
pub enum Ending<'a> {
    /// The page gets the last response, as what this says.
    Response(ResponseType),
    /// The page gets a network error.
    Failed {
        /// Which check failed.
        error: Error,
        /// What it is about.
        parameter: String,
        /// The request that the browser refused to send, where it came to that.
        unsent: Option<Box<Ask<'a>>>,
    },
    /// It depends on bytes that were not captured.
    Unseen(&'static str),
}

/// What an answer led to.
#[derive(Clone, Debug)]
pub struct Answered<'a> {
    /// What became of the hop's CORS check.
    pub check: Check,
    /// What the browser does next.
    pub next: Step<'a>,
}

impl<'a> Fetch<'a> {
    /// Begins a fetch; the first step says what the browser sends.
    #[must_use]
    pub fn start(intent: &'a Intent<'a>, browser: Browser, trail: Trail) -> (Self, Step<'a>) {
        let mut fetch = Self {
            browser,
            url: intent.url.clone(),
            previous: None,
            removed: Removed::default(),
            tainting: Tainting::Basic,
            origin_is_null: intent.origin_is_null,
            redirects: 0,
            waiting_for: Role::Actual,
            answered: 0,
            hsts: Hsts::default(),
            sent: Sent::Untold,
            trusted_stored_response: false,
            trail: (trail == Trail::Told).then(Vec::new),
            uses_preflight: intent.uses_preflight,
            intent,
        };
        let step = fetch.main_fetch();
        (fetch, step)
    }

    /// The clauses applied on the way, where they are told.
    #[must_use]
    pub fn into_trail(self) -> Vec<Clause> {
        self.trail.unwrap_or_default()
    }

    /// Whether a 304 without CORS headers was taken to confirm a stored response that has them.
    #[must_use]
    pub fn trusted_stored_response(&self) -> bool {
        self.trusted_stored_response
    }

    /// The browser already knows the preflight's answer (CORS-preflight cache): on to the request.
    #[must_use]
    pub fn preflight_is_cached(&mut self) -> Step<'a> {
        self.note("Fetch 4.8 HTTP fetch, step 4.2", |_| "the preflight's answer was in the cache".to_owned());
        self.ask(Role::Actual)
    }

    /// The browser is known to send a preflight here although the request as seen needs none, as
    /// for an upload that is watched (Fetch, "use-CORS-preflight flag").
    #[must_use]
    pub fn insist_on_preflight(&mut self) -> Step<'a> {
        self.uses_preflight = true;
        self.note("Fetch 4.1 main fetch, step 12", |_| {
            "a preflight was sent although the request needs none".to_owned()
        });
        self.ask(Role::Preflight)
    }

    /// The next request got no answer at all.
    #[must_use]
    pub fn no_answer(&mut self) -> Step<'a> {
        self.fail("Fetch 4.8 HTTP fetch", Error::NoResponse, "")
    }

    /// The fields of the last request asked, as it was sent: a browser that revalidates what it has stored
    /// says so in them.
    pub fn sent(&mut self, headers: &Headers) {
        let has_condition = headers.has("if-none-match") || headers.has("if-modified-since");
        self.sent = match (has_condition, headers.is_complete()) {
            (true, _) => Sent::OnCondition,
            (false, true) => Sent::Unconditionally,
            (false, false) => Sent::InPart,
        };
    }

    /// The answer to the last request asked.
    #[must_use]
    pub fn answer(&mut self, response: &Response) -> Answered<'a> {
        // Only a later request asks what was learned.
        if self.waiting_for == Role::Preflight || is_redirect_status(response.status) {
            self.hsts.learn(&self.url, &response.headers);
        }
        let answered = match (self.refused_by_network(response), self.waiting_for) {
            (Some(next), _) => Answered { check: Check::NotMade, next },
            (None, Role::Preflight) => self.preflight_answered(response),
            (None, Role::Actual) => self.actual_answered(response),
        };
        self.answered += 1;
        answered
    }

    /// What a browser's network stack takes for no answer at all.
    fn refused_by_network(&mut self, response: &Response) -> Option<Step<'a>> {
        // What came by TLS came from the server itself.
        let is_challenge = response.status == 407 && self.url.scheme() == "https";
        if is_challenge && self.browser.refuses_proxy_challenges_of_servers() {
            return Some(self.fail(
                "Fetch 4.8.1 HTTP-network-or-cache fetch",
                Error::UnexpectedProxyAuthentication,
                "",
            ));
        }
        let (error, parameter) = redirect::broken(self.browser, self.intent.redirect, &self.url, response)?;
        Some(self.fail("Fetch 2.2.6 location URL", error, &parameter))
    }

    /// Fetch 4.1, "main fetch": what must hold before anything is sent.
    fn main_fetch(&mut self) -> Step<'a> {
        let named = self.url.clone();
        self.upgrade();
        let before = (self.previous.clone(), self.origin_is_null);
        self.taint_origin(&named);
        // The standard names no order; Chromium and Firefox look at the policy first (measured).
        if !self.may_connect() {
            return self.refuse_to_send("CSP 3 4.1.2", Error::BlockedByContentSecurityPolicy);
        }
        if self.is_mixed_content(&self.url) {
            return self.refuse_to_send("Mixed Content 4.4", Error::MixedContent);
        }
        let insecure = self.url.clone();
        let is_secured = self.secure(&named, before);
        match self.choose_tainting() {
            Ok(tainting) => self.tainting = tainting,
            Err(error) => return self.refuse_to_send("Fetch 4.1 main fetch, step 12", error),
        }
        if is_secured && self.browser.redirects_to_https_by_itself() && self.needs_preflight() {
            self.url = insecure;
            return self.refuse_preflight();
        }
        // The first request was recorded, so whoever made it sends to such ports.
        if self.redirects > 0 && has_bad_port(&self.url) {
            return self.refuse_to_send("Fetch 2.9 port blocking", Error::UnsafePort);
        }
        let role = if self.needs_preflight() { Role::Preflight } else { Role::Actual };
        self.ask(role)
    }

    /// Upgrade Insecure Requests, and the upgrade of images, audio and video (Mixed Content 4.1).
    fn upgrade(&mut self) {
        let by_policy = self.intent.upgrades_insecure;
        let as_media = self.page_is_secure()
            && self.intent.mode == Mode::NoCors
            && self.intent.api.is_upgradable()
            && !mixed::has_address_as_host(&self.url);
        if self.url.scheme() != "http" || mixed::is_trustworthy(&self.url) || !(by_policy || as_media) {
            return;
        }
        if let Some(upgraded) = self.url.by_https() {
            self.url = upgraded;
            self.note("Fetch 4.1 main fetch, step 4", |fetch| format!("upgraded to {}", fetch.url.as_str()));
        }
    }

    /// Fetch 4.1, "main fetch", step 10: a host that is known to want https is asked by https. Says
    /// whether it is so.
    fn secure(&mut self, named: &WebUrl<'_>, before: (Option<WebUrl<'a>>, bool)) -> bool {
        if !self.hsts.covers(&self.url) {
            return false;
        }
        let Some(secured) = self.url.by_https() else { return false };
        let insecure = std::mem::replace(&mut self.url, secured);
        if self.browser.redirects_to_https_by_itself() {
            self.redirects += 1;
            self.previous = Some(insecure);
            self.taint_origin(&self.url.clone());
        } else {
            (self.previous, self.origin_is_null) = before;
            self.taint_origin(named);
        }
        self.note("Fetch 4.1 main fetch, step 10", |fetch| format!("the host wants https: {}", fetch.url.as_str()));
        true
    }

    /// The redirect that Chromium makes by itself meets a preflight.
    fn refuse_preflight(&mut self) -> Step<'a> {
        let error = Error::PreflightDisallowedRedirect;
        self.note("RFC 6797 8.3", |fetch| {
            format!("the preflight for {} is redirected by the browser itself", fetch.url.as_str())
        });
        let unsent = Some(Box::new(self.request(Role::Preflight)));
        Step::Done(Ending::Failed { error, parameter: String::new(), unsent })
    }

    /// Fetch 2.2.5, "redirect-taint": leaving an origin that was not the page's own makes the
    /// origin null, for good. `named` is the URL as the redirect named it, before any upgrade.
    fn taint_origin(&mut self, named: &WebUrl<'_>) {
        let Some(previous) = self.previous.take() else { return };
        let reached = if self.browser.taints_origin_by_upgrade() { named } else { &self.url };
        let left_home = self.intent.origin.as_ref().is_some_and(|origin| origin.is_same_as(&previous));
        self.origin_is_null |= !left_home && !reached.has_origin_of(&previous);
    }

    /// Mixed Content 4.3: whether the page may load nothing insecure. Where its origin is opaque, as in a
    /// sandbox, its URL tells.
    fn page_is_secure(&self) -> bool {
        let is_secure = |url: &WebUrl<'_>| {
            url.scheme() == "https" || (self.browser.protects_pages_on_this_machine() && url.is_loopback())
        };
        let origin = self.intent.origin.as_ref().and_then(|origin| WebUrl::parse(origin.as_str()));
        origin.as_ref().is_some_and(is_secure) || self.intent.page_url.as_ref().is_some_and(is_secure)
    }

    fn is_mixed_content(&self, url: &WebUrl<'_>) -> bool {
        self.intent.mode != Mode::Navigate && self.page_is_secure() && !mixed::is_trustworthy(url)
    }

    /// Fetch 4.1, "main fetch", step 7: `connect-src` of the page's policy, which guards what its
    /// scripts fetch.
    fn may_connect(&self) -> bool {
        let (Some(policy), Some(page)) = (self.intent.policy, &self.intent.origin) else { return true };
        !matches!(self.intent.api, Api::Fetch | Api::Xhr | Api::EventSource)
            || csp::allows_connect(policy, page, &self.url, self.redirects > 0)
    }

    /// Fetch 4.1, "main fetch", step 12: the first line that matches decides.
    fn choose_tainting(&self) -> Result<Tainting, Error> {
        let is_http = matches!(self.url.scheme(), "http" | "https");
        let at_home = self.intent.origin.as_ref().is_none_or(|origin| origin.is_same_as(&self.url));
        match self.intent.mode {
            Mode::Navigate => Ok(Tainting::Basic),
            _ if at_home && self.tainting == Tainting::Basic => Ok(Tainting::Basic),
            Mode::SameOrigin => Err(Error::DisallowedByMode),
            Mode::NoCors if self.intent.redirect != RedirectMode::Follow => Err(Error::DisallowedByMode),
            Mode::NoCors => Ok(Tainting::Opaque),
            Mode::Cors if is_http => Ok(Tainting::Cors),
            Mode::Cors => Err(Error::CorsDisabledScheme),
        }
    }

    fn needs_preflight(&self) -> bool {
        if self.tainting != Tainting::Cors {
            return false;
        }
        if self.uses_preflight {
            return true;
        }
        if !self.intent.api.sets_unsafe_request_flag() {
            return false;
        }
        if self.redirects > 0 && self.browser.preflights_by_the_first_request() {
            return !is_safe_method(self.intent.method) || !unsafe_names(self.intent.headers.iter()).is_empty();
        }
        !is_safe_method(self.method()) || !self.unsafe_names().is_empty()
    }

    /// The request's method, rewritten by some redirects.
    fn method(&self) -> &'a str {
        if self.removed.body { "GET" } else { self.intent.method }
    }

    /// What the script set, less what redirects removed.
    fn headers(&self) -> impl Iterator<Item = &'a AuthorHeader<'a>> {
        let Removed { body, authorization } = self.removed;
        let is_removed = move |header: &AuthorHeader<'_>| {
            (body && describes_body(&header.name)) || (authorization && header.name == "authorization")
        };
        self.intent.headers.iter().filter(move |header| !is_removed(header))
    }

    fn unsafe_names(&self) -> Vec<&'a str> {
        unsafe_names(self.headers())
    }

    fn ask(&mut self, role: Role) -> Step<'a> {
        self.waiting_for = role;
        self.sent = Sent::Untold;
        Step::Ask(self.request(role))
    }

    fn request(&self, role: Role) -> Ask<'a> {
        let names = if role == Role::Preflight { self.unsafe_names() } else { Vec::new() };
        Ask {
            role,
            method: if role == Role::Preflight { "OPTIONS" } else { self.method() },
            url: self.url.clone(),
            origin: self.origin_field(role),
            needed: self.needed(role, &names),
            request_method: (role == Role::Preflight).then(|| self.method()),
            request_headers: names,
        }
    }

    /// Fetch 3.3, "append a request `Origin` header".
    fn origin_field(&self, role: Role) -> Option<&'a str> {
        let cors = role == Role::Preflight || self.tainting == Tainting::Cors;
        (cors || !matches!(self.method(), "GET" | "HEAD")).then(|| self.serialized_origin(role))
    }

    /// Fetch 2.2.5, "serializing a request origin".
    fn serialized_origin(&self, role: Role) -> &'a str {
        let by_page = role == Role::Preflight && self.browser.asks_preflights_by_the_pages_origin();
        let is_null = if by_page { self.intent.origin_is_null } else { self.origin_is_null };
        match &self.intent.origin {
            Some(origin) if !is_null => origin.as_str(),
            _ => Origin::OPAQUE,
        }
    }

    fn needed(&self, role: Role, names: &[&str]) -> Vec<&'static str> {
        if self.tainting != Tainting::Cors {
            return Vec::new();
        }
        let mut needed = vec!["access-control-allow-origin"];
        if self.intent.credentials == Credentials::Include {
            needed.push("access-control-allow-credentials");
        }
        if role == Role::Preflight && !is_safe_method(self.method()) {
            needed.push("access-control-allow-methods");
        }
        if role == Role::Preflight && !names.is_empty() {
            needed.push("access-control-allow-headers");
        }
        needed
    }

    /// Fetch 4.9, "CORS-preflight fetch".
    fn preflight_answered(&mut self, response: &Response) -> Answered<'a> {
        const SECTION: &str = "Fetch 4.9 CORS-preflight fetch, step 7";
        if let Some(refused) = self.mixed_content_ahead(response) {
            return Answered { check: Check::NotMade, next: refused };
        }
        let request = preflight::Request {
            origin: self.serialized_origin(Role::Preflight),
            credentials: self.intent.credentials,
            redirect: self.intent.redirect,
            method: self.method(),
            names: &self.unsafe_names(),
        };
        match check_preflight(self.browser, response, &request) {
            Checked::Pass => {
                self.note(SECTION, |fetch| format!("{} allows {}", response.status, fetch.method()));
                Answered { check: Check::Pass, next: self.ask(Role::Actual) }
            }
            Checked::Fail(error, parameter) => {
                let check = sharing_of_preflight(self.browser, response, &request);
                Answered { check, next: self.fail(SECTION, error, &parameter) }
            }
            Checked::Unseen => unseen("the head of the preflight's answer"),
        }
    }

    /// Fetch 4.8, "HTTP fetch", from step 4.4 on.
    fn actual_answered(&mut self, response: &Response) -> Answered<'a> {
        if let Some(refused) = self.mixed_content_ahead(response) {
            return Answered { check: Check::NotMade, next: refused };
        }
        let check = match self.check_sharing(response) {
            Ok(check) => check,
            Err(stopped) => return *stopped,
        };
        let next = if is_redirect_status(response.status) {
            self.redirect_status(response)
        } else {
            Step::Done(self.filtered(response))
        };
        Answered { check, next }
    }

    /// Firefox looks at the redirect's target before it checks the redirect itself.
    fn mixed_content_ahead(&mut self, response: &Response) -> Option<Step<'a>> {
        if !self.browser.looks_for_mixed_content_before_the_check() || self.intent.redirect != RedirectMode::Follow {
            return None;
        }
        let redirect::Target::To(target) = redirect::target(self.browser, &self.url, response) else { return None };
        let upgraded =
            self.intent.upgrades_insecure || (self.intent.mode == Mode::NoCors && self.intent.api.is_upgradable());
        if upgraded
            || target.scheme() != "http"
            || !self.is_mixed_content(&target)
            || !is_redirect_status(response.status)
        {
            return None;
        }
        self.follow(response.status, target);
        Some(if self.may_connect() {
            self.refuse_to_send("Mixed Content 4.4", Error::MixedContent)
        } else {
            self.refuse_to_send("CSP 3 4.1.2", Error::BlockedByContentSecurityPolicy)
        })
    }

    /// The CORS check, or the resource policy of an opaque response.
    fn check_sharing(&mut self, response: &Response) -> Result<Check, Box<Answered<'a>>> {
        match self.tainting {
            Tainting::Basic => Ok(Check::NotNeeded),
            Tainting::Opaque => self.check_policy(response),
            Tainting::Cors => self.check_cors(response),
        }
    }

    fn check_policy(&mut self, response: &Response) -> Result<Check, Box<Answered<'a>>> {
        let origin = self.intent.origin.clone().unwrap_or_else(Origin::opaque);
        let Some(refused) = policy::refused(&response.headers, &origin, &self.url) else {
            return Ok(Check::NotNeeded);
        };
        let next = self.fail("Fetch 3.6 cross-origin resource policy check", Error::BlockedByResourcePolicy, refused);
        Err(Box::new(Answered { check: Check::NotNeeded, next }))
    }

    fn check_cors(&mut self, response: &Response) -> Result<Check, Box<Answered<'a>>> {
        const SECTION: &str = "Fetch 4.10 CORS check";
        if self.is_revalidation(response) {
            if self.sent == Sent::InPart {
                return Err(Box::new(unseen("the head of the request")));
            }
            self.trusted_stored_response = true;
            return Ok(Check::Pass);
        }
        let origin = self.serialized_origin(Role::Actual);
        match cors_check(self.browser, Role::Actual, &response.headers, origin, self.intent.credentials) {
            Checked::Pass => {
                self.note(SECTION, |_| format!("passed for origin {origin}"));
                Ok(Check::Pass)
            }
            Checked::Fail(error, parameter) => {
                let next = self.fail(SECTION, error, &parameter);
                Err(Box::new(Answered { check: Check::Fail, next }))
            }
            Checked::Unseen => Err(Box::new(unseen("the head of the response"))),
        }
    }

    /// A 304 that repeats no CORS header confirms the stored response, whose headers are checked
    /// (Fetch 4.8.1, "HTTP-network-or-cache fetch"), unless the script itself made the request
    /// conditional.
    fn is_revalidation(&self, response: &Response) -> bool {
        response.status == 304
            && self.sent != Sent::Unconditionally
            && response.headers.get("access-control-allow-origin") == Field::Absent
            && !self.headers().any(|header| header.name.starts_with("if-"))
    }

    /// Fetch 4.8, "HTTP fetch", step 6: the redirect mode.
    fn redirect_status(&mut self, response: &Response) -> Step<'a> {
        match self.intent.redirect {
            RedirectMode::Error
                if self.browser.takes_no_redirect_without_location()
                    && !redirect::is_redirect(self.browser, response) =>
            {
                Step::Done(self.filtered(response))
            }
            RedirectMode::Error => self.fail("Fetch 4.8 HTTP fetch, step 6", Error::RedirectBlocked, ""),
            RedirectMode::Manual => Step::Done(Ending::Response(ResponseType::OpaqueRedirect)),
            RedirectMode::Follow => self.http_redirect_fetch(response),
        }
    }

    /// Fetch 4.7, "HTTP-redirect fetch".
    fn http_redirect_fetch(&mut self, response: &Response) -> Step<'a> {
        const SECTION: &str = "Fetch 4.7 HTTP-redirect fetch";
        let target = match redirect::target(self.browser, &self.url, response) {
            redirect::Target::None => return Step::Done(self.filtered(response)),
            redirect::Target::Unseen => return Step::Done(Ending::Unseen("the head of the redirect")),
            redirect::Target::Refused(error, parameter) => return self.fail(SECTION, error, &parameter),
            redirect::Target::To(target) => target,
        };
        if !matches!(target.scheme(), "http" | "https") {
            let error = redirect::refused_scheme(self.intent.mode, &target);
            return self.fail(SECTION, error, "");
        }
        if self.redirects >= MAX_REDIRECTS {
            return self.fail(SECTION, Error::TooManyRedirects, "");
        }
        if self.refuses_userinfo(&target) {
            return self.fail(SECTION, Error::RedirectContainsCredentials, "");
        }
        self.follow(response.status, target);
        self.main_fetch()
    }

    /// Steps 8 and 9 of "HTTP-redirect fetch".
    fn refuses_userinfo(&self, target: &WebUrl<'_>) -> bool {
        let leaves_home = !self.intent.origin.as_ref().is_some_and(|origin| origin.is_same_as(target));
        let refuses = match self.intent.mode {
            Mode::Cors => {
                leaves_home || self.tainting == Tainting::Cors || self.browser.refuses_userinfo_on_the_same_origin()
            }
            Mode::NoCors | Mode::SameOrigin => self.browser.refuses_userinfo_in_every_mode(),
            Mode::Navigate => false,
        };
        refuses && target.has_userinfo()
    }

    /// Steps 7 and 11 to 18 of "HTTP-redirect fetch": what the next request is.
    fn follow(&mut self, status: u16, target: WebUrl<'a>) {
        self.redirects += 1;
        self.removed.body |= match status {
            301 | 302 => self.method() == "POST",
            303 => !matches!(self.method(), "GET" | "HEAD"),
            _ => false,
        };
        self.removed.authorization |= !target.has_origin_of(&self.url);
        self.note("Fetch 4.7 HTTP-redirect fetch", |_| format!("{status} leads to {}", target.as_str()));
        self.previous = Some(std::mem::replace(&mut self.url, target));
    }

    /// Fetch 4.1, "main fetch", step 14: what the page's script gets to see.
    fn filtered(&self, response: &Response) -> Ending<'a> {
        if !response.headers.is_complete() {
            return Ending::Unseen("the head of the response");
        }
        Ending::Response(match self.tainting {
            Tainting::Basic => ResponseType::Basic,
            Tainting::Cors => ResponseType::Cors,
            Tainting::Opaque => ResponseType::Opaque,
        })
    }

    fn fail(&mut self, section: &'static str, error: Error, parameter: &str) -> Step<'a> {
        self.note(section, |_| error.name().to_owned());
        Step::Done(Ending::Failed { error, parameter: parameter.to_owned(), unsent: None })
    }

    fn refuse_to_send(&mut self, section: &'static str, error: Error) -> Step<'a> {
        self.note(section, |fetch| format!("{} is not sent: {}", fetch.url.as_str(), error.name()));
        if self.intent.mode == Mode::Cors {
            self.tainting = Tainting::Cors;
        }
        let unsent = Some(Box::new(self.request(Role::Actual)));
        Step::Done(Ending::Failed { error, parameter: String::new(), unsent })
    }

    fn note(&mut self, section: &'static str, said: impl FnOnce(&Self) -> String) {
        let Some(mut trail) = self.trail.take() else { return };
        trail.push(Clause { hop: self.answered, section, said: said(self) });
        self.trail = Some(trail);
    }
}

impl Api {
    /// Fetch, "unsafe-request flag": markup never causes a preflight.
    fn sets_unsafe_request_flag(self) -> bool {
        matches!(self, Self::Fetch | Self::Xhr)
    }

    /// Mixed Content 4.1: what is upgraded instead of blocked.
    fn is_upgradable(self) -> bool {
        matches!(self, Self::Image | Self::Audio | Self::Video)
    }
}

/// Fetch 2.9, "bad port": ports of services that a page shall not speak to.
fn has_bad_port(url: &WebUrl<'_>) -> bool {
    const BAD: [u16; 83] = [
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
        109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526,
        530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045,
        4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    ];
    url.port().is_some_and(|port| BAD.binary_search(&port).is_ok())
}

/// The CORS check of a preflight's answer alone: one that passes it may be refused for its status or
/// for what it allows, and a browser that refuses a redirect first makes none.
fn sharing_of_preflight(browser: Browser, response: &Response, request: &preflight::Request<'_>) -> Check {
    match cors_check(browser, Role::Preflight, &response.headers, request.origin, request.credentials) {
        Checked::Pass => Check::Pass,
        Checked::Fail(..) => Check::Fail,
        Checked::Unseen => Check::Unknown,
    }
}

fn unseen<'a>(what: &'static str) -> Answered<'a> {
    Answered { check: Check::Unknown, next: Step::Done(Ending::Unseen(what)) }
}
