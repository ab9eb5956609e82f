//! A worker that knows four types of events beside one of this version, on the same queue.
//!
//! The worker itself is not in this tree. What it does was seen with the binary of an earlier commit (b24c608), and is done here as
//! that did it: it counts donations, and parks what campaigns tell, with the letter and the row of the log that are below.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use mongodb::bson::doc;
use serde_json::json as value;
use totals_core::domain::ContentHash;
use totals_core::store::{Failure, Store};

use crate::events::{campaign_created, campaign_status, campaign_updated, created};
use crate::harness::{DeadLetter, Outgoing, World, eventually};
use crate::tool::json;

/// An event of a campaign as the earlier worker has parked it.
struct Parked {
    message: Outgoing,
    /// What it took for the event's id: without an envelope a hash of the body, since it did not know the type.
    id: String,
    code: &'static str,
    reason: String,
}

fn enveloped(id: &str, message: Outgoing) -> Parked {
    let known = "donation.created, donation.refunded, payment.completed, payment.refunded";
    Parked {
        id: id.to_owned(),
        code: "UNKNOWN_EVENT_TYPE",
        reason: format!("eventType must be one of {known}, got `{}`", message.routing_key),
        message,
    }
}

fn bare(message: Outgoing) -> Parked {
    Parked {
        id: "body:b30c5ddda499a4c9a45949fc8e7aa693".to_owned(),
        code: "MISSING_FIELD",
        reason: "the message has neither a payload (an envelope) nor a donationId (a bare payload), and is no CloudEvent"
            .to_owned(),
        message,
    }
}

/// The letter first, and then its row.
async fn park(world: &World, store: &Store, parked: Parked) {
    let Parked {
        message,
        id,
        code,
        reason,
    } = parked;
    let mut headers = FieldTable::default();
    for (name, text) in [
        ("x-reason-code", code),
        ("x-reason", &reason),
        ("x-original-exchange", &world.broker.exchange),
        ("x-original-routing-key", &message.routing_key),
        ("x-failed-at", "2026-11-29T16:28:24.321842Z"),
    ] {
        headers.insert(name.into(), AMQPValue::LongString(text.into()));
    }
    headers.insert("x-attempts".into(), AMQPValue::LongLongInt(1));
    let properties = BasicProperties::default()
        .with_delivery_mode(2)
        .with_headers(headers);
    let queue = &world.broker.dead_letter_queue;
    let empty = world.broker.count(queue).await == 0;
    let contents = store.dead_letter_contents(queue, empty).await.unwrap();
    let failure = Failure {
        event_id: id.as_str().try_into().unwrap(),
        event_type: Some(message.routing_key.clone()),
        campaign: Some("c".try_into().unwrap()),
        donation: None,
        code,
        error: reason,
        hash: ContentHash::of_bytes(&message.body),
        body: Some(message.body.clone()),
    };
    world
        .broker
        .park(DeadLetter {
            body: message.body,
            properties,
        })
        .await;
    let refused = store.record_failures(&[failure], contents).await.unwrap();
    assert!(refused.is_empty(), "{refused:?}");
}

#[tokio::test]
async fn what_an_earlier_worker_has_parked_of_campaigns_is_counted_when_it_is_replayed() {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish([created("e1", "d1").donor("ada")]).await;
    world
        .publish([campaign_created("k0").with("title", value!("First"))])
        .await;
    world.expect_settled(2).await;
    assert_eq!(worker.terminate().await, Some(0));

    // The earlier worker has the queue. One of these events came to it and, once more, to the new one.
    let created_later = campaign_created("k1").with("goalAmount", value!(10_000));
    let status = campaign_status("k2", "ACTIVE").at("2025-11-22T10:00:00.000Z");
    let goal = campaign_updated("k3", value!({ "goalAmount": 12_000 })).at("2025-11-23T10:00:00.000Z");
    let title = campaign_updated("k4", value!({ "title": "Deep wells" })).bare();
    let store = world.store().await;
    for parked in [
        enveloped("k1", created_later.into()),
        enveloped("k2", status.clone().into()),
        enveloped("k3", goal.into()),
        bare(title),
    ] {
        park(&world, &store, parked).await;
    }
    assert_eq!(json(&world, 0, &["verify"]).await["drift"], false);
    world.expect_totals("c", 1000, 1, 1).await;

    let _worker = world.worker().await;
    world.publish([status]).await;
    world.expect_settled(3).await;
    for (reason, replayed) in [("UNKNOWN_EVENT_TYPE", 3), ("MISSING_FIELD", 1)] {
        let replay = json(&world, 0, &["dead-letters", "replay", "--reason", reason]).await;
        assert_eq!(replay["replayed"], replayed, "{reason}");
    }
    world.expect_settled(6).await;
    world.expect_queued(&world.broker.dead_letter_queue, 0).await;
    world.expect_totals("c", 1000, 1, 1).await;
    assert_eq!(json(&world, 0, &["verify"]).await["drift"], false);
    let failed = doc! { "status": "FAILED", "code": "UNKNOWN_EVENT_TYPE" };
    let log = world.database.collection("event_log");
    assert_eq!(log.count_documents(failed).await.unwrap(), 0);
    let api = world.live_api(&[]).await;
    let shown = async || api.get("/api/totals/campaigns/c").await.1["data"].take();
    let shown = eventually(shown, |shown| shown["goal"]["amount"] == 12_000).await;
    assert_eq!(
        (&shown["status"], &shown["title"], &shown["totalAmountMinor"]),
        (&value!("ACTIVE"), &value!("Deep wells"), &value!(1000))
    );
}
