//! The CORS and forwarding headers as a table across the hops.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::cut;
use crate::cors::{DropOffKind, Hop};
use crate::http::{Field, Headers};
use crate::screen::glyphs::Glyphs;
use crate::screen::model::Model;
use crate::screen::theme::{BOLD, DIM};

/// The width of the names, and the least of a hop beside them, in cells.
const NAMES: usize = 26;
const NARROWEST: usize = 16;
/// `access-control-` as the table writes it.
const SHORT: &str = "a-c-";

const REQUEST: [&str; 7] = [
    "host",
    "origin",
    "access-control-request-method",
    "access-control-request-headers",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-for",
];
const RESPONSE: [&str; 8] = [
    "location",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "vary",
    "server",
];

pub(super) fn lines(model: &Model, width: u16) -> Vec<Line<'static>> {
    let Some(call) = model.call() else { return vec![Line::from("No headers.")] };
    let hops = &call.judgement.hops;
    let column = (usize::from(width).saturating_sub(NAMES) / hops.len().max(1)).max(NARROWEST);
    let mut lines = vec![heading(model, column), methods(model, hops, column)];
    lines.push(Line::styled("request", model.theme.label()));
    lines.extend(REQUEST.iter().filter_map(|name| row(model, hops, name, column, request)));
    lines.push(Line::styled("answer", model.theme.label()));
    lines.extend(RESPONSE.iter().filter_map(|name| row(model, hops, name, column, response)));
    let Glyphs { none, unsure, .. } = model.glyphs();
    let words = format!("{SHORT} is access-control-; {none} not there, {unsure} not seen; 3 shows all in full");
    lines.extend([Line::default(), Line::styled(words, DIM)]);
    lines
}

fn heading(model: &Model, column: usize) -> Line<'static> {
    let drop_off = model.call().and_then(|call| call.judgement.drop_off);
    let mut spans = vec![Span::raw(" ".repeat(NAMES))];
    for at in 0..model.hops() {
        let here = drop_off.as_ref().filter(|drop_off| drop_off.hop == at);
        let (style, mark) = match here.map(|drop_off| drop_off.kind) {
            Some(DropOffKind::Unseen) => (model.theme.unsure(), format!(" {} HERE", model.glyphs().unsure)),
            Some(_) => (model.theme.bad(), format!(" {} HERE", model.glyphs().bad)),
            None => (BOLD, String::new()),
        };
        let words = format!("hop {}{mark}", at + 1);
        spans.push(Span::styled(format!("{words:column$}"), style));
    }
    Line::from(spans)
}

fn methods(model: &Model, hops: &[Hop], column: usize) -> Line<'static> {
    let mut spans = vec![Span::raw(" ".repeat(NAMES))];
    for hop in hops {
        let answer = hop.answer.as_ref().map_or_else(|| "no answer".to_owned(), |answer| answer.status.to_string());
        let inferred = if hop.exchange.is_none() { " inferred" } else { "" };
        let words = cut(model, &format!("{} {answer}{inferred}", hop.method), column - 1);
        spans.push(Span::raw(format!("{words:column$}")));
    }
    Line::from(spans)
}

/// A cell: what is known of a field at a hop.
enum Cell {
    Value(String),
    Absent,
    Missing,
    Unseen,
}

/// A header across the hops; `None` where no hop has or needs it.
fn row(model: &Model, hops: &[Hop], name: &str, column: usize, cell: fn(&Hop, &str) -> Cell) -> Option<Line<'static>> {
    let cells: Vec<Cell> = hops.iter().map(|hop| cell(hop, name)).collect();
    if !cells.iter().any(|cell| matches!(cell, Cell::Value(_) | Cell::Missing)) {
        return None;
    }
    let short = name.replace("access-control-", SHORT);
    let mut spans = vec![Span::styled(format!(" {short:width$}", width = NAMES - 1), DIM)];
    for cell in cells {
        let (style, words) = cell_words(model, &cell);
        let words = cut(model, &words, column - 1);
        spans.push(Span::styled(format!("{words:column$}"), style));
    }
    Some(Line::from(spans))
}

fn cell_words(model: &Model, cell: &Cell) -> (Style, String) {
    match cell {
        Cell::Value(value) => (Style::new(), value.clone()),
        Cell::Absent => (DIM, model.glyphs().none.to_owned()),
        Cell::Unseen => (model.theme.unsure(), model.glyphs().unsure.to_owned()),
        Cell::Missing => (model.theme.bad(), format!("{} missing", model.glyphs().bad)),
    }
}

fn request(hop: &Hop, name: &str) -> Cell {
    match hop.exchange.as_ref() {
        Some(exchange) => field(exchange.request.as_ref().map(|request| &request.headers), name),
        None if name == "origin" => hop.origin.clone().map_or(Cell::Absent, Cell::Value),
        None => Cell::Absent,
    }
}

fn response(hop: &Hop, name: &str) -> Cell {
    if hop.missing.contains(&name) {
        return Cell::Missing;
    }
    match hop.exchange.as_ref() {
        Some(exchange) => field(exchange.response.as_ref().map(|response| &response.headers), name),
        None if name == "location" => {
            hop.answer.as_ref().and_then(|answer| answer.location.clone()).map_or(Cell::Absent, Cell::Value)
        }
        None => Cell::Absent,
    }
}

fn field(headers: Option<&Headers>, name: &str) -> Cell {
    let Some(headers) = headers else { return Cell::Unseen };
    match (headers.get(name), headers.first(name)) {
        (Field::Present(value), _) => Cell::Value(value.into_owned()),
        (Field::Absent, _) => Cell::Absent,
        (Field::Unseen, Some(value)) => Cell::Value(value.to_owned()),
        (Field::Unseen, None) => Cell::Unseen,
    }
}
