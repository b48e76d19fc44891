//! What mends a cause, gathered over the calls that need it: what they need of one list is one fix.

use super::case::SeenHop;
use super::layers::{self, Change, Names, Setting};
use super::server::Server;
use super::{FIXES_KEPT, Fix};

/// Names beyond this are not kept of one list: a hostile capture could name a new one in every request.
const NAMES_KEPT: usize = 256;

/// The fixes of a cause, the safest first.
#[derive(Debug, Default)]
pub(super) struct Fixes(Vec<One>);

#[derive(Debug, PartialEq, Eq)]
enum One {
    Fix(Fix),
    List(List),
}

/// A list that has to grow, in the configuration of one host. Told call by call its forms would
/// contradict each other: each leaves out what another call needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct List {
    host: Option<String>,
    server: Server,
    what: What,
    there: Vec<String>,
    wanted: Vec<String>,
}

/// What a list stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A setting of the CORS layer that the server is likely to have.
    Setting(Setting),
    /// The origins of a `CORSMiddleware` that is to be added; and what to know of that.
    Middleware(&'static str),
    /// The origins of a `CORSMiddleware` around the whole application; and what to know of that.
    Around(&'static str),
}

impl List {
    /// What the call needs that failed at this hop.
    pub(super) fn of(seen: &SeenHop<'_>, server: Server, what: What, names: Names<'_>) -> Self {
        let owned = |names: &[&str]| names.iter().take(NAMES_KEPT).map(|&name| name.to_owned()).collect();
        Self {
            host: seen.url().and_then(|url| url.host_str().map(str::to_owned)),
            server,
            what,
            there: owned(names.there),
            wanted: owned(names.wanted),
        }
    }

    fn is_of_same(&self, other: &Self) -> bool {
        self.host == other.host && self.server == other.server && self.what == other.what
    }

    fn grow(&mut self, more: Self) {
        let what = self.what;
        unite(&mut self.there, more.there, what);
        unite(&mut self.wanted, more.wanted, what);
    }

    fn spelt(&self) -> Vec<Fix> {
        let lacking = self.wanted.iter().filter(|name| !self.there.iter().any(|other| self.what.is_same(name, other)));
        let (there, wanted): (Vec<&str>, Vec<&str>) =
            (self.there.iter().map(String::as_str).collect(), lacking.map(String::as_str).collect());
        let names = Names { there: &there, wanted: &wanted };
        match self.what {
            What::Setting(setting) => layers::fixes(self.server, Change { setting, names }),
            What::Middleware(caution) => vec![layers::middleware(names, caution)],
            What::Around(caution) => vec![layers::around(names, caution)],
        }
    }
}

impl What {
    /// Header names have no letter case; methods and origins do.
    fn is_same(self, one: &str, other: &str) -> bool {
        match self {
            Self::Setting(Setting::Headers | Setting::Expose) => one.eq_ignore_ascii_case(other),
            Self::Setting(_) | Self::Middleware(_) | Self::Around(_) => one == other,
        }
    }
}

/// In the order in which they were first named.
fn unite(names: &mut Vec<String>, more: Vec<String>, what: What) {
    for name in more {
        if names.len() < NAMES_KEPT && !names.iter().any(|other| what.is_same(&name, other)) {
            names.push(name);
        }
    }
}

impl Fixes {
    /// These, and then more.
    pub(super) fn then(mut self, more: impl Into<Self>) -> Self {
        self.0.extend(more.into().0);
        self
    }

    /// Takes what other calls need besides.
    pub(super) fn merge(&mut self, more: Self) {
        for one in more.0 {
            self.take(one);
        }
    }

    fn take(&mut self, one: One) {
        let has_room = self.0.len() < FIXES_KEPT;
        let same = self.0.iter_mut().find(|other| match (other, &one) {
            (One::List(other), One::List(one)) => other.is_of_same(one),
            (other, one) => **other == *one,
        });
        match (same, one) {
            (Some(One::List(list)), One::List(more)) => list.grow(more),
            (None, one) if has_room => self.0.push(one),
            (Some(_) | None, _) => {}
        }
    }

    /// As they are told: the first [`FIXES_KEPT`].
    pub(super) fn spelt(self) -> Vec<Fix> {
        let mut told: Vec<Fix> = Vec::new();
        for fix in self.0.into_iter().flat_map(One::spelt) {
            if told.len() < FIXES_KEPT && !told.contains(&fix) {
                told.push(fix);
            }
        }
        told
    }
}

impl One {
    fn spelt(self) -> Vec<Fix> {
        match self {
            Self::Fix(fix) => vec![fix],
            Self::List(list) => list.spelt(),
        }
    }
}

impl From<Vec<Fix>> for Fixes {
    fn from(fixes: Vec<Fix>) -> Self {
        Self(fixes.into_iter().map(One::Fix).collect())
    }
}

impl From<Fix> for Fixes {
    fn from(fix: Fix) -> Self {
        Self(vec![One::Fix(fix)])
    }
}

impl From<List> for Fixes {
    fn from(list: List) -> Self {
        Self(vec![One::List(list)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, there: &[&str], wanted: &[&str]) -> List {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        List {
            host: Some(host.to_owned()),
            server: Server::Uvicorn,
            what: What::Setting(Setting::Headers),
            there: owned(there),
            wanted: owned(wanted),
        }
    }

    fn spelt(lists: impl IntoIterator<Item = List>) -> Vec<String> {
        let mut fixes = Fixes::default();
        for list in lists {
            fixes.merge(list.into());
        }
        fixes.spelt().into_iter().map(|fix| fix.change).collect()
    }

    #[test]
    fn what_calls_need_of_one_list_is_one_fix() {
        let spelt = spelt([
            headers("a.example", &["Content-Type"], &["x-a"]),
            headers("a.example", &["content-type", "X-B"], &["x-c", "x-a"]),
            headers("a.example", &["X-A"], &["x-b"]),
        ]);
        assert_eq!(spelt, ["allow_headers=[\"Content-Type\", \"X-B\", \"X-A\", \"x-c\"]"]);
    }

    #[test]
    fn hosts_have_lists_of_their_own() {
        let spelt = spelt([headers("a.example", &["x-a"], &["x-b"]), headers("b.example", &["x-c"], &["x-b"])]);
        assert_eq!(spelt, ["allow_headers=[\"x-a\", \"x-b\"]", "allow_headers=[\"x-c\", \"x-b\"]"]);
    }

    #[test]
    fn a_list_and_a_number_of_fixes_end() {
        let names: Vec<String> = (0..2 * NAMES_KEPT).map(|n| format!("x-{n}")).collect();
        let one = names.iter().map(|name| headers("a.example", &[], &[name]));
        assert_eq!(spelt(one).first().map(|change| change.matches("x-").count()), Some(NAMES_KEPT));
        let hosts = (0..2 * FIXES_KEPT).map(|n| headers(&format!("{n}.example"), &[], &[&names[n]]));
        assert_eq!(spelt(hosts).len(), FIXES_KEPT);
    }
}
