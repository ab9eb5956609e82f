//! `totals-worker dead-letters`: an operator looks at what could not be applied, mends it, sends it again or throws it
//! away, and loses nothing on the way.

mod foreign;
mod order;
mod others;
mod replay;
mod unnamed;

use serde_json::{Value, json};

use crate::events::created;
use crate::harness::{Outgoing, World};
use crate::tool::{json, tool, tool_with};

/// So many events that can never be applied, `e0` and so on.
fn broken(count: usize) -> Vec<Outgoing> {
    let poison = |number| created(&format!("e{number}"), "d").amount_text("0");
    (0..count).map(poison).collect()
}

/// Puts letters into the dead-letter queue, the way they get there.
async fn park(world: &World, messages: Vec<Outgoing>) {
    let worker = world.worker().await;
    let count = messages.len();
    world.publish(messages).await;
    expect_letters(world, count).await;
    assert_eq!(worker.terminate().await, Some(0));
}

async fn expect_letters(world: &World, count: usize) {
    let queue = &world.broker.dead_letter_queue;
    world.expect_queued(queue, count).await;
}

async fn list(world: &World, filter: &[&str]) -> Value {
    json(world, 0, &[&["dead-letters", "list"], filter].concat()).await
}

#[tokio::test]
async fn a_list_names_each_letter_counts_the_reasons_and_takes_nothing() {
    let world = World::new().await;
    park(
        &world,
        vec![
            created("e1", "d1").campaign("other").amount_text("0"),
            created("e2", "d2").amount_text("-1"),
            Outgoing::new("donation.created", b"\x1b[2J\xff".as_slice()),
        ],
    )
    .await;
    let all = list(&world, &[]).await;
    assert_eq!(all["inQueue"], 3);
    assert_eq!(all["reasons"], json!({ "INVALID_AMOUNT": 2, "NOT_UTF8": 1 }));
    let first = &all["letters"][0];
    assert_eq!(
        (
            &first["id"],
            &first["type"],
            &first["campaignId"],
            &first["attempts"]
        ),
        (
            &json!("e1"),
            &json!("donation.created"),
            &json!("other"),
            &json!(1)
        )
    );
    assert_eq!(first["reason"], "amount must be greater than 0, got 0");
    assert!(all["letters"][2]["id"].as_str().unwrap().starts_with("body:"));

    for (filter, matching, listed) in [
        (&["--reason", "INVALID_AMOUNT"][..], 2, 2),
        (&["--campaign", "other"], 1, 1),
        (&["--reason", "NOT_UTF8", "--campaign", "other"], 0, 0),
        (&["--limit", "1"], 3, 1),
    ] {
        let found = list(&world, filter).await;
        assert_eq!(found["matching"], matching, "{filter:?}");
        assert_eq!(found["letters"].as_array().unwrap().len(), listed, "{filter:?}");
    }
    let said = tool(&world, &["dead-letters", "list"]).await;
    let lines: Vec<&str> = said.text().lines().collect();
    assert_eq!(lines.len(), 3 + 2 + 1, "{}", said.text());
    assert!(lines[0].starts_with("e1  donation.created  other  INVALID_AMOUNT  1  2"));
    assert!(!said.stdout.contains(&0x1b) && said.stderr.is_empty(), "{said:?}");
    assert_eq!(world.broker.take_dead_letters().await.len(), 3);
}

