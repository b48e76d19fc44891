//! What a capture lost never accuses and never acquits: bytes that are missing with a visible gap turn
//! no verdict into its opposite, only into "undetermined". And no sequence of exchanges, however
//! broken, makes corscope panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up shall fail")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use corscope::analyzer::{Analysis, Options, analyze_exchanges};
use corscope::cors::{Browser, Outcome};
use corscope::diagnose::Proposal;
use corscope::http::{
    Body, Carrier, Context, End, Exchange, Extra, Few, Frames, Headers, Request, Response, State, Target, Time, Vantage,
};
use corscope::import::exchange_file::Importer;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Every call of `verdicts/` and `findings/`, as exchanges.
static CALLS: LazyLock<Vec<Vec<Exchange>>> = LazyLock::new(|| {
    let mut calls = Vec::new();
    for file in ["chromium", "firefox", "standard"] {
        let text = fs::read_to_string(root().join(format!("verdicts/{file}.ndjson"))).unwrap();
        for line in text.lines() {
            let case: Case = serde_json::from_str(line).unwrap();
            let lines: Vec<String> = case.exchanges.iter().map(serde_json::Value::to_string).collect();
            calls.push(read(&format!("{}\n", lines.join("\n"))));
        }
    }
    for entry in fs::read_dir(root().join("findings")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "ndjson") {
            calls.push(read(&fs::read_to_string(path).unwrap()));
        }
    }
    calls
});

#[derive(serde::Deserialize)]
struct Case {
    exchanges: Vec<serde_json::Value>,
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn read(lines: &str) -> Vec<Exchange> {
    let mut exchanges = Vec::new();
    let mut importer = Importer::new("calls".into());
    importer.push(lines.as_bytes(), &mut |line| exchanges.push(line.unwrap()));
    exchanges
}

/// What a capture may lose of an exchange.
#[derive(Clone, Copy, Debug)]
enum Loss {
    /// The request's head from some line on.
    RequestHead,
    /// The response's head from some line on.
    ResponseHead,
    /// The whole response.
    Response,
}

/// What the client told of its call.
fn context((page, mode, redirect, policy): (String, String, String, String)) -> Context {
    Context {
        page_origin: Some(page),
        mode: Some(mode),
        redirect: Some(redirect),
        page_csp: Some(policy),
        ..Context::default()
    }
}

fn lose(exchange: &mut Exchange, loss: Loss, at: Index) {
    let cut = |headers: &Headers| {
        let lines: Vec<(String, String)> =
            headers.iter().map(|line| (line.name.to_owned(), line.value.to_owned())).collect();
        let kept = if lines.is_empty() { 0 } else { at.index(lines.len()) };
        lines.into_iter().take(kept).collect::<Headers>().into_partial()
    };
    exchange.state = State::Truncated;
    match (loss, &mut exchange.request, &mut exchange.response) {
        (Loss::RequestHead, Some(request), _) => {
            request.headers = cut(&request.headers);
            let told = corscope::http::client_url(&request.method, &request.target, &request.headers);
            // Where somebody told what the page asked, its URL is told too.
            if exchange.extras.context.is_none() {
                request.target = Target::new(&request.target, told.url);
                exchange.vantage = corscope::http::vantage(
                    Some(&request.headers),
                    exchange.response.as_ref().map(|response| &response.headers),
                );
            }
        }
        (Loss::ResponseHead, _, Some(response)) => response.headers = cut(&response.headers),
        (Loss::Response, _, _) => {
            exchange.response = None;
            exchange.end = End::CaptureEnded;
        }
        _ => {}
    }
}

fn analysed(exchanges: Vec<Exchange>, browser: Browser) -> Analysis {
    let options = Options { browser, what_if: Some(Proposal::OfTheCause), ..Options::default() };
    analyze_exchanges(Vec::new(), exchanges.into_iter().map(Into::into).collect(), &options)
}

/// Whether the page gets its answer; `None`: it cannot be said.
fn is_let_through(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::Allowed | Outcome::NotCors => Some(true),
        Outcome::Blocked(_) => Some(false),
        Outcome::Undetermined(_) => None,
    }
}

