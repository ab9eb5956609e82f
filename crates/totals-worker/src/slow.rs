//! Telling the operator when MongoDB takes long over something that a process cannot begin without.
//!
//! There is no time limit: an index on a large collection takes minutes, and to give up on it would only begin it again. But
//! a database that takes no writes still answers everything else, so the operator has to be told what the process waits for.

use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

/// Work that takes longer than this is told of. Usually it takes well under a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a process waits for, and what an operator can do about it.
pub const PREPARING: &str = "MongoDB takes long to make collections and indexes ready. On a large collection an index takes \
                             minutes. If it takes no writes: end a lock with db.fsyncUnlock() in mongosh, free disk \
                             space, or bring back a majority of the replica set. It goes on by itself then";

/// Awaits `work` to its end, and calls `tell` once if that takes long.
pub async fn told_if_slow<T>(work: impl Future<Output = T>, tell: impl FnOnce()) -> T {
    let mut work = pin!(work);
    if let Ok(done) = timeout(PATIENCE, &mut work).await {
        return done;
    }
    tell();
    work.await
}
