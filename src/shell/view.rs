//! `corscope view`: the event loop around the library's screen. It reads events, draws, and performs
//! effects; what they mean the screen knows.

use std::io::{self, IsTerminal as _, Stdout, Write as _};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use corscope::analyzer::analyze;
use corscope::screen::keys::Key;
use corscope::screen::{Effect, Message, Model, Setup, draw};
use ratatui::Terminal;
use ratatui_crossterm::CrosstermBackend;
use ratatui_crossterm::crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event, KeyCode,
    KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui_crossterm::crossterm::execute;
use ratatui_crossterm::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
};

use crate::args::View;
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::source::{self, Keep};
use crate::stop::{Stop, reason};
use crate::terminal::layout;

/// How soon a signal to end is noticed.
const PATIENCE: Duration = Duration::from_millis(200);

pub(crate) fn run(args: &View, output: Output) -> Result<(), Stop> {
    if !io::stdout().is_terminal() {
        let what = "view needs a terminal, and standard output is none: corscope analyze writes the same as text";
        return Err(Stop::Problem(what.to_owned()));
    }
    let reads = source::read_all(&args.reading, Keep::Beginnings, &Interrupt::default())?;
    source::say_warnings(reads.iter().map(|read| &read.summary));
    let analysis = analyze(reads, &args.judging.options());
    let setup = Setup {
        size: size().map_err(|error| problem(&error))?,
        charset: layout(args.ascii).charset,
        colours: output.colours(),
        show_secrets: args.show_secrets,
        filter: args.filter.clone().unwrap_or_default(),
    };
    output.close()?;
    show(Model::new(analysis, setup)).map_err(|error| problem(&error))
}

fn problem(error: &io::Error) -> Stop {
    Stop::Problem(format!("the terminal cannot be used: {}", reason(error)))
}

fn show(mut model: Model) -> io::Result<()> {
    let told_to_end = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&told_to_end))?;
    }
    let _taken = Taken::take()?;
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    while !told_to_end.load(Ordering::Relaxed) {
        terminal.draw(|frame| draw(&model, frame))?;
        if !event::poll(PATIENCE)? {
            continue;
        }
        match message(event::read()?).and_then(|message| model.update(message)) {
            Some(Effect::Quit) => break,
            Some(Effect::Copy(text)) => copy(&text)?,
            None => {}
        }
    }
    Ok(())
}

/// The terminal while it is ours; dropped, it is as it was.
struct Taken;

impl Taken {
    fn take() -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            give_back();
            before(what);
        }));
        enable_raw_mode()?;
        let taken = Self;
        execute!(stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste)?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

/// Nothing better can be done where one of these fails.
fn give_back() {
    _ = execute!(stdout(), DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen);
    _ = disable_raw_mode();
}

fn stdout() -> Stdout {
    io::stdout()
}

/// OSC 52: the terminal, however far away, puts it into the clipboard.
fn copy(text: &str) -> io::Result<()> {
    let mut out = stdout();
    write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(text))?;
    out.flush()
}

fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => translated(key).map(Message::Key),
        Event::Mouse(mouse) => of_mouse(mouse),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(columns, rows) => Some(Message::Resize(columns, rows)),
        _ => None,
    }
}

fn of_mouse(mouse: MouseEvent) -> Option<Message> {
    let MouseEvent { column, row, .. } = mouse;
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Message::Click(column, row)),
        MouseEventKind::ScrollDown => Some(Message::Wheel(column, row, true)),
        MouseEventKind::ScrollUp => Some(Message::Wheel(column, row, false)),
        _ => None,
    }
}

fn translated(key: KeyEvent) -> Option<Key> {
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    Some(match key.code {
        KeyCode::Char(letter) if key.modifiers.contains(KeyModifiers::CONTROL) => Key::Ctrl(letter),
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        _ => return None,
    })
}
