//! Hand-made analyses for the tests of every format.

use std::sync::Arc;

use crate::analyzer::{Analysis, ChainReport, SourceKind, SourceSummary, Unread};
use crate::chain::{Chain, Join, JoinKind, Link, Role};
use crate::cors::{
    Answer, AnsweredBy, Asked, Assumption, Browser, Check, Clause, Credentials, Differs, DropOff, DropOffKind, Error,
    Failure, Hop, Judgement, Messages, Mode, Outcome, ResponseType, Verdict,
};
use crate::diagnose::{Evidence, Finding, Fix, Severity};
use crate::http::{
    Body, Carrier, End, Exchange, Extras, Few, FrameSpan, Frames, Headers, Request, Response, State, Target, Time,
    Vantage,
};

const PAGE: &str = "https://client.example.com";
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36";
const ALLOW_ORIGIN: &[&str] = &["access-control-allow-origin"];
/// 2026-11-23T07:00:00.123456Z
const START: i128 = 1_795_417_200_123_456_000;

fn time(millisecond: i128) -> Time {
    Time::from_nanoseconds(START + millisecond * 1_000_000, 6)
}

/// What an exchange says, apart from what is the same in all of these.
struct Said<'a> {
    id: &'a str,
    frame: u64,
    method: &'a str,
    url: &'a str,
    asks: &'a [(&'a str, &'a str)],
    status: u16,
    reason: &'a str,
    answers: &'a [(&'a str, &'a str)],
}

fn exchange(said: &Said<'_>) -> Arc<Exchange> {
    let target = said.url.splitn(4, '/').nth(3).unwrap_or_default();
    let mut headers: Headers = [
        ("Host", "request.example.com"),
        ("X-Forwarded-For", "203.0.113.50"),
        ("X-Forwarded-Proto", "https"),
        ("Origin", PAGE),
        ("User-Agent", AGENT),
    ]
    .into_iter()
    .collect();
    said.asks.iter().for_each(|(name, value)| headers.push(name, value));
    let frame = |first| Some(FrameSpan { first, last: first });
    Arc::new(Exchange {
        id: said.id.into(),
        carrier: Arc::new(Carrier {
            source: "backend.pcap".into(),
            protocol: "HTTP/1.1".into(),
            connection: 2,
            client: "10.0.1.5:41022".parse().ok(),
            server: "10.0.1.20:8000".parse().ok(),
        }),
        vantage: Vantage::Backend,
        frames: Frames::new(frame(said.frame), frame(said.frame + 3)),
        request: Some(Request {
            time: time(0),
            end_time: None,
            method: said.method.into(),
            target: Target::new(&format!("/{target}"), Some(said.url.to_owned())),
            headers,
            body: Body::default(),
        }),
        response: Some(Response {
            time: time(2),
            end_time: None,
            status: said.status,
            reason: said.reason.into(),
            headers: said.answers.iter().copied().collect(),
            body: Body::default(),
        }),
        state: State::Complete,
        end: End::Complete,
        warnings: Few::new(),
        extras: Extras::default(),
    })
}

fn observed(role: Role, exchange: &Arc<Exchange>, check: Check, missing: Vec<&'static str>) -> Hop {
    let request = exchange.request.as_ref();
    let response = exchange.response.as_ref();
    Hop {
        role,
        method: request.map(|request| request.method.to_string()).unwrap_or_default(),
        url: exchange.url().unwrap_or_default().to_owned(),
        origin: request.and_then(|request| request.headers.first("origin").map(str::to_owned)),
        exchange: Some(Arc::clone(exchange)),
        also_seen: Few::new(),
        answered_by: AnsweredBy::Backend,
        answer: response.map(|response| Answer {
            status: response.status,
            location: response.headers.first("location").map(str::to_owned),
        }),
        needed: ALLOW_ORIGIN.to_vec(),
        missing,
        check,
        inferred_because: None,
    }
}

fn verdict(outcome: Outcome) -> Verdict {
    Verdict {
        browser: Browser::Chromium,
        outcome,
        message: Messages::default(),
        response_type: None,
        visible_headers: Vec::new(),
        differs: Vec::new(),
        assumptions: vec![Assumption {
            about: "credentials",
            assumed: "same-origin".into(),
            because: "no Cookie or Authorization was sent".into(),
            otherwise: None,
        }],
        trail: vec![Clause {
            hop: 0,
            section: "Fetch 4.9 CORS check, step 3",
            said: "the values are equal".to_owned(),
        }],
    }
}

