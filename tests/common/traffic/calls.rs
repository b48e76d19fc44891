//! What pages ask and what the backend answers: calls with preflights and redirects, most of which
//! go well.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::Dice;

/// A request that a browser makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    method: &'static str,
    /// What it asks for: no other request that is no preflight has the same.
    number: u64,
    /// Which browser it is.
    browser: u64,
    /// The length of its body.
    body: u64,
    /// Whether the browser asks for leave first.
    preflight: bool,
}

/// A request and its response.
pub(super) struct Exchange {
    pub(super) method: &'static str,
    pub(super) status: u16,
    pub(super) request: Vec<u8>,
    /// Its field `x-number` is what was asked for.
    pub(super) response: Vec<u8>,
    /// What the browser asks when it has read the response, most likely on another connection.
    pub(super) then: Option<Ask>,
}

/// All calls of all browsers.
#[derive(Default)]
pub(super) struct Calls {
    numbers: u64,
    following: VecDeque<Ask>,
}

/// Browsers behind the load balancer.
const BROWSERS: u64 = 2000;

const USER_AGENTS: [&str; 3] = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
];

impl Calls {
    /// A browser asks this when it can.
    pub(super) fn follow(&mut self, ask: Option<Ask>) {
        self.following.extend(ask);
    }

    /// What a browser asks next, and the answer.
    pub(super) fn next(&mut self, body: impl Fn(&mut Dice) -> u64, dice: &mut Dice) -> Exchange {
        let ask = self.following.pop_front().unwrap_or_else(|| self.begin(&body, dice));
        let request = request(&ask, dice);
        if ask.preflight { preflight(ask, request, dice) } else { self.answer(ask, request, body(dice), dice) }
    }

