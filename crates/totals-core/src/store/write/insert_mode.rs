//! Chooses whether a batch is inserted without looking first at what is stored.
//!
//! The events of a batch are nearly always new. If one is not, a duplicate key says so.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Batches that are looked up after one that brought an event that is stored already. A redelivery, or a backfill done
/// twice, brings many such batches, and each one that is inserted without a look costs an aborted transaction.
const CAREFUL_BATCHES: u32 = 32;

/// Which of a batch's events and donations are looked up before they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum InsertMode {
    /// All.
    Careful,
    /// The donations that the batch refunds. The rest is inserted as new, which fails if it is not new.
    Optimistic,
}

/// Chooses the mode of each batch.
#[derive(Debug, Default)]
pub(in crate::store) struct InsertModes {
    careful_batches: AtomicU32,
}

impl InsertModes {
    /// The mode of the next batch.
    pub fn next(&self) -> InsertMode {
        let one_less = |batches: u32| batches.checked_sub(1);
        match self.careful_batches.fetch_update(Relaxed, Relaxed, one_less) {
            Ok(_) => InsertMode::Careful,
            Err(_) => InsertMode::Optimistic,
        }
    }

    /// Has the next batches looked up, because one brought an event that is stored already.
    pub fn be_careful(&self) {
        self.careful_batches.store(CAREFUL_BATCHES, Relaxed);
    }
}
