//! What goes wrong looks different from zero, and is over by itself when it is over.

use dev_services::port;
use serde_json::json;

use super::{Stage, well};
use crate::events;
use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{Process, World, api_command, eventually};
use crate::web::browser::Browser;

const TOTAL: &str = "campaign-total";

/// An API on a port that the next one can have as well.
async fn api_on(world: &World, port: u16) -> Process {
    let mut command = api_command();
    command
        .env("DATABASE_URL", &world.database.url)
        .env("PORT", port.to_string());
    let api = Process::start(command).await;
    api.healthy().await;
    api
}

/// Writes down each amount that the element has ever shown, so that a zero for a moment is seen too.
const REMEMBER: &str = "
    globalThis.shown = [];
    const remember = () => {
        const element = find('campaign-total')[0];
        const number = element.shadowRoot.querySelector('.number').textContent;
        if (shown.at(-1) !== number) shown.push(number);
        requestAnimationFrame(remember);
    };
    remember();
";

#[tokio::test(flavor = "multi_thread")]
async fn while_the_api_is_away_the_last_number_stays_and_then_the_right_one_comes() {
    let (world, port) = (World::new().await, port::free());
    let (_worker, mut api, browser) = tokio::join!(world.worker(), api_on(&world, port), Browser::start());
    world.publish([well()]).await;
    world.publish(events::numbered(0..5)).await;
    world.expect_totals("c", 5_000, 5, 0).await;
    let page = browser.page().await;
    for path in ["/campaigns/c", "/overlay/c"] {
        page.open(&format!("http://127.0.0.1:{port}{path}")).await;
        let before = world.database.totals("c").await.unwrap().0;
        page.shows(TOTAL, before).await;
        // Once it has counted up.
        let number = format!("${}", before / 100);
        page.until("seen()", |text| {
            text.as_str().unwrap().replace(' ', "").contains(&number)
        })
        .await;
        page.run(REMEMBER).await;

        api.kill().await;
        page.is(TOTAL, "stale").await;
        let text = page.text().await;
        assert!(path != "/campaigns/c" || text.contains("last known"), "{text}");
        page.shows(TOTAL, before).await;

        let donation = events::created(&format!("late{path}"), &format!("late{path}"));
        world.publish([donation]).await;
        api = api_on(&world, port).await;
        page.shows(TOTAL, before + 1_000).await;
        page.is(TOTAL, "live").await;

        let shown = page.run("shown").await;
        let is_zero = |number: &serde_json::Value| {
            let digits = number.as_str().unwrap().chars().filter(char::is_ascii_digit);
            digits.collect::<String>().trim_start_matches('0').is_empty()
        };
        assert!(!shown.as_array().unwrap().iter().any(is_zero), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_totals_cannot_be_read_a_new_page_says_so_and_shows_no_number() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([well()]).await;
    world.publish(events::numbered(0..3)).await;
    world.expect_totals("c", 3_000, 3, 0).await;
    let (proxy, url) = Proxy::before(&world.database).await;
    let through_proxy = [("DATABASE_URL", url.as_str())];
    let (api, browser) = tokio::join!(world.live_api(&through_proxy), Browser::start());
    proxy.set(Weather::Cut);
    let path = "/api/totals/campaigns/c";
    eventually(async || api.get(path).await.0, |status| *status == 503).await;
    let mut pages = Vec::new();
    for path in ["/", "/campaigns/c", "/overlay/c"] {
        let page = browser.page().await;
        page.open(&format!("{}{path}", api.url)).await;
        let total = if path == "/" { "platform-total" } else { TOTAL };
        page.is(total, "unavailable").await;
        let text = page.text().await;
        assert!(
            !text.contains('0') && !text.contains("No donations"),
            "{path}: {text}"
        );
        assert!(
            path.starts_with("/overlay") || text.to_lowercase().contains("not available"),
            "{path}: {text}"
        );
        pages.push((page, total));
    }
    proxy.set(Weather::Clear);
    for (page, total) in &pages {
        page.shows(total, 3_000).await;
        page.is(total, "live").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_asleep_shows_what_it_missed() {
    let stage = Stage::new().await;
    let page = stage.page("/campaigns/c").await;
    stage.donate(0..1).await;
    page.shows(TOTAL, 1_000).await;
    page.call("Page.setWebLifecycleState", json!({ "state": "frozen" }))
        .await;
    stage.donate(1..4).await;
    stage.world.expect_totals("c", 4_000, 4, 0).await;
    page.call("Page.setWebLifecycleState", json!({ "state": "active" }))
        .await;
    page.shows(TOTAL, 4_000).await;
    page.is(TOTAL, "live").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_network_was_away_shows_what_it_missed() {
    let stage = Stage::new().await;
    let port = stage.api.url.rsplit_once(':').unwrap().1;
    let network = Proxy::start(port.parse().unwrap()).await.unwrap();
    let page = stage.browser.page().await;
    page.open(&format!("http://127.0.0.1:{}/campaigns/c", network.port))
        .await;
    stage.donate(0..1).await;
    page.shows(TOTAL, 1_000).await;
    let mut donations = 1;
    // Lost with a word, and without one.
    for weather in [Weather::Cut, Weather::Stalled] {
        network.set(weather);
        stage.donate(donations..donations + 3).await;
        page.is(TOTAL, "stale").await;
        page.shows(TOTAL, i64::try_from(donations).unwrap() * 1_000).await;
        donations += 3;
        network.set(Weather::Clear);
        page.shows(TOTAL, i64::try_from(donations).unwrap() * 1_000).await;
        page.is(TOTAL, "live").await;
    }
}
