//! What a browser decides about one call, and what that rests on.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Browser, Credentials, Mode};
use crate::chain::Role;
use crate::http::{Exchange, Few};

/// One chain judged: its hops with the inferred ones in their places, and the verdict.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What the page asked.
    pub asked: Asked,
    /// Every hop the browser made or would have made, in order.
    pub hops: Vec<Hop>,
    /// What the browser decided.
    pub verdict: Verdict,
    /// Where the headers that the browser needs are first not there.
    pub drop_off: Option<DropOff>,
}

/// What the page asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The page's serialized origin, where it is known.
    pub page_origin: Option<String>,
    /// Where only the preflight was seen: what `Access-Control-Request-Method` names.
    pub method: String,
    /// The URL of the first request.
    pub url: String,
    /// The request's mode.
    pub mode: Mode,
    /// The request's credentials mode.
    pub credentials: Credentials,
}

/// One request of a call and its answer.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Preflight or the request itself.
    pub role: Role,
    /// The method on the wire.
    pub method: String,
    /// Where the request went, or would have gone.
    pub url: String,
    /// The Origin field: as the capture shows it, and where the hop is inferred, as the browser sends it.
    pub origin: Option<String>,
    /// The exchange that shows this hop; `None`: it is inferred.
    pub exchange: Option<Arc<Exchange>>,
    /// The same request seen at other places.
    pub also_seen: Few<Arc<Exchange>>,
    /// Who answered, or stopped it.
    pub answered_by: AnsweredBy,
    /// The answer, seen or inferred; `None` when nothing came.
    pub answer: Option<Answer>,
    /// The fields that the browser's CORS check needs in the answer, in lower case.
    pub needed: Vec<&'static str>,
    /// Those of them that are known not to be there.
    pub missing: Vec<&'static str>,
    /// The CORS check of this hop.
    pub check: Check,
    /// Why the hop is there although nobody saw it; `None` where it was observed.
    pub inferred_because: Option<String>,
}

/// The part of an answer that a chain is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The Location field as it was sent.
    pub location: Option<String>,
}

/// Who answered a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnsweredBy {
    /// The server behind the load balancer, or a server without one.
    Backend,
    /// The load balancer itself.
    LoadBalancer,
    /// Nobody: the browser never sent the request.
    Browser,
    /// Not known: the request was not captured, or not answered.
    Unknown,
}

/// What became of the CORS check of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It passed.
    Pass,
    /// It failed.
    Fail,
    /// The hop needs none: same origin, `no-cors`, a navigation.
    NotNeeded,
    /// Nothing came that could be checked.
    NotMade,
    /// Not all of the answer was seen.
    Unknown,
}

/// What the browser decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whose rules decided.
    pub browser: Browser,
    /// What they decided.
    pub outcome: Outcome,
    /// What each browser's console prints.
    pub message: Messages,
    /// How the page's script sees the final response; `None` when it sees none.
    pub response_type: Option<ResponseType>,
    /// The header names that the script may read, lower-case, sorted; empty where only the decision was asked for.
    pub visible_headers: Vec<String>,
    /// The other browsers whose outcome or error is another.
    pub differs: Vec<Differs>,
    /// What the verdict rests on that the wire does not prove.
    pub assumptions: Vec<Assumption>,
    /// The clauses of the standard that led here, in order; none where only the decision was asked for.
    pub trail: Vec<Clause>,
}

/// The decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The page gets the response.
    Allowed,
    /// No cross-origin sharing is at stake: same origin, a navigation, a client that is no page.
    NotCors,
    /// The page gets a network error.
    Blocked(Failure),
    /// Not all was seen that decides; the reason.
    Undetermined(String),
}

/// The decision without its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// [`Outcome::Allowed`]
    Allowed,
    /// [`Outcome::NotCors`]
    NotCors,
    /// [`Outcome::Blocked`]
    Blocked(Error),
    /// [`Outcome::Undetermined`]
    Undetermined,
}

/// Why a call is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which check failed.
    pub error: Error,
    /// The value that the error is about, as Chromium's `failedParameter` gives it.
    pub parameter: String,
    /// The index of the hop at which it failed.
    pub hop: usize,
}