    fn begin(&mut self, body: impl Fn(&mut Dice) -> u64, dice: &mut Dice) -> Ask {
        let method = match dice.below(100) {
            0..70 => "GET",
            70..88 => "POST",
            88..94 => "PUT",
            94..97 => "PATCH",
            _ => "DELETE",
        };
        let writes = !matches!(method, "GET" | "DELETE");
        Ask {
            method,
            number: self.number(),
            browser: dice.below(BROWSERS),
            body: if writes { body(dice) } else { 0 },
            // The answer to an earlier one is believed for a while.
            preflight: method != "GET" && dice.chance(1, 2),
        }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn answer(&mut self, ask: Ask, request: Vec<u8>, len: u64, dice: &mut Dice) -> Exchange {
        let number = ask.number;
        let (status, reason) = match dice.below(1000) {
            0..20 => return self.redirect(ask, "http", request, dice),
            20..60 => return self.redirect(ask, "https", request, dice),
            60..75 => (401, "Unauthorized"),
            75..90 => (403, "Forbidden"),
            90..110 => (404, "Not Found"),
            // What goes wrong behind the layer that adds the CORS fields lacks them.
            110..115 => (500, "Internal Server Error"),
            115..118 => (502, "Bad Gateway"),
            _ if ask.method == "POST" => (201, "Created"),
            _ if ask.method == "DELETE" => (204, "No Content"),
            _ => (200, "OK"),
        };
        let mut head = head(status, reason, number);
        if status < 500 {
            head.push_str("access-control-allow-origin: https://client.example.com\r\naccess-control-allow-credentials: true\r\nvary: Origin\r\n");
        }
        let response = if status == 204 {
            head.push_str("\r\n");
            head.into_bytes()
        } else {
            let shown = if status < 400 { len } else { len.min(120) };
            with_body(head, &text(shown), dice)
        };
        Exchange { method: ask.method, status, request, response, then: None }
    }

    /// Towards http a browser on an https page does not follow: it is mixed content.
    fn redirect(&mut self, ask: Ask, scheme: &str, request: Vec<u8>, dice: &mut Dice) -> Exchange {
        let number = self.number();
        let mut head = head(307, "Temporary Redirect", ask.number);
        _ = write!(
            head,
            "access-control-allow-origin: https://client.example.com\r\naccess-control-allow-credentials: true\r\nvary: Origin\r\nlocation: {scheme}://request.example.com/items/{number}\r\ncontent-length: 0\r\n\r\n"
        );
        let followed = Ask { number, preflight: ask.method != "GET" && dice.chance(1, 2), ..ask };
        let then = (scheme == "https").then_some(followed);
        Exchange { method: ask.method, status: 307, request, response: head.into_bytes(), then }
    }
}

/// The answer to a preflight, and the request that was asked leave for.
fn preflight(ask: Ask, request: Vec<u8>, dice: &mut Dice) -> Exchange {
    let refused = dice.chance(1, 100);
    let (status, reason, said) =
        if refused { (400, "Bad Request", "Disallowed CORS origin") } else { (200, "OK", "OK") };
    let mut head = head(status, reason, ask.number);
    head.push_str("vary: Origin\r\naccess-control-allow-methods: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\naccess-control-max-age: 600\r\naccess-control-allow-headers: Accept, Accept-Language, Content-Language, Content-Type\r\naccess-control-allow-credentials: true\r\n");
    if !refused {
        head.push_str("access-control-allow-origin: https://client.example.com\r\n");
    }
    _ = write!(head, "content-length: {}\r\ncontent-type: text/plain; charset=utf-8\r\n\r\n{said}", said.len());
    let then = (!refused).then_some(Ask { preflight: false, ..ask });
    Exchange { method: "OPTIONS", status, request, response: head.into_bytes(), then }
}

/// A browser's request, with what the load balancer adds.
fn request(ask: &Ask, dice: &mut Dice) -> Vec<u8> {
    let Ask { number, browser, body, preflight, .. } = *ask;
    let method = if preflight { "OPTIONS" } else { ask.method };
    let [.., third, fourth] = browser.to_be_bytes();
    let mut text = format!(
        "{method} /items/{number} HTTP/1.1\r\nX-Forwarded-For: 198.18.{third}.{fourth}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\nHost: request.example.com\r\nX-Amzn-Trace-Id: Root=1-6b03ec83-{:012x}{:012x}\r\n",
        dice.below(1 << 48),
        dice.below(1 << 48),
    );
    _ = write!(
        text,
        "user-agent: {}\r\norigin: https://client.example.com\r\nreferer: https://client.example.com/\r\nsec-fetch-site: same-site\r\nsec-fetch-mode: cors\r\nsec-fetch-dest: empty\r\naccept-language: en-US,en;q=0.9\r\naccept-encoding: gzip, deflate, br, zstd\r\n",
        USER_AGENTS[browser as usize % USER_AGENTS.len()],
    );
    if preflight {
        _ = write!(
            text,
            "accept: */*\r\naccess-control-request-method: {}\r\naccess-control-request-headers: content-type\r\n\r\n",
            ask.method
        );
        return text.into_bytes();
    }
    _ = write!(text, "accept: application/json\r\ncookie: session={:016x}\r\n", browser * 0x9E37_79B9);
    if matches!(method, "GET" | "DELETE") {
        text.push_str("\r\n");
        return text.into_bytes();
    }
    _ = write!(text, "content-type: application/json\r\ncontent-length: {body}\r\n\r\n");
    [text.into_bytes(), self::text(body)].concat()
}

fn head(status: u16, reason: &str, number: u64) -> String {
    format!(
        "HTTP/1.1 {status} {reason}\r\ndate: Mon, 23 Nov 2026 07:00:00 GMT\r\nserver: uvicorn\r\nx-number: {number}\r\n"
    )
}

/// A body that is framed by its length, or by chunks.
fn with_body(mut head: String, body: &[u8], dice: &mut Dice) -> Vec<u8> {
    head.push_str("content-type: application/json\r\n");
    if dice.chance(3, 4) {
        _ = write!(head, "content-length: {}\r\n\r\n", body.len());
        return [head.as_bytes(), body].concat();
    }
    head.push_str("transfer-encoding: chunked\r\n\r\n");
    let mut message = head.into_bytes();
    for chunk in body.chunks(1 + dice.below(16 << 10) as usize) {
        message.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        message.extend_from_slice(chunk);
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"0\r\n\r\n");
    message
}

/// What looks like the begin of a message, but is none.
fn text(len: u64) -> Vec<u8> {
    const LINE: &[u8] = b"HTTP/1.1 is not spoken within a body.\n";
    let mut text = LINE.repeat((len as usize).div_ceil(LINE.len()));
    text.truncate(len as usize);
    text
}
