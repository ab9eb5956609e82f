//! What those hear who do not see, and where those get who use no mouse.

use serde_json::{Value, json};

use super::{Page, Stage};

const TAB: u32 = 9;
const ENTER: u32 = 13;

/// True if an outline or a shadow marks what has the focus. That may be around its `::after`, which fills a card. The style decides:
/// an outline without one has a width all the same.
const MARKED: &str = "[null, '::after'].map((part) => getComputedStyle(document.activeElement, part)).some(({ content, outlineStyle, boxShadow }, place) =>
    (place === 0 || content !== 'none') && (outlineStyle !== 'none' || boxShadow !== 'none'))";

/// What a screen reader is given: each node's role, name and value.
async fn heard(page: &Page) -> Vec<(String, String, String)> {
    page.call("Accessibility.enable", json!({})).await;
    let tree = page.call("Accessibility.getFullAXTree", json!({})).await;
    let text = |node: &Value, field: &str| {
        let value = &node[field]["value"];
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    };
    let nodes = tree["nodes"].as_array().unwrap().iter();
    nodes
        .filter(|node| node["ignored"] == false)
        .map(|node| (text(node, "role"), text(node, "name"), text(node, "value")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_reader_hears_the_campaign_its_total_and_its_progress() {
    let stage = Stage::new().await;
    stage.donate(0..5).await;
    let page = stage.page("/campaigns/c").await;
    page.shows("campaign-total", 5_000).await;
    page.until(
        "find('campaign-total .spoken, .spoken')[0]?.textContent",
        |text| text.as_str().is_some_and(|text| text.contains("$50")),
    )
    .await;
    let heard = heard(&page).await;
    let has = |role: &str, words: &[&str]| {
        let found = heard.iter().any(|(of, name, value)| {
            of == role
                && words
                    .iter()
                    .all(|word| name.contains(word) || value.contains(word))
        });
        assert!(found, "no {role} with {words:?} in {heard:#?}");
    };
    has("heading", &["A well for Ngara"]);
    has("progressbar", &["A well for Ngara"]);
    has("status", &[]);
    let said = heard.iter().filter(|(_, name, _)| name.contains("$50"));
    assert!(said.count() >= 1, "{heard:#?}");
    assert_eq!(
        page.run("find('[role=progressbar]')[0].getAttribute('aria-valuetext')")
            .await,
        "50% of $100"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_campaign_is_spoken_of_at_most_every_ten_seconds() {
    let stage = Stage::new().await;
    stage.donate(0..1).await;
    let page = stage.page("/campaigns/c").await;
    page.shows("campaign-total", 1_000).await;
    page.run(
        "globalThis.spoken = []; new MutationObserver(() => spoken.push(performance.now()))
            .observe(find('.spoken')[0], { childList: true, characterData: true, subtree: true })",
    )
    .await;
    for (number, shown) in (1..60).zip(2_i64..) {
        stage.donate(number..number + 1).await;
        page.shows("campaign-total", 1_000 * shown).await;
    }
    page.until("find('.spoken')[0].textContent", |text| {
        text.as_str().unwrap().contains("$600")
    })
    .await;
    let spoken = page.run("spoken").await;
    let times: Vec<f64> = spoken
        .as_array()
        .unwrap()
        .iter()
        .map(|time| time.as_f64().unwrap())
        .collect();
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] > 9_000.0),
        "{times:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_leads_to_a_campaign_and_back() {
    let stage = Stage::new().await;
    stage.donate(0..1).await;
    let page = stage.page("/").await;
    page.until("find('campaign-card a').length", |links| *links == 1)
        .await;
    page.press("Tab", TAB).await;
    let focused = "document.activeElement?.textContent.trim()";
    page.until(focused, |text| text == "A well for Ngara").await;
    assert_eq!(page.run(MARKED).await, true, "the focus cannot be seen");
    page.press("Enter", ENTER).await;
    page.until("location.pathname", |path| path == "/campaigns/c")
        .await;
    page.shows("campaign-total", 1_000).await;
    page.press("Tab", TAB).await;
    assert_eq!(page.run(MARKED).await, true, "the focus cannot be seen");
    page.press("Enter", ENTER).await;
    page.until("location.pathname", |path| path == "/").await;
}
