//! Secrets in an exchange.

use std::sync::Arc;

use super::fields::masked_value;
use super::text::{mask, masked};
use crate::http::{Body, Context, Exchange, Extra, Few, Headers, Request, Response, Target};

/// Names of masked secrets that are listed for one exchange; a hostile query could make up any number.
const MAX_NAMES: usize = 256;

/// An exchange with its secrets masked, and the names of what was masked in `redacted`. Kept bytes
/// of bodies are left out: nobody can say what they hold.
#[must_use]
pub fn redacted_exchange(exchange: &Exchange) -> Exchange {
    let mut names = exchange.extras.redacted.clone();
    let mut note = |name: &str| {
        if names.len() < MAX_NAMES && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    };
    let mut copy = exchange.clone();
    if let Some(request) = &mut copy.request {
        redact_request(request, &mut note);
    }
    let mut extra = Extra::clone(&copy.extras);
    for response in extra.interim.iter_mut().chain(&mut copy.response) {
        redact_response(response, &mut note);
    }
    if let Some(context) = &mut extra.context {
        redact_context(context, &mut note);
    }
    for warning in &mut copy.warnings {
        mask(warning, &mut note);
    }
    copy.extras = Extra { redacted: names, ..extra }.into();
    copy
}

/// What is known of an exchange without its heads and bodies, in which all its secrets are.
pub(super) fn without_heads(exchange: &Exchange) -> Exchange {
    let request = exchange.request.as_ref().map(|request| Request {
        method: request.method.clone(),
        target: Target::new("", None),
        headers: Headers::default(),
        body: Body::default(),
        ..*request
    });
    let response = exchange.response.as_ref().map(|response| Response {
        reason: response.reason.clone(),
        headers: Headers::default(),
        body: Body::default(),
        ..*response
    });
    Exchange {
        id: exchange.id.clone(),
        carrier: Arc::clone(&exchange.carrier),
        frames: exchange.frames.clone(),
        request,
        response,
        warnings: Few::new(),
        extras: Extra { closed: exchange.extras.closed, ..Extra::default() }.into(),
        ..*exchange
    }
}

fn redact_request(request: &mut Request, note: &mut dyn FnMut(&str)) {
    let target = masked(&request.target, note);
    request.target = Target::new(&target, request.url().map(|url| masked(url, note).into_owned()));
    request.headers = headers(&request.headers, note);
    redact_body(&mut request.body, "request body", note);
}

fn redact_response(response: &mut Response, note: &mut dyn FnMut(&str)) {
    response.headers = headers(&response.headers, note);
    redact_body(&mut response.body, "response body", note);
}

fn redact_body(body: &mut Body, name: &str, note: &mut dyn FnMut(&str)) {
    body.set_trailers(headers(body.trailers(), note));
    if !body.kept().is_empty() {
        body.keep_only(0);
        note(name);
    }
}

fn headers(headers: &Headers, note: &mut dyn FnMut(&str)) -> Headers {
    headers.with_values(|line| masked_value(line.name, line.value, note))
}

fn redact_context(context: &mut Context, note: &mut dyn FnMut(&str)) {
    for text in [&mut context.page_url, &mut context.page_csp, &mut context.fetch].into_iter().flatten() {
        mask(text, note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::exchange;

    #[test]
    fn a_long_query_makes_no_long_list() {
        let query: Vec<String> = (0..MAX_NAMES * 2).map(|number| format!("{number}token=x")).collect();
        let call = exchange("GET", &format!("https://a.example/?{}", query.join("&"))).build();
        let redacted = redacted_exchange(&call);
        assert_eq!(redacted.extras.redacted.len(), MAX_NAMES);
        assert!(!redacted.url().unwrap_or_default().contains("=x"));
    }
}
