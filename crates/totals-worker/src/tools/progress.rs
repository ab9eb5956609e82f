//! The progress of a long tool: a bar on standard error, if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use totals_core::store::Store;

use super::error::ToolError;

/// A bar that counts events, or bytes of a file. It shows nothing if standard error is no terminal.
#[derive(Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar for reading the whole log once.
    pub async fn of_log(store: &Store) -> Result<Self, ToolError> {
        let bar = ProgressBar::new(store.log_length().await?);
        let template = "{bar:40} {human_pos}/{human_len} events, {per_sec}, {eta} left";
        Ok(Self(bar.with_style(style(template))))
    }

    /// A bar for reading events, of which nobody knows the number.
    pub fn counting() -> Self {
        Self(ProgressBar::new_spinner().with_style(style("{spinner} {human_pos} events, {per_sec}")))
    }

    /// A bar for reading a file of this many bytes.
    pub fn of_file(bytes: u64) -> Self {
        let template = "{bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        Self(ProgressBar::new(bytes).with_style(style(template)))
    }

    /// A bar that is never shown.
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Moves the bar on. Where more is read than was there at the start, or some of it twice, the bar stays full.
    pub fn add(&self, more: u64) {
        self.0.inc(more);
        if let Some(length) = self.0.length() {
            self.0.set_length(length.max(self.0.position()));
        }
    }

    /// Removes the bar, to make room for the answer.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
