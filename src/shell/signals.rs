//! Signals that ask the program to end.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::stop::{Stop, reason};

/// Set as soon as somebody wants the program to end in good order.
pub(crate) fn told_to_end() -> Result<Arc<AtomicBool>, Stop> {
    let told = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&told))
            .map_err(|error| Stop::Problem(format!("signals cannot be caught: {}", reason(&error))))?;
    }
    Ok(told)
}
