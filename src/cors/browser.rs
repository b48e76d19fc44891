//! Whose rules decide, and where they depart from the standard. Each departure is one function
//! here, with its source; the algorithms ask and never name a browser.

use std::cell::Cell;
use std::time::Duration;

use crate::http::Headers;

/// Whose rules decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Browser {
    /// Chrome, Edge and their kin.
    #[default]
    Chromium,
    /// Firefox.
    Firefox,
    /// The Fetch standard to the letter.
    Standard,
}

impl Browser {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Standard];

    /// As the command line and the JSON name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Standard => "standard",
        }
    }
}

/// One browser's rules, and whether it has come to one that not all browsers have.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    browser: Browser,
    are_its_own: Cell<bool>,
}

impl Rules {
    pub(super) fn of(browser: Browser) -> Self {
        Self { browser, are_its_own: Cell::new(false) }
    }

    /// Whether any rule was asked for in which browsers differ. Until then every browser has decided alike.
    pub(super) fn are_its_own(&self) -> bool {
        self.are_its_own.get()
    }

    /// Takes note that a rule is asked for in which browsers differ.
    fn whose(&self) -> Browser {
        self.are_its_own.set(true);
        self.browser
    }

    fn are_of(&self, browser: Browser) -> bool {
        self.whose() == browser
    }

