//! Watching a campaign: its newest state again and again, and never one that was overtaken.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use totals_core::domain::CampaignId;
use totals_core::runtime::backoff::Backoff;

use super::Live;
use super::slot::{Shown, Slot};
use crate::error::ApiError;

/// How long each watcher of a campaign waits between two states, for each watcher there is. A popular campaign changes
/// hundreds of times a second, and sending all of it to thousands would leave the processor nothing else to do. So
/// thousands get the newest state some times a second, and a handful get every one.
const PACE: Duration = Duration::from_micros(20);

/// One watcher of one campaign.
#[derive(Debug)]
pub struct Watch {
    live: Live,
    campaign: CampaignId,
    slot: Arc<Slot>,
    last: Option<Shown>,
}

impl Watch {
    pub(super) fn new(live: Live, campaign: CampaignId) -> Self {
        let slot = live.0.slots.watched(&campaign, live.0.feed.seen());
        Self {
            live,
            campaign,
            slot,
            last: None,
        }
    }

    /// Which campaign.
    pub fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    /// What the campaign shows now, to begin with.
    ///
    /// # Errors
    /// As [`Live::read`].
    pub async fn first(&mut self) -> Result<Shown, ApiError> {
        let shown = self.live.read(&self.campaign).await?;
        self.last = Some(shown.clone());
        Ok(shown)
    }

    /// What it shows next: a state that is newer than the one before, and the newest there is.
    pub async fn next(&mut self) -> Shown {
        self.pause().await;
        let mut pauses = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
        loop {
            let mut changed = pin!(self.slot.changed.notified());
            changed.as_mut().enable();
            match self.shown() {
                Some(shown) if self.is_news(&shown) => {
                    self.last = Some(shown.clone());
                    return shown;
                }
                Some(_) => changed.await,
                None => {
                    // It has missed changes: all who watch it share one read.
                    let read = self.live.read_through(&self.campaign, &self.slot).await;
                    if read.is_err() || self.shown().is_none() {
                        // An error here is the end of the pause.
                        let _ = timeout(pauses.next_delay(), changed).await;
                    }
                }
            }
        }
    }

    fn shown(&self) -> Option<Shown> {
        let fine = self.live.0.database.currency.is_fine();
        fine.then(|| self.slot.shown(self.live.0.feed.begin())).flatten()
    }

    fn is_news(&self, shown: &Shown) -> bool {
        self.last
            .as_ref()
            .is_none_or(|last| shown.at > last.at && !shown.is(last))
    }

    async fn pause(&self) {
        let watchers = u32::try_from(self.slot.watchers()).unwrap_or(u32::MAX);
        let pause = PACE.saturating_mul(watchers);
        // The timer counts milliseconds.
        if pause >= Duration::from_millis(1) {
            sleep(pause.min(Duration::from_millis(200))).await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.slot.unwatched();
    }
}
