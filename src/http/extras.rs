//! What few exchanges have.

use std::ops::{Deref, DerefMut};

use super::{Closed, Context, Response};

/// What few exchanges have. Where there is none of it, it takes the room of a pointer: a capture holds millions of
/// exchanges.
#[derive(Clone, Debug, Default)]
pub struct Extras(Option<Box<Extra>>);

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// Interim (1xx) responses other than 101, in order.
    pub interim: Vec<Response>,
    /// Who ended the connection, where that is how the exchange ended and the capture shows it.
    pub closed: Option<Closed>,
    /// What only the client knows, where somebody told us.
    pub context: Option<Context>,
    /// What was masked before it was written down, by name (`authorization`, `?token`): those values
    /// are not what was sent. Empty for all that was captured.
    pub redacted: Vec<String>,
}

static NONE: Extra = Extra { interim: Vec::new(), closed: None, context: None, redacted: Vec::new() };

impl Deref for Extras {
    type Target = Extra;

    fn deref(&self) -> &Extra {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Extras {
    fn deref_mut(&mut self) -> &mut Extra {
        self.0.get_or_insert_default()
    }
}

impl From<Extra> for Extras {
    fn from(extra: Extra) -> Self {
        Self((extra != NONE).then(|| Box::new(extra)))
    }
}

impl PartialEq for Extras {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Extras {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_nothing_however_it_came_about() {
        let mut extras = Extras::default();
        extras.redacted.push("cookie".to_owned());
        assert_ne!(extras, Extras::default());
        extras.redacted.clear();
        assert_eq!(extras, Extras::default());
        assert!(Extras::from(Extra::default()).0.is_none());
    }
}
