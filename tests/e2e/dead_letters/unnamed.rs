//! Letters whose event id cannot be read, and those that have the same body as another: each is itself, and nothing that
//! names it is lost.

use std::collections::BTreeSet;

use lapin::types::AMQPValue;
use serde_json::json;

use super::{expect_letters, list, park};
use crate::events::created;
use crate::harness::{Outgoing, World};
use crate::tool::{json, tool};

/// A body that says nothing of an event.
fn nameless() -> Outgoing {
    Outgoing::new("donation.created", "{}")
}

async fn ids(world: &World) -> BTreeSet<String> {
    let letters = list(world, &[]).await;
    let letters = letters["letters"].as_array().unwrap();
    let id = |letter: &serde_json::Value| letter["id"].as_str().unwrap().to_owned();
    letters.iter().map(id).collect()
}

#[tokio::test]
async fn messages_of_one_body_that_differ_around_it_are_each_a_letter_and_counted_once_mended() {
    let world = World::new().await;
    let cloud_event = |id: &str| {
        let bare = created("", "d").bare();
        bare.header("cloudEvents:specversion", "1.0")
            .header("cloudEvents:type", "donation.created")
            .header("cloudEvents:id", id)
    };
    let mut number = nameless();
    let mut headers = lapin::types::FieldTable::default();
    headers.insert("eventId".into(), AMQPValue::LongLongInt(7));
    number.properties = number.properties.with_headers(headers);
    let mut structured = nameless();
    let content_type = "application/cloudevents+json".into();
    structured.properties = structured.properties.with_content_type(content_type);
    // Those of a CloudEvent lack a source.
    let messages = vec![
        Outgoing::new("donation.refunded", "{}"),
        structured,
        cloud_event("1"),
        cloud_event("2"),
        nameless(),
        nameless().header("eventId", &"x".repeat(300)),
        nameless().header("eventId", &"y".repeat(300)),
        number,
    ];
    let count = messages.len();
    park(&world, messages.clone()).await;
    let all = ids(&world).await;
    assert_eq!(all.len(), count);
    for id in &all {
        world.database.failed_row(id).await;
        let shown = json(&world, 0, &["dead-letters", "show", id]).await;
        assert_eq!(shown["letters"].as_array().unwrap().len(), 1, "{id}");
    }

    // Each is known when it comes again, and what is discarded is parked anew.
    let worker = world.worker().await;
    let first = all.first().unwrap();
    let discard = ["dead-letters", "discard", "--yes", "--id", first];
    assert_eq!(json(&world, 0, &discard).await["discarded"], 1);
    world.publish(messages.into_iter().rev()).await;
    expect_letters(&world, count).await;
    world.expect_queued(&world.broker.queue, 0).await;
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(ids(&world).await, all);

    let replay = ["dead-letters", "replay", "--all"];
    assert_eq!(json(&world, 0, &replay).await["replayed"], count);
    let _worker = world.worker().await;
    expect_letters(&world, count).await;
    assert_eq!(ids(&world).await, all, "a replay changes no id");
}

