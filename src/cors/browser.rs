//! Whose rules decide, and where they depart from the standard. Each departure is one function
//! here, with its source; the algorithms ask and never name a browser.

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

    /// `Access-Control-Allow-Headers: *` allows `Authorization` too. Fetch, "CORS non-wildcard
    /// request-header name", says no; Chromium 156 and Firefox 153 let it pass with a warning
    /// (measured).
    pub(super) fn covers_authorization_by_wildcard(self) -> bool {
        self != Self::Standard
    }

    /// A preflight that is redirected is refused as such before its headers are read. The standard
    /// only has "not an ok status", after the CORS check; Chromium 156 (measured)
    /// refuses the redirect first.
    pub(super) fn refuses_preflight_redirects_first(self) -> bool {
        self == Self::Chromium
    }

    /// More than one `Access-Control-Allow-Origin` line is refused as such, before a wildcard is
    /// looked for (Firefox, nsCORSListenerProxy). In the standard the joined value differs anyway.
    pub(super) fn counts_allow_origin_lines(self) -> bool {
        self == Self::Firefox
    }

    /// The next hop of a redirect is checked for mixed content before the redirect itself passes
    /// the CORS check. Firefox 153 (measured): it names mixed content where the standard and
    /// Chromium find the missing header of the redirect first.
    pub(super) fn looks_for_mixed_content_before_the_check(self) -> bool {
        self == Self::Firefox
    }

    /// The preflight of a redirect's next hop is decided by what the script set at first, although
    /// the method was rewritten to GET or `Authorization` was removed (Firefox 153, measured).
    pub(super) fn preflights_by_the_first_request(self) -> bool {
        self == Self::Firefox
    }

    /// A redirect on the same origin to a URL with user and password is refused (Chromium 156,
    /// measured); the standard refuses it only across origins.
    pub(super) fn refuses_userinfo_on_the_same_origin(self) -> bool {
        self == Self::Chromium
    }

    /// An empty Location field is no redirect: the page gets the 3xx itself (Chromium 156,
    /// measured). In the standard it leads to the URL that it came from.
    pub(super) fn ignores_an_empty_location(self) -> bool {
        self == Self::Chromium
    }

    /// Equal repeated Location lines count as one (Chromium, `HttpResponseHeaders`); the standard
    /// takes no list.
    pub(super) fn merges_equal_locations(self) -> bool {
        self != Self::Standard
    }

    /// A permanent redirect is answered from the cache when the same URL comes up again in one
    /// call (Chromium 156, measured; Firefox 153 asks the network each time).
    pub(super) fn remembers_permanent_redirects(self) -> bool {
        self == Self::Chromium
    }

    /// An upgrade by `upgrade-insecure-requests` of a redirect's target makes `Origin` null, as if
    /// the insecure hop had been made (Firefox 153, measured).
    pub(super) fn taints_origin_by_upgrade(self) -> bool {
        self == Self::Firefox
    }
}
