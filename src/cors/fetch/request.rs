//! The requests that the browser sends, and whether it asks by a preflight first.

use super::{Ask, Fetch, Removed, Sent, Step, Tainting};
use crate::chain::Role;
use crate::cors::safelist::{describes_body, is_safe_method, unsafe_names};
use crate::cors::{Api, AuthorHeader, Credentials};
use crate::http::Origin;

impl<'a> Fetch<'a> {
    pub(super) fn needs_preflight(&self) -> bool {
        if self.tainting != Tainting::Cors {
            return false;
        }
        if self.uses_preflight {
            return true;
        }
        if !self.intent.api.sets_unsafe_request_flag() {
            return false;
        }
        if self.redirects > 0 && self.rules.preflights_by_the_first_request() {
            return !is_safe_method(self.intent.method) || !unsafe_names(self.intent.headers.iter()).is_empty();
        }
        !is_safe_method(self.method()) || !self.unsafe_names().is_empty()
    }

    /// The request's method, rewritten by some redirects.
    pub(super) fn method(&self) -> &'a str {
        if self.removed.body { "GET" } else { self.intent.method }
    }

    /// What the script set, less what redirects removed.
    pub(super) fn headers(&self) -> impl Iterator<Item = &'a AuthorHeader<'a>> {
        let Removed { body, authorization } = self.removed;
        let is_removed = move |header: &AuthorHeader<'_>| {
            (body && describes_body(&header.name)) || (authorization && header.name == "authorization")
        };
        self.intent.headers.iter().filter(move |header| !is_removed(header))
    }

    pub(super) fn unsafe_names(&self) -> Vec<&'a str> {
        unsafe_names(self.headers())
    }

    pub(super) fn ask(&mut self, role: Role) -> Step<'a> {
        self.waiting_for = role;
        self.sent = Sent::Untold;
        Step::Ask(self.request(role))
    }

    pub(super) fn request(&self, role: Role) -> Ask<'a> {
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
    pub(super) fn serialized_origin(&self, role: Role) -> &'a str {
        let was_tainted = self.origin_is_null != self.intent.origin_is_null;
        let by_page = role == Role::Preflight && was_tainted && self.rules.asks_preflights_by_the_pages_origin();
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
}

impl Api {
    /// Fetch, "unsafe-request flag": markup never causes a preflight.
    fn sets_unsafe_request_flag(self) -> bool {
        matches!(self, Self::Fetch | Self::Xhr | Self::Beacon)
    }
}
