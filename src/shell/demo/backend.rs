//! The demo's backend: it answers as `FastAPI` with `CORSMiddleware` on Uvicorn does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use corscope::http::{Body, Request, Response};
use tokio::net::TcpListener;

use crate::connection::{read_request, write_response};

/// Whose forwarded headers are believed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trust {
    /// 127.0.0.1 only, as by default.
    ThisMachine,
    /// This address as well.
    Also(IpAddr),
}

/// The origin that may read the answers.
const PAGE: &str = "https://client.example.com";

/// Starts a backend on a port of its own choosing; it ends with the runtime.
pub(super) async fn start(trust: Trust) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, peer)) = listener.accept().await {
            tokio::spawn(async move {
                let Some(request) = read_request(&mut stream).await else { return };
                // Whoever hung up does not want the answer.
                _ = write_response(&mut stream, &answer(&request, scheme(&request, peer.ip(), trust))).await;
            });
        }
    });
    Ok(address)
}

/// The scheme that the server believes the browser used.
fn scheme(request: &Request, peer: IpAddr, trust: Trust) -> &'static str {
    let trusted = peer == Ipv4Addr::LOCALHOST || matches!(trust, Trust::Also(address) if address == peer);
    let is_https = request.headers.first("x-forwarded-proto") == Some("https");
    if trusted && is_https { "https" } else { "http" }
}

/// `/items/` is a route; `/items` is redirected to it.
fn answer(request: &Request, scheme: &str) -> Response {
    let host = request.headers.first("host").unwrap_or_default();
    let location = format!("{scheme}://{host}/items/");
    let mut lines = vec![("server", "uvicorn")];
    let (status, reason, body) = match request.target.as_str() {
        "/items/" => {
            lines.push(("content-type", "application/json"));
            (200, "OK", r#"[{"id":1}]"#)
        }
        "/items" => {
            lines.push(("location", &location));
            (307, "Temporary Redirect", "")
        }
        _ => (404, "Not Found", ""),
    };
    let length = body.len().to_string();
    lines.extend([("content-length", length.as_str()), ("access-control-allow-origin", PAGE), ("vary", "Origin")]);
    Response {
        time: request.time,
        end_time: None,
        status,
        reason: reason.into(),
        headers: lines.into_iter().collect(),
        body: Body::whole(body),
    }
}
