//! One campaign: explained by its log, removed with its log, and as large as a campaign gets.

use serde_json::json;

use super::{C, add_to_totals, story, told};
use crate::harness::World;
use crate::tool::{json, tool};

#[tokio::test]
async fn explain_adds_up_and_names_what_was_set_aside() {
    let world = told().await;
    let explained = json(&world, 0, &["explain", "c", "--last", "2"]).await;
    assert_eq!(
        explained["totals"],
        json!({ "totalAmount": 155, "totalPledges": 3, "totalDonors": 2 })
    );
    assert_eq!(
        explained["sum"],
        json!({ "amount": 155, "pledges": 3, "donors": 2 })
    );
    let parts: Vec<_> = explained["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            (
                part["type"].as_str().unwrap(),
                part["events"].as_i64().unwrap(),
                part["effect"]["amount"].to_string(),
            )
        })
        .collect();
    assert_eq!(
        parts,
        [
            ("donation.created", 3, "175".to_owned()),
            ("donation.created", 1, "0".to_owned()),
            ("donation.refunded", 1, "-20".to_owned()),
            ("donation.refunded", 1, "0".to_owned()),
        ]
    );
    let latest: Vec<_> = explained["latest"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["eventId"].as_str().unwrap())
        .collect();
    assert_eq!(latest, ["e6", "e4"]);
    assert_eq!(explained["waiting"]["shown"][0]["donationId"], "d5");
    assert_eq!(
        explained["deadLettered"]["shown"][0]["reasonCode"],
        "DONATION_REDEFINED"
    );

    let said = tool(&world, &["explain", "c"]).await;
    let begin = "c: 155 from 3 pledges of 2 donors (revision 4";
    assert!(said.text().starts_with(begin), "{}", said.text());
    add_to_totals(&world, 1).await;
    let said = tool(&world, &["explain", "c"]).await;
    said.expect_text("which is not the totals: run `totals-worker verify`");
    assert_eq!(tool(&world, &["explain", "nobody"]).await.code, Some(1));
}

#[tokio::test]
async fn reset_leaves_nothing_of_a_campaign_and_all_of_the_others() {
    let world = told().await;
    let said = tool(&world, &["reset", "c"]).await;
    said.expect_failure("add --yes");
    world.expect_totals("c", C.0, C.1, C.2).await;

    let removed = json(&world, 0, &["reset", "c", "--yes"]).await;
    // Its eight rows, the payment of d1 with its refund, and the row of the failure.
    assert_eq!(
        (&removed["events"], &removed["donations"]),
        (&json!(10), &json!(4))
    );
    assert_eq!(world.database.totals("c").await, None);
    assert_eq!(world.database.count("event_log").await, 2);
    assert_eq!(world.database.count("donations").await, 1);
    world.expect_totals("other", 700, 1, 0).await;
    assert_eq!(json(&world, 0, &["verify"]).await["drift"], false);
    assert_eq!(json(&world, 1, &["reset", "c", "--yes"]).await["events"], 0);

    let _worker = world.worker().await;
    world.publish(story()).await;
    world.expect_settled(11).await;
    world.expect_totals("c", C.0, C.1, C.2).await;
}

/// More donations than fit into one chunk of a query or one command.
#[tokio::test]
async fn a_large_campaign_is_verified_rebuilt_and_removed() {
    const DONATIONS: i64 = 12_000;
    let world = World::new().await;
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    let rows = (0..DONATIONS).map(|number| format!("d{number},c,10.00,u{number},2025-11-21T10:00:00Z\n"));
    let header = "donationId,campaignId,amount,donorId,timestamp\n".to_owned();
    std::fs::write(file.path(), [header].into_iter().chain(rows).collect::<String>()).unwrap();
    json(&world, 0, &["backfill", file.path().to_str().unwrap()]).await;
    assert_eq!(json(&world, 0, &["verify"]).await["donations"], DONATIONS);

    world.database.empty(&["campaign_totals", "donations"]).await;
    let lost = json(&world, 1, &["verify", "--limit", "3"]).await;
    assert_eq!(lost["differences"]["count"], DONATIONS + 1);
    let rebuilt = json(&world, 0, &["rebuild"]).await;
    assert_eq!(
        rebuilt["corrected"],
        json!({ "totals": 1, "donations": DONATIONS, "days": 0 })
    );
    world
        .expect_totals("c", DONATIONS * 1000, DONATIONS, DONATIONS)
        .await;

    let removed = json(&world, 0, &["reset", "c", "--yes"]).await;
    assert_eq!(
        (&removed["events"], &removed["donations"]),
        (&json!(DONATIONS), &json!(DONATIONS))
    );
    assert_eq!(json(&world, 0, &["verify"]).await["donations"], 0);
}
