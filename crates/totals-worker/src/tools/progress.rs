//! How far a long tool has come: a bar on standard error, if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use totals_core::store::{Scope, Store};

use super::error::ToolError;

/// A bar that counts events, or bytes of a file. It shows nothing where nobody looks.
#[derive(Clone)]
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

    /// Of reading a file of so many bytes.
    pub fn of_file(bytes: u64) -> Self {
        let template = "{bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::new(bytes).with_style(style))
    }

    /// So much more.
    pub fn add(&self, more: u64) {
        self.0.inc(more);
    }

    /// Makes room for the answer.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
