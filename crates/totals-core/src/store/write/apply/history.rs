//! Writes what a batch books: one statement for each day of a campaign, and one for each day of the platform in this lane.
//!
//! These are additions, so a lane need not look at what is stored. The documents of the platform are the lane's own: lanes,
//! and workers of several queues, would else wait for each other at each commit.

use mongodb::ClientSession;
use mongodb::bson::{Document, doc};

use crate::domain::{CampaignId, Fold, History};
use crate::store::client::Driver;
use crate::store::error::StoreError;
use crate::store::schema::document::{
    CAMPAIGN_HISTORY, PLATFORM_HISTORY, campaign_day, increments, platform_day,
};

impl Driver {
    pub(super) async fn write_history(
        &self,
        session: &mut ClientSession,
        fold: &Fold,
        lane: &str,
    ) -> Result<(), StoreError> {
        let mut histories: Vec<(&CampaignId, &History)> = fold.histories().collect();
        histories.sort_unstable_by_key(|(campaign, _)| *campaign);
        let mut platform = History::default();
        let mut statements = Vec::with_capacity(histories.len());
        for (campaign, history) in histories {
            platform.add_all(history);
            statements.extend(bookings(history, |day| campaign_day(campaign, day)));
        }
        self.update(session, CAMPAIGN_HISTORY, statements).await?;
        let statements = bookings(&platform, |day| platform_day(day, lane));
        self.update(session, PLATFORM_HISTORY, statements.collect())
            .await?;
        Ok(())
    }
}

/// The statements that add these bookings, one for each day.
fn bookings(history: &History, id: impl Fn(i32) -> Document) -> impl Iterator<Item = Document> {
    history.days().map(move |day| {
        doc! { "q": { "_id": id(day) }, "u": { "$inc": increments(history.day(day)) }, "upsert": true }
    })
}
