//! The answers that a load balancer makes by itself. None of them carries a CORS header.

use crate::http::{Body, Headers, Response, Time, WebUrl};

/// The redirect action of the port-80 listener: `HTTP_301` to `https://#{host}:443/#{path}?#{query}`.
#[must_use]
pub fn redirect_to_https(url: &WebUrl<'_>, time: Time) -> Response {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let location = format!("https://{}:443{}{query}", url.host_str().unwrap_or_default(), url.path());
    let mut response = page(301, "Moved Permanently", time);
    response.headers.push("Location", &location);
    response
}

/// What it answers when the backend closed or reset the connection instead of answering.
#[must_use]
pub fn bad_gateway(time: Time) -> Response {
    page(502, "Bad Gateway", time)
}

/// What it answers when the backend stayed silent beyond the idle timeout.
#[must_use]
pub fn gateway_timeout(time: Time) -> Response {
    page(504, "Gateway Time-out", time)
}

fn page(status: u16, reason: &str, time: Time) -> Response {
    let title = format!("{status} {reason}");
    let body = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    let length = body.len().to_string();
    Response {
        time,
        end_time: None,
        status,
        reason: reason.into(),
        headers: Headers::from_iter([
            ("Server", "awselb/2.0"),
            ("Content-Type", "text/html"),
            ("Content-Length", &length),
            ("Connection", "keep-alive"),
        ]),
        body: Body::whole(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_redirect_keeps_path_and_query_and_names_the_port() {
        let url = WebUrl::parse("http://a.example/items/?x=1").unwrap();
        let response = redirect_to_https(&url, Time::from_nanoseconds(0, 0));
        assert_eq!(response.headers.first("location"), Some("https://a.example:443/items/?x=1"));
        assert!(!response.headers.has("access-control-allow-origin"));
        assert_eq!(response.body.bytes, 134);
    }
}
