//! Events in, totals out: every rule of the domain, through the broker and the database.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::json;

use crate::events::{created, paid, payment_refunded, refunded};
use crate::harness::{DeadLetter, Outgoing, World};

#[tokio::test]
async fn a_donation_is_seen_through_the_api() {
    let world = World::new().await;
    let (worker, api) = (world.worker().await, world.api().await);
    let (status, missing) = api.get("/api/totals/campaigns/c").await;
    assert_eq!(
        (status, &missing["error"]["code"]),
        (StatusCode::NOT_FOUND, &json!("TOTALS_NOT_FOUND"))
    );

    world
        .broker
        .publish([created("e1", "d1").amount(5000.5).donor("ada").into()])
        .await;
    world.expect_totals("c", 500_050, 1, 1).await;
    let (status, answer) = api.get("/api/totals/campaigns/c").await;
    assert_eq!(status, StatusCode::OK);
    let data = &answer["data"];
    assert_eq!(data["totalAmount"].to_string(), "5000.5");
    assert_eq!(
        (
            &data["campaignId"],
            &data["totalPledges"],
            &data["totalDonors"],
            &data["currency"],
            &data["revision"]
        ),
        (&json!("c"), &json!(1), &json!(1), &json!("USD"), &json!(1))
    );
    assert!(
        worker
            .text("/metrics")
            .await
            .contains(r#"totals_worker_events_total{type="donation.created",outcome="applied"} 1"#)
    );
    world.expect_settled(1).await;
}

#[tokio::test]
async fn every_type_is_accepted_with_and_without_an_envelope() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let events = |id: &str, donation: &str| {
        [
            created(&format!("{id}1"), donation).amount(30.0),
            refunded(&format!("{id}2"), donation),
            paid(&format!("{id}3"), donation),
            payment_refunded(&format!("{id}4"), donation),
        ]
    };
    world.broker.publish(events("e", "d1").map(Outgoing::from)).await;
    let bare = events("", "d2").map(|event| event.bare());
    world.broker.publish(bare.clone()).await;
    world.expect_settled(8).await;
    world.expect_totals("c", 4000, 2, 0).await;
    assert_eq!(
        world.database.row("e3").await.unwrap().get_str("type").unwrap(),
        "payment.completed"
    );

    // Delivered again, a bare payload is the same event; with a message id, that is its id.
    let mut named = paid("", "d3").bare();
    named.properties = named.properties.with_message_id("m1".into());
    world.broker.publish(bare).await;
    world.broker.publish([named]).await;
    world.expect_settled(9).await;
    assert!(world.database.row("m1").await.is_some());
    assert_eq!(world.expect_dead_letters(0).await.len(), 0);
}

#[tokio::test]
async fn duplicates_change_nothing_and_conflicts_are_quarantined() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let first = created("e1", "d1").donor("ada");
    // The same content in other words is the same event.
    let respelled = first
        .clone()
        .with("donorName", json!("Ada"))
        .with("amount", json!("10.00"));
    let forged = first.clone().amount(99.0);
    let created_again = created("e2", "d1").donor("ada");
    let redefined = [
        created("e3", "d1").donor("ada").amount(11.0),
        created("e4", "d1").donor("ada").campaign("other"),
        created("e5", "d1").donor("bob"),
    ];
    world
        .broker
        .publish([first.clone(), first.clone(), respelled].map(Outgoing::from))
        .await;
    world.expect_settled(1).await;
    world
        .broker
        .publish([forged, first, created_again].map(Outgoing::from))
        .await;
    world.broker.publish(redefined.map(Outgoing::from)).await;

    let dead_letters = world.expect_dead_letters(4).await;
    let reasons: BTreeSet<String> = dead_letters.iter().map(DeadLetter::reason).collect();
    assert_eq!(
        reasons,
        BTreeSet::from([
            "donationId d1 was already created with another amount, campaign or donor".to_owned(),
            "eventId e1 was already processed with different content".to_owned(),
        ])
    );
    world.expect_settled(2).await;
    world.expect_totals("c", 1000, 1, 1).await;
    let processed = world.database.row("e1").await.unwrap();
    assert_eq!(
        processed.get_str("status").unwrap(),
        "PROCESSED",
        "a conflict leaves the processed row alone"
    );
    let beside = world.database.failed_row("e1").await;
    assert!(beside.get_document("_id").is_ok(), "{beside}");
    let own = world.database.failed_row("e3").await;
    assert_eq!(own.get_str("_id").unwrap(), "e3");
}

