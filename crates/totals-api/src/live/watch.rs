//! Watching a campaign: its newest state again and again, and never an older one.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use totals_core::domain::CampaignId;
use totals_core::runtime::backoff::Backoff;

use super::by_campaign::ByCampaign;
use super::{Live, View};
use crate::error::ApiError;

/// A campaign's watchers wait between two states for this long times their number. A popular campaign changes hundreds of
/// times a second, and sending every state to thousands of watchers would leave the processor no time for anything else. So
/// thousands of watchers get the newest state some times a second, and a handful get every state.
pub(super) const PACE: Duration = Duration::from_micros(20);

/// What wakes the watchers of each campaign, as long as it has any.
pub type Watchers = ByCampaign<Notify>;

impl Watchers {
    /// Wakes the watchers of this campaign.
    pub fn wake(&self, campaign: &CampaignId) {
        if let Some(changed) = self.get(campaign) {
            changed.notify_waiters();
        }
    }

    /// Wakes all watchers.
    pub fn wake_all(&self) {
        for changed in self.all() {
            changed.notify_waiters();
        }
    }
}

/// Waits for a state other than the last one, and returns the newest there is: the one in memory, or if memory cannot tell the
/// one that a read finds. All watchers share a read, now and then, and one that fails is tried again.
pub(super) async fn next_state<T, Read>(
    changed: &Notify,
    last: &mut Option<T>,
    in_memory: impl Fn() -> Option<T>,
    read: impl Fn() -> Read,
) -> T
where
    T: Clone + PartialEq,
    Read: Future<Output = Result<T, ApiError>>,
{
    let mut pauses = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
    loop {
        let mut change = pin!(changed.notified());
        change.as_mut().enable();
        let known = in_memory();
        let is_known = known.is_some();
        let state = match known {
            Some(state) => Some(state),
            None => read().await.ok(),
        };
        if let Some(state) = state
            && last.as_ref() != Some(&state)
        {
            *last = Some(state.clone());
            return state;
        }
        if is_known {
            change.await;
        } else {
            // An error here is the end of the pause.
            let _ = timeout(pauses.next_delay(), change).await;
        }
    }
}

/// One watcher of one campaign.
pub struct Watch {
    live: Live,
    campaign: CampaignId,
    /// Shared by all watchers of the campaign.
    changed: Arc<Notify>,
    last: Option<View>,
}

impl Watch {
    pub(super) fn new(live: Live, campaign: CampaignId) -> Self {
        let changed = live.0.watchers.join(&campaign);
        Self {
            live,
            campaign,
            changed,
            last: None,
        }
    }

    /// The campaign that is watched.
    pub fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    /// What the campaign shows now. To be called once, before [`Watch::next`].
    ///
    /// # Errors
    /// As [`Live::read`].
    pub async fn first(&mut self) -> Result<View, ApiError> {
        let view = self.live.read(&self.campaign).await?;
        self.begin_after(view.clone());
        Ok(view)
    }

    /// Begins with a state that was read after the watch began, instead of [`Watch::first`].
    pub fn begin_after(&mut self, view: View) {
        self.last = Some(view);
    }

    /// Waits for a state other than the last one, and returns the newest there is.
    pub async fn next(&mut self) -> View {
        self.pause().await;
        let (live, campaign) = (&self.live, &self.campaign);
        let in_memory = || live.newest_in_memory(campaign);
        next_state(&self.changed, &mut self.last, in_memory, || live.read(campaign)).await
    }

    async fn pause(&self) {
        let watchers = Arc::strong_count(&self.changed);
        let pause = PACE.saturating_mul(u32::try_from(watchers).unwrap_or(u32::MAX));
        // The timer counts milliseconds.
        if pause >= Duration::from_millis(1) {
            sleep(pause.min(Duration::from_millis(200))).await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.live.0.watchers.leave(&self.campaign, &mut self.changed);
    }
}
