//! The key table: what is pressed, what it does, what the help and the status bar say of it.

/// A key as the terminal tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// A character with Ctrl.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table says what each does")]
pub enum Action {
    Close,
    Back,
    Quit,
    Help,
    Filter,
    NextFinding,
    PreviousFinding,
    NextHop,
    PreviousHop,
    NextPane,
    PreviousPane,
    Explain,
    Headers,
    Heads,
    Down,
    Up,
    Left,
    Right,
    First,
    Last,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    Drill,
    Maximise,
    Secrets,
    Copy,
    Follow,
    Pause,
}

impl Action {
    /// Whether it is of use in a live capture only.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Self::Follow | Self::Pause)
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The keys that do it; more than one in a row are pressed one after the other.
    pub chords: &'static [&'static [Key]],
    /// The keys as the help writes them.
    pub label: &'static str,
    /// What they do.
    pub does: &'static str,
    /// In one word, where the status bar has room.
    pub hint: Option<&'static str>,
    /// What the model does.
    pub action: Action,
}

const fn bind(
    chords: &'static [&'static [Key]],
    label: &'static str,
    does: &'static str,
    hint: Option<&'static str>,
    action: Action,
) -> Binding {
    Binding { chords, label, does, hint, action }
}

use Key::{BackTab, Char, Ctrl, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up};

/// Every key there is. The order is that of help and hints.
pub const TABLE: [Binding; 30] = [
    bind(&[&[Char('?')]], "?", "this help", Some("help"), Action::Help),
    bind(&[&[Enter]], "Enter", "go into the call", Some("open"), Action::Drill),
    bind(&[&[Char('q')]], "q", "back; in the list it ends", Some("back"), Action::Close),
    bind(&[&[Esc]], "Esc", "back; in the list it clears the filter", None, Action::Back),
    bind(&[&[Char('F')]], "F", "follow the newest call, or stay with the chosen one", Some("follow"), Action::Follow),
    bind(&[&[Char('p')]], "p", "pause what is shown, and go on; nothing is lost", Some("pause"), Action::Pause),
    bind(&[&[Char('n')]], "n", "next call with a finding", Some("next finding"), Action::NextFinding),
    bind(&[&[Tab]], "Tab", "next pane", Some("pane"), Action::NextPane),
    bind(&[&[Char('/')]], "/", "filter the calls", Some("filter"), Action::Filter),
    bind(&[&[Char('y')]], "y", "copy the first fix", Some("copy fix"), Action::Copy),
    bind(&[&[Char('Q')], &[Ctrl('c')]], "Q C-c", "end", None, Action::Quit),
    bind(&[&[Char('N')]], "N", "previous call with a finding", None, Action::PreviousFinding),
    bind(&[&[Char(']')]], "]", "next hop", None, Action::NextHop),
    bind(&[&[Char('[')]], "[", "previous hop", None, Action::PreviousHop),
    bind(&[&[BackTab]], "S-Tab", "previous pane", None, Action::PreviousPane),
    bind(&[&[Char('1')]], "1", "explain the call", None, Action::Explain),
    bind(&[&[Char('2')]], "2", "CORS and forwarding headers, hop by hop", None, Action::Headers),
    bind(&[&[Char('3')]], "3", "the hop's heads as they were sent", None, Action::Heads),
    bind(&[&[Char('j')], &[Down]], "j Down", "down", None, Action::Down),
    bind(&[&[Char('k')], &[Up]], "k Up", "up", None, Action::Up),
    bind(&[&[Char('h')], &[Left]], "h Left", "to the left", None, Action::Left),
    bind(&[&[Char('l')], &[Right]], "l Right", "to the right", None, Action::Right),
    bind(&[&[Char('g'), Char('g')], &[Home]], "gg Home", "to the top", None, Action::First),
    bind(&[&[Char('G')], &[End]], "G End", "to the bottom", None, Action::Last),
    bind(&[&[Ctrl('d')]], "C-d", "half a page down", None, Action::HalfDown),
    bind(&[&[Ctrl('u')]], "C-u", "half a page up", None, Action::HalfUp),
    bind(&[&[Ctrl('f')], &[PageDown]], "C-f PgDn", "a page down", None, Action::PageDown),
    bind(&[&[Ctrl('b')], &[PageUp]], "C-b PgUp", "a page up", None, Action::PageUp),
    bind(&[&[Char('\\')]], "\\", "maximise the pane, and back", None, Action::Maximise),
    bind(&[&[Char('P')]], "P", "show secrets (asks first), or mask them again", None, Action::Secrets),
];

/// The keys that are of use: some are in a live capture only.
pub(super) fn of_use(live: bool) -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().filter(move |binding| live || !binding.action.is_live())
}

/// What pressed keys mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// This.
    Action(Action),
    /// More keys have to follow.
    Begun,
    /// Nothing.
    Nothing,
}

/// Looks pressed keys up in the table.
#[must_use]
pub fn meaning(pressed: &[Key]) -> Meaning {
    let chords = || TABLE.iter().flat_map(|binding| binding.chords.iter().map(move |chord| (*chord, binding.action)));
    if let Some((_, action)) = chords().find(|(chord, _)| *chord == pressed) {
        return Meaning::Action(action);
    }
    if chords().any(|(chord, _)| chord.starts_with(pressed)) { Meaning::Begun } else { Meaning::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let chords: Vec<&[Key]> = TABLE.iter().flat_map(|binding| binding.chords).copied().collect();
        for (at, chord) in chords.iter().enumerate() {
            assert!(!chords[at + 1..].iter().any(|other| other.starts_with(chord)), "{chord:?}");
        }
    }

    #[test]
    fn keys_in_a_row_wait_for_the_last() {
        assert_eq!(meaning(&[Char('g')]), Meaning::Begun);
        assert_eq!(meaning(&[Char('g'), Char('g')]), Meaning::Action(Action::First));
        assert_eq!(meaning(&[Char('z')]), Meaning::Nothing);
    }
}