/// An error for each name, and all of them in a list.
macro_rules! errors {
    ($($name:ident),* $(,)?) => {
        /// The checks that can fail, by Chromium's names (`network::mojom::CorsError`) where it has one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are Chromium's own, and say it")]
        pub enum Error {
            $($name,)*
        }

        impl Error {
            /// All that there are.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name that the JSON carries: Chromium's where it has one.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

errors! {
    DisallowedByMode,
    CorsDisabledScheme,
    MissingAllowOriginHeader,
    MultipleAllowOriginValues,
    InvalidAllowOriginValue,
    AllowOriginMismatch,
    WildcardOriginNotAllowed,
    InvalidAllowCredentials,
    PreflightMissingAllowOriginHeader,
    PreflightMultipleAllowOriginValues,
    PreflightInvalidAllowOriginValue,
    PreflightAllowOriginMismatch,
    PreflightWildcardOriginNotAllowed,
    PreflightInvalidAllowCredentials,
    PreflightInvalidStatus,
    PreflightDisallowedRedirect,
    InvalidAllowMethodsPreflightResponse,
    InvalidAllowHeadersPreflightResponse,
    MethodDisallowedByPreflightResponse,
    HeaderDisallowedByPreflightResponse,
    RedirectContainsCredentials,
    LocalNetworkAccessPermissionDenied,
    InsecureLocalNetwork,
    MixedContent,
    TooManyRedirects,
    UnsafeRedirect,
    InvalidRedirect,
    MultipleLocations,
    MultipleContentLengths,
    MultipleContentDispositions,
    UnsafePort,
    UnexpectedProxyAuthentication,
    RedirectBlocked,
    BlockedByResourcePolicy,
    BlockedByContentSecurityPolicy,
    NoResponse,
}

/// What each browser prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// Chromium's console line, word for word.
    pub chromium: Option<String>,
    /// Firefox's console lines, word for word.
    pub firefox: Vec<String>,
    /// Safari's console lines, word for word; empty where they are not known for sure.
    pub safari: Vec<String>,
}

/// Fetch, "response type", as far as a page's script can meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    /// Same origin.
    Basic,
    /// Cross-origin and shared.
    Cors,
    /// Cross-origin and unreadable.
    Opaque,
    /// A redirect that the page asked not to follow.
    OpaqueRedirect,
}

/// Another browser that decides otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// Which.
    pub browser: Browser,
    /// What it decides.
    pub outcome: Outcome,
}

/// Something that the verdict rests on and the wire does not prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// What it is about: `mode`, `credentials`, `preflight`, `port 80` …
    pub about: &'static str,
    /// What was assumed.
    pub assumed: Cow<'static, str>,
    /// On what evidence.
    pub because: Cow<'static, str>,
    /// The outcome if it were not so; `None` when it would be the same.
    pub otherwise: Option<Outcome>,
}

/// A clause of the standard that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// At which hop.
    pub hop: usize,
    /// Where it stands: `Fetch 4.9 CORS check, step 3`.
    pub section: &'static str,
    /// What it came to.
    pub said: String,
}

/// Where the headers that the browser needs are first not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropOff {
    /// The index of the hop.
    pub hop: usize,
    /// How they came to be missing.
    pub kind: DropOffKind,
    /// Which.
    pub headers: Vec<&'static str>,
    /// Who answered there.
    pub answered_by: AnsweredBy,
}

/// How headers came to be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropOffKind {
    /// The response came without them.
    HeaderMissing,
    /// The hop was never made or never answered.
    NotSent,
    /// Not all of the response was captured.
    Unseen,
}

impl Default for Judgement {
    /// Nothing is known.
    fn default() -> Self {
        Self {
            asked: Asked {
                page_origin: None,
                method: String::new(),
                url: String::new(),
                mode: Mode::Navigate,
                credentials: Credentials::SameOrigin,
            },
            hops: Vec::new(),
            verdict: Verdict {
                browser: Browser::default(),
                outcome: Outcome::Undetermined("nothing is known of it".to_owned()),
                message: Messages::default(),
                response_type: None,
                visible_headers: Vec::new(),
                differs: Vec::new(),
                assumptions: Vec::new(),
                trail: Vec::new(),
            },
            drop_off: None,
        }
    }
}

impl Decision {
    /// As the JSON names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NotCors => "not-cors",
            Self::Blocked(_) => "blocked",
            Self::Undetermined => "undetermined",
        }
    }

    /// Which check failed, where one did.
    #[must_use]
    pub fn error(self) -> Option<Error> {
        match self {
            Self::Blocked(error) => Some(error),
            Self::Allowed | Self::NotCors | Self::Undetermined => None,
        }
    }
}

impl Outcome {
    /// As the JSON names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.decision().name()
    }

    /// The decision without its words.
    #[must_use]
    pub fn decision(&self) -> Decision {
        match self {
            Self::Allowed => Decision::Allowed,
            Self::NotCors => Decision::NotCors,
            Self::Blocked(failure) => Decision::Blocked(failure.error),
            Self::Undetermined(_) => Decision::Undetermined,
        }
    }

    /// Why it is blocked, where it is.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Blocked(failure) => Some(failure),
            _ => None,
        }
    }
}
