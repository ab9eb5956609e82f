//! Badges, from the real API; `tests/e2e/web/badges.rs` looks at them in a browser.

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::events::{campaign_created, numbered};
use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{Process, World, eventually};

async fn ask(api: &Process, path: &str, etag: &str) -> Response {
    let request = Client::new().get(format!("{}{path}", api.url));
    request.header("if-none-match", etag).send().await.unwrap()
}

async fn text(api: &Process, path: &str) -> String {
    let answer = ask(api, path, "").await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.text().await.unwrap()
}

#[tokio::test]
async fn a_badge_shows_the_newest_total_and_is_not_sent_twice() {
    let world = World::new().await;
    let (_worker, api) = tokio::join!(world.worker(), world.live_api(&[]));
    let campaign = campaign_created("w")
        .with("title", json!("Wells & <b>"))
        .with("goalAmount", json!(100));
    world.publish([campaign]).await;
    world.publish(numbered(0..5)).await;
    world.expect_totals("c", 5_000, 5, 0).await;
    eventually(
        || text(&api, "/badge/c.svg"),
        |svg| svg.contains(">50 USD · 50%<"),
    )
    .await;

    let svg = ask(&api, "/badge/c.svg", "").await;
    let headers = svg.headers().clone();
    assert_eq!(headers["content-type"], "image/svg+xml; charset=utf-8");
    assert_eq!(headers["cache-control"], "public, max-age=60");
    assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
    let svg = svg.text().await.unwrap();
    assert!(
        svg.contains("<title>Wells &amp; &lt;b&gt;: raised: 50 USD · 50%</title>"),
        "{svg}"
    );
    assert!(svg.contains("role=\"img\"") && !svg.contains("<script"), "{svg}");

    let etag = headers["etag"].to_str().unwrap();
    let again = ask(&api, "/badge/c.svg", etag).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.headers()["cache-control"], "public, max-age=60");
    // Another picture of the same total.
    assert_eq!(
        ask(&api, "/badge/c.svg?color=blue", etag).await.status(),
        StatusCode::OK
    );
    world.publish(numbered(5..10)).await;
    world.expect_totals("c", 10_000, 10, 0).await;
    let status = async || ask(&api, "/badge/c.svg", etag).await.status();
    eventually(status, |status| *status == StatusCode::OK).await;

    let shields: Value = serde_json::from_str(&text(&api, "/badge/c.json?label=Brunnen").await).unwrap();
    let expected = json!({
        "schemaVersion": 1, "label": "Brunnen", "message": "100 USD · 100%", "color": "8a5a00", "labelColor": "444444",
        "isError": false, "cacheSeconds": 300,
    });
    assert_eq!(shields, expected);
}

#[tokio::test]
async fn no_number_is_shown_where_there_is_none() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([campaign_created("w")]).await;
    world.expect_totals("c", 0, 0, 0).await;
    let (proxy, url) = Proxy::before(&world.database).await;
    let api = world.live_api(&[("DATABASE_URL", &url)]).await;
    for (path, words) in [
        ("/badge/c.svg", "no donations yet"),
        ("/badge/nobody.svg", "unknown campaign"),
    ] {
        eventually(|| text(&api, path), |svg| svg.contains(words)).await;
    }
    assert_eq!(
        ask(&api, "/badge/nobody.svg", "").await.headers()["cache-control"],
        "public, max-age=1"
    );

    proxy.set(Weather::Cut);
    let away = eventually(
        || text(&api, "/badge/c.svg"),
        |svg| svg.contains("not available right now"),
    )
    .await;
    assert!(
        away.contains("fill=\"#666666\"") && !away.contains("USD"),
        "{away}"
    );
    let shields: Value = serde_json::from_str(&text(&api, "/badge/c.json").await).unwrap();
    assert_eq!(shields["isError"], true);
    proxy.set(Weather::Clear);
    eventually(
        || text(&api, "/badge/c.svg"),
        |svg| svg.contains("no donations yet"),
    )
    .await;
}

#[tokio::test]
async fn a_wrong_address_is_told_what_is_allowed() {
    let api = World::new().await.live_api(&[]).await;
    for (path, status, words) in [
        (
            "/badge/c.svg?color=%23fff",
            400,
            "color must be 3 or 6 hexadecimal digits without `#`",
        ),
        (
            "/badge/c.svg?label=",
            400,
            "label must be 1 to 60 characters, got 0",
        ),
        ("/badge/.svg", 400, "the campaign's id must not be empty"),
        ("/badge/c", 404, "there is nothing at `/badge/c`"),
        ("/badge/c.png", 404, "there is nothing at `/badge/c.png`"),
    ] {
        let answer = ask(&api, path, "").await;
        assert_eq!(answer.status(), status, "{path}");
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(words), "{path}: {message}");
    }
}
