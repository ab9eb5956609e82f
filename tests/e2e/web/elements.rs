//! The elements in another site's page, whose policy allows little.

use axum::Router;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;
use serde_json::json;

use super::Stage;
use crate::events::created;
use crate::harness::eventually;

/// Six elements of three campaigns, as a site would write them.
fn site(api: &str) -> String {
    let elements = ["c", "other", "third"].map(|id| {
        format!("<campaign-total campaign=\"{id}\"></campaign-total><campaign-thermometer campaign=\"{id}\"></campaign-thermometer>")
    });
    format!(
        "<!doctype html><html lang=\"de\"><head><title>A charity</title><script type=\"module\" src=\"{api}/embed/totals.js\"></script></head>\
         <body><main>{}</main></body></html>",
        elements.concat()
    )
}

/// Serves the page under `charity.example`, which may load scripts from the API and connect to it, and nothing else.
async fn charity(api: &str) -> String {
    let policy = format!(
        "default-src 'none'; script-src {api}; connect-src {api}; base-uri 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
    );
    let page = site(api);
    let serve = move || async move { ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page)) };
    let empty = async || axum::http::StatusCode::NO_CONTENT;
    let router = Router::new()
        .route("/", get(serve))
        .route("/favicon.ico", get(empty));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://charity.example:{port}/")
}

/// Counts what a script leaves running.
const COUNT: &str = "
    globalThis.running = { intervals: new Set(), timeouts: new Set(), listeners: 0 };
    for (const [set, clear, kind] of [['setInterval', 'clearInterval', 'intervals'], ['setTimeout', 'clearTimeout', 'timeouts']]) {
        const [begin, end] = [globalThis[set], globalThis[clear]];
        globalThis[set] = (work, ...rest) => {
            const id = begin(() => { if (kind === 'timeouts') running.timeouts.delete(id); work(); }, ...rest);
            running[kind].add(id);
            return id;
        };
        globalThis[clear] = (id) => { running[kind].delete(id); end(id); };
    }
";

const LISTENERS: &str = "[window, document, document.documentElement, document.body].map((target) => Object.values(getEventListeners(target)).flat().length).reduce((a, b) => a + b)";
const LEFT: &str = "({ intervals: running.intervals.size, timeouts: running.timeouts.size })";

#[tokio::test(flavor = "multi_thread")]
async fn six_elements_in_a_strict_page_share_a_stream_and_leave_nothing_behind() {
    let stage = Stage::new().await;
    stage.donate(0..3).await;
    let page = stage.browser.page().await;
    page.before_each(COUNT).await;
    page.open(&charity(&stage.api.url).await).await;
    page.shows("campaign-total[campaign=c]", 3_000).await;
    page.is("campaign-total[campaign=other]", "none").await;
    stage.donate(3..5).await;
    page.shows("campaign-total[campaign=c]", 5_000).await;
    // In the language of the page.
    page.until("seen()", |text| {
        text.as_str().unwrap().replace(['\u{a0}', ' '], "").contains("50")
    })
    .await;
    let text = page.text().await;
    assert!(text.contains("Noch keine"), "{text}");
    assert_eq!(page.complaints(), [""; 0]);

    let streams = page.requests().into_iter().filter(|url| url.contains("/stream"));
    let streams: Vec<_> = streams.collect();
    assert_eq!(streams.len(), 1, "{streams:?}");
    let foreign = page
        .requests()
        .into_iter()
        .filter(|url| !url.starts_with(&stage.api.url) && !url.contains("charity.example"));
    assert_eq!(foreign.collect::<Vec<_>>(), [""; 0]);

    let streams = async || stage.api.healthy().await["live"]["streams"].as_u64().unwrap();
    assert_eq!(streams().await, 3);
    assert!(page.run(LISTENERS).await.as_u64().unwrap() > 0);
    page.run("globalThis.gone = find('campaign-total').map((element) => new WeakRef(element)); document.querySelector('main').replaceChildren()").await;
    eventually(streams, |streams| *streams == 0).await;
    page.until(LEFT, |left| *left == json!({ "intervals": 0, "timeouts": 0 }))
        .await;
    assert_eq!(page.run(LISTENERS).await, 0);
    page.until(
        "globalThis.gone.filter((element) => element.deref()).length",
        |_| true,
    )
    .await;
    let collected = async || {
        page.call("HeapProfiler.collectGarbage", json!({})).await;
        page.run("gone.filter((element) => element.deref()).length").await
    };
    eventually(collected, |left| *left == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elements_that_come_back_are_live_again() {
    let stage = Stage::new().await;
    stage.donate(0..1).await;
    let page = stage.browser.page().await;
    page.open(&charity(&stage.api.url).await).await;
    page.shows("campaign-total[campaign=c]", 1_000).await;
    page.run("globalThis.kept = find('campaign-total[campaign=c]')[0]; kept.remove()")
        .await;
    stage.donate(1..3).await;
    stage.world.expect_totals("c", 3_000, 3, 0).await;
    page.run("document.querySelector('main').append(kept)").await;
    page.shows("campaign-total[campaign=c]", 3_000).await;
    // Who listens hears nothing of the former campaign any more.
    let spoken = page
        .run("kept.campaign = 'other'; kept.updateComplete.then(() => kept.shadowRoot.querySelector('.spoken').textContent)")
        .await;
    assert!(
        !spoken
            .as_str()
            .unwrap()
            .contains(|character: char| character.is_ascii_digit()),
        "{spoken}"
    );
    // Its attribute is still the first one's, so no selector tells it from the others.
    page.until("kept.dataset.state", |state| state == "none").await;
    // Ids may be whole numbers, which frameworks set as such.
    let gift = created("e7", "d7").campaign("7");
    stage.world.publish([gift]).await;
    page.run("kept.campaign = 7").await;
    page.until("kept.dataset.amountMinor", |amount| amount == "1000")
        .await;
    assert_eq!(page.complaints(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn elements_that_are_gone_hold_no_place_and_a_language_is_that_of_the_nearest_element() {
    let stage = Stage::new().await;
    stage.donate(0..1).await;
    let page = stage.browser.page().await;
    page.open(&charity(&stage.api.url).await).await;
    page.shows("campaign-total[campaign=c]", 1_000).await;
    let streams = async || stage.api.healthy().await["live"]["streams"].as_u64().unwrap();
    assert_eq!(streams().await, 3);
    page.run("for (const element of find('[campaign=third]')) element.remove()")
        .await;
    eventually(streams, |streams| *streams == 2).await;
    page.is("campaign-total[campaign=other]", "none").await;

    let says = async |words: &'static str| {
        page.until("seen()", |text| text.as_str().unwrap().contains(words))
            .await;
    };
    says("Noch keine").await;
    page.run("document.querySelector('main').lang = 'en'").await;
    says("No donations yet").await;
    page.run("document.querySelector('main').removeAttribute('lang')")
        .await;
    says("Noch keine").await;
}
