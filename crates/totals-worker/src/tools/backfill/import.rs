//! Rows in, transactions out. One reader hands the events to the lanes, and each lane has its own campaigns, so that lanes
//! never contend.
//!
//! The row of a refunded donation is two events. The lane commits the refund only once the creation is there, so nothing of
//! a row counts whose creation is rejected.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::Batching;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use totals_core::domain::{AmountRules, Event, Outcome};
use totals_core::store::{Store, StoreError};

use super::events::events;
use super::rejects::Rejects;
use super::row::Row;
use super::rows::Rows;
use crate::broker::message::Reason;
use crate::commit::{Batch, Committer, GaveUp};
use crate::consume::lane::{self, lane_of};
use crate::metrics::Metrics;
use crate::stall::StallWatch;
use crate::tools::error::ToolError;
use crate::tools::progress::Progress;

/// The most memory for rows in hand, however long they are.
const MAX_BYTES_IN_HAND: usize = 64 * 1024 * 1024;

/// An event and the row that it comes from.
type RowEvent = (Event, RowSource);

/// The row that an event comes from.
struct RowSource {
    row: Row,
    /// The refund to commit once the event is applied or a duplicate.
    refund: Option<Event>,
}

/// What an import needs.
pub struct Import {
    /// Where events are committed.
    pub store: Store,
    /// How many lanes there are, and the most events in a transaction.
    pub batching: Batching,
    /// The service's rules for amounts.
    pub amounts: AmountRules,
    /// When this is cancelled, the import finishes the rows in hand, but does not wait for a database that is away.
    pub give_up: CancellationToken,
}

/// How far an import came.
pub struct Imported {
    /// Rows read.
    pub rows: u64,
    /// Events that were new.
    pub applied: u64,
    /// Events that were there already.
    pub duplicates: u64,
    /// True if all rows are applied, duplicates or rejects.
    pub complete: bool,
}

#[derive(Default)]
struct Tally {
    applied: AtomicU64,
    duplicates: AtomicU64,
}

impl Import {
    /// Brings all rows into the store.
    ///
    /// # Errors
    /// [`ToolError`] if the rest of the file cannot be read; the rows that were read are finished.
    pub async fn run(self, rows: Rows, rejects: Rejects, progress: Progress) -> Result<Imported, ToolError> {
        let tally = Arc::new(Tally::default());
        // Nobody asks a tool for these, but the committers need them.
        let (metrics, stalls) = (Arc::new(Metrics::default()), StallWatch::default());
        let mut committing = JoinSet::new();
        let mut lanes = Vec::with_capacity(self.batching.lanes);
        for lane in 0..self.batching.lanes {
            let (sender, arriving) = mpsc::channel(self.batching.batch_size);
            let committer = Committer {
                lane,
                store: self.store.clone().booking_in(format!("backfill/{lane}")),
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
            let reader = ImportReader {
                lanes,
                runtime,
                room: Arc::new(Semaphore::new(MAX_BYTES_IN_HAND)),
                amounts: self.amounts,
                give_up: self.give_up,
            };
            reader.read(rows, &rejects, &progress)
        });
        let read = reading.await.map_err(std::io::Error::other)?;
        let committed = committing.join_all().await;
        let (rows, at_end) = read?;
        Ok(Imported {
            rows,
            applied: tally.applied.load(Ordering::Relaxed),
            duplicates: tally.duplicates.load(Ordering::Relaxed),
            complete: at_end && committed.iter().all(Result::is_ok),
        })
    }
}

/// Reads the file, on a thread that may block.
struct ImportReader {
    lanes: Vec<mpsc::Sender<RowEvent>>,
    runtime: Handle,
    room: Arc<Semaphore>,
    amounts: AmountRules,
    give_up: CancellationToken,
}

impl ImportReader {
    /// Returns how many rows were read, and true if that is all of them.
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
            match events(&row, self.amounts) {
                Ok((event, refund)) => {
                    let source = RowSource { row, refund };
                    if self.runtime.block_on(self.hand_over(event, source)).is_none() {
                        break;
                    }
                }
                Err(reason) => rejects.add(&row, &reason),
            }
        }
        Ok((count, false))
    }

    /// Hands an event to its lane, once there is room. Returns none if the lane has given up.
    async fn hand_over(&self, event: Event, mut source: RowSource) -> Option<()> {
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
    mut arriving: mpsc::Receiver<RowEvent>,
    rejects: Rejects,
    tally: Arc<Tally>,
) -> Result<(), GaveUp> {
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
    /// Counts what became of a piece. Returns the refunds that are due now.
    fn settle(
        &self,
        batch: Batch<RowSource>,
        answer: Result<Vec<Outcome>, StoreError>,
        rejects: &Rejects,
    ) -> Vec<RowEvent> {
        let events = batch.events.iter().zip(batch.sources);
        let outcomes = match answer {
            Ok(outcomes) => outcomes,
            Err(error) => {
                events.for_each(|(event, source)| rejects.add(&source.row, &Reason::refused(event, &error)));
                return Vec::new();
            }
        };
        let mut refunds = Vec::new();
        for ((event, RowSource { row, refund }), outcome) in events.zip(outcomes) {
            match outcome {
                Outcome::Applied { .. } => self.applied.fetch_add(1, Ordering::Relaxed),
                Outcome::Duplicate => self.duplicates.fetch_add(1, Ordering::Relaxed),
                Outcome::Quarantined(quarantine) => {
                    rejects.add(&row, &Reason::quarantined(event, &quarantine));
                    continue;
                }
            };
            refunds.extend(refund.map(|event| (event, RowSource { row, refund: None })));
        }
        refunds
    }
}