    /// For how long the answer to a preflight is good. Chromium keeps it two hours at the most, and
    /// takes a negative age for none and what cannot be read for the default
    /// (`preflight_result.cc`); Firefox keeps it a day at the most, and not at all where the age is
    /// not all digits (`nsCORSListenerProxy.cpp`); the standard leaves the cap to the browser, and
    /// takes whatever is no number for the default.
    pub(super) fn keeps_preflights_for(&self, max_age: Option<&str>, default: Duration) -> Duration {
        const TWO_HOURS: Duration = Duration::from_secs(7_200);
        const ONE_DAY: Duration = Duration::from_secs(86_400);
        let Some(text) = max_age.map(str::trim).filter(|text| !text.is_empty()) else { return default };
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        // More seconds than fit are more than any cap.
        let seconds = || Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX)));
        match self.whose() {
            Browser::Chromium if is_number => seconds().min(TWO_HOURS),
            Browser::Chromium if text.strip_prefix('-').is_some_and(|rest| rest.parse::<u64>().is_ok()) => {
                Duration::ZERO
            }
            Browser::Firefox if is_number => seconds().min(ONE_DAY),
            Browser::Firefox => Duration::ZERO,
            Browser::Standard if is_number => seconds(),
            Browser::Chromium | Browser::Standard => default,
        }
    }

    /// `Access-Control-Allow-Headers: *` allows `Authorization` too. Fetch, "CORS non-wildcard
    /// request-header name", says no; Chromium 156 and Firefox 153 let it pass with a warning
    /// (measured).
    pub(super) fn covers_authorization_by_wildcard(&self) -> bool {
        !self.are_of(Browser::Standard)
    }

    /// A preflight that is redirected is refused as such before its headers are read. The standard
    /// only has "not an ok status", after the CORS check; Chromium 156 (measured)
    /// refuses the redirect first.
    pub(super) fn refuses_preflight_redirects_first(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// More than one `Access-Control-Allow-Origin` line is refused as such, before a wildcard is
    /// looked for (Firefox, nsCORSListenerProxy `CheckOriginHeader`, which knows the name in this
    /// spelling only). In the standard the joined value differs anyway.
    pub(super) fn refuses_allow_origin_lines(&self, headers: &Headers) -> bool {
        self.are_of(Browser::Firefox) && headers.called(|name| name == "Access-Control-Allow-Origin").nth(1).is_some()
    }

    /// A line without a value adds nothing to the lines before it (Firefox 153, measured;
    /// `nsHttpHeaderArray::MergeHeader`). In the standard, and in Chromium 156, lines are joined whatever they hold.
    pub(super) fn drops_empty_lines(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// The next hop of a redirect is checked for mixed content before the redirect itself passes
    /// the CORS check. Firefox 153 (measured): it names mixed content where the standard and
    /// Chromium find the missing header of the redirect first.
    pub(super) fn looks_for_mixed_content_before_the_check(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// The preflight of a request that follows no redirects follows none either: a redirect is only a status
    /// that is not ok (Firefox 153, measured).
    pub(super) fn asks_preflights_in_the_redirect_mode(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// A preflight's answer is read header by header: a method that is not allowed is found before a name
    /// that is no token. Firefox (`nsCORSPreflightListener::CheckPreflightRequestApproved`); the standard and Chromium
    /// parse both lists first.
    pub(super) fn checks_the_method_before_reading_names(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// The preflight of a redirect's next hop is decided by what the script set at first, although
    /// the method was rewritten to GET or `Authorization` was removed (Firefox 153, measured).
    pub(super) fn preflights_by_the_first_request(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// A redirect on the same origin to a URL with user and password is refused (Chromium 156,
    /// measured); the standard refuses it only across origins.
    pub(super) fn refuses_userinfo_on_the_same_origin(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// A redirect of an image, a script or any other `no-cors` or `same-origin` request to a URL with user
    /// and password is refused (Chromium 156, measured); the standard refuses it in mode `cors` only.
    pub(super) fn refuses_userinfo_in_every_mode(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// An empty Location field is no redirect: the page gets the 3xx itself (Chromium 156,
    /// measured). In the standard it leads to the URL that it came from.
    pub(super) fn ignores_an_empty_location(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// A Location that leads nowhere is a network error whatever the CORS headers say, also in the answer to a
    /// preflight: a redirect's that is no URL, and, whatever the status, two that differ (Chromium 156 and
    /// Firefox 153, measured).
    pub(super) fn refuses_broken_locations_first(&self) -> bool {
        !self.are_of(Browser::Standard)
    }

    /// So it is with a redirect that is not to be followed (Chromium 156, measured; Firefox 153 reads the
    /// Location of a redirect that it follows).
    pub(super) fn reads_locations_in_every_redirect_mode(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// A redirect to a local scheme is refused before it passes the CORS check (Firefox 153, measured).
    pub(super) fn refuses_local_schemes_first(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// A redirect without a Location is none, whatever the redirect mode (Chromium 156, measured, in mode
    /// `error`); in the standard, and in Firefox 153, the status alone makes it one.
    pub(super) fn takes_no_redirect_without_location(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// A preflight after a redirect carries the page's origin, not null (Firefox 153, measured).
    pub(super) fn asks_preflights_by_the_pages_origin(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// A 407 of a server that is no proxy is a network error (Chromium 156, measured).
    pub(super) fn refuses_proxy_challenges_of_servers(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// Control characters and spaces of a Location are escaped before it is read as a URL, so none may be in a host
    /// (Firefox 153, measured; `nsHttpChannel::AsyncProcessRedirection`). The standard's URL parser drops tabs.
    pub(super) fn escapes_controls_in_locations(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// Equal repeated Location lines count as one (Chromium, `HttpResponseHeaders`); the standard
    /// takes no list.
    pub(super) fn merges_equal_locations(&self) -> bool {
        !self.are_of(Browser::Standard)
    }

    /// An image, audio or video that is redirected to http is upgraded in mode `cors` too, as with `crossorigin`
    /// (Chromium 156 and Firefox 153, measured); the standard upgrades mode `no-cors` only.
    pub(super) fn upgrades_media_in_mode_cors(&self) -> bool {
        !self.are_of(Browser::Standard)
    }

    /// So it is where it is redirected to an address (Chromium 156 and Firefox 153, measured), which the standard blocks.
    pub(super) fn upgrades_media_at_addresses(&self) -> bool {
        !self.are_of(Browser::Standard)
    }

    /// And where it is redirected to this machine, which is no mixed content (Chromium 156, measured: the network stack
    /// upgrades every redirect of such a request).
    pub(super) fn upgrades_media_of_this_machine(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// A request by http to an address of a local network is no mixed content: whether the page may go there, the
    /// user is asked (Chromium 156, measured, by Local Network Access).
    pub(super) fn asks_the_user_for_local_networks(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// Lines that must not differ are compared, and an answer in which they do is none (Chromium 156 and Firefox
    /// 153, measured). The standard knows no such rule.
    pub(super) fn refuses_lines_that_differ(&self) -> bool {
        !self.are_of(Browser::Standard)
    }

    /// So it is with the lengths of an answer whose body comes in chunks (Firefox 153, measured; Chromium 156 does not
    /// read them).
    pub(super) fn compares_lengths_of_chunked_answers(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// Any comma that is not in quotes parts a Content-Disposition in two, also in a file's name (Chromium 156, measured:
    /// `HttpResponseHeaders::EnumerateHeader`). Firefox 153 compares whole lines.
    pub(super) fn parts_dispositions_at_commas(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// A 101 that nobody asked for is an answer like any other (Firefox 153, measured). In the standard, and in
    /// Chromium 156, the answer is still to come.
    pub(super) fn takes_101_for_an_answer(&self) -> bool {
        self.are_of(Browser::Firefox)
    }

    /// A page on http from this machine (`http://localhost:3000`) may load no mixed content either, as its
    /// origin is trustworthy (Mixed Content 4.3). Chromium (`MixedContentChecker::IsMixedContent`) and
    /// Firefox (`nsMixedContentBlocker`) only guard pages on https.
    pub(super) fn protects_pages_on_this_machine(&self) -> bool {
        self.are_of(Browser::Standard)
    }

    /// A redirect that may be kept is answered from the cache when the same URL comes up again in one call
    /// (Chromium 156, measured; Firefox 153 asks the network each time).
    pub(super) fn remembers_redirects(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// A host that is known to want https (HSTS) is reached by a redirect that the browser makes by
    /// itself: it counts, it taints the origin, and a preflight may not follow it (Chromium 156,
    /// measured). In the standard the scheme changes in place; Firefox 153 keeps the page's origin.
    pub(super) fn redirects_to_https_by_itself(&self) -> bool {
        self.are_of(Browser::Chromium)
    }

    /// An upgrade by `upgrade-insecure-requests` of a redirect's target makes `Origin` null, as if
    /// the insecure hop had been made (Firefox 153, measured).
    pub(super) fn taints_origin_by_upgrade(&self) -> bool {
        self.are_of(Browser::Firefox)
    }
}