fn blocked(error: Error, hop: usize, chromium: &str, firefox: &[&str]) -> Verdict {
    Verdict {
        message: Messages {
            chromium: Some(chromium.to_owned()),
            firefox: firefox.iter().copied().map(str::to_owned).collect(),
            safari: Vec::new(),
        },
        ..verdict(Outcome::Blocked(Failure { error, parameter: String::new(), hop }))
    }
}

fn report(hops: Vec<Hop>, verdict: Verdict, drop_off: Option<DropOff>, findings: &[&'static str]) -> ChainReport {
    let seen = || hops.iter().filter_map(|hop| Some((hop.role, hop.exchange.clone()?)));
    let links: Vec<Link> = seen().map(|(role, exchange)| Link { role, exchange, also_seen: Few::new() }).collect();
    let joins: Vec<Join> = links
        .windows(2)
        .map(|pair| Join {
            from: pair[0].exchange.id.clone(),
            to: pair[1].exchange.id.clone(),
            kind: JoinKind::Preflight,
        })
        .collect();
    let last = hops.iter().find(|hop| hop.role == Role::Actual).or(hops.last());
    let asked = Asked {
        page_origin: Some(PAGE.to_owned()),
        method: last.map(|hop| hop.method.clone()).unwrap_or_default(),
        url: last.map(|hop| hop.url.clone()).unwrap_or_default(),
        mode: Mode::Cors,
        credentials: Credentials::SameOrigin,
    };
    ChainReport {
        because: joins.iter().map(|_| vec!["same URL, origin and client within 2 ms".to_owned()]).collect(),
        chain: Chain { links: links.into(), joins: joins.into() },
        client: "203.0.113.50".parse().ok(),
        user_agent: Some(AGENT.to_owned()),
        judgement: Judgement { asked, hops, verdict, drop_off },
        findings: findings.to_vec(),
        what_if: None,
    }
}

fn of(
    sources: impl IntoIterator<Item = SourceSummary>,
    calls: impl IntoIterator<Item = ChainReport>,
    findings: Vec<Finding>,
    health_checks: u64,
) -> Analysis {
    Analysis {
        sources: sources.into_iter().collect(),
        chains: Arc::new(calls.into_iter().map(Into::into).collect()),
        findings,
        health_checks,
        ..Analysis::default()
    }
}

fn capture(packets: u64, connections: u64, exchanges: u64) -> SourceSummary {
    SourceSummary {
        path: "backend.pcap".into(),
        kind: SourceKind::Pcap,
        packets,
        bytes: packets * 228,
        connections,
        exchanges,
        unread: Unread::default(),
        lost_bytes: 0,
        damage: None,
        warnings: Vec::new(),
    }
}

fn finding(id: &'static str, title: &str, chains: &[&ChainReport]) -> Finding {
    Finding {
        id,
        severity: Severity::Error,
        title: title.to_owned(),
        story: String::new(),
        chains: chains.iter().map(|call| call.chain.id().into()).collect(),
        evidence: Vec::new(),
        fixes: Vec::new(),
        disproof: "",
    }
}

fn evidence(exchange: &Exchange, frame: u64, header: &'static str, value: &str) -> Evidence {
    Evidence {
        source: Arc::clone(&exchange.source),
        exchange: exchange.id.clone(),
        frame: Some(frame),
        header: Some(header),
        value: value.to_owned(),
    }
}

/// A redirect to http, which the browser will not follow.
fn downgraded(id: &str, frame: u64, path: &str) -> ChainReport {
    let url = format!("https://request.example.com{path}");
    let location = format!("http://request.example.com{path}/");
    let seen = exchange(&Said {
        id,
        frame,
        method: "GET",
        url: &url,
        asks: &[],
        status: 307,
        reason: "Temporary Redirect",
        answers: &[
            ("server", "uvicorn"),
            ("location", &location),
            ("access-control-allow-origin", PAGE),
            ("vary", "Origin"),
        ],
    });
    let refused = Hop {
        role: Role::Actual,
        method: "GET".to_owned(),
        url: location.clone(),
        origin: Some("null".to_owned()),
        exchange: None,
        also_seen: Few::new(),
        answered_by: AnsweredBy::Browser,
        answer: None,
        needed: ALLOW_ORIGIN.to_vec(),
        missing: Vec::new(),
        check: Check::NotMade,
        inferred_because: Some("the page was loaded over https, and Location leads to http".to_owned()),
    };
    let chromium = format!(
        "Mixed Content: The page at '{PAGE}/' was loaded over HTTPS, but requested an insecure resource '{location}'. \
         This request has been blocked; the content must be served over HTTPS."
    );
    let firefox = format!("Blocked loading mixed active content “{location}”");
    let verdict = blocked(Error::MixedContent, 1, &chromium, &[&firefox]);
    let drop_off = DropOff {
        hop: 1,
        kind: DropOffKind::NotSent,
        headers: ALLOW_ORIGIN.to_vec(),
        answered_by: AnsweredBy::Browser,
    };
    let hops = vec![observed(Role::Actual, &seen, Check::Pass, Vec::new()), refused];
    report(hops, verdict, Some(drop_off), &["forwarded-proto-ignored"])
}

fn proto_ignored(calls: &[&ChainReport]) -> Finding {
    let first = calls[0].judgement.hops[0].exchange.clone().unwrap();
    let location = calls[0].judgement.hops[1].url.clone();
    Finding {
        story: "The load balancer told the server that the browser came by https (X-Forwarded-Proto: https). uvicorn \
                believes that header only from addresses it trusts, by default 127.0.0.1, and 10.0.1.5 is not among \
                them. So it takes the call for http and builds its redirect with http://."
            .to_owned(),
        evidence: vec![
            evidence(&first, first.frames.request().unwrap().first, "x-forwarded-proto", "https"),
            evidence(&first, first.frames.response().unwrap().first, "location", &location),
        ],
        fixes: vec![
            Fix {
                server: "uvicorn",
                change: "uvicorn app:app --proxy-headers --forwarded-allow-ips '10.0.1.0/24'".to_owned(),
                caution: Some(
                    "A network (CIDR) needs uvicorn 0.31.0 or newer: older ones take it for a name and trust nobody. \
                     Use the load balancer's own subnets."
                        .to_owned(),
                ),
            },
            Fix {
                server: "FastAPI",
                change: "app = FastAPI(redirect_slashes=False)\n# and call the paths exactly as they are declared"
                    .to_owned(),
                caution: None,
            },
        ],
        disproof: "the server already trusts 10.0.1.5: then a proxy overwrites the header.",
        ..finding("forwarded-proto-ignored", "uvicorn does not believe X-Forwarded-Proto and redirects to http", calls)
    }
}

/// The canonical bug: seen from the backend's side, one hop inferred.
pub(super) fn canonical() -> Analysis {
    let call = downgraded("2.1", 12, "/items");
    let findings = vec![proto_ignored(&[&call])];
    of([capture(40, 2, 4)], [call], findings, 2)
}

/// One cause, a thousand calls of two shapes.
pub(super) fn thousand() -> Analysis {
    let mut chains: Vec<ChainReport> =
        (0..1000).map(|n| downgraded(&format!("{n}.0"), 10 + n * 9, &format!("/items/{n}"))).collect();
    chains[500].judgement.hops[1].method = "HEAD".to_owned();
    let findings = vec![proto_ignored(&chains.iter().collect::<Vec<_>>())];
    of([capture(31_000, 1_000, 1_000)], chains, findings, 0)
}

/// As many causes as there are ids, each of one call; the fix of the first has several forms.
pub(super) fn causes(ids: &[&'static str]) -> Analysis {
    let mut analysis = of([capture(400, 9, 90)], [], Vec::new(), 0);
    for (number, id) in ids.iter().enumerate() {
        let mut call = downgraded(&format!("{number}.0"), 12, &format!("/items/{number}"));
        call.findings = vec![*id];
        analysis.findings.push(Finding { id, ..proto_ignored(&[&call]) });
        Arc::make_mut(&mut analysis.chains).push(call.into());
    }
    let origins = ["https://a.example", "https://b.example"].map(|origin| Fix {
        server: "the CORS layer",
        change: format!("allow_origins=[\"{origin}\"]"),
        caution: Some("Beside the origins already there.".to_owned()),
    });
    if let Some(first) = analysis.findings.first_mut() {
        first.fixes.splice(..0, origins);
    }
    analysis
}

/// A preflight answered with a redirect, beside a call that is allowed and one that is none of CORS.
pub(super) fn preflight_redirected() -> Analysis {
    let url = "https://request.example.com/orders";
    let preflight = exchange(&Said {
        id: "0.0",
        frame: 4,
        method: "OPTIONS",
        url,
        asks: &[
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "content-type,x-api-key"),
        ],
        status: 308,
        reason: "Permanent Redirect",
        answers: &[
            ("Server", "gunicorn"),
            ("Location", "http://request.example.com/orders/"),
            ("Access-Control-Allow-Origin", PAGE),
        ],
    });
    let message = format!(
        "Access to fetch at '{url}' from origin '{PAGE}' has been blocked by CORS policy: Response to preflight request \
         doesn't pass access control check: Redirect is not allowed for a preflight request."
    );
    let firefox = "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at \
                   https://request.example.com/orders. (Reason: CORS preflight response did not succeed). Status code: 308.";
    let verdict = blocked(Error::PreflightDisallowedRedirect, 0, &message, &[firefox]);
    let mut call = report(
        vec![observed(Role::Preflight, &preflight, Check::Pass, Vec::new())],
        verdict,
        None,
        &["preflight-redirected"],
    );
    call.judgement.asked.method = "POST".to_owned();
    let (allowed, not_cors) = (allowed("1.0", Outcome::Allowed), allowed("1.1", Outcome::NotCors));
    let findings = vec![
        Finding {
            story: "Flask's strict slashes answer OPTIONS /orders with a redirect to /orders/. Browsers follow no \
                    redirect of a preflight, whatever headers it carries."
                .to_owned(),
            evidence: vec![evidence(&preflight, 7, "location", "http://request.example.com/orders/")],
            fixes: vec![
                Fix {
                    server: "client",
                    change: "fetch(\"https://request.example.com/orders/\", …)".to_owned(),
                    caution: None,
                },
                Fix { server: "Flask", change: "app.url_map.strict_slashes = False".to_owned(), caution: None },
            ],
            ..finding("preflight-redirected", "A preflight is answered with a redirect", &[&call])
        },
        Finding {
            severity: Severity::Note,
            ..finding("header-not-exposed", "The page cannot read the header x-total-count", &[&allowed])
        },
    ];
    of([capture(60, 2, 3)], [call, allowed, not_cors], findings, 0)
}

fn allowed(id: &str, outcome: Outcome) -> ChainReport {
    let seen = exchange(&Said {
        id,
        frame: 30,
        method: "GET",
        url: "https://request.example.com/items/",
        asks: &[],
        status: 200,
        reason: "OK",
        answers: &[("access-control-allow-origin", PAGE), ("x-total-count", "2")],
    });
    let verdict = Verdict {
        response_type: Some(ResponseType::Cors),
        visible_headers: vec!["content-length".to_owned(), "content-type".to_owned()],
        ..verdict(outcome)
    };
    report(vec![observed(Role::Actual, &seen, Check::Pass, Vec::new())], verdict, None, &["header-not-exposed"])
}

/// A preflight with all the headers that it needs, and a status that no preflight may have.
pub(super) fn status_refused() -> Analysis {
    let seen = exchange(&Said {
        id: "0.0",
        frame: 4,
        method: "OPTIONS",
        url: "https://request.example.com/items",
        asks: &[("Access-Control-Request-Method", "PUT")],
        status: 400,
        reason: "Bad Request",
        answers: &[("access-control-allow-origin", PAGE)],
    });
    let hops = vec![observed(Role::Preflight, &seen, Check::Pass, Vec::new())];
    let refused = report(hops, blocked(Error::PreflightInvalidStatus, 0, "", &[]), None, &[]);
    of([capture(12, 1, 1)], [refused], Vec::new(), 0)
}

/// A head that the snapshot length cut off, and another that nobody can explain.
pub(super) fn undetermined() -> Analysis {
    let cut = exchange(&Said {
        id: "0.0",
        frame: 4,
        method: "GET",
        url: "https://request.example.com/report?year=2026",
        asks: &[],
        status: 200,
        reason: "OK",
        answers: &[("content-type", "application/json")],
    });
    let reason = "the head of the response was not captured whole (frame 7 is cut off after 96 bytes)";
    let verdict_cut = Verdict {
        assumptions: vec![Assumption {
            about: "response head",
            assumed: "incomplete".into(),
            because: reason.to_owned().into(),
            otherwise: Some(Outcome::Allowed),
        }],
        ..verdict(Outcome::Undetermined(reason.to_owned()))
    };
    let unseen =
        DropOff { hop: 0, kind: DropOffKind::Unseen, headers: ALLOW_ORIGIN.to_vec(), answered_by: AnsweredBy::Backend };
    let first = report(vec![observed(Role::Actual, &cut, Check::Unknown, Vec::new())], verdict_cut, Some(unseen), &[]);
    let failing = exchange(&Said {
        id: "1.0",
        frame: 20,
        method: "GET",
        url: "https://request.example.com/teapot",
        asks: &[],
        status: 418,
        reason: "",
        answers: &[],
    });
    let message = format!(
        "Access to fetch at 'https://request.example.com/teapot' from origin '{PAGE}' has been blocked by CORS policy: \
         No 'Access-Control-Allow-Origin' header is present on the requested resource."
    );
    let verdict_failing = Verdict {
        differs: vec![Differs {
            browser: Browser::Firefox,
            outcome: Outcome::Blocked(Failure { error: Error::NoResponse, parameter: String::new(), hop: 0 }),
        }],
        ..blocked(Error::MissingAllowOriginHeader, 0, &message, &[])
    };
    let missing = DropOff {
        kind: DropOffKind::HeaderMissing,
        hop: 0,
        headers: ALLOW_ORIGIN.to_vec(),
        answered_by: AnsweredBy::Backend,
    };
    let second = report(
        vec![observed(Role::Actual, &failing, Check::Fail, ALLOW_ORIGIN.to_vec())],
        verdict_failing,
        Some(missing),
        &[],
    );
    let mut source = capture(52, 2, 2);
    source.lost_bytes = 1_480;
    source.warnings = vec!["the file ends within a packet, at byte 52,113: read up to there".to_owned()];
    of([source], [first, second], Vec::new(), 0)
}

/// What a page on http meets: the load balancer answers the http hop itself, which no source shows.
pub(super) fn answered_in_front() -> Analysis {
    let mut call = downgraded("2.1", 12, "/items");
    let judgement = &mut call.judgement;
    judgement.asked.page_origin = Some("http://client.example.com".to_owned());
    let hop = &mut judgement.hops[1];
    hop.answered_by = AnsweredBy::LoadBalancer;
    hop.answer = Some(Answer { status: 301, location: Some("https://request.example.com:443/items/".to_owned()) });
    hop.missing = ALLOW_ORIGIN.to_vec();
    hop.check = Check::Fail;
    hop.inferred_because = Some("the 307 leads to port 80, where the load balancer answers by itself".to_owned());
    let message = "Access to fetch at 'http://request.example.com/items/' (redirected from \
                   'https://request.example.com/items') from origin 'http://client.example.com' has been blocked by CORS \
                   policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.";
    judgement.verdict = blocked(Error::MissingAllowOriginHeader, 1, message, &[]);
    judgement.drop_off = Some(DropOff {
        hop: 1,
        kind: DropOffKind::HeaderMissing,
        headers: ALLOW_ORIGIN.to_vec(),
        answered_by: AnsweredBy::LoadBalancer,
    });
    let findings = vec![proto_ignored(&[&call])];
    let mut front = capture(80, 4, 1);
    front.path = "client.pcapng".into();
    front.kind = SourceKind::Pcapng;
    front.unread.tls = 3;
    of([capture(40, 2, 4), front], [call], findings, 0)
}

/// Port 443 in front of the load balancer: everybody's first capture.
pub(super) fn encrypted() -> Analysis {
    let mut source = capture(412, 12, 0);
    source.path = "client.pcap".into();
    source.unread.tls = 12;
    of([source], [], Vec::new(), 0)
}

/// A call whose every text tries to leave its place: names are `name`, all else is `evil`.
pub(super) fn hostile(name: &str, evil: &str) -> Analysis {
    let mut call = downgraded("2.1", 12, "/items");
    let seen = exchange(&Said {
        id: name,
        frame: 12,
        method: name,
        url: evil,
        asks: &[("Access-Control-Request-Method", evil)],
        status: 307,
        reason: name,
        answers: &[("location", evil), ("access-control-allow-origin", evil)],
    });
    let mut hop = observed(Role::Preflight, &seen, Check::Fail, Vec::new());
    hop.origin = Some(evil.to_owned());
    call.chain.links[0].exchange = Arc::clone(&seen);
    call.judgement.hops[0] = hop;
    call.judgement.hops[1].url = evil.to_owned();
    call.judgement.hops[1].inferred_because = Some(evil.to_owned());
    call.judgement.asked = Asked {
        page_origin: Some(evil.to_owned()),
        method: name.to_owned(),
        url: evil.to_owned(),
        ..call.judgement.asked
    };
    call.judgement.verdict = blocked(Error::MixedContent, 1, evil, &[evil]);
    call.judgement.verdict.assumptions = vec![Assumption {
        about: "mode",
        assumed: evil.to_owned().into(),
        because: evil.to_owned().into(),
        otherwise: Some(Outcome::Undetermined(evil.to_owned())),
    }];
    call.user_agent = Some(evil.to_owned());
    let found = Finding {
        title: evil.to_owned(),
        story: evil.to_owned(),
        evidence: vec![evidence(&seen, 15, "location", evil)],
        fixes: vec![Fix { server: "client", change: evil.to_owned(), caution: Some(evil.to_owned()) }],
        ..finding("forwarded-proto-ignored", "", &[&call])
    };
    let mut source = capture(40, 2, 4);
    source.path = name.into();
    source.warnings = vec![evil.to_owned()];
    of([source], [call], vec![found], 0)
}
