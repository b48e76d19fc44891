//! What an answer leads to.

use super::{Answered, Ending, Fetch, Sent, Step, Tainting};
use crate::chain::Role;
use crate::cors::check::{Checked, cors_check};
use crate::cors::preflight::{self, check_preflight};
use crate::cors::{Check, Error, Mode, RedirectMode, ResponseType, Rules, policy, redirect, repeated};
use crate::http::{Field, Origin, Response, WebUrl, is_redirect_status};

/// So many redirects pass; one more is a network error (Fetch, "HTTP-redirect fetch", step 7).
const MAX_REDIRECTS: u32 = 20;

impl<'a> Fetch<'a> {
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
        // Nobody asked for another protocol, so the answer is still to come, and nothing more will.
        if response.status == 101 && !self.rules.takes_101_for_an_answer() {
            return Some(self.fail("Fetch 4.8.2 HTTP-network fetch, step 14", Error::NoResponse, ""));
        }
        // What came by TLS came from the server itself.
        let is_challenge = response.status == 407 && self.url.scheme() == "https";
        if is_challenge && self.rules.refuses_proxy_challenges_of_servers() {
            return Some(self.fail(
                "Fetch 4.8.1 HTTP-network-or-cache fetch",
                Error::UnexpectedProxyAuthentication,
                "",
            ));
        }
        if let Some(error) = repeated::refused(&self.rules, &response.headers) {
            return Some(self.fail("RFC 9110 5.3 field order", error, ""));
        }
        let (error, parameter) = redirect::broken(&self.rules, self.intent.redirect, &self.url, response)?;
        Some(self.fail("Fetch 2.2.6 location URL", error, &parameter))
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
        match check_preflight(&self.rules, response, &request) {
            Checked::Pass => {
                self.note(SECTION, |fetch| format!("{} allows {}", response.status, fetch.method()));
                Answered { check: Check::Pass, next: self.ask(Role::Actual) }
            }
            Checked::Fail(error, parameter) => {
                let check = sharing_of_preflight(&self.rules, response, &request);
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
        let is_followed = self.intent.redirect == RedirectMode::Follow && is_redirect_status(response.status);
        if !is_followed || !self.rules.looks_for_mixed_content_before_the_check() {
            return None;
        }
        let redirect::Target::To(target) = redirect::target(&self.rules, &self.url, response) else { return None };
        let upgraded = self.intent.upgrades_insecure || self.is_upgraded_as_media(&target, true);
        if upgraded || target.scheme() != "http" || !self.is_mixed_content(&target) {
            return None;
        }
        self.follow(response.status, target);
        Some(if self.may_load() {
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
        let Some(refused) = policy::refused(&self.rules, &response.headers, &origin, &self.url) else {
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
        match cors_check(&self.rules, Role::Actual, &response.headers, origin, self.intent.credentials) {
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
                if self.rules.takes_no_redirect_without_location() && !redirect::is_redirect(&self.rules, response) =>
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
        let target = match redirect::target(&self.rules, &self.url, response) {
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
                leaves_home || self.tainting == Tainting::Cors || self.rules.refuses_userinfo_on_the_same_origin()
            }
            Mode::NoCors | Mode::SameOrigin => self.rules.refuses_userinfo_in_every_mode(),
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
}

/// The CORS check of a preflight's answer alone: one that passes it may be refused for its status or
/// for what it allows, and a browser that refuses a redirect first makes none.
fn sharing_of_preflight(rules: &Rules, response: &Response, request: &preflight::Request<'_>) -> Check {
    match cors_check(rules, Role::Preflight, &response.headers, request.origin, request.credentials) {
        Checked::Pass => Check::Pass,
        Checked::Fail(..) => Check::Fail,
        Checked::Unseen => Check::Unknown,
    }
}

fn unseen<'a>(what: &'static str) -> Answered<'a> {
    Answered { check: Check::Unknown, next: Step::Done(Ending::Unseen(what)) }
}