fn browsers() -> impl Strategy<Value = Browser> {
    select(Browser::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_gap_turns_no_verdict_into_its_opposite(
        call in any::<Index>(), exchange in any::<Index>(), at in any::<Index>(),
        loss in select(vec![Loss::RequestHead, Loss::ResponseHead, Loss::Response]),
        browser in browsers(),
    ) {
        let whole = call.get(&CALLS).clone();
        let mut damaged = whole.clone();
        let place = exchange.index(damaged.len());
        lose(damaged.get_mut(place).unwrap(), loss, at);
        let (before, after) = (analysed(whole, browser), analysed(damaged, browser));
        for call in before.chains.iter() {
            let same = after.chains.iter().find(|other| other.chain().id() == call.chain().id());
            let Some(same) = same.map(|same| after.report(same)) else { continue };
            let (was, is) = (before.report(call).judgement.verdict.outcome, same.judgement.verdict.outcome);
            let flipped = is_let_through(&was).zip(is_let_through(&is)).is_some_and(|(was, is)| was != is);
            prop_assert!(!flipped, "{:?} of exchange {place} lost: {was:?} became {is:?}", loss);
        }
    }

    #[test]
    fn nothing_makes_it_panic(exchanges in prop::collection::vec(exchanges(), 0..6), browser in browsers()) {
        let analysis = analysed(exchanges, browser);
        for call in analysis.chains.iter().map(|call| analysis.report(call)) {
            prop_assert!(!call.judgement.hops.is_empty() || !call.chain.links.is_empty());
        }
    }
}

/// Values that mean something, and some that do not.
fn values() -> impl Strategy<Value = String> {
    let known = select(vec![
        "*",
        "null",
        "true",
        "",
        "https://client.example",
        "http://client.example",
        "https://a.example/x",
        "/items/",
        "http://a.example/items/",
        "https://u:p@a.example/",
        "//[",
        "data:,x",
        "https",
        "http",
        "https,http",
        "PUT, x y",
        "x-a",
        "max-age=1",
        "cors",
        "no-cors",
        "navigate",
        "same-origin",
        "Origin",
        "timeout=5",
        "10.0.0.1",
        "GET",
        "/login?next=/",
        "https://sso.example/login",
        "/api",
        "Kestrel",
        "uvicorn",
        "awselb/2.0",
        "no-store",
        "1",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[ -~\u{80}-\u{ff}]{0,12}"]
}

fn lines(names: &'static [&'static str]) -> impl Strategy<Value = Headers> {
    let line = (select(names), values());
    (prop::collection::vec(line, 0..8), any::<bool>()).prop_map(|(lines, is_whole)| {
        let headers: Headers = lines.into_iter().collect();
        if is_whole { headers } else { headers.into_partial() }
    })
}

const ASKED: &[&str] = &[
    "Host",
    "Origin",
    "Referer",
    "Cookie",
    "Authorization",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Dest",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
    "User-Agent",
    "X-Requested-With",
    "Content-Type",
    "Range",
    "X-Amzn-Trace-Id",
];
const ANSWERED: &[&str] = &[
    "Location",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Vary",
    "Server",
    "Age",
    "Cross-Origin-Resource-Policy",
    "Strict-Transport-Security",
    "Keep-Alive",
    "Cache-Control",
    "X-Total-Count",
];

fn exchanges() -> impl Strategy<Value = Exchange> {
    let methods = select(vec!["GET", "POST", "PUT", "OPTIONS", "HEAD", "patch", ""]);
    let urls = select(vec![
        Some("https://a.example/items"),
        Some("http://a.example/items/"),
        Some("https://a.example/api/items"),
        Some("http://10.0.0.1:8000/"),
        Some("https://client.example/x"),
        Some("not a url"),
        None,
    ]);
    let statuses = select(vec![0_u16, 101, 200, 204, 301, 302, 303, 304, 307, 308, 401, 403, 405, 429, 500, 502, 999]);
    let ends = select(vec![End::Complete, End::Reset, End::Closed, End::Timeout, End::CaptureEnded]);
    let states = select(vec![State::Complete, State::NoResponse, State::NoRequest, State::Truncated]);
    let vantages = select(vec![Vantage::Client, Vantage::Backend, Vantage::Direct]);
    let contexts = prop::option::weighted(0.3, (values(), values(), values(), values()));
    (
        (methods, urls, statuses, 0_u64..20_000),
        (lines(ASKED), lines(ANSWERED), prop::option::weighted(0.9, Just(())), prop::option::weighted(0.9, Just(()))),
        (ends, states, vantages, contexts),
    )
        .prop_map(
            |((method, url, status, at), (asked, answered, has_request, has_response), (end, state, vantage, told))| {
                let time = |after: u64| Time::from_nanoseconds(i128::from(at + after) * 1_000_000, 6);
                let body = Body::new(20, true, Vec::new());
                Exchange {
                    id: format!("{at}").into(),
                    carrier: Arc::new(Carrier {
                        source: "any".into(),
                        protocol: "HTTP/1.1".into(),
                        connection: at % 3,
                        client: "10.0.1.5:41022".parse().ok(),
                        server: "10.0.2.9:8000".parse().ok(),
                    }),
                    vantage,
                    frames: Frames::default(),
                    request: has_request.map(|()| Request {
                        time: time(0),
                        end_time: None,
                        method: method.into(),
                        target: Target::new("/items", url.map(str::to_owned)),
                        headers: asked,
                        body: body.clone(),
                    }),
                    response: has_response.map(|()| Response {
                        time: time(1),
                        end_time: None,
                        status,
                        reason: "".into(),
                        headers: answered,
                        body,
                    }),
                    state,
                    end,
                    warnings: Few::new(),
                    extras: Extra { context: told.map(context), ..Extra::default() }.into(),
                }
            },
        )
}
