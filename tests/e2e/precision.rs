//! Amounts with more decimals than the currency has: refused, or rounded where all processes on a database agree on that.

use mongodb::bson::doc;
use serde_json::{Value, json};

use crate::events::created;
use crate::harness::{Process, World, eventually};
use crate::tool::{Said, tool, tool_with};

const HALF_EVEN: (&str, &str) = ("AMOUNT_PRECISION", "half-even");

/// The start of what a process says that is set to `reject`, or to nothing.
const COUNTED_ROUNDED: &str = "AMOUNT_PRECISION is reject, but the amounts in this database are counted with half-even: set \
                               AMOUNT_PRECISION=half-even";

/// The start of what a process says that is set to `half-even`.
const COUNTED_EXACT: &str = "AMOUNT_PRECISION is half-even, but the amounts in this database are counted with reject: set \
                             AMOUNT_PRECISION=reject; or allow";

async fn half_even(world: &World, arguments: &[&str]) -> Said {
    tool_with(world, HALF_EVEN, arguments).await
}

/// Waits until the worker says this about why it does not consume.
async fn says(worker: &Process, line: &str) {
    let message = async || worker.get("/health").await.1["consumer"]["message"].to_string();
    eventually(message, |message| message.contains(line)).await;
}

async fn written(world: &World) -> Option<String> {
    let settings = world.database.collection("settings");
    let found = settings.find_one(doc! { "_id": "service" }).await.unwrap();
    found.and_then(|found| found.get_str("amountPrecision").map(str::to_owned).ok())
}

async fn write(world: &World, precision: &str) {
    let set = doc! { "$set": { "amountPrecision": precision } };
    world.database.change("settings", "service", set).await;
}

#[tokio::test]
async fn amounts_are_counted_rounded_and_every_tool_agrees() {
    let world = World::new().await;
    let _worker = world.worker_with(&[HALF_EVEN]).await;
    assert_eq!(written(&world).await.as_deref(), Some("half-even"));
    world
        .publish([
            created("e1", "d1").amount_text("10.005"),
            created("e2", "d2").amount_text("10.015"),
            // The same amount, so the same content.
            created("e2", "d2").amount_text("10.02"),
            created("e2", "d2").amount_text("10.0149999999999999"),
            created("e3", "d3").amount_text("0.005"),
        ])
        .await;
    world.expect_totals("c", 1000 + 1002, 2, 0).await;
    let letters = world.expect_dead_letters(1).await;
    assert_eq!(
        letters[0].reason(),
        "amount must be greater than 0 when it is rounded to 2 decimals in USD, got 0.005"
    );

    let verified = half_even(&world, &["verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let explained = half_even(&world, &["explain", "c", "--json"]).await;
    let explained: Value = serde_json::from_slice(&explained.stdout).unwrap();
    assert_eq!(explained["sum"]["amount"], json!(20.02), "{explained}");
    world.database.empty(&["campaign_totals", "donations"]).await;
    let rebuilt = half_even(&world, &["rebuild"]).await;
    assert_eq!(rebuilt.code, Some(0), "{rebuilt:?}");
    world.expect_totals("c", 2002, 2, 0).await;

    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    let table = "donationId,campaignId,amount,timestamp\nd4,c,10.025,2024-05-01T10:00:00Z\n";
    std::fs::write(file.path(), table).unwrap();
    let backfilled = half_even(&world, &["backfill", file.path().to_str().unwrap()]).await;
    assert_eq!(backfilled.code, Some(0), "{backfilled:?}");
    world.expect_totals("c", 2002 + 1002, 3, 0).await;

    for arguments in [
        ["verify"].as_slice(),
        &["rebuild"],
        &["explain", "c"],
        &["reset", "c", "--yes"],
        &["backfill", file.path().to_str().unwrap()],
    ] {
        let said = tool(&world, arguments).await;
        said.expect_refusal(COUNTED_ROUNDED);
    }
    // An API reads no amount of an event.
    let api = world.api().await;
    let shown = api.get("/api/totals/campaigns/c").await;
    assert_eq!(shown.1["data"]["totalAmount"], json!(30.04));
}

#[tokio::test]
async fn a_database_that_counted_exact_amounts_rounds_once_an_operator_allows_it() {
    let world = World::new().await;
    let worker = world.worker().await;
    world
        .publish([
            created("e1", "d1").amount_text("10.005"),
            created("e2", "d2").amount_text("10.5"),
        ])
        .await;
    world.expect_totals("c", 1050, 1, 0).await;
    let letters = async || world.broker.count(&world.broker.dead_letter_queue).await;
    eventually(letters, |letters| *letters == 1).await;
    assert_eq!(worker.terminate().await, Some(0));

    // As an earlier version has left it.
    let unset = doc! { "$unset": { "amountPrecision": "" } };
    world.database.change("settings", "service", unset).await;
    let rounding = world.starting_worker(&[HALF_EVEN]).await;
    says(&rounding, COUNTED_EXACT).await;
    half_even(&world, &["verify"]).await.expect_refusal(COUNTED_EXACT);
    assert_eq!(written(&world).await, None);
    let exact = world.worker().await;
    assert_eq!(written(&world).await.as_deref(), Some("reject"));
    assert_eq!(exact.terminate().await, Some(0));
    write(&world, "half-odd").await;
    says(&rounding, "\\\"half-odd\\\", and must be").await;

    write(&world, "half-even").await;
    rounding.healthy().await;
    let replayed = half_even(&world, &["dead-letters", "replay", "--all"]).await;
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    world.expect_totals("c", 1050 + 1000, 2, 0).await;
    let verified = half_even(&world, &["verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");

    // Why nobody should go back: the rounded event cannot be read any more.
    assert_eq!(rounding.terminate().await, Some(0));
    write(&world, "reject").await;
    let verified = tool(&world, &["verify"]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    verified.expect_text("amount must have at most 2 decimals in USD, got 10.005");
}
