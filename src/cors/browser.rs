//! Whose rules decide, and where they depart from the standard.

/// Whose rules decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Browser {
    /// Chrome, Edge and their kin.
    #[default]
    Chromium,
    /// Firefox.
    Firefox,
    /// The Fetch standard to the letter.
    Standard,
}

impl Browser {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Standard];

    /// As the command line and the JSON name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Standard => "standard",
        }
    }
}
