//! Secrets that are not kept.

/// Tells the header fields whose values are secrets, and what may be kept of them, for heads of which nobody will
/// ever be shown more.
#[derive(Clone, Copy, Debug)]
pub struct Masking {
    /// Whether all values of the field with that name are secrets.
    pub is_secret: fn(name: &str) -> bool,
    /// What is kept of a value of such a field.
    pub masked: fn(name: &str, value: &str) -> String,
}

impl Masking {
    /// What is kept of a value, if that is not all of it.
    pub(super) fn of(self, name: &str, value: &str) -> Option<String> {
        (self.is_secret)(name).then(|| (self.masked)(name, value))
    }
}
