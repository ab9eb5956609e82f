//! What goes wrong looks different from zero, and is over by itself when it is over.

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::Html;
use dev_services::{directories, port};
use mongodb::bson::doc;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use totals_core::domain::Timestamp;

use super::{Page, Stage, gift, well};
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

/// Where the API reaches the database through a proxy, and campaign `c` has three donations.
async fn behind_a_proxy() -> (Stage, Proxy) {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish([well()]).await;
    world.publish(events::numbered(0..3)).await;
    world.expect_totals("c", 3_000, 3, 0).await;
    let (proxy, url) = Proxy::before(&world.database).await;
    let through_proxy = [("DATABASE_URL", url.as_str())];
    let (api, browser) = tokio::join!(world.live_api(&through_proxy), Browser::start());
    let stage = Stage {
        world,
        _worker: worker,
        api,
        browser,
    };
    (stage, proxy)
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
    let (stage, proxy) = behind_a_proxy().await;
    let (api, browser) = (&stage.api, &stage.browser);
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

/// The windows on campaign `c`, each with the element that shows its number.
const WINDOWS: [(&str, &str); 3] = [
    ("/", "platform-total"),
    ("/campaigns/c", TOTAL),
    ("/overlay/c", TOTAL),
];

/// What an ingress without a backend answers, as during a rollout.
async fn nothing_here(port: u16) -> JoinHandle<()> {
    let page = async || {
        // The browser would go on asking over a connection that stays open.
        let headers = [(header::CONNECTION, "close")];
        (
            StatusCode::NOT_FOUND,
            headers,
            Html("<h1>default backend - 404</h1>"),
        )
    };
    let router = Router::new().fallback(page);
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_404_that_is_not_the_apis_is_over_when_it_is_over() {
    let (world, port) = (World::new().await, port::free());
    let (_worker, api, browser) = tokio::join!(world.worker(), api_on(&world, port), Browser::start());
    world.publish([well()]).await;
    world.publish(events::numbered(0..3)).await;
    world.expect_totals("c", 3_000, 3, 0).await;
    let mut pages = Vec::new();
    for (path, total) in WINDOWS {
        let page = browser.page().await;
        page.open(&format!("http://127.0.0.1:{port}{path}")).await;
        page.shows(total, 3_000).await;
        page.is(total, "live").await;
        pages.push((page, total));
    }
    api.kill().await;
    let ingress = nothing_here(port).await;
    for (page, total) in &pages {
        page.is(total, "stale").await;
        page.shows(total, 3_000).await;
        let text = page.text().await;
        assert!(text.contains("last known"), "{text}");
    }
    ingress.abort();
    let _ = ingress.await;
    world.publish(events::numbered(3..4)).await;
    world.expect_totals("c", 4_000, 4, 0).await;
    let _api = api_on(&world, port).await;
    for (page, total) in &pages {
        page.shows(total, 4_000).await;
        page.is(total, "live").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_silent_open_windows_say_until_when_they_know() {
    let (stage, network) = behind_a_proxy().await;
    let (world, api, browser) = (&stage.world, &stage.api, &stage.browser);
    let mut pages = Vec::new();
    for (path, total) in WINDOWS {
        let page = browser.page().await;
        page.open(&format!("{}{path}", api.url)).await;
        page.shows(total, 3_000).await;
        page.is(total, "live").await;
        pages.push((page, path, total));
    }
    let streams = |page: &Page| {
        let requests = page.requests().into_iter();
        requests.filter(|url| url.contains("/stream?ids=")).count()
    };
    network.set(Weather::Stalled);
    for (page, _, total) in &pages {
        page.is(total, "stale").await;
        page.shows(total, 3_000).await;
        let text = page.text().await;
        assert!(text.contains("last known"), "{text}");
    }
    network.set(Weather::Clear);
    for (page, path, total) in &pages {
        page.is(total, "live").await;
        // The stream has told all of it.
        assert!(*path == "/" || streams(page) == 1, "{:?}", page.requests());
    }
    world.publish(events::numbered(3..4)).await;
    for (page, _, total) in &pages {
        page.shows(total, 4_000).await;
    }
}

/// What of a window is not as soft as what is always quiet. The chart counts while its line has the full colour.
const FULL: &str = r"
    const colour = (element) => getComputedStyle(element).color;
    const full = (element) => element.classList.contains('track') ? getComputedStyle(element).opacity !== '0.6'
        : colour(element) !== colour(find('.detail')[0]);
    const parts = find('.number, .track, .joyful, .amount, .name').filter(full).map((element) => element.classList[0]);
    for (const canvas of find('canvas')) {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const isAccent = (_, place) => place % 4 === 0 && data[place] === 0x0b && data[place + 1] === 0x6e && data[place + 2] === 0x4f;
        if (data.some(isAccent)) parts.push('chart');
    }
    [...new Set(parts)].sort()";

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_only_last_known_is_as_soft_as_the_number() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let now = Timestamp::now().unix_millis();
    let gift = |number: usize, hours: i64| {
        let time = Timestamp::from_unix_millis(now - hours * 3_600_000).unwrap();
        gift(number, "Ada Lovelace", time).amount(60.0)
    };
    world
        .publish([well(), gift(0, 2).into(), gift(1, 0).into()])
        .await;
    world.expect_totals("c", 12_000, 2, 0).await;
    let (network, url) = Proxy::before(&world.database).await;
    let settings = [("DATABASE_URL", url.as_str()), ("DONATION_FEED", "names")];
    let (api, browser) = tokio::join!(world.live_api(&settings), Browser::start());
    let windows = [
        ("/", json!(["chart", "joyful", "number", "track"])),
        (
            "/campaigns/c",
            json!(["amount", "chart", "joyful", "name", "number", "track"]),
        ),
        (
            "/campaigns/c?wall",
            json!(["amount", "joyful", "name", "number", "track"]),
        ),
        (
            "/overlay/c?style=thermometer",
            json!(["joyful", "number", "track"]),
        ),
    ];
    let page = browser.page().await;
    page.prefer(&[("prefers-color-scheme", "light")]).await;
    for (path, full) in windows {
        page.open(&format!("{}{path}", api.url)).await;
        page.until(FULL, |found| *found == full).await;
        network.set(Weather::Stalled);
        page.until(FULL, |found| *found == json!([])).await;
        let name = path.replace(|letter: char| !letter.is_alphanumeric(), "-");
        let file = directories::target().join(format!("web/last-known{name}.png"));
        page.save_picture(&file).await;
        network.set(Weather::Clear);
        page.until(FULL, |found| *found == full).await;
    }
}

/// Notes what is ever seen of a place that waits for its number, and when.
const WATCH_PLACE: &str = "
    globalThis.places = [];
    const look = () => {
        const roots = [document];
        for (const root of roots) for (const element of root.querySelectorAll('*')) {
            if (element.shadowRoot) roots.push(element.shadowRoot);
            const { content, opacity } = getComputedStyle(element, '::after');
            if (element.matches('.number:empty') && content !== 'none' && opacity > 0) places.push([performance.now(), Number(opacity)]);
        }
        requestAnimationFrame(look);
    };
    look();
";

/// Where the numbers and the bars of a window are, from above.
const TOPS: &str =
    "find('.number, .track, .caption').map((element) => Math.round(element.getBoundingClientRect().top))";

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_takes_long_has_a_calm_place_and_one_that_does_not_has_none() {
    let (stage, network) = behind_a_proxy().await;
    let (api, browser) = (&stage.api, &stage.browser);
    let page = browser.page().await;
    page.before_each(WATCH_PLACE).await;
    for (path, total) in WINDOWS.into_iter().chain([("/campaigns/c?wall", TOTAL)]) {
        // One load of several is enough: other work may hold up any of them.
        let is_quiet = async || {
            page.open(&format!("{}{path}", api.url)).await;
            page.shows(total, 3_000).await;
            page.run("places.length").await
        };
        eventually(is_quiet, |places| *places == 0).await;

        network.set(Weather::Stalled);
        let stalled = async || api.get("/api/totals").await.0;
        eventually(stalled, |status| *status == 503).await;
        page.open(&format!("{}{path}", api.url)).await;
        page.until("places.at(-1)?.[1]", |seen| {
            seen.as_f64().is_some_and(|seen| seen > 0.4)
        })
        .await;
        assert_eq!(page.state(total).await, "loading", "{path}");
        let begun = page.run("places[0][0]").await.as_f64().unwrap();
        assert!(begun > 300.0, "{path}: {begun} ms");
        let text = page.text().await;
        assert!(
            !text.contains('0') && !text.contains("No donations"),
            "{path}: {text}"
        );
        let name = path.replace(|letter: char| !letter.is_alphanumeric(), "-");
        let file = directories::target().join(format!("web/loading{name}.png"));
        page.save_picture(&file).await;

        let before = page.run(TOPS).await;
        page.is(total, "unavailable").await;
        network.set(Weather::Clear);
        page.shows(total, 3_000).await;
        page.is(total, "live").await;
        // The cards of the first page come below.
        let after = page.run(TOPS).await;
        let [before, after] = [&before, &after].map(|tops| tops.as_array().unwrap());
        assert!(after.starts_with(before), "{path}: {before:?}, {after:?}");
    }
}

/// Less than before is not what somebody has taken back, if all of it is gone, nor is its return a donation.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_emptied_and_restored_is_shown_quietly() {
    let world = World::new().await;
    world.database.donate("c").await.unwrap();
    let amount = world.database.totals("c").await.unwrap().0;
    let totals = world
        .database
        .collection("campaign_totals")
        .namespace()
        .to_string();
    let away = format!("{totals}_away");
    let rename = async |from: &str, to: &str| {
        let command = doc! { "renameCollection": from, "to": to };
        world.database.run_admin(command).await;
    };
    let (api, browser) = tokio::join!(world.live_api(&[]), Browser::start());
    let page = browser.page().await;
    for (path, total) in WINDOWS {
        page.open(&format!("{}{path}", api.url)).await;
        page.shows(total, amount).await;
        page.is(total, "live").await;
        page.run("globalThis.changes = 0; document.addEventListener('totals-change', () => (changes += 1))")
            .await;
        rename(&totals, &away).await;
        page.is(total, "none").await;
        rename(&away, &totals).await;
        page.shows(total, amount).await;
        assert_eq!(page.run("changes").await, 0, "{path}");
        assert_eq!(page.run("find('.chip')[0].textContent").await, "", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_moves_no_donation_into_the_future_or_the_past() {
    let stage = Stage::new().await;
    stage.donate(0..1).await;
    for hours in [-1, 1] {
        let page = stage.browser.page().await;
        let clock = format!(
            "const right = Date;
            globalThis.Date = class extends right {{
                constructor(...parts) {{ super(...(parts.length ? parts : [Date.now()])); }}
                static now() {{ return right.now() + {hours} * 3_600_000; }}
            }};"
        );
        page.before_each(&clock).await;
        page.open(&format!("{}/campaigns/c", stage.api.url)).await;
        page.shows(TOTAL, 1_000).await;
        let text = page
            .until("seen()", |text| text.as_str().unwrap().contains("Last change"))
            .await;
        assert!(!text.as_str().unwrap().contains("hour"), "{text}");
    }
}
