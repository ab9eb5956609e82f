//! One piece of work for all who want the same at the same time: a crowd on the first page of the list, or on /health,
//! costs the database no more than one caller does. No result is kept: a caller that comes after the end starts anew.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, WeakShared};
use parking_lot::Mutex;

type UnderWay<K, T> = Mutex<HashMap<K, WeakShared<BoxFuture<'static, T>>>>;

/// The work under way, by its key. It is dropped if all who wait for it are gone.
pub struct SingleFlight<K, T>(Arc<UnderWay<K, T>>);

impl<K, T> SingleFlight<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// The result of the work under way for `key`, or else of the work that `start` makes.
    pub async fn join<F>(&self, key: K, start: impl FnOnce() -> F) -> T
    where
        F: Future<Output = T> + Send + 'static,
    {
        let work = {
            let mut all = self.0.lock();
            let under_way = all.get(&key).and_then(WeakShared::upgrade);
            under_way.unwrap_or_else(|| {
                let work = start();
                let over = Over(self.0.clone(), key.clone());
                let work = work.inspect(move |_| drop(over)).boxed().shared();
                all.extend(work.downgrade().map(|weak| (key, weak)));
                work
            })
        };
        work.await
    }
}

impl<K, T> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, T> Clone for SingleFlight<K, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Removes a piece of work at its end, or when nobody waits for it any more.
struct Over<K: Eq + Hash, T>(Arc<UnderWay<K, T>>, K);

impl<K: Eq + Hash, T> Drop for Over<K, T> {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn those_who_ask_at_once_share_one_piece_of_work_and_the_next_has_its_own() {
        let flight = SingleFlight::default();
        let (checks, gate) = (AtomicUsize::new(0), Arc::new(Semaphore::new(0)));
        let check = || {
            let number = checks.fetch_add(1, Ordering::Relaxed) + 1;
            let gate = gate.clone();
            async move {
                let _open = gate.acquire().await;
                number
            }
        };
        let crowd = join_all((0..20).map(|_| flight.join((), check)));
        // In this order, so that all of them ask before the first is answered.
        let (crowd, ()) = tokio::join!(crowd, async { gate.add_permits(1) });
        assert!(crowd.iter().all(|number| *number == 1), "{crowd:?}");
        assert_eq!(flight.join((), check).await, 2);
        assert!(flight.0.lock().is_empty());
    }
}
