//! A writer that keeps a lane of a worker waiting.

use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{Document, doc};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::World;

/// Keeps a campaign's document in a transaction of its own, so that a lane with an event of it has to wait.
pub struct Hold {
    release: oneshot::Sender<()>,
    held: JoinHandle<()>,
}

impl Hold {
    /// Takes hold of the campaign, and returns when it has it.
    pub async fn on(world: &World, campaign: &str) -> Self {
        let client = Client::with_uri_str(&world.database.url).await.unwrap();
        let mut session = client.start_session().await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test in another writer's place")]
        session.start_transaction().await.unwrap();
        let totals = world.database.collection("campaign_totals");
        let campaign = campaign.to_owned();
        let (release, mut released) = oneshot::channel();
        let (taken, is_taken) = oneshot::channel();
        let held = tokio::spawn(async move {
            let totals = client
                .default_database()
                .unwrap()
                .collection::<Document>(totals.name());
            // A worker ends transactions that nobody seems to use.
            let mut again = tokio::time::interval(Duration::from_millis(300));
            let mut taken = Some(taken);
            loop {
                tokio::select! {
                    _ = &mut released => break,
                    _ = again.tick() => {}
                }
                let touch = totals.update_one(doc! { "_id": &campaign }, doc! { "$inc": { "held": 1 } });
                touch.upsert(true).session(&mut session).await.unwrap();
                if let Some(taken) = taken.take() {
                    taken.send(()).unwrap();
                }
            }
            session.abort_transaction().await.unwrap();
        });
        is_taken.await.unwrap();
        Self { release, held }
    }

    /// Lets go of the campaign, which is as it was before.
    pub async fn release(self) {
        self.release.send(()).unwrap();
        self.held.await.unwrap();
    }
}
