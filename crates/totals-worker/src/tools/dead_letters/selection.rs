//! Which letters a command works on, in batches.

use super::dead_letter::DeadLetter;
use super::queue_scan::{BATCH, BATCH_BYTES, QueueScan};
use crate::tools::error::ToolError;

/// Which letters to work on.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Selection {
    /// The letters with this id, as `list` shows it
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The letters with this reason code, as `list` shows it
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// All letters that are in the queue now
    #[arg(long)]
    all: bool,
}

impl Selection {
    /// Returns true if the letter is selected.
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        self.all
            || self.id.as_deref().is_some_and(|id| letter.has_id(id))
            || self
                .reason
                .as_deref()
                .is_some_and(|code| letter.reason_code() == code)
    }

    /// The next of the selected letters, a batch at most; none behind the last. The scan leaves the others in the queue.
    ///
    /// # Errors
    /// [`ToolError`] if the broker is lost or the tool is to stop.
    pub async fn next_batch(&self, scan: &mut QueueScan) -> Result<Option<Vec<DeadLetter>>, ToolError> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH
            && bytes <= BATCH_BYTES
            && let Some(letter) = scan.next().await?
        {
            if self.matches(&letter) {
                bytes += letter.message.body.len();
                batch.push(letter);
            } else {
                scan.pass(&letter).await?;
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}
