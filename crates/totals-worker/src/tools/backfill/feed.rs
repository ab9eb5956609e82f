//! Rows in, transactions out: one reader feeds the lanes, each with its own campaigns so that they never contend.
//!
//! A refunded donation is two events. Its refund is committed only once its creation is there, in the same lane, so
//! that of a row whose creation is rejected nothing counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::Batching;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use totals_core::domain::{Currency, Event, Outcome};
use totals_core::store::{Store, StoreError};

use super::events::events;
use super::rejects::Rejects;
use super::row::Row;
use super::rows::Rows;
use crate::broker::message::Reason;
use crate::commit::{Abandoned, Batch, Committer};
use crate::consume::lane::{self, lane_of};
use crate::metrics::Metrics;
use crate::stall::StallWatch;
use crate::tools::error::ToolError;
use crate::tools::progress::Progress;

/// So much of the file is in hand at once, however long its rows are.
const MAX_BYTES_IN_HAND: usize = 64 * 1024 * 1024;

type Item = (Event, Source);

/// What an event comes from.
struct Source {
    row: Row,
    /// Due once the event is applied or a duplicate.
    refund: Option<Event>,
}

/// What feeding needs.
pub struct Feed {
    /// Where events are committed.
    pub store: Store,
    /// How many lanes, and most events in a transaction.
    pub batching: Batching,
    /// The one currency.
    pub currency: Currency,
    /// When this is cancelled, what is in hand is finished, but for waiting for a database that is away.
    pub give_up: CancellationToken,
}

/// How far it came.
pub struct Fed {
    /// Rows read.
    pub rows: u64,
    /// Events that were new.
    pub applied: u64,
    /// Events that were there.
    pub duplicates: u64,
    /// Whether all rows are applied, duplicates or rejects.
    pub complete: bool,
}

#[derive(Default)]
struct Tally {
    applied: AtomicU64,
    duplicates: AtomicU64,
}

impl Feed {
    /// Feeds all rows to the store.
    ///
    /// # Errors
    /// [`ToolError`] if the file cannot be read on; what was read of it is finished.
    pub async fn run(self, rows: Rows, rejects: Rejects, progress: Progress) -> Result<Fed, ToolError> {
        let tally = Arc::new(Tally::default());
        // Nobody asks a tool how it fares; the committers say it all the same.
        let (metrics, stalls) = (Arc::new(Metrics::default()), StallWatch::default());
        let mut committing = JoinSet::new();
        let mut lanes = Vec::with_capacity(self.batching.lanes);
        for lane in 0..self.batching.lanes {
            let (sender, arriving) = mpsc::channel(self.batching.batch_size);
            let committer = Committer {
                lane,
                store: self.store.clone(),
                metrics: metrics.clone(),
                progress: stalls.task(format!("lane {lane}"), lane::REMEDY),
                give_up: vec![self.give_up.clone()],
            };
            let (rejects, tally) = (rejects.clone(), tally.clone());
            committing.spawn(commit(
                committer,
                self.batching.batch_size,
                arriving,
                rejects,
                tally,
            ));
            lanes.push(sender);
        }
        let runtime = Handle::current();
        let reading = tokio::task::spawn_blocking(move || {
            let reader = Reader {
                lanes,
                runtime,
                room: Arc::new(Semaphore::new(MAX_BYTES_IN_HAND)),
                currency: self.currency,
                give_up: self.give_up,
            };
            reader.read(rows, &rejects, &progress)
        });
        let read = reading.await.map_err(std::io::Error::other)?;
        let committed = committing.join_all().await;
        let (rows, at_end) = read?;
        Ok(Fed {
            rows,
            applied: tally.applied.load(Ordering::Relaxed),
            duplicates: tally.duplicates.load(Ordering::Relaxed),
            complete: at_end && committed.iter().all(Result::is_ok),
        })
    }
}

/// Reads the file, on a thread that may block.
struct Reader {
    lanes: Vec<mpsc::Sender<Item>>,
    runtime: Handle,
    room: Arc<Semaphore>,
    currency: Currency,
    give_up: CancellationToken,
}

impl Reader {
    /// How many rows were read, and whether that is all of them.
    fn read(self, mut rows: Rows, rejects: &Rejects, progress: &Progress) -> Result<(u64, bool), ToolError> {
        let (mut count, mut position) = (0, 0);
        while !self.give_up.is_cancelled() {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => return Ok((count, true)),
                // It was the stop that ended standard input.
                Err(_) if self.give_up.is_cancelled() => break,
                Err(error) => return Err(error),
            };
            count += 1;
            progress.add(rows.position() - position);
            position = rows.position();
            match events(&row, self.currency) {
                Ok((event, refund)) => {
                    let source = Source { row, refund };
                    if self.runtime.block_on(self.hand_over(event, source)).is_none() {
                        break;
                    }
                }
                Err(reason) => rejects.add(&row, &reason),
            }
        }
        Ok((count, false))
    }

    /// Waits until there is room; none if the lane has given up.
    async fn hand_over(&self, event: Event, mut source: Source) -> Option<()> {
        let bytes = u32::try_from(source.row.bytes()).ok()?;
        source.row.held = Some(self.room.clone().acquire_many_owned(bytes).await.ok()?);
        let lane = lane_of(event.routing_text(), self.lanes.len());
        self.lanes[lane].send((event, source)).await.ok()
    }
}

/// Commits what arrives in one lane, until the reader is done.
async fn commit(
    committer: Committer,
    batch_size: usize,
    mut arriving: mpsc::Receiver<Item>,
    rejects: Rejects,
    tally: Arc<Tally>,
) -> Result<(), Abandoned> {
    let mut items = Vec::with_capacity(batch_size);
    while arriving.recv_many(&mut items, batch_size).await > 0 {
        while !items.is_empty() {
            let mut refunds = Vec::new();
            let settle = |batch, answer| refunds.extend(tally.settle(batch, answer, &rejects));
            committer.commit(items.drain(..).collect(), None, settle).await?;
            items = refunds;
        }
    }
    Ok(())
}

impl Tally {
    /// Counts what became of a piece; returns the refunds that are due now.
    fn settle(
        &self,
        batch: Batch<Source>,
        answer: Result<Vec<Outcome>, StoreError>,
        rejects: &Rejects,
    ) -> Vec<Item> {
        let events = batch.events.iter().zip(batch.sources);
        let outcomes = match answer {
            Ok(outcomes) => outcomes,
            Err(error) => {
                events.for_each(|(event, source)| rejects.add(&source.row, &Reason::refused(event, &error)));
                return Vec::new();
            }
        };
        let mut refunds = Vec::new();
        for ((event, Source { row, refund }), outcome) in events.zip(outcomes) {
            match outcome {
                Outcome::Applied { .. } => self.applied.fetch_add(1, Ordering::Relaxed),
                Outcome::Duplicate => self.duplicates.fetch_add(1, Ordering::Relaxed),
                Outcome::Quarantined(quarantine) => {
                    rejects.add(&row, &Reason::quarantined(event, &quarantine));
                    continue;
                }
            };
            refunds.extend(refund.map(|event| (event, Source { row, refund: None })));
        }
        refunds
    }
}
