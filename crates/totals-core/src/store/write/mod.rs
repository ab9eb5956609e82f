//! What the worker writes: batches of events, and the failures of those that can never be applied.

mod abandoned;
pub(in crate::store) mod apply;
pub(in crate::store) mod contents;
pub(in crate::store) mod failure;
pub(in crate::store) mod insert_mode;
