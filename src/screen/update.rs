//! What a message does to the model.

use super::keys::{Action, Key, Meaning, meaning};
use super::message::{Effect, Message};
use super::model::{Mode, Model, Pane, Scroll, Tab};
use super::view::{self, Places};

/// How far the wheel moves, and h and l.
const WHEEL: usize = 3;
const SIDEWAYS: usize = 8;
/// A filter longer than this is a mistaken paste.
const LONGEST_FILTER: usize = 1000;

impl Model {
    /// Takes a message; the event loop performs what is answered.
    pub fn update(&mut self, message: Message) -> Option<Effect> {
        let effect = self.take(message);
        self.settle();
        effect
    }

    /// The same for one of several messages, after the last of which it has to [`Model::settle`]: a filter that is being
    /// typed is applied once then. In a large capture that takes longer than a key.
    pub fn take(&mut self, message: Message) -> Option<Effect> {
        if self.mode != Mode::Typing {
            self.settle();
        }
        match message {
            Message::Resize(columns, rows) => self.size = (columns, rows),
            Message::Paste(text) if self.mode == Mode::Typing => self.type_in(&text),
            Message::Paste(_) => {}
            Message::Click(column, row) => self.click(column, row),
            Message::Wheel(column, row, down) => self.wheel(column, row, down),
            Message::Key(key) => return self.key(key),
            Message::Analysis(snapshot) => match &mut self.watch {
                Some(watch) if watch.paused => watch.unseen = Some(snapshot),
                _ => self.learn(*snapshot),
            },
            Message::Live(live) => self.watch.get_or_insert_default().live = *live,
        }
        None
    }

    /// Does what was put off.
    pub fn settle(&mut self) {
        if self.is_new_filter {
            self.apply_filter();
        }
        self.top = view::list::top(self);
    }

    fn key(&mut self, key: Key) -> Option<Effect> {
        self.notice = None;
        match self.mode {
            Mode::Typing => {
                self.typed(key);
                None
            }
            Mode::Asking => {
                self.show_secrets = key == Key::Char('y');
                self.mode = Mode::Browse;
                None
            }
            Mode::Browse | Mode::Help => self.looked_up(key),
        }
    }

    fn looked_up(&mut self, key: Key) -> Option<Effect> {
        self.pressed.push(key);
        match meaning(&self.pressed) {
            Meaning::Begun => None,
            Meaning::Action(action) => {
                self.pressed.clear();
                self.act(action)
            }
            Meaning::Nothing => {
                let was_alone = self.pressed.len() == 1;
                self.pressed.clear();
                if was_alone { None } else { self.looked_up(key) }
            }
        }
    }

    fn typed(&mut self, key: Key) {
        match key {
            Key::Enter => self.mode = Mode::Browse,
            Key::Esc | Key::Ctrl('c') => {
                self.clear_filter();
                self.mode = Mode::Browse;
            }
            Key::Ctrl('u') => self.clear_filter(),
            Key::Ctrl('w') => self.drop_term(),
            Key::Backspace => {
                self.filter.pop();
                self.is_new_filter = true;
            }
            Key::Char(character) => self.type_in(&character.to_string()),
            _ => {}
        }
    }

    fn type_in(&mut self, text: &str) {
        let room = LONGEST_FILTER.saturating_sub(self.filter.chars().count());
        self.filter.extend(text.chars().filter(|character| !character.is_control()).take(room));
        self.is_new_filter = true;
    }

