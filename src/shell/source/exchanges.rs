//! An exchange file read.

use std::sync::Arc;

use corscope::analyzer::{Glances, Read, SourceKind, SourceSummary, Unread};
use corscope::http::{Exchange, WebUrl};
use corscope::import::exchange_file::{Importer, LineError};

use super::Keep;
use super::block::{Blocks, Taken};
use crate::stop::reason;

/// Warnings of one file beyond this many are counted, not told: a wrong file has millions.
const WARNINGS: usize = 20;

pub(super) fn read(path: &Arc<str>, blocks: Blocks, keep: Keep) -> Result<Read, String> {
    let mut importer = Importer::new(Arc::clone(path));
    let mut found = Found { keep, ..Found::default() };
    let read = blocks.each(|held, _, _| {
        importer.push(held, &mut |line| found.take(line));
        Some(Taken { bytes: held.len(), needs: 1 })
    });
    importer.finish(&mut |line| found.take(line));
    // Each of them is a line that was not read.
    let mut warnings = found.warnings();
    let mut damage = warnings.first().cloned();
    warnings.extend(found.without_call());
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) if found.exchanges.is_empty() => return Err(format!("cannot be read: {}", reason(&error))),
        Err(error) => {
            let early = format!("reading ended early: {}", reason(&error));
            damage.get_or_insert_with(|| early.clone());
            warnings.push(early);
            0
        }
    };
    if let (true, Some(error)) = (found.exchanges.is_empty(), found.errors.first()) {
        return Err(format!("is no file of exchanges, one a line: {error}"));
    }
    let summary = SourceSummary {
        path: Arc::clone(path),
        kind: SourceKind::Exchanges,
        packets: 0,
        bytes,
        connections: connections(&found.exchanges),
        exchanges: found.exchanges.len() as u64,
        unread: Unread::default(),
        lost_bytes: 0,
        damage,
        warnings,
    };
    Ok(Read { summary, exchanges: found.exchanges, glances: Glances::default() })
}

#[derive(Default)]
struct Found {
    keep: Keep,
    exchanges: Vec<Arc<Exchange>>,
    /// The first of them.
    errors: Vec<LineError>,
    more_errors: u64,
    /// Requests whose URL no browser takes, and the first of them.
    odd_urls: u64,
    odd: Option<Arc<Exchange>>,
}

impl Found {
    fn take(&mut self, line: Result<Exchange, LineError>) {
        match line {
            Ok(mut exchange) => {
                if let Some(request) = &mut exchange.request {
                    request.body.keep_only(self.keep.bytes(None));
                }
                if let Some(response) = &mut exchange.response {
                    response.body.keep_only(self.keep.bytes(Some(response.status)));
                }
                let exchange = Arc::new(exchange);
                if exchange.url().is_some_and(|url| WebUrl::parse(url).is_none()) {
                    self.odd_urls += 1;
                    self.odd.get_or_insert_with(|| Arc::clone(&exchange));
                }
                self.exchanges.push(exchange);
            }
            Err(error) if self.errors.len() < WARNINGS => self.errors.push(error),
            Err(_) => self.more_errors += 1,
        }
    }

    /// What is kept as it was written, and can be in no call.
    fn without_call(&self) -> Option<String> {
        let (id, url) = self.odd.as_ref().and_then(|first| Some((&first.id, first.url()?)))?;
        let count = self.odd_urls;
        Some(format!("{count} request.url(s) are no URL that a browser takes, and in no call: first '{url}' of {id}"))
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.errors.iter().map(|error| format!("{error} (line passed over)")).collect();
        if self.more_errors > 0 {
            warnings.push(format!("{} more lines passed over", self.more_errors));
        }
        warnings
    }
}

fn connections(exchanges: &[Arc<Exchange>]) -> u64 {
    let mut known: Vec<(&str, u64)> = exchanges.iter().map(|one| (&*one.source, one.connection)).collect();
    known.sort_unstable();
    known.dedup();
    known.len() as u64
}
