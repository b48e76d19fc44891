//! The words that every format has for the same things.

use super::outline::Counts;
use crate::analyzer::{SourceKind, SourceSummary};
use crate::chain::{JoinKind, Role};
use crate::cors::{AnsweredBy, Browser, Check, DropOffKind, Error, Failure, Outcome, ResponseType};
use crate::diagnose::Severity;
use crate::replay::Verdict;

pub(super) fn source_kind(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Pcap => "pcap",
        SourceKind::Pcapng => "pcapng",
        SourceKind::Exchanges => "exchanges",
        SourceKind::Live => "live",
    }
}

pub(super) fn replayed(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fixed => "fixed",
        Verdict::StillBroken => "still-broken",
        Verdict::Worse => "worse",
        Verdict::Unchanged => "unchanged",
        Verdict::Undecided => "undecided",
        Verdict::Skipped => "skipped",
    }
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Preflight => "preflight",
        Role::Actual => "actual",
    }
}

pub(super) fn join_kind(kind: JoinKind) -> &'static str {
    match kind {
        JoinKind::Preflight => "preflight",
        JoinKind::Redirect => "redirect",
        JoinKind::SameCall => "same-call",
        JoinKind::SameRequest => "same-request",
    }
}

/// `None`: it is not known.
pub(super) fn answered_by(by: AnsweredBy) -> Option<&'static str> {
    match by {
        AnsweredBy::Backend => Some("backend"),
        AnsweredBy::LoadBalancer => Some("load-balancer"),
        AnsweredBy::Browser => Some("browser"),
        AnsweredBy::Unknown => None,
    }
}

pub(super) fn check(check: Check) -> &'static str {
    match check {
        Check::Pass => "pass",
        Check::Fail => "fail",
        Check::NotNeeded => "not-needed",
        Check::NotMade => "not-made",
        Check::Unknown => "unknown",
    }
}

/// What became of a hop's check, for people.
pub(super) fn check_sentence(check: Check) -> &'static str {
    match check {
        Check::Pass => "CORS check passes",
        Check::Fail => "CORS check fails",
        Check::NotNeeded => "no CORS check needed",
        Check::NotMade => "nothing came to check",
        Check::Unknown => "CORS check unknown: not all of the answer was seen",
    }
}

/// Why an answer to a preflight is refused whatever came of its CORS check; `None`: it is the check
/// that fails.
pub(super) fn preflight_refused(failure: &Failure) -> Option<String> {
    let what = &failure.parameter;
    Some(match failure.error {
        Error::PreflightInvalidStatus => "the preflight fails: its status is not 2xx".to_owned(),
        Error::PreflightDisallowedRedirect => "the preflight fails: browsers follow no redirect here".to_owned(),
        Error::MethodDisallowedByPreflightResponse => format!("the preflight fails: the method {what} is not allowed"),
        Error::HeaderDisallowedByPreflightResponse => format!("the preflight fails: the header {what} is not allowed"),
        Error::InvalidAllowMethodsPreflightResponse => {
            "the preflight fails: Access-Control-Allow-Methods is no list of methods".to_owned()
        }
        Error::InvalidAllowHeadersPreflightResponse => {
            "the preflight fails: Access-Control-Allow-Headers is no list of names".to_owned()
        }
        _ => return None,
    })
}

pub(super) fn drop_off(kind: DropOffKind) -> &'static str {
    match kind {
        DropOffKind::HeaderMissing => "header-missing",
        DropOffKind::NotSent => "not-sent",
        DropOffKind::Unseen => "unseen",
    }
}

pub(super) fn response_type(kind: ResponseType) -> &'static str {
    match kind {
        ResponseType::Basic => "basic",
        ResponseType::Cors => "cors",
        ResponseType::Opaque => "opaque",
        ResponseType::OpaqueRedirect => "opaqueredirect",
    }
}

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// A browser's name as its users write it.
pub(super) fn browser(browser: Browser) -> &'static str {
    match browser {
        Browser::Chromium => "Chromium",
        Browser::Firefox => "Firefox",
        Browser::Standard => "the Fetch standard",
    }
}

/// What another browser decides, to follow its name.
pub(super) fn decides(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Allowed => "allows it".to_owned(),
        Outcome::NotCors => "sees no cross-origin sharing in it".to_owned(),
        Outcome::Blocked(failure) => format!("blocks it: {}", failure.error.name()),
        Outcome::Undetermined(reason) => format!("cannot be told: {reason}"),
    }
}

/// A source's name for people.
pub(super) fn called(path: &str) -> &str {
    if path == "-" { "standard input" } else { path }
}

/// Whether a change is told in words, which may be wrapped, and not as one would type it.
pub(super) fn is_prose(line: &str) -> bool {
    const WORDS: usize = 6;
    let is_code = |word: &str| word.starts_with(['-', '#']) || word.contains('=');
    line.split_whitespace().count() >= WORDS && !line.split_whitespace().any(is_code)
}

/// `1 call`, `1,000 calls`.
pub(super) fn count(number: u64, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", thousands(number))
}

/// `3 calls blocked, 1 call undetermined`.
pub(super) fn counted(counts: Counts) -> String {
    let told: Vec<String> =
        outcomes(counts).map(|(number, what)| format!("{} {what}", count(number, "call"))).collect();
    if told.is_empty() { count(counts.total(), "call") } else { told.join(", ") }
}

/// `3 blocked, 1 undetermined`: where it stands already that these are calls.
pub(super) fn tally(counts: Counts) -> String {
    let told: Vec<String> = outcomes(counts).map(|(number, what)| format!("{} {what}", thousands(number))).collect();
    if told.is_empty() { thousands(counts.total()) } else { told.join(", ") }
}

fn outcomes(counts: Counts) -> impl Iterator<Item = (u64, &'static str)> {
    [(counts.blocked, "blocked"), (counts.undetermined, "undetermined"), (counts.allowed, "allowed")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
}

/// `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// What a source holds: `40 packets, 2 connections, 4 exchanges; not read: 3 TLS connections`.
pub(super) fn holdings(source: &SourceSummary) -> String {
    let mut parts = Vec::new();
    if source.kind != SourceKind::Exchanges {
        parts.push(count(source.packets, "packet"));
        parts.push(count(source.connections, "TCP connection"));
    }
    parts.push(count(source.exchanges, "HTTP exchange"));
    let mut held = parts.join(", ");
    let unread = unread(source);
    if !unread.is_empty() {
        held.push_str("; not readable: ");
        held.push_str(&unread.join(", "));
    }
    if source.lost_bytes > 0 {
        held.push_str("; the capture lacks ");
        held.push_str(&count(source.lost_bytes, "byte"));
    }
    held
}

fn unread(source: &SourceSummary) -> Vec<String> {
    let unread = source.unread;
    [(unread.tls, "TLS connection"), (unread.http2, "HTTP/2 connection"), (unread.other, "other connection")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| count(number, what))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_told_from_what_is_told() {
        let prose = ["look into the server's log for the error itself, and mend that"];
        let typed = [
            "uvicorn app:app --proxy-headers --forwarded-allow-ips '127.0.0.9'",
            "app.add_middleware(CORSMiddleware, …)  # the last add_middleware call",
            "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)",
            "proxy_set_header X-Forwarded-Proto https;",
        ];
        assert!(prose.into_iter().all(is_prose) && !typed.into_iter().any(is_prose));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(count(1, "call"), "1 call");
        assert_eq!(count(1000, "call"), "1,000 calls");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(123), "123");
    }
}
