//! What a page costs: bytes, time to the first number, and requests, of which none goes elsewhere.

use serde_json::Value;

use super::Stage;

/// The most bytes of a page before the chart, as they go over the network.
const MAX_BYTES: u64 = 60 * 1024;

/// From the document's arrival to the first number, in milliseconds: the best of some loads, beside other tests and with a debug build of
/// the API. An idle machine is to take less than 100; a page that waits for a timer, or for one answer after another, takes more than
/// this on any.
const FIRST_NUMBER_MILLIS: f64 = 400.0;

const LOADS: usize = 9;

/// Notes when the first number is in the document, and when the document had come.
const CLOCK: &str = "
    const look = () => {
        const roots = [document];
        for (const root of roots) for (const element of root.querySelectorAll('*')) {
            if (element.shadowRoot) roots.push(element.shadowRoot);
            if (element.classList.contains('number') && /\\d/.test(element.textContent)) globalThis.firstNumber ??= performance.now();
        }
        if (globalThis.firstNumber === undefined) requestAnimationFrame(look);
    };
    look();
";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_small_and_its_first_number_soon_there() {
    let stage = Stage::new().await;
    stage.donate(0..3).await;
    stage.world.expect_totals("c", 3_000, 3, 0).await;
    for path in ["/", "/campaigns/c", "/overlay/c"] {
        let mut took = Vec::new();
        for _ in 0..LOADS {
            let page = stage.browser.page().await;
            page.call(
                "Network.setCacheDisabled",
                serde_json::json!({ "cacheDisabled": true }),
            )
            .await;
            page.before_each(CLOCK).await;
            page.open(&format!("{}{path}", stage.api.url)).await;
            let number = page.until("globalThis.firstNumber", Value::is_number).await;
            let came = page
                .run("performance.getEntriesByType('navigation')[0].responseEnd")
                .await;
            took.push(number.as_f64().unwrap() - came.as_f64().unwrap());
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
            page.call("Page.close", serde_json::json!({})).await;
        }
        took.sort_unstable_by(f64::total_cmp);
        println!("{path}: from the document to the first number {took:.0?} ms");
        assert!(took[0] < FIRST_NUMBER_MILLIS, "{path}: {took:?}");
    }
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
