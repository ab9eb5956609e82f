//! Letters that somebody else holds are not taken for absent; letters without an id are shown as far as they can be read.

use lapin::options::{BasicConsumeOptions, BasicGetOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};
use serde_json::{Value, json};

use super::{expect_letters, list, park};
use crate::events::{created, refunded};
use crate::harness::{Outgoing, World, eventually};
use crate::tool::{json, tool};

const OTHERS: &str = "others may hold dead letters";

/// How somebody gets hold of letters.
#[derive(Clone, Copy)]
enum Way {
    Consume,
    Get,
}

/// Somebody with letters in its hands, until it closes its connection.
struct Holder {
    connection: Connection,
    /// Closed when it is dropped, and then the letters are back.
    _channel: Channel,
    _consumer: Option<Consumer>,
}

impl Holder {
    /// Takes all letters without settling any.
    async fn of(world: &World, way: Way) -> Self {
        let (connection, channel) = world.broker.connect().await;
        let queue = world.broker.dead_letter_queue.as_str();
        let consumer = match way {
            Way::Consume => {
                let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
                let consume = channel.basic_consume(queue.into(), "".into(), options, arguments);
                Some(consume.await.unwrap())
            }
            Way::Get => {
                let get = async || {
                    channel
                        .basic_get(queue.into(), BasicGetOptions::default())
                        .await
                        .unwrap()
                };
                while get().await.is_some() {}
                None
            }
        };
        expect_letters(world, 0).await;
        Self {
            connection,
            _channel: channel,
            _consumer: consumer,
        }
    }

    async fn ends(self) {
        self.connection.close(200, "done".into()).await.unwrap();
    }
}

#[tokio::test]
async fn a_letter_that_others_hold_is_not_called_absent() {
    let world = World::new().await;
    park(&world, vec![created("e1", "d1").amount_text("0")]).await;
    let free = tool(&world, &["dead-letters", "list"]).await;
    assert!(
        free.stderr.is_empty() && free.text().ends_with("       1  dead letters\n"),
        "{free:?}"
    );
    for way in [Way::Consume, Way::Get] {
        let holder = Holder::of(&world, way).await;
        assert_eq!(list(&world, &[]).await["othersMayHold"], true);
        let commands = [
            &["dead-letters", "list"][..],
            &["dead-letters", "show", "e1"],
            &["dead-letters", "show", "e1", "--raw"],
            &["dead-letters", "replay", "--id", "e1"],
            &["dead-letters", "discard", "--id", "e1", "--yes"],
        ];
        // Each waits for 3 seconds.
        let commands = match way {
            Way::Consume => &commands[..],
            Way::Get => &commands[..1],
        };
        for arguments in commands {
            let said = tool(&world, arguments).await;
            assert!(said.stderr.contains(OTHERS), "{arguments:?}: {said:?}");
            assert!(
                !said.text().contains("no dead letter has"),
                "{arguments:?}: {said:?}"
            );
        }
        // A look that ends meanwhile is waited for.
        let (listed, ()) = tokio::join!(list(&world, &[]), holder.ends());
        assert_eq!(
            (&listed["matching"], &listed["othersMayHold"]),
            (&json!(1), &json!(false))
        );
    }
    let (first, second) = tokio::join!(list(&world, &[]), list(&world, &[]));
    for listed in [first, second] {
        assert!(
            listed["matching"] == 1 || listed["othersMayHold"] == true,
            "{listed}"
        );
    }
}

#[tokio::test]
async fn a_message_whose_letter_others_hold_is_not_parked_twice() {
    let world = World::new().await;
    let broken = || created("e1", "d1").amount_text("0");
    park(&world, vec![broken()]).await;
    let worker = world.worker().await;
    let line = r#"totals_worker_events_total{type="donation.created",outcome="duplicate"}"#;
    for (way, duplicates) in [(Way::Consume, 1), (Way::Get, 2)] {
        let holder = Holder::of(&world, way).await;
        world.publish([broken()]).await;
        eventually(|| worker.counted(line), |count| *count == duplicates).await;
        holder.ends().await;
        expect_letters(&world, 1).await;
    }
    assert_eq!(world.expect_dead_letters(1).await.len(), 1);
    // Now it is gone, and nobody holds it.
    world.publish([broken()]).await;
    expect_letters(&world, 1).await;
}

#[tokio::test]
async fn a_letter_without_a_usable_id_shows_what_can_be_read() {
    let world = World::new().await;
    let body = created("e1", "d1")
        .campaign("other")
        .body()
        .replace(r#""e1""#, "0.7");
    park(&world, vec![Outgoing::new("donation.created", body)]).await;
    let letter = list(&world, &["--campaign", "other"]).await["letters"][0].clone();
    assert!(letter["id"].as_str().unwrap().starts_with("body:"), "{letter}");
    assert_eq!(
        (&letter["campaignId"], &letter["type"]),
        (&json!("other"), &json!("donation.created"))
    );
}

#[tokio::test]
async fn a_letter_whose_key_was_wrong_is_replayed_with_its_own_body() {
    let world = World::new().await;
    let refund = Outgoing::new("donation.created", refunded("R-1", "d1").body());
    park(&world, vec![refund]).await;
    let worker = world.worker().await;
    world.publish([created("C-1", "d1").amount(30.0)]).await;
    world.expect_totals("c", 3000, 1, 0).await;

    let told = "replay it with --body";
    let listed = tool(&world, &["dead-letters", "list"]).await;
    assert!(listed.text().contains(told), "{listed:?}");
    let shown: Value = json(&world, 0, &["dead-letters", "show", "R-1"]).await;
    assert!(
        shown["letters"][0]["remedy"].as_str().unwrap().contains(told),
        "{shown}"
    );

    // As it is it comes back.
    json(&world, 0, &["dead-letters", "replay", "--id", "R-1"]).await;
    eventually(
        async || list(&world, &[]).await["letters"][0]["attempts"].clone(),
        |attempts| *attempts == 2,
    )
    .await;
    let raw = tool(&world, &["dead-letters", "show", "R-1", "--raw"]).await;
    let body = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(body.path(), raw.stdout).unwrap();
    let path = body.path().to_str().unwrap();
    json(
        &world,
        0,
        &["dead-letters", "replay", "--id", "R-1", "--body", path],
    )
    .await;
    world.expect_totals("c", 2000, 1, 0).await;
    world.expect_settled(2).await;
    assert_eq!(worker.terminate().await, Some(0));
    expect_letters(&world, 0).await;
}