#[tokio::test]
async fn an_id_is_that_of_its_own_letters_and_of_no_other_with_the_same_body() {
    let world = World::new().await;
    let named = |id: &str| nameless().header("eventId", id);
    park(
        &world,
        vec![
            nameless(),
            named("e1"),
            named("e2"),
            Outgoing::new("donation.created", r#"{"amount":1}"#).header("eventId", "e2"),
        ],
    )
    .await;
    let all = ids(&world).await;
    let unnamed = all.iter().find(|id| id.starts_with("body:")).unwrap();
    let shown = json(&world, 0, &["dead-letters", "show", unnamed]).await;
    assert_eq!(shown["letters"].as_array().unwrap().len(), 1);
    let body_hash = shown["letters"][0]["bodyHash"].as_str().unwrap();
    assert_ne!(body_hash, unnamed);
    let replay = ["dead-letters", "replay", "--id", unnamed];
    assert_eq!(
        json(&world, 0, &replay).await,
        json!({ "replayed": 1, "inQueue": 4 })
    );
    let worker = world.worker().await;
    expect_letters(&world, 4).await;
    assert_eq!(worker.terminate().await, Some(0));

    let discard = ["dead-letters", "discard", "--yes", "--id"];
    let answer = json(&world, 0, &[&discard[..], &[unnamed]].concat()).await;
    assert_eq!(answer["discarded"], 1);
    let left = ["e1", "e2"].map(str::to_owned);
    assert_eq!(ids(&world).await, left.into());

    // The body tells letters of one id apart, and only those.
    let of_e2 = [&discard[..], &["e2", "--body-hash", body_hash]].concat();
    assert_eq!(json(&world, 0, &of_e2).await["discarded"], 1);
    assert_eq!(json(&world, 1, &of_e2).await["discarded"], 0);
    expect_letters(&world, 2).await;
    let all = [
        "dead-letters",
        "discard",
        "--yes",
        "--all",
        "--body-hash",
        body_hash,
    ];
    assert_eq!(json(&world, 0, &all).await["discarded"], 1);
    assert_eq!(ids(&world).await, ["e2".to_owned()].into());
}

#[tokio::test]
async fn a_letter_that_had_too_many_headers_is_still_the_same_event() {
    let world = World::new().await;
    let large = |message: Outgoing| message.header("baggage", &"x".repeat(70_000));
    let worthless = |donation: &str| {
        let body = String::from_utf8(created("", donation).bare().body).unwrap();
        Outgoing::new(
            "donation.created",
            body.replace(r#""amount":10"#, r#""amount":0"#),
        )
    };
    let cloud_event = |message: Outgoing, source: &str| {
        let message = message.header("cloudEvents:specversion", "1.0");
        let message = message.header("cloudEvents:type", "donation.created");
        message
            .header("cloudEvents:id", "1")
            .header("cloudEvents:source", source)
    };
    let endless = "s".repeat(60_000);
    park(
        &world,
        vec![
            large(worthless("d1").header("eventId", "e1")),
            large(cloud_event(worthless("d2"), "shop")),
            // Longer than an id may be: refused, and after a replay as well.
            large(cloud_event(created("", "d3").bare(), &endless[..50_000])),
            large(cloud_event(created("", "d3").bare(), &endless[..50_001])),
        ],
    )
    .await;
    let all = ids(&world).await;
    assert_eq!(all.len(), 4);
    for id in &all {
        world.database.failed_row(id).await;
    }
    for (id, donation) in [("e1", "d1"), ("cloudevent_4_shop_1", "d2")] {
        let mended = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(mended.path(), created("", donation).bare().body).unwrap();
        let path = mended.path().to_str().unwrap();
        let replay = ["dead-letters", "replay", "--id", id, "--body", path];
        assert_eq!(json(&world, 0, &replay).await["replayed"], 1);
    }
    json(&world, 0, &["dead-letters", "replay", "--all"]).await;
    // What the producers mend is the same event.
    world
        .publish([
            created("", "d1").bare().header("eventId", "e1"),
            cloud_event(created("", "d2").bare(), "shop"),
        ])
        .await;
    let _worker = world.worker().await;
    world.expect_totals("c", 2000, 2, 0).await;
    world.expect_settled(2).await;
    expect_letters(&world, 2).await;
    assert!(ids(&world).await.is_subset(&all), "a replay changes no id");
}

/// The ids of the letters that `explain` shows.
async fn explained(world: &World) -> BTreeSet<String> {
    let said = tool(world, &["explain", "c", "--json"]).await;
    let explained: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let shown = explained["deadLettered"]["shown"].as_array().unwrap();
    let id = |letter: &serde_json::Value| letter["eventId"].as_str().unwrap().to_owned();
    let shown: BTreeSet<String> = shown.iter().map(id).collect();
    assert_eq!(explained["deadLettered"]["count"], shown.len(), "{explained}");
    shown
}

#[tokio::test]
async fn a_letter_that_was_mended_replayed_discarded_or_purged_is_not_explained_any_more() {
    let world = World::new().await;
    let worthless = |donation| {
        let body = String::from_utf8(created("", donation).bare().body).unwrap();
        Outgoing::new(
            "donation.created",
            body.replace(r#""amount":10"#, r#""amount":0"#),
        )
    };
    let mut letters: Vec<Outgoing> = ["d1", "d2", "d3", "d4"].map(worthless).into();
    letters.push(created("e5", "d5").amount_text("0"));
    park(&world, letters).await;
    let mut open = explained(&world).await;
    assert_eq!(open, ids(&world).await);
    assert_eq!(open.len(), 5);

    let of = async |donation: &str| {
        let letters = list(&world, &[]).await;
        let mut found = Vec::new();
        for letter in letters["letters"].as_array().unwrap() {
            let id = letter["id"].as_str().unwrap();
            let raw = tool(&world, &["dead-letters", "show", id, "--raw"]).await;
            if raw.text().contains(&format!("\"{donation}\"")) {
                found.push(id.to_owned());
            }
        }
        found.remove(0)
    };
    let mended = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(mended.path(), created("", "d1").bare().body).unwrap();
    let mended = mended.path().to_str().unwrap();
    let (d1, d2, d3) = (of("d1").await, of("d2").await, of("d3").await);
    for (id, arguments) in [
        (d1, ["replay", "--body", mended].as_slice()),
        (d2, &["replay"]),
        (d3, &["discard", "--yes"]),
        ("e5".to_owned(), &["discard", "--yes"]),
    ] {
        let command = [&["dead-letters"], arguments, &["--id", &id]].concat();
        json(&world, 0, &command).await;
        assert!(open.remove(&id));
        assert_eq!(explained(&world).await, open, "{arguments:?}");
    }
    // No worker runs: the letters that were replayed wait in its queue, and one of the two comes back.
    let worker = world.worker().await;
    expect_letters(&world, 2).await;
    world.expect_totals("c", 1000, 1, 0).await;
    assert_eq!(explained(&world).await, ids(&world).await);

    world.broker.purge(&world.broker.dead_letter_queue).await;
    world.publish([created("e6", "d6").amount_text("0")]).await;
    expect_letters(&world, 1).await;
    assert_eq!(worker.terminate().await, Some(0));
    assert_eq!(explained(&world).await, ["e6".to_owned()].into());
}