    fn act(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::Quit => return Some(Effect::Quit),
            Action::Close => return self.close(),
            Action::Back => self.back(),
            Action::Copy => return self.copy(),
            Action::Help => self.mode = if self.mode == Mode::Help { Mode::Browse } else { Mode::Help },
            _ if self.mode == Mode::Help => self.scroll(action),
            Action::Filter => self.mode = Mode::Typing,
            Action::NextFinding => self.next_finding((self.chosen + 1)..self.calls.len()),
            Action::PreviousFinding => self.next_finding((0..self.chosen).rev()),
            Action::NextHop => self.go_to_hop(self.hop + 1),
            Action::PreviousHop => self.go_to_hop(self.hop.saturating_sub(1)),
            Action::NextPane => self.pane = next(self.pane),
            Action::PreviousPane => self.pane = next(next(self.pane)),
            Action::Explain => self.show(Tab::Explain),
            Action::Headers => self.show(Tab::Headers),
            Action::Heads => self.show(Tab::Heads),
            Action::Drill => self.drill(),
            Action::Maximise => self.maximised = !self.maximised,
            Action::Secrets if self.show_secrets => self.show_secrets = false,
            Action::Secrets => self.mode = Mode::Asking,
            Action::Follow | Action::Pause => self.watch(action),
            _ if self.pane == Pane::List => self.move_in_list(action),
            _ => self.scroll(action),
        }
        None
    }

    fn close(&mut self) -> Option<Effect> {
        if self.leave() { None } else { Some(Effect::Quit) }
    }

    /// It never ends the program: Escape is pressed once too often, and a live capture would be gone with it.
    fn back(&mut self) {
        if self.leave() {
            return;
        }
        if self.filter.is_empty() {
            self.notice = Some("q ends");
        } else {
            self.clear_filter();
        }
    }

    /// Leaves what was gone into last, and says whether there was such a thing.
    fn leave(&mut self) -> bool {
        match (self.mode, self.maximised, self.pane) {
            (Mode::Help, ..) => self.mode = Mode::Browse,
            (_, true, _) => self.maximised = false,
            (.., Pane::List) => return false,
            _ => self.pane = Pane::List,
        }
        true
    }

    /// As shells take away the last word.
    fn drop_term(&mut self) {
        let kept = self.filter.trim_end().rfind(' ').map_or(0, |blank| blank + 1);
        self.filter.truncate(kept);
        self.is_new_filter = true;
    }

    fn clear_filter(&mut self) {
        self.filter.clear();
        self.is_new_filter = true;
    }

    fn copy(&mut self) -> Option<Effect> {
        let finding = self.call().and_then(|call| call.findings.first().copied());
        let finding = self.analysis().findings.iter().find(|one| Some(one.id) == finding);
        let fix = finding.and_then(|finding| finding.fixes.first()).map(|fix| fix.change.clone());
        self.notice = Some(if fix.is_some() { "the first fix was sent to the clipboard" } else { "no fix to copy" });
        fix.map(Effect::Copy)
    }

    fn watch(&mut self, action: Action) {
        let Some(watch) = &mut self.watch else {
            self.notice = Some("only a live capture (corscope capture) goes on");
            return;
        };
        if action == Action::Pause {
            watch.paused = !watch.paused;
            if let Some(snapshot) = watch.unseen.take() {
                self.learn(*snapshot);
            }
            return;
        }
        watch.follows = !watch.follows;
        if watch.follows {
            self.choose(self.calls.len());
        }
    }

    fn next_finding(&mut self, mut lines: impl Iterator<Item = usize>) {
        match lines.find(|line| self.has_finding(*line)) {
            Some(line) => {
                self.stay();
                self.choose(line);
            }
            None => self.notice = Some("no more findings in this direction"),
        }
    }

    fn go_to_hop(&mut self, hop: usize) {
        self.hop = hop.min(self.hops().saturating_sub(1));
        self.ladder = None;
    }

    fn show(&mut self, tab: Tab) {
        self.tab = tab;
        self.detail = Scroll::default();
        if Places::of(self).detail.is_none() {
            self.pane = Pane::Detail;
        }
    }

    fn drill(&mut self) {
        self.pane = match self.pane {
            Pane::List => Pane::Ladder,
            Pane::Ladder | Pane::Detail => Pane::Detail,
        };
    }

    fn move_in_list(&mut self, action: Action) {
        let rows = view::list::visible_calls(self);
        let last = self.calls.len().saturating_sub(1);
        let line = moved(action, self.chosen, rows).min(last);
        if line != self.chosen {
            self.stay();
            self.choose(line);
        }
    }

    /// Who chooses a call does not want the newest.
    fn stay(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.follows = false;
        }
    }

    fn scroll(&mut self, action: Action) {
        let rows = usize::from(view::inside(self).1);
        let scroll = self.scrolled();
        match action {
            Action::Left => scroll.right = scroll.right.saturating_sub(SIDEWAYS),
            Action::Right => scroll.right += SIDEWAYS,
            _ => scroll.down = moved(action, scroll.down, rows),
        }
        self.clamp();
    }

    fn scrolled(&mut self) -> &mut Scroll {
        match (self.mode, self.pane) {
            (Mode::Help, _) => &mut self.help,
            (_, Pane::Ladder) => {
                let shown = view::ladder::scroll(self);
                self.ladder.get_or_insert(shown)
            }
            _ => &mut self.detail,
        }
    }

    /// No pane is moved beyond its last line.
    fn clamp(&mut self) {
        let (lines, columns) = view::extent(self);
        let (width, rows) = view::inside(self);
        let (down, right) = (lines.saturating_sub(usize::from(rows)), columns.saturating_sub(usize::from(width)));
        let scroll = self.scrolled();
        scroll.down = scroll.down.min(down);
        scroll.right = scroll.right.min(right);
    }

    fn click(&mut self, column: u16, row: u16) {
        if self.mode != Mode::Browse {
            return;
        }
        let places = Places::of(self);
        if places.filter.contains((column, row).into()) {
            self.mode = Mode::Typing;
        }
        let Some(pane) = places.pane_at(column, row) else { return };
        self.pane = pane;
        if let Some(tab) = view::detail::tab_at(self, column, row) {
            self.show(tab);
        }
        if pane == Pane::List
            && let Some(line) = view::list::line_at(self, row)
        {
            self.stay();
            self.choose(line);
        }
    }

    fn wheel(&mut self, column: u16, row: u16, down: bool) {
        if let Some(pane) = Places::of(self).pane_at(column, row).filter(|_| self.mode == Mode::Browse) {
            self.pane = pane;
        }
        let action = if down { Action::Down } else { Action::Up };
        for _ in 0..WHEEL {
            if self.mode == Mode::Browse && self.pane == Pane::List {
                self.move_in_list(action);
            } else {
                self.scroll(action);
            }
        }
    }
}

fn next(pane: Pane) -> Pane {
    match pane {
        Pane::List => Pane::Ladder,
        Pane::Ladder => Pane::Detail,
        Pane::Detail => Pane::List,
    }
}

/// Where an action leads from a line, in a pane of so many rows.
fn moved(action: Action, from: usize, rows: usize) -> usize {
    let page = rows.max(1);
    match action {
        Action::Down => from + 1,
        Action::Up => from.saturating_sub(1),
        Action::First => 0,
        Action::Last => usize::MAX,
        Action::HalfDown => from + page.div_ceil(2),
        Action::HalfUp => from.saturating_sub(page.div_ceil(2)),
        Action::PageDown => from + page,
        Action::PageUp => from.saturating_sub(page),
        _ => from,
    }
}
