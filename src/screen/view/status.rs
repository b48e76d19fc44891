//! The first line and the last: the filter, what was read, and the most useful keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::fit::ending;
use super::{cut, fitted, wire};
use crate::analyzer::Call;
use crate::cors::Decision;
use crate::http::State;
use crate::report::visible;
use crate::screen::keys::of_use;
use crate::screen::model::{Mode, Model, Watch};
use crate::screen::theme::{BOLD, CHOSEN, DIM};

const LABEL: &str = " Filter ";

/// While it is typed its end is what has to be seen.
pub(super) fn filter_line(model: &Model, frame: &mut Frame<'_>, place: Rect) {
    let typing = model.mode == Mode::Typing;
    let (style, state) = match &model.refused {
        Some(why) => (model.theme.bad(), format!("  no filter: {why}")),
        None if model.filter.is_empty() && typing => (DIM, "  such as outcome:blocked path:/items".to_owned()),
        None if model.filter.is_empty() => (DIM, "  none; / begins one".to_owned()),
        None => (model.theme.good(), format!("  ok, {} calls", model.calls.len())),
    };
    let mut spans = if typing {
        // Beside it stand a blank, where the next character comes, and a mark in place of what has no room.
        let room = usize::from(place.width).saturating_sub(LABEL.len() + 3);
        let shown = ending(model, &model.filter, room);
        vec![Span::styled(LABEL, CHOSEN), Span::raw(" "), Span::styled(shown, style), Span::styled("_", CHOSEN)]
    } else {
        vec![Span::styled(LABEL, BOLD), Span::raw(" "), wire(model, style, &model.filter)]
    };
    spans.push(wire(model, style, &state));
    frame.render_widget(Paragraph::new(fitted(model, Line::from(spans), usize::from(place.width))), place);
}

pub(super) fn bar(model: &Model, frame: &mut Frame<'_>, place: Rect) {
    let line = match (model.mode, model.notice) {
        (Mode::Asking, _) => {
            Line::styled(" Show credentials, cookies and tokens? y shows them, any other key does not", CHOSEN)
        }
        (_, Some(notice)) => Line::styled(format!(" {notice}"), BOLD),
        _ => known(model, usize::from(place.width)),
    };
    frame.render_widget(Paragraph::new(fitted(model, line, usize::from(place.width))), place);
}

/// Counters, then as many keys as there is room for.
fn known(model: &Model, width: usize) -> Line<'static> {
    let mut spans = vec![Span::styled(format!(" {}", counters(model)), BOLD)];
    let mut used = Line::from(spans.clone()).width();
    for binding in of_use(model.watch.is_some()) {
        let Some(hint) = binding.hint else { continue };
        let words = format!("  {} {hint}", binding.label);
        used += words.len();
        if used > width {
            break;
        }
        spans.push(Span::styled(words, DIM));
    }
    Line::from(spans)
}

/// What was read, and what became of it. What is lost or unknown is told where something is: nothing of it is the
/// rule, and keys are more to whoever sits before 80 columns.
fn counters(model: &Model) -> String {
    let source = model.watch.as_ref().map_or_else(|| read(model), |watch| heard(model, watch));
    let analysis = model.analysis();
    let lost: u64 = analysis.sources.iter().map(|source| source.lost_bytes).sum();
    let count = |is: &dyn Fn(&Call) -> bool| analysis.chains.iter().filter(|one| is(one)).count();
    let blocked = count(&|call| matches!(call.decision(), Decision::Blocked(_)));
    let undetermined = count(&|call| call.decision() == Decision::Undetermined);
    let cut = count(&|call| call.chain().links.iter().any(|link| link.exchange.state != State::Complete));
    let mut counters = format!("{source}  {blocked} blocked");
    let told = [
        (lost > 0, format!("lost {lost} B")),
        (cut > 0, format!("cut {cut}")),
        (undetermined > 0, format!("undetermined {undetermined}")),
        (model.show_secrets, "SECRETS SHOWN".to_owned()),
    ];
    for (_, words) in told.into_iter().filter(|(is_so, _)| *is_so) {
        counters.push_str("  ");
        counters.push_str(&words);
    }
    counters
}

/// Columns for the name of what was read.
const LONGEST_NAME: usize = 28;

/// What was read.
fn read(model: &Model) -> String {
    let source = match model.analysis().sources.as_slice() {
        [one] => visible(&one.path, model.charset),
        many => format!("{} sources", many.len()),
    };
    cut(model, source.rsplit('/').next().unwrap_or_default(), LONGEST_NAME)
}

/// How the live capture goes. What was lost is said whenever something was.
fn heard(model: &Model, watch: &Watch) -> String {
    let live = &watch.live;
    let state = match (&live.ended, watch.paused, watch.follows) {
        (Some(_), ..) => "ENDED".to_owned(),
        (None, true, _) => format!("PAUSED +{}", model.waiting()),
        (None, false, true) => "FOLLOWS".to_owned(),
        (None, false, false) => "LIVE".to_owned(),
    };
    let by = [
        (live.dropped_by_kernel, "the kernel"),
        (live.dropped_by_interface, "the interface"),
        (live.dropped_by_queue, "the queue"),
    ];
    let dropped = by.iter().filter(|(count, _)| *count > 0).map(|(count, who)| format!("  {count} DROPPED by {who}"));
    let dropped = dropped.collect::<Vec<_>>().concat();
    let let_go = if live.let_go > 0 { format!("  {} let go", live.let_go) } else { String::new() };
    let interface = visible(&live.interface, model.charset);
    format!("{state} {interface}  {} packets{dropped}{let_go}", live.packets)
}
