//! Which letters a command works on, in batches.

use super::dead_letter::DeadLetter;
use super::queue_scan::{BATCH, BATCH_BYTES, QueueScan};
use crate::tools::error::ToolError;

/// Which letters to work on.
#[derive(Debug, Clone, clap::Args)]
pub struct Selection {
    #[command(flatten)]
    by: Criterion,
    #[command(flatten)]
    body: BodyHash,
}

/// Tells letters apart that have one id.
#[derive(Debug, Clone, clap::Args)]
pub struct BodyHash {
    /// Of these letters, only those whose body has this hash, as `show` prints it
    #[arg(long, value_name = "HASH")]
    body_hash: Option<String>,
}

#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
struct Criterion {
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

impl BodyHash {
    /// Returns true if the letter's body has this hash, or if there is none to have.
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        let hash = self.body_hash.as_ref();
        hash.is_none_or(|hash| letter.body_hash() == *hash)
    }
}

impl Selection {
    /// Returns true if the letter is selected.
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        let Criterion { id, reason, all } = &self.by;
        let selected = *all
            || id.as_deref().is_some_and(|id| letter.id().as_str() == id)
            || reason.as_deref().is_some_and(|code| letter.reason_code() == code);
        selected && self.body.matches(letter)
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
