//! The heads of the chosen hop as they were sent.

use ratatui::text::Line;

use super::wire;
use crate::http::{Exchange, Headers, Response};
use crate::screen::model::Model;
use crate::screen::theme::{BOLD, DIM};

pub(super) fn lines(model: &Model) -> Vec<Line<'static>> {
    let call = model.call();
    let Some(hop) = call.as_ref().and_then(|call| call.judgement.hops.get(model.hop)) else {
        return vec![Line::from("No hop.")];
    };
    let others = if model.hops() > 1 { "; [ and ] go to the others" } else { "" };
    let title = format!("hop {} of {}{others}", model.hop + 1, model.hops());
    let mut lines = vec![Line::styled(title, DIM)];
    if let Some(exchange) = &hop.exchange {
        lines.extend(heads(model, exchange));
    } else {
        lines.push(Line::from(wire(model, BOLD, &format!("{} {}", hop.method, hop.url))));
        let why = hop.inferred_because.as_deref().unwrap_or("nobody saw it");
        lines.push(Line::from(wire(model, DIM, &format!("inferred: {why}"))));
    }
    lines
}

fn heads(model: &Model, exchange: &Exchange) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    match &exchange.request {
        Some(request) => {
            let first = format!("{} {} {}", request.method, request.target, exchange.protocol);
            lines.push(Line::from(wire(model, BOLD, &first)));
            lines.extend(fields(model, &request.headers));
        }
        None => lines.push(Line::styled("the request was not seen", model.theme.unsure())),
    }
    for response in exchange.extras.interim.iter().chain(&exchange.response) {
        lines.push(Line::default());
        lines.extend(answer(model, exchange, response));
    }
    if exchange.response.is_none() {
        lines.extend([Line::default(), Line::styled("no answer was seen", model.theme.unsure())]);
    }
    lines
}

fn answer(model: &Model, exchange: &Exchange, response: &Response) -> Vec<Line<'static>> {
    let first = format!("{} {} {}", exchange.protocol, response.status, response.reason);
    let mut lines = vec![Line::from(wire(model, BOLD, &first))];
    lines.extend(fields(model, &response.headers));
    lines
}

fn fields(model: &Model, headers: &Headers) -> Vec<Line<'static>> {
    let field = |name: &str, value: &str| {
        Line::from(vec![wire(model, model.theme.label(), name), wire(model, DIM, ": "), wire(model, BOLD, value)])
    };
    let mut lines: Vec<_> = headers.iter().map(|header| field(header.name, header.value)).collect();
    if !headers.is_complete() {
        lines.push(Line::styled("the rest of this head was not captured", model.theme.unsure()));
    }
    lines
}
