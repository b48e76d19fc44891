//! Ctrl-C while something is read: what was read so far is the result.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// Whether reading shall end; never, unless somebody listens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Option<Arc<AtomicBool>>);

impl Interrupt {
    /// Listens for Ctrl-C. The first one asks for what was read so far, the second ends everything.
    pub(crate) fn by_ctrl_c() -> io::Result<Self> {
        let wanted = Arc::new(AtomicBool::new(false));
        // In this order: the first signal finds the flag down.
        flag::register_conditional_default(SIGINT, Arc::clone(&wanted))?;
        flag::register(SIGINT, Arc::clone(&wanted))?;
        Ok(Self(Some(wanted)))
    }

    /// Wanted as soon as somebody sets this.
    pub(crate) fn by(wanted: &Arc<AtomicBool>) -> Self {
        Self(Some(Arc::clone(wanted)))
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.0.as_ref().is_some_and(|wanted| wanted.load(Ordering::Relaxed))
    }

    /// Nothing is read any more: Ctrl-C ends everything again.
    pub(crate) fn finish(&self) {
        if let Some(wanted) = &self.0 {
            wanted.store(true, Ordering::Relaxed);
        }
    }
}
