//! Whether a batch is inserted without a look at what is stored.
//!
//! What a batch brings is nearly always new, and a duplicate key says so if it is not.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Batches that are looked up after one that brought what is stored already. A redelivery and a backfill done twice are
/// many of them, and each hope that fails costs a transaction that is aborted.
const CAREFUL_BATCHES: u32 = 32;

/// Which of a batch's events and donations are looked up before they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum InsertMode {
    /// All.
    Careful,
    /// The donations that it refunds. The rest is inserted as new, which fails if it is not.
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

    /// Has the next batches looked up: one brought what is stored already.
    pub fn be_careful(&self) {
        self.careful_batches.store(CAREFUL_BATCHES, Relaxed);
    }
}
