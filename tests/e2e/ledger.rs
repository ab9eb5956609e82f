//! `totals-worker verify`, `rebuild`, `explain` and `reset`: what is stored is checked against the log, put right from
//! it, explained by it, and removed with it, while workers run.

mod campaign;
mod payments;
mod traffic;

use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

use crate::events::{created, paid, payment_refunded, refunded};
use crate::harness::{Outgoing, World};
use crate::tool::{json, tool, tool_with};

/// Two campaigns with everything that can happen in them: 11 events that count, one that is quarantined.
fn story() -> Vec<Outgoing> {
    vec![
        created("e1", "d1").donor("ada").amount(100.0).into(),
        created("e2", "d1").donor("ada").amount(100.0).into(),
        created("e3", "d2").donor("ada").amount(50.0).into(),
        refunded("e4", "d2").amount(20.0).into(),
        // Early, and named for a campaign that is not the donation's.
        refunded("e5", "d3").campaign("other").amount(5.0).into(),
        created("e6", "d3").donor("bob").amount(30.0).into(),
        created("e7", "d4").campaign("other").amount(7.0).into(),
        refunded("e8", "d5").amount(1.0).into(),
        paid("e9", "d1").into(),
        paid("e10", "d6").into(),
        payment_refunded("e11", "d1").into(),
        created("e12", "d2").donor("ada").amount(51.0).into(),
    ]
}

/// What the story makes of campaign `c`: amount, pledges, donors.
const C: (i64, i64, i64) = (15_500, 3, 2);

async fn told() -> World {
    let world = World::new().await;
    let worker = world.worker().await;
    // One by one, so that the early ones are.
    world.publish_one_by_one(story().into_iter().take(11)).await;
    world.publish(story().into_iter().skip(11)).await;
    world.expect_settled(11).await;
    assert_eq!(world.expect_dead_letters(1).await.len(), 1);
    worker.terminate().await;
    world
}

/// Puts a document in the place of what has its `_id`.
async fn plant(world: &World, collection: &str, document: Document) {
    let id = doc! { "_id": document.get("_id").unwrap() };
    let collection = world.database.collection(collection);
    collection.replace_one(id, document).upsert(true).await.unwrap();
}

/// Makes the totals of campaign `c` wrong by so much.
async fn add_to_totals(world: &World, amount: i64) {
    let update = doc! { "$inc": { "totalAmountMinor": amount } };
    world.database.change("campaign_totals", "c", update).await;
}

async fn revision(world: &World, campaign: &str) -> i64 {
    let totals = world.database.collection("campaign_totals");
    let totals = totals.find_one(doc! { "_id": campaign }).await.unwrap().unwrap();
    totals.get_i64("revision").unwrap()
}

