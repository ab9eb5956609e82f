//! How far a long tool has come: a bar on standard error, if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use totals_core::store::{Scope, Store};

use super::error::ToolError;

/// A bar that counts events. It shows nothing where nobody looks.
pub struct Progress(ProgressBar);

impl Progress {
    /// Of reading the log, of whose length only the whole is known.
    pub async fn of_log(store: &Store, scope: &Scope) -> Result<Self, ToolError> {
        let (length, template) = match scope {
            Scope::All => (
                Some(store.log_length().await?),
                "{bar:40} {human_pos}/{human_len} events, {per_sec}, {eta} left",
            ),
            Scope::Campaign(_) => (None, "{spinner} {human_pos} events, {per_sec}"),
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        Ok(Self(bar.with_style(style)))
    }

    /// So many more events.
    pub fn add(&self, events: u64) {
        self.0.inc(events);
    }

    /// Makes room for the answer.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
