//! Dead letters that are sent to the worker again, as they are or mended.

use lapin::options::{QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use serde_json::json;

use super::{broken, expect_letters, list, park};
use crate::events::{created, paid};
use crate::harness::{DeadLetter, Outgoing, World};
use crate::tool::{json, tool};

#[tokio::test]
async fn a_mended_letter_is_applied_and_gone() {
    let world = World::new().await;
    park(
        &world,
        vec![
            created("e1", "d1").amount_text("0"),
            created("e2", "d2").amount_text("0"),
        ],
    )
    .await;
    let _worker = world.worker().await;
    let mended = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(mended.path(), created("e1", "d1").body()).unwrap();
    let replay = ["dead-letters", "replay", "--id", "e1", "--body"];
    let replay = [&replay[..], &[mended.path().to_str().unwrap()]].concat();
    assert_eq!(json(&world, 0, &replay).await["replayed"], 1);
    world.expect_totals("c", 1000, 1, 0).await;
    world.expect_settled(1).await;
    assert_eq!(list(&world, &[]).await["letters"][0]["id"], "e2");
    assert_eq!(json(&world, 1, &replay).await["replayed"], 0, "it is gone");
}

#[tokio::test]
async fn letters_with_equal_bodies_are_mended_together() {
    let world = World::new().await;
    let broken = Outgoing::new("donation.created", "no json");
    park(&world, vec![broken]).await;
    // A crash between a letter and its row in the log leaves two.
    let letter = world.expect_dead_letters(1).await.remove(0);
    let copy = DeadLetter {
        body: letter.body.clone(),
        properties: letter.properties.clone(),
    };
    world.broker.park(letter).await;
    world.broker.park(copy).await;
    expect_letters(&world, 2).await;
    let id = list(&world, &[]).await["letters"][0]["id"].clone();
    let id = id.as_str().unwrap();
    let raw = tool(&world, &["dead-letters", "show", id, "--raw"]).await;
    assert_eq!(
        (raw.code, raw.stdout.as_slice()),
        (Some(0), b"no json".as_slice())
    );
    let mended = tempfile::NamedTempFile::new().unwrap();
    let path = mended.path().to_str().unwrap();
    let replay = ["dead-letters", "replay", "--id", id, "--body", path];
    std::fs::write(mended.path(), "still no json").unwrap();
    let refused = tool(&world, &replay).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    expect_letters(&world, 2).await;
    std::fs::write(mended.path(), created("e1", "d1").body()).unwrap();
    assert_eq!(json(&world, 0, &replay).await["replayed"], 2);
    expect_letters(&world, 0).await;
    let _worker = world.worker().await;
    world.expect_totals("c", 1000, 1, 0).await;
    world.expect_settled(1).await;
}

#[tokio::test]
async fn what_is_still_broken_comes_back_once_with_its_attempts_counted() {
    let world = World::competing().await;
    let letters = 1500;
    park(&world, broken(letters)).await;
    // Fast enough to send letters back while the replay still runs: it must not chase them.
    let _workers = (world.worker().await, world.worker().await);
    let replayed = json(&world, 0, &["dead-letters", "replay", "--all"]).await;
    assert_eq!(replayed, json!({ "replayed": letters, "inQueue": letters }));
    expect_letters(&world, letters).await;
    let back = list(&world, &[]).await;
    let back = back["letters"].as_array().unwrap();
    assert_eq!(back.len(), letters);
    assert!(back.iter().all(|letter| letter["attempts"] == 2));
}

#[tokio::test]
async fn a_replay_goes_to_the_worker_alone_and_takes_only_what_is_selected() {
    let world = World::new().await;
    let mut messages = broken(1200);
    // Without an envelope the header with the routing key is all that says what it is.
    let euro = paid("", "d1").with("currency", json!("EUR"));
    messages.insert(600, euro.bare());
    park(&world, messages).await;
    let (connection, channel) = world.broker.connect().await;
    let (other, exchange) = (
        format!("{}.other", world.broker.queue),
        world.broker.exchange.as_str(),
    );
    let exclusive = QueueDeclareOptions {
        exclusive: true,
        ..QueueDeclareOptions::default()
    };
    let declared = channel.queue_declare(other.as_str().into(), exclusive, FieldTable::default());
    declared.await.unwrap();
    let bound = channel.queue_bind(
        other.as_str().into(),
        exchange.into(),
        "#".into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bound.await.unwrap();

    let replay = ["dead-letters", "replay", "--reason", "WRONG_CURRENCY"];
    assert_eq!(
        json(&world, 0, &replay).await,
        json!({ "replayed": 1, "inQueue": 1201 })
    );
    assert_eq!(json(&world, 1, &replay).await["inQueue"], 1200);
    assert_eq!(world.broker.count(&world.broker.queue).await, 1, "no worker runs");
    let passive = channel.queue_declare(other.as_str().into(), exclusive.passive(), FieldTable::default());
    assert_eq!(
        passive.await.unwrap().message_count(),
        0,
        "other subscribers had it before"
    );
    connection.close(200, "done".into()).await.unwrap();

    // Nothing was counted in the former one.
    world.database.collection("settings").drop().await.unwrap();
    let _worker = world.worker_with(&[("CURRENCY", "EUR")]).await;
    world.expect_settled(1).await;
}

#[tokio::test]
async fn letters_that_the_queue_does_not_take_stay() {
    let world = World::new().await;
    let letters = 40;
    park(&world, broken(letters)).await;
    let queue = world.broker.queue.as_str();
    let (connection, channel) = world.broker.connect().await;
    let replay = async |line: &str| {
        let said = tool(&world, &["dead-letters", "replay", "--all"]).await;
        said.expect_failure(line);
    };
    let deleted = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
    deleted.await.unwrap();
    replay("RabbitMQ has no queue").await;
    expect_letters(&world, letters).await;

    let mut limit = FieldTable::default();
    limit.insert("x-max-length".into(), AMQPValue::LongInt(0));
    limit.insert(
        "x-overflow".into(),
        AMQPValue::LongString("reject-publish".into()),
    );
    let declared = channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), limit);
    declared.await.unwrap();
    replay("or lift its limits").await;
    let accepted = world.broker.count(queue).await;
    assert!(accepted < letters, "the queue refuses some");
    expect_letters(&world, letters - accepted).await;
    connection.close(200, "done".into()).await.unwrap();
}
