//! Watching a campaign: its newest state again and again, and never one that was overtaken.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use totals_core::domain::CampaignId;
use totals_core::runtime::backoff::Backoff;

use super::{Live, View};
use crate::error::ApiError;

/// How long each watcher of a campaign waits between two states, for each watcher there is. A popular campaign changes
/// hundreds of times a second, and sending all of it to thousands would leave the processor nothing else to do. So
/// thousands get the newest state some times a second, and a handful get every one.
const PACE: Duration = Duration::from_micros(20);

/// Those who watch, by campaign: what wakes them exists while somebody does.
#[derive(Debug, Default)]
pub struct Watchers(Mutex<HashMap<CampaignId, Weak<Notify>>>);

impl Watchers {
    /// Wakes those who watch this campaign.
    pub fn wake(&self, campaign: &CampaignId) {
        let changed = self.0.lock().get(campaign).and_then(Weak::upgrade);
        if let Some(changed) = changed {
            changed.notify_waiters();
        }
    }

    /// Has all who watch look again.
    pub fn wake_all(&self) {
        let all: Vec<_> = self.0.lock().values().filter_map(Weak::upgrade).collect();
        for changed in all {
            changed.notify_waiters();
        }
    }

    fn join(&self, campaign: &CampaignId) -> Arc<Notify> {
        let mut all = self.0.lock();
        all.get(campaign).and_then(Weak::upgrade).unwrap_or_else(|| {
            let changed = Arc::new(Notify::new());
            all.insert(campaign.clone(), Arc::downgrade(&changed));
            changed
        })
    }

    /// Gives back a share; the last one takes the entry with it.
    fn leave(&self, campaign: &CampaignId, changed: &mut Arc<Notify>) {
        let mut all = self.0.lock();
        // Under the lock, so that of several who leave at once one is the last.
        *changed = Arc::default();
        if all.get(campaign).is_some_and(|others| others.strong_count() == 0) {
            all.remove(campaign);
        }
    }
}

/// One watcher of one campaign.
#[derive(Debug)]
pub struct Watch {
    live: Live,
    campaign: CampaignId,
    /// Shared with all who watch the campaign.
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

    /// Which campaign.
    pub fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    /// What the campaign shows now, to begin with.
    ///
    /// # Errors
    /// As [`Live::read`].
    pub async fn first(&mut self) -> Result<View, ApiError> {
        let view = self.live.read(&self.campaign).await?;
        self.last = Some(view.clone());
        Ok(view)
    }

    /// What it shows next: a state that is newer than the one before, and the newest there is.
    pub async fn next(&mut self) -> View {
        self.pause().await;
        let mut pauses = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
        loop {
            let mut change = pin!(self.changed.notified());
            change.as_mut().enable();
            let known = self.live.watched(&self.campaign);
            let in_memory = known.is_some();
            let view = match known {
                Some(view) => Some(view),
                // Memory cannot tell: all who watch it share one read, now and then. What fails is tried again.
                None => self.live.read(&self.campaign).await.ok(),
            };
            if let Some(view) = view
                && self.last.as_ref() != Some(&view)
            {
                self.last = Some(view.clone());
                return view;
            }
            if in_memory {
                change.await;
            } else {
                // An error here is the end of the pause.
                let _ = timeout(pauses.next_delay(), change).await;
            }
        }
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
