//! One check for all who ask at the same time: a crowd on /health, or many load balancers, costs the database no more
//! than one caller does. Nothing is remembered: who asks when no check is under way starts one.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, WeakShared};
use parking_lot::Mutex;

type Check = BoxFuture<'static, Result<(), String>>;

/// The check under way, if one is. It ends early if all who wait for it are gone.
#[derive(Debug, Clone, Default)]
pub struct Checkup(Arc<Mutex<Option<WeakShared<Check>>>>);

impl Checkup {
    /// The outcome of the check under way, or of the one that `start` makes.
    ///
    /// # Errors
    /// Those of the check.
    pub async fn join<F>(&self, start: impl FnOnce() -> F) -> Result<(), String>
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check = {
            let mut current = self.0.lock();
            let under_way = current.as_ref().and_then(WeakShared::upgrade);
            // One that has ended is held by those who are about to hear of it.
            let under_way = under_way.filter(|check| check.peek().is_none());
            under_way.unwrap_or_else(|| {
                let check = start().boxed().shared();
                *current = check.downgrade();
                check
            })
        };
        check.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn those_who_ask_at_once_share_one_check_and_the_next_has_its_own() {
        let checkup = Checkup::default();
        let (checks, gate) = (AtomicUsize::new(0), Arc::new(Semaphore::new(0)));
        let check = || {
            let number = checks.fetch_add(1, Ordering::Relaxed) + 1;
            let gate = gate.clone();
            async move {
                let _open = gate.acquire().await;
                Err(format!("check {number}"))
            }
        };
        let crowd = join_all((0..20).map(|_| checkup.join(check)));
        // In this order: all of them ask before the first is answered.
        let (crowd, ()) = tokio::join!(crowd, async { gate.add_permits(1) });
        assert!(
            crowd.iter().all(|outcome| *outcome == Err("check 1".to_owned())),
            "{crowd:?}"
        );
        assert_eq!(checkup.join(check).await, Err("check 2".to_owned()));
    }
}
