//! The windows on the totals in a real browser: pages, elements in another site's page, and the overlay.

mod axe;
mod badges;
mod browser;
mod budgets;
mod ears;
mod elements;
mod endurance;
mod looks;
mod outages;
mod page;
mod pictures;
mod shown;

use serde_json::json;
use totals_core::domain::Timestamp;

use self::browser::Browser;
use self::page::Page;
use crate::events::{self, Event};
use crate::harness::{Outgoing, Process, World};

/// A world with a worker, an API and a browser.
struct Stage {
    world: World,
    _worker: Process,
    api: Process,
    browser: Browser,
}

impl Stage {
    /// Where campaign `c`, "A well for Ngara", has a goal of 100.00 and no donation yet.
    async fn new() -> Self {
        let world = World::new().await;
        let (worker, api, browser) = tokio::join!(world.worker(), world.live_api(&[]), Browser::start());
        world.publish([well()]).await;
        world.expect_totals("c", 0, 0, 0).await;
        Self {
            world,
            _worker: worker,
            api,
            browser,
        }
    }

    /// A page at a path of the API.
    async fn page(&self, path: &str) -> Page {
        let page = self.browser.page().await;
        page.open(&format!("{}{path}", self.api.url)).await;
        page
    }

    /// Donates so many times 10.00 to campaign `c`.
    async fn donate(&self, numbers: std::ops::Range<usize>) {
        self.world.publish(events::numbered(numbers)).await;
    }
}

/// What tells of campaign `c`.
fn well() -> Outgoing {
    events::campaign_created("well")
        .with("title", json!("A well for Ngara"))
        .with("goalAmount", json!(100))
        .with("status", json!("ACTIVE"))
        .into()
}

/// A donation of 10.00 to campaign `c` at this time, whose donor shows this name.
fn gift(number: usize, name: &str, time: Timestamp) -> Event {
    let time = time.to_string();
    events::created(&format!("e{number}"), &format!("d{number}"))
        .at(&time)
        .with("donorName", json!(name))
        .with("isAnonymous", json!(false))
        .with("timestamp", json!(time))
}
