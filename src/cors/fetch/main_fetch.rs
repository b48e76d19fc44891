//! What must hold before anything is sent.

use super::{Ending, Fetch, Step, Tainting};
use crate::chain::Role;
use crate::cors::{Api, Error, Mode, RedirectMode, csp, mixed, network};
use crate::http::WebUrl;

impl<'a> Fetch<'a> {
    /// Fetch 4.1, "main fetch": what must hold before anything is sent.
    pub(super) fn main_fetch(&mut self) -> Step<'a> {
        let named = self.url.clone();
        self.upgrade();
        let before = (self.previous.clone(), self.origin_is_null);
        self.taint_origin(&named);
        // The standard names no order; Chromium and Firefox look at the policy first (measured).
        if !self.may_load() {
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
        if is_secured && self.rules.redirects_to_https_by_itself() && self.needs_preflight() {
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
        if self.url.scheme() != "http" {
            return;
        }
        let by_policy = self.intent.upgrades_insecure && !mixed::is_trustworthy(&self.url);
        if !(by_policy || self.is_upgraded_as_media(&self.url, self.redirects > 0)) {
            return;
        }
        if let Some(upgraded) = self.url.by_https() {
            self.url = upgraded;
            self.note("Fetch 4.1 main fetch, step 4", |fetch| format!("upgraded to {}", fetch.url.as_str()));
        }
    }

    /// Mixed Content 4.1, "upgrade a mixed content request to a potentially trustworthy URL".
    pub(super) fn is_upgraded_as_media(&self, url: &WebUrl<'_>, redirected: bool) -> bool {
        if !self.intent.api.is_upgradable() || !self.page_is_secure() {
            return false;
        }
        if self.intent.mode != Mode::NoCors && !(redirected && self.rules.upgrades_media_in_mode_cors()) {
            return false;
        }
        if mixed::is_trustworthy(url) {
            redirected && self.rules.upgrades_media_of_this_machine()
        } else {
            !mixed::has_address_as_host(url) || (redirected && self.rules.upgrades_media_at_addresses())
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
        if self.rules.redirects_to_https_by_itself() {
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
        let reached = if self.rules.taints_origin_by_upgrade() { named } else { &self.url };
        let left_home = self.intent.origin.as_ref().is_some_and(|origin| origin.is_same_as(&previous));
        self.origin_is_null |= !left_home && !reached.has_origin_of(&previous);
    }

    /// Mixed Content 4.3: whether the page may load nothing insecure. Where its origin is opaque, as in a
    /// sandbox, its URL tells.
    fn page_is_secure(&self) -> bool {
        let is_secure = |url: &WebUrl<'_>| {
            url.scheme() == "https" || (url.is_loopback() && self.rules.protects_pages_on_this_machine())
        };
        let origin = self.intent.origin.as_ref().and_then(|origin| WebUrl::parse(origin.as_str()));
        origin.as_ref().is_some_and(is_secure) || self.intent.page_url.as_ref().is_some_and(is_secure)
    }

    pub(super) fn is_mixed_content(&self, url: &WebUrl<'_>) -> bool {
        self.intent.mode != Mode::Navigate
            && !mixed::is_trustworthy(url)
            && self.page_is_secure()
            && !(network::is_local(url) && self.rules.asks_the_user_for_local_networks())
    }

    /// Fetch 4.1, "main fetch", step 7: the page's Content-Security-Policy.
    pub(super) fn may_load(&self) -> bool {
        let (Some(policy), Some(page)) = (self.intent.policy, &self.intent.origin) else { return true };
        let load = csp::Load { api: self.intent.api, page, url: &self.url, redirected: self.redirects > 0 };
        csp::violated(policy, &load).is_none()
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

    pub(super) fn refuse_to_send(&mut self, section: &'static str, error: Error) -> Step<'a> {
        self.note(section, |fetch| format!("{} is not sent: {}", fetch.url.as_str(), error.name()));
        if self.intent.mode == Mode::Cors {
            self.tainting = Tainting::Cors;
        }
        let unsent = Some(Box::new(self.request(Role::Actual)));
        Step::Done(Ending::Failed { error, parameter: String::new(), unsent })
    }
}

impl Api {
    /// Mixed Content 4.1: what is upgraded instead of blocked.
    pub(super) fn is_upgradable(self) -> bool {
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
