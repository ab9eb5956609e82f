//! The latest donations to a campaign: read when somebody asks, and for all watchers of a campaign once whenever it changes.
//!
//! Nothing is kept of them but what watchers are shown: memory would have to hold names, and to lose each of them at once when
//! it is forgotten. Every change of a campaign's donations moves its revision, also one that takes a name away. So its watchers
//! wait for the campaign as all others do, and the first of them that wakes reads the list for all.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use totals_core::domain::CampaignId;
use totals_core::runtime::backoff::Backoff;
use totals_core::store::{At, LatestDonations, LatestPage, Store};

use super::by_campaign::ByCampaign;
use super::{Live, View, Watch};
use crate::error::ApiError;

/// How many donations a stream shows.
const STREAMED: u32 = 20;

/// How long a watcher waits between two lists at least. A popular campaign changes hundreds of times a second, each list is
/// read from the database, and nobody reads more than some lists a second.
const LEAST_PAUSE: Duration = Duration::from_millis(250);

/// A page of the latest donations to a campaign, shared by all who asked for it at once.
pub type Latest = Arc<LatestDonations>;

/// The lists that watchers are shown, one for each campaign as long as it is watched.
pub type Feeds = ByCampaign<Feed>;

/// The list of one campaign, with the version of the campaign that it shows. Locked while it is read.
pub type Feed = tokio::sync::Mutex<Option<(View, Latest)>>;

impl Live {
    /// A page of the latest donations to a campaign, from the database. All who ask for it meanwhile share the read.
    ///
    /// # Errors
    /// [`ApiError`] if the database cannot answer in time.
    pub async fn latest(&self, campaign: &CampaignId, page: &LatestPage) -> Result<Latest, ApiError> {
        let key = (campaign.clone(), page.clone());
        let read = || self.clone().latest_now(key.clone());
        self.shared(&self.0.feed_reads, &key, read).await
    }

    async fn latest_now(self, (campaign, page): (CampaignId, LatestPage)) -> Result<At<Latest>, ApiError> {
        let earliest = self.0.freshness.seen();
        let read = async move |store: Store| store.latest_donations(&campaign, &page, earliest).await;
        let At { found, moment } = self.0.database.read(read).await?;
        self.0.freshness.note_seen(moment);
        Ok(At {
            found: Arc::new(found),
            moment,
        })
    }

    /// Watches the latest donations to a campaign.
    pub fn watch_latest(&self, campaign: CampaignId, names: bool) -> LatestWatch {
        LatestWatch {
            feed: self.0.feeds.join(&campaign),
            watch: self.watch(campaign),
            live: self.clone(),
            names,
            last: None,
        }
    }
}

/// One watcher of the latest donations to one campaign.
pub struct LatestWatch {
    live: Live,
    watch: Watch,
    /// Shared by all watchers of the campaign's donations.
    feed: Arc<Feed>,
    names: bool,
    /// What was shown last, with true if the campaign had totals.
    last: Option<(bool, Latest)>,
}

impl LatestWatch {
    /// The campaign that is watched.
    pub fn campaign(&self) -> &CampaignId {
        self.watch.campaign()
    }

    /// The latest donations, and the version of the campaign that they show at least. To be called once, before
    /// [`LatestWatch::next`].
    ///
    /// # Errors
    /// As [`Live::read`] and [`Live::latest`].
    pub async fn first(&mut self) -> Result<(View, Latest), ApiError> {
        let view = self.watch.first().await?;
        let (view, list) = self.list(view).await?;
        self.last = Some((view.is_some(), list.clone()));
        Ok((view, list))
    }

    /// Waits for another list than the last one, and returns the newest there is.
    pub async fn next(&mut self) -> (View, Latest) {
        loop {
            sleep(LEAST_PAUSE).await;
            let view = self.watch.next().await;
            let mut pauses = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
            let (view, list) = loop {
                match self.list(view.clone()).await {
                    Ok(found) => break found,
                    // The database is away or busy: what was shown stays.
                    Err(_) => sleep(pauses.next_delay()).await,
                }
            };
            let shown = Some((view.is_some(), list.clone()));
            if self.last != shown {
                self.last = shown;
                return (view, list);
            }
        }
    }

    /// The list of the campaign's newest version, which is `view` or one after it. One watcher reads it for all.
    async fn list(&mut self, view: View) -> Result<(View, Latest), ApiError> {
        let mut shared = self.feed.lock().await;
        let newest = self.live.newest_in_memory(self.watch.campaign()).unwrap_or(view);
        self.watch.begin_after(newest.clone());
        if let Some((of, list)) = &*shared
            && *of == newest
        {
            return Ok((newest, list.clone()));
        }
        let list = if newest.is_some() {
            let page = LatestPage {
                limit: STREAMED,
                after: None,
                names: self.names,
            };
            self.live.latest(self.watch.campaign(), &page).await?
        } else {
            Latest::default()
        };
        *shared = Some((newest.clone(), list.clone()));
        Ok((newest, list))
    }
}

impl Drop for LatestWatch {
    fn drop(&mut self) {
        let campaign = self.watch.campaign().clone();
        self.live.0.feeds.leave(&campaign, &mut self.feed);
    }
}
