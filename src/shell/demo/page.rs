//! The demo's page and its browser: `fetch('https://request.example.com/items')`.

use std::net::SocketAddr;

use corscope::cors::{Api, Ask, Browser, Credentials, Fetch, Intent, Mode, RedirectMode, Step, Trail};
use corscope::http::{Body, Origin, Request, Target, Time, WebUrl};

use crate::connection::exchange;

const PAGE: &str = "https://client.example.com";
const URL: &str = "https://request.example.com/items";

/// Makes the call, through the load balancer at `front`, as far as a browser goes.
pub(super) async fn call(front: SocketAddr) -> std::io::Result<()> {
    let intent = intent().ok_or_else(|| std::io::Error::other("the demo's URL is none"))?;
    let (mut fetch, mut step) = Fetch::start(&intent, Browser::Chromium, Trail::Untold);
    while let Step::Ask(ask) = step {
        let answer = exchange(front, None, &request(&ask)).await.map_err(std::io::Error::other)?;
        step = match answer.response {
            Some(response) => fetch.answer(&response).next,
            None => fetch.no_answer(),
        };
    }
    Ok(())
}

fn intent() -> Option<Intent<'static>> {
    Some(Intent {
        origin: Origin::parse(PAGE).ok(),
        page_url: WebUrl::parse(PAGE),
        upgrades_insecure: false,
        policy: None,
        method: "GET",
        url: WebUrl::parse(URL)?,
        mode: Mode::Cors,
        credentials: Credentials::SameOrigin,
        redirect: RedirectMode::Follow,
        api: Api::Fetch,
        headers: Vec::new(),
        origin_is_null: false,
        uses_preflight: false,
        assumptions: Vec::new(),
    })
}

/// As Chromium sends it.
fn request(ask: &Ask<'_>) -> Request {
    let lines = [
        ("Host", ask.url.host_str()),
        ("Connection", Some("keep-alive")),
        (
            "User-Agent",
            Some(
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
            ),
        ),
        ("Accept", Some("*/*")),
        ("Origin", ask.origin),
        ("Sec-Fetch-Site", Some("same-site")),
        ("Sec-Fetch-Mode", Some("cors")),
        ("Sec-Fetch-Dest", Some("empty")),
        ("Referer", Some("https://client.example.com/")),
        ("Accept-Encoding", Some("gzip, deflate, br, zstd")),
        ("Accept-Language", Some("en-US,en;q=0.9")),
    ];
    let path = ask.url.path();
    let target = ask.url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    Request {
        time: Time::from_nanoseconds(0, 0),
        end_time: None,
        method: ask.method.into(),
        target: Target::new(&target, Some(ask.url.to_string())),
        headers: lines.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
        body: Body::default(),
    }
}
