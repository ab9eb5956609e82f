//! Tells open streams when nobody can vouch for what they have sent.
//!
//! A stream on which nothing happens looks the same whether nobody gives or the database is away. Reads fail then, after
//! [`LEASE`](super::freshness::LEASE); a stream is not ended for it, because a crowd of watchers would come back again and
//! again. It says so, and says when it is over. A gap of some seconds is told to nobody: an election among the members of the
//! database is one.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use totals_core::domain::Timestamp;

use super::Live;
use super::freshness::LEASE;

/// How long nothing may vouch for what is shown before streams say so.
const STALE_AFTER: Duration = Duration::from_secs(5);

/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// The moment as of which streams are known to have been right; `None` while they are known to be right.
pub type StaleSince = Option<Timestamp>;

impl Live {
    /// Keeps telling streams, for ever.
    pub(super) async fn keep_telling(self) {
        let (mut vouched, mut as_of) = (Instant::now(), Some(Timestamp::now()));
        loop {
            let now = Instant::now();
            if self.is_vouched_for() {
                // Memory is shown for a while after the moment that it is known to be right for.
                let behind = self.heard().min(LEASE);
                vouched = now.checked_sub(behind).unwrap_or(now);
                let millis = i64::try_from(behind.as_millis()).unwrap_or_default();
                as_of = Timestamp::from_unix_millis(Timestamp::now().unix_millis() - millis);
            }
            let stale = as_of.filter(|_| now.duration_since(vouched) > STALE_AFTER);
            self.0.stale_since.send_if_modified(|before| {
                let is_news = *before != stale;
                *before = stale;
                is_news
            });
            sleep(EVERY).await;
        }
    }

    /// Returns true if memory is current, or if reads of the database are answered in its place.
    fn is_vouched_for(&self) -> bool {
        self.answers() || !self.0.memory.is_loaded() && self.0.freshness.was_read_within(STALE_AFTER)
    }

    /// Whether what streams show is known to be right: now, and whenever that changes.
    pub fn vouching(&self) -> (StaleSince, BoxStream<'static, StaleSince>) {
        let mut receiver = self.0.stale_since.subscribe();
        let now = *receiver.borrow_and_update();
        let next = |mut receiver: watch::Receiver<StaleSince>| async move {
            receiver.changed().await.ok()?;
            let stale = *receiver.borrow_and_update();
            Some((stale, receiver))
        };
        (now, stream::unfold(receiver, next).boxed())
    }
}
