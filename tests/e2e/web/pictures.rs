//! The pictures of README.md, taken from the demo:
//!
//!     cargo xtask test -- --package tests -- --ignored web::pictures::
//!
//! Not by .ci/run: a picture differs a little each time, and so would the repository.

use std::path::Path;
use std::time::Duration;

use dev_services::directories;
use serde_json::json;
use tokio::process::Command;

use super::{Browser, Page};
use crate::harness::{World, eventually};

/// How many bytes a picture may have: everyone who clones the repository gets them.
const MAX_BYTES: u64 = 80_000;

async fn take(page: &Page, name: &str) {
    let file = directories::workspace().join("docs").join(name);
    page.save_picture(&file).await;
    // A palette of 256 colours is a third of the size.
    let shrink = dev_services::program("pngquant")
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let status = Command::new(shrink)
        .args(["--force", "--ext", ".png"])
        .arg(&file)
        .status()
        .await;
    assert!(status.unwrap().success());
    let bytes = size(&file);
    println!("{}: {bytes} bytes", file.display());
    assert!(bytes < MAX_BYTES, "{name} has {bytes} bytes");
}

fn size(file: &Path) -> u64 {
    std::fs::metadata(file).unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes docs/*.png"]
async fn the_page_and_the_overlay() {
    let world = World::new().await;
    let (_worker, api, browser) = tokio::join!(world.worker(), world.live_api(&[]), Browser::start());
    let port = api.url.rsplit_once(':').unwrap().1;
    let demo = Command::new(directories::target().join("debug/xtask"))
        .args(["demo", "--seed", "7", "--rate", "4", "--minutes", "3"])
        .env("PORT", port)
        .env("RABBITMQ_URL", &world.broker.url)
        .env("RABBITMQ_EXCHANGE", &world.broker.exchange)
        .kill_on_drop(true)
        .spawn();
    let mut demo = demo.unwrap();
    // The appeal is on, and its goal is passed.
    let appeal = "/api/totals/campaigns/demo-night-shelter";
    let percent = async || api.get(appeal).await.1["data"]["goal"]["percent"].as_f64();
    eventually(percent, |percent| percent.is_some_and(|percent| percent > 101.0)).await;

    let page = browser.page().await;
    page.prefer(&[("prefers-color-scheme", "light")]).await;
    page.resize(1280, 860).await;
    page.open(&format!("{}/", api.url)).await;
    page.is("platform-total", "live").await;
    until_something_comes(&page, "platform-total").await;
    take(&page, "page.png").await;

    let overlay = browser.page().await;
    overlay.resize(1280, 300).await;
    overlay
        .open(&format!("{}/overlay/demo-night-shelter", api.url))
        .await;
    overlay.is("campaign-total", "live").await;
    // As over the dark picture of a stage.
    let backdrop = json!({ "color": { "r": 38, "g": 32, "b": 46, "a": 1 } });
    overlay
        .call("Emulation.setDefaultBackgroundColorOverride", backdrop)
        .await;
    // A refund is told to nobody.
    overlay
        .until("find('.alert').length", |alerts| *alerts == 1)
        .await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    take(&overlay, "overlay.png").await;
    let _ = demo.kill().await;
}

/// Waits until a donation comes, and its chip is in full sight.
async fn until_something_comes(page: &Page, selector: &str) {
    let amount = format!("find({selector:?})[0]?.dataset.amountMinor");
    let before = page.run(&amount).await;
    page.until(&amount, |now| *now != before).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
}