#[tokio::test]
async fn refunds_come_early_in_parts_twice_and_in_excess() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let steps: [(Outgoing, (i64, i64, i64)); 8] = [
        (created("e0", "d0").donor("ada").into(), (1000, 1, 1)),
        (refunded("e1", "early").amount(4.0).into(), (1000, 1, 1)),
        (created("e2", "early").donor("bob").into(), (1600, 2, 2)),
        (refunded("e3", "d0").amount(2.5).into(), (1350, 2, 2)),
        (refunded("e3", "d0").amount(2.5).into(), (1350, 2, 2)),
        (refunded("e4", "d0").amount(2.5).into(), (1100, 2, 2)),
        (refunded("e5", "d0").amount(500.0).into(), (600, 1, 1)),
        (
            refunded("e6", "early").amount(6.0).campaign("elsewhere").into(),
            (0, 0, 0),
        ),
    ];
    for (event, (amount, pledges, donors)) in steps {
        world.broker.publish([event]).await;
        world.expect_totals("c", amount, pledges, donors).await;
    }
    world.expect_settled(7).await;
    assert_eq!(
        world.database.totals("elsewhere").await,
        None,
        "a refund's own campaign only routes it"
    );
}

#[tokio::test]
async fn a_donor_counts_once_until_the_last_pledge_is_refunded_and_a_guest_never() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world
        .broker
        .publish([
            created("e1", "d1").donor("ada").into(),
            created("e2", "d2").donor("ada").into(),
            created("e3", "d3")
                .donor("ada")
                .with("isGuest", json!(true))
                .into(),
            created("e4", "d4").into(),
            created("e5", "d5").donor("ada").campaign("other").into(),
        ])
        .await;
    world.expect_totals("c", 4000, 4, 1).await;
    world.expect_totals("other", 1000, 1, 1).await;
    world.broker.publish([refunded("e6", "d1").into()]).await;
    world.expect_totals("c", 3000, 3, 1).await;
    world.broker.publish([refunded("e7", "d2").into()]).await;
    world.expect_totals("c", 2000, 2, 0).await;
    world.expect_settled(7).await;
}

#[tokio::test]
async fn a_donor_is_remembered_over_a_restart() {
    let world = World::new().await;
    let worker = world.worker().await;
    world
        .broker
        .publish([created("e1", "d1").donor("ada").into()])
        .await;
    world.expect_totals("c", 1000, 1, 1).await;
    assert_eq!(worker.terminate().await, Some(0));
    let _worker = world.worker().await;
    world
        .broker
        .publish([created("e2", "d2").donor("ada").into()])
        .await;
    world.expect_totals("c", 2000, 2, 1).await;
}

#[tokio::test]
async fn another_currency_has_its_own_decimals() {
    let world = World::new().await;
    let mut command = world.worker_command();
    command.env("CURRENCY", "JPY");
    let worker = crate::harness::Process::start(command).await;
    worker.healthy().await;
    world
        .broker
        .publish([
            created("e1", "d1").amount(500.0).into(),
            created("e2", "d2").amount(0.5).into(),
        ])
        .await;
    let dead_letters = world.expect_dead_letters(1).await;
    assert_eq!(
        dead_letters[0].reason(),
        "amount must have at most 0 decimals in JPY, got 0.5"
    );
    world.expect_totals("c", 500, 1, 0).await;
}
