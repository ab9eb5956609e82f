//! What a page costs: bytes, time to the first number, and requests, of which none goes elsewhere.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Stage;

/// The most bytes of a page before the chart, as they go over the network.
const MAX_BYTES: u64 = 60 * 1024;

/// From the document's arrival to the first number, in milliseconds, on loopback. A frame takes 50 on two cores without a graphics
/// processor, and longer beside other work. So one load within this is enough: a page that waits for a timer, or for a second
/// frame, has none.
const FIRST_NUMBER_MILLIS: f64 = 100.0;

/// For so long a page is loaded again and again.
const LOADED_FOR: Duration = Duration::from_mins(2);

/// Notes when the first of all numbers is in the document, which is the page's own and not that of a card below it.
const CLOCK: &str = "
    const look = () => {
        const roots = [document], numbers = [];
        for (const root of roots) for (const element of root.querySelectorAll('*')) {
            if (element.shadowRoot) roots.push(element.shadowRoot);
            if (element.classList.contains('number')) numbers.push(element);
        }
        if (/\\d/.test(numbers[0]?.textContent)) globalThis.firstNumber = performance.now();
        else requestAnimationFrame(look);
    };
    look();
";

/// What happened when, in milliseconds from the document's arrival on.
const PARTS: &str = "
    const [page] = performance.getEntriesByType('navigation');
    const parts = performance.getEntriesByType('resource').map(({ name, startTime, responseEnd }) => [new URL(name).pathname, startTime, responseEnd]);
    [...parts, ['ready', page.domInteractive, page.domContentLoadedEventEnd], ['number', firstNumber, firstNumber]]
        .map(([name, ...times]) => `${name} ${times.map((time) => Math.round(time - page.responseEnd)).join('-')}`).join(', ')";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_small_and_its_first_number_soon_there() {
    let stage = Stage::new().await;
    stage.donate(0..3).await;
    stage.world.expect_totals("c", 3_000, 3, 0).await;
    for path in ["/", "/campaigns/c", "/overlay/c"] {
        let (begun, mut took, mut parts) = (Instant::now(), Vec::new(), Value::Null);
        while took.last().is_none_or(|millis| *millis >= FIRST_NUMBER_MILLIS) {
            assert!(begun.elapsed() < LOADED_FOR, "{path}: {took:.0?} ms; {parts}");
            let millis;
            (millis, parts) = load(&stage, path).await;
            took.push(millis);
        }
        println!("{path}: from the document to the first number {took:.0?} ms; {parts}");
    }
}

/// Loads the page anew and checks its bytes. Returns the milliseconds from the document's arrival to the first number, and its parts.
async fn load(stage: &Stage, path: &str) -> (f64, Value) {
    let page = stage.browser.page().await;
    page.call("Network.setCacheDisabled", json!({ "cacheDisabled": true }))
        .await;
    page.before_each(CLOCK).await;
    page.open(&format!("{}{path}", stage.api.url)).await;
    let number = page.until("globalThis.firstNumber", Value::is_number).await;
    let came = page
        .run("performance.getEntriesByType('navigation')[0].responseEnd")
        .await;
    let parts = page.run(PARTS).await;
    let bytes = page
        .bytes()
        .into_iter()
        .filter(|(url, _)| !url.contains("/chart-"));
    let bytes: u64 = bytes.map(|(_, bytes)| bytes).sum();
    assert!(
        (1_000..MAX_BYTES).contains(&bytes),
        "{path}: {bytes} bytes: {:?}",
        page.bytes()
    );
    page.call("Page.close", json!({})).await;
    (number.as_f64().unwrap() - came.as_f64().unwrap(), parts)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_loaded_from_elsewhere() {
    let stage = Stage::new().await;
    stage.donate(0..3).await;
    for path in [
        "/",
        "/campaigns/c",
        "/overlay/c?alerts=on&style=thermometer",
        "/campaigns/c?wall",
        "/campaigns/c?lang=ar",
    ] {
        let page = stage.page(path).await;
        page.until(
            "find('.number').some((number) => /\\p{Nd}/u.test(number.textContent))",
            |seen| *seen == true,
        )
        .await;
        let requests = page.requests();
        assert!(requests.len() > 2, "{path}: {requests:?}");
        let own = format!("{}/", stage.api.url);
        let foreign: Vec<_> = requests.iter().filter(|url| !url.starts_with(&own)).collect();
        assert_eq!(foreign, [""; 0], "{path}");
        assert_eq!(page.complaints(), [""; 0], "{path}");
    }
}