fn kinds(verified: &Value) -> Vec<String> {
    let shown = verified["differences"]["shown"].as_array().unwrap();
    let mut kinds: Vec<_> = shown
        .iter()
        .map(|it| it["kind"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn verify_finds_nothing_where_all_follows_from_the_log() {
    let world = told().await;
    let verified = json(&world, 0, &["verify"]).await;
    assert_eq!(verified["drift"], false);
    assert_eq!(
        (
            &verified["campaigns"],
            &verified["events"],
            &verified["donations"]
        ),
        // Payments are no campaign's.
        (&json!(2), &json!(8), &json!(5))
    );
    assert_eq!(
        verified["payments"],
        json!({
            "donations": 4, "paid": 2,
            "withoutDonation": { "count": 1, "shown": ["d6"] },
            "withoutPayment": { "count": 3, "shown": ["d2", "d3", "d4"] },
            "otherAmount": { "count": 1, "shown": [{ "donationId": "d1", "amount": 100, "paid": 10 }] },
        })
    );
    let one = json(&world, 0, &["verify", "--campaign", "c"]).await;
    assert_eq!(
        (&one["campaigns"], &one["events"], &one["donations"]),
        (&json!(1), &json!(6), &json!(3))
    );
    assert_eq!(
        one["payments"],
        json!({
            "donations": 3, "paid": 1,
            "withoutDonation": { "count": 0, "shown": [] },
            "withoutPayment": { "count": 2, "shown": ["d2", "d3"] },
            "otherAmount": { "count": 1, "shown": [{ "donationId": "d1", "amount": 100, "paid": 10 }] },
        })
    );
    let said = tool(&world, &["verify"]).await;
    assert!(
        said.text()
            .ends_with("2 campaigns, 8 events, 5 donations: all as the log says\n"),
        "{said:?}"
    );
}

#[tokio::test]
async fn every_kind_of_drift_is_found_and_put_right() {
    let world = told().await;
    add_to_totals(&world, 1).await;
    world
        .database
        .change("donations", "d1", doc! { "$set": { "amountMinor": 9_i64 } })
        .await;
    world
        .database
        .change("donations", "d5", doc! { "$inc": { "refundedMinor": 1_i64 } })
        .await;
    let unknown = doc! { "_id": "d9", "campaignId": "c", "amountMinor": 5_i64, "refundedMinor": 0_i64 };
    plant(&world, "donations", unknown).await;
    world
        .database
        .change("donations", "d2", doc! { "$unset": { "liveDonor": "" } })
        .await;
    let other = world.database.collection("campaign_totals");
    other.delete_one(doc! { "_id": "other" }).await.unwrap();
    let moved = doc! { "_id": "d4", "campaignId": "c", "amountMinor": 700_i64, "refundedMinor": 0_i64 };
    plant(&world, "donations", moved).await;

    let verified = json(&world, 1, &["verify"]).await;
    let expected = [["donation"; 6].as_slice(), &["totals"; 2]].concat();
    assert_eq!(kinds(&verified), expected, "{verified:#}");
    let said = tool(&world, &["verify", "--limit", "1"]).await;
    said.expect_text("… and 7 more");
    said.expect_text("`totals-worker rebuild` puts them right");

    let rebuilt = json(&world, 0, &["rebuild"]).await;
    assert_eq!(rebuilt["corrected"]["totals"], 2, "{rebuilt}");
    assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
    world.expect_totals("c", C.0, C.1, C.2).await;
    world.expect_totals("other", 700, 1, 0).await;
    let again = tool(&world, &["rebuild"]).await;
    assert!(again.text().contains("nothing to correct"), "{again:?}");
}

/// A worker may have looked for donors among them: with a new revision it looks again.
#[tokio::test]
async fn totals_that_are_right_get_a_new_revision_where_donations_were_not() {
    let world = told().await;
    let before = [revision(&world, "c").await, revision(&world, "other").await];
    let moved = doc! { "$set": { "campaignId": "other" } };
    world.database.change("donations", "d1", moved).await;
    let rebuilt = json(&world, 0, &["rebuild"]).await;
    assert_eq!(
        rebuilt["passes"], 2,
        "it stood in the way of its own repair: {rebuilt}"
    );
    assert_eq!(json(&world, 0, &["verify"]).await["differences"]["count"], 0);
    world.expect_totals("c", C.0, C.1, C.2).await;
    world.expect_totals("other", 700, 1, 0).await;
    let after = [revision(&world, "c").await, revision(&world, "other").await];
    assert!(
        before[0] < after[0] && before[1] < after[1],
        "{before:?} {after:?}"
    );
}

/// Of a donation of the campaign; of an early refund, filed under another campaign than its donation's; of an early
/// refund whose donation was never created.
#[tokio::test]
async fn from_a_log_that_was_tampered_with_nothing_is_rebuilt() {
    for (row, amount) in [("e3", "50"), ("e5", "5.0"), ("e8", "1.0")] {
        let world = told().await;
        let logged = world.database.row(row).await.unwrap();
        let payload = logged.get_str("payload").unwrap();
        let forged = payload.replace(&format!(r#""amount":{amount}"#), r#""amount":9"#);
        assert_ne!(payload, forged);
        let forge = doc! { "$set": { "payload": forged } };
        world.database.change("event_log", row, forge).await;

        let verified = json(&world, 1, &["verify"]).await;
        let shown = verified["differences"]["shown"].as_array().unwrap();
        let named = shown
            .iter()
            .find(|difference| difference["kind"] == "logRow")
            .unwrap();
        assert_eq!(
            (&named["eventId"], &named["problem"]),
            (&json!(row), &json!("its payload does not match its contentHash"))
        );
        let before = world.database.count("donations").await;
        for arguments in [["rebuild"].as_slice(), &["rebuild", "--campaign", "c"]] {
            let rebuilt = json(&world, 1, arguments).await;
            assert_eq!(rebuilt["damaged"]["shown"][0]["eventId"], row);
        }
        world.database.check_invariants().await;
        world.expect_totals("c", C.0, C.1, C.2).await;
        assert_eq!(world.database.count("donations").await, before);
    }
}

#[tokio::test]
async fn a_tool_that_cannot_reach_the_database_says_so() {
    let world = World::new().await;
    let away = ("DATABASE_URL", "mongodb://127.0.0.1:1/x");
    let said = tool_with(&world, away, &["verify"]).await;
    said.expect_refusal("check that MongoDB runs");
}
