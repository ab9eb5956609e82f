//! Reads of totals, and following their changes, for the API. The tools' snapshots are here as well.

pub(in crate::store) mod changes;
pub(in crate::store) mod cluster_time;
pub(in crate::store) mod follow;
pub(in crate::store) mod foreign;
pub(in crate::store) mod list;
pub(in crate::store) mod one;
pub(in crate::store) mod readable;
pub(in crate::store) mod scan;
pub(in crate::store) mod snapshot;
pub(in crate::store) mod sum;
