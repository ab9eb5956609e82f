//! How far a long tool has come: a bar on standard error, if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use totals_core::store::Store;

use super::error::ToolError;

/// A bar that counts events, or bytes of a file. It shows nothing where nobody looks.
#[derive(Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Of reading the log once, from end to end.
    pub async fn of_log(store: &Store) -> Result<Self, ToolError> {
        let bar = ProgressBar::new(store.log_length().await?);
        let template = "{bar:40} {human_pos}/{human_len} events, {per_sec}, {eta} left";
        Ok(Self(bar.with_style(style(template))))
    }

    /// Of reading events, nobody knows how many.
    pub fn counting() -> Self {
        Self(ProgressBar::new_spinner().with_style(style("{spinner} {human_pos} events, {per_sec}")))
    }

    /// Of reading a file of so many bytes.
    pub fn of_file(bytes: u64) -> Self {
        let template = "{bar:40} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        Self(ProgressBar::new(bytes).with_style(style(template)))
    }

    /// Of nothing that is shown.
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
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

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
