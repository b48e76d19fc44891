//! The trailer section of a message.

use std::ops::Deref;
use std::sync::LazyLock;

use super::Headers;

/// The trailer lines of a chunked body, which nearly none has: without any it takes the room of a pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trailers(Option<Box<Headers>>);

impl Deref for Trailers {
    type Target = Headers;

    fn deref(&self) -> &Headers {
        static NONE: LazyLock<Headers> = LazyLock::new(Headers::default);
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl From<Headers> for Trailers {
    fn from(lines: Headers) -> Self {
        let says_nothing = lines.is_empty() && lines.is_complete();
        Self((!says_nothing).then(|| Box::new(lines)))
    }
}