#[tokio::test]
async fn a_letter_is_shown_with_its_headers_and_its_very_bytes() {
    let world = World::new().await;
    let body = b"{\"eventId\":\"\xff\"}\n";
    park(
        &world,
        vec![
            Outgoing::new("donation.created", body.as_slice()).header("tenant", "north"),
            created("e1", "d1").amount_text("0"),
            created("e1", "d1").amount_text("-1"),
        ],
    )
    .await;
    let id = list(&world, &["--reason", "NOT_UTF8"]).await["letters"][0]["id"].clone();
    let id = id.as_str().unwrap();
    let shown = json(&world, 0, &["dead-letters", "show", id]).await;
    let letter = &shown["letters"][0];
    assert_eq!(letter["headers"]["tenant"], "north");
    assert_eq!(letter["headers"]["x-attempts"], 1);
    assert_eq!(letter["routingKey"], "donation.created");
    assert_eq!(letter["exchange"], world.broker.exchange);
    assert_eq!(letter["properties"]["delivery_mode"], "2");
    let raw = tool(&world, &["dead-letters", "show", id, "--raw"]).await;
    assert_eq!((raw.code, raw.stdout.as_slice()), (Some(0), body.as_slice()));

    // One event id may stand on several letters; their hashes tell them apart.
    let twice = json(&world, 0, &["dead-letters", "show", "e1"]).await;
    assert_eq!(twice["letters"].as_array().unwrap().len(), 2);
    let said = tool(&world, &["dead-letters", "show", "e1", "--raw"]).await;
    let hash = twice["letters"][1]["bodyHash"].as_str().unwrap();
    said.expect_failure(hash);
    let one = json(&world, 0, &["dead-letters", "show", "e1", "--body-hash", hash]).await;
    assert_eq!(one["letters"].as_array().unwrap().len(), 1);
    assert_eq!(one["letters"][0]["body"], twice["letters"][1]["body"]);
    json(&world, 1, &["dead-letters", "show", "nobody"]).await;
    let none = tool(&world, &["dead-letters", "show", "nobody", "--raw"]).await;
    assert!(
        none.code == Some(1) && none.stdout.is_empty(),
        "a file would get it: {none:?}"
    );
    assert!(
        none.stderr.contains("no dead letter has the id nobody"),
        "{none:?}"
    );
    expect_letters(&world, 3).await;
}

#[tokio::test]
async fn discarding_needs_a_yes_and_removes_what_is_selected() {
    let world = World::new().await;
    park(
        &world,
        vec![
            created("e1", "d1").amount_text("0"),
            created("e2", "d2").amount_text("0"),
            Outgoing::new("donation.created", "no json"),
        ],
    )
    .await;
    let said = tool(&world, &["dead-letters", "discard", "--all"]).await;
    said.expect_failure("--yes");
    for (selection, code, discarded) in [
        (&["--id", "e1"][..], 0, 1),
        (&["--id", "e1"], 1, 0),
        (&["--reason", "INVALID_JSON"], 0, 1),
        (&["--all"], 0, 1),
        (&["--all"], 1, 0),
    ] {
        let arguments = [&["dead-letters", "discard", "--yes"], selection].concat();
        let answer = json(&world, code, &arguments).await;
        assert_eq!(answer["discarded"], discarded, "{selection:?}");
    }
    expect_letters(&world, 0).await;
    // So many that the broker puts off acknowledgements: none may be lost.
    let poison = |number| created(&format!("many{number}"), "d").amount_text("0");
    park(&world, (0..1500).map(poison).collect()).await;
    let arguments = ["dead-letters", "discard", "--yes", "--all"];
    assert_eq!(json(&world, 0, &arguments).await["discarded"], 1500);
    assert_eq!(list(&world, &[]).await["inQueue"], 0);
    assert_eq!(
        world.database.row("e1").await.unwrap().get_str("status").unwrap(),
        "FAILED"
    );
}

#[tokio::test]
async fn what_keeps_a_tool_from_running_is_one_line() {
    let world = World::new().await;
    for (environment, line) in [
        (("WORKER_PORT", "none"), "RabbitMQ has no queue "),
        (
            ("RABBITMQ_URL", "amqp://ada:s3cret@127.0.0.1:9"),
            "check that RabbitMQ runs, and RABBITMQ_URL",
        ),
        (("RABBITMQ_URL", "rabbit"), "RABBITMQ_URL must be an AMQP URL"),
        (("LOG_LEVEL", "loud=very"), "LOG_LEVEL must be"),
    ] {
        let said = tool_with(&world, environment, &["dead-letters", "list"]).await;
        said.expect_refusal(line);
        assert!(
            said.stdout.is_empty() && !said.stderr.contains("s3cret"),
            "{said:?}"
        );
    }
}
