//! The terminal's events as messages of the library's screen.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use corscope::screen::Message;
use corscope::screen::keys::Key;
use ratatui_crossterm::crossterm::event::{
    self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// How soon it is noticed that nobody listens any more.
const PATIENCE: Duration = Duration::from_millis(100);

/// Hands on what happens at the terminal, until `over` is set or nobody takes it.
pub(super) fn hand_on(mailbox: &SyncSender<Message>, over: &AtomicBool) -> io::Result<()> {
    while !over.load(Ordering::Relaxed) {
        if !event::poll(PATIENCE)? {
            continue;
        }
        if let Some(message) = message(event::read()?)
            && mailbox.send(message).is_err()
        {
            break;
        }
    }
    Ok(())
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
