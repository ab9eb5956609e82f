//! Dead letters of a donor lose what is personal, and those of others stay.

use std::time::Duration;

use mongodb::bson::doc;
use serde_json::{Value, json};

use super::traces::{expect_nowhere, letters};
use super::{DONOR, PERSONAL, forget, of_ada, verify};
use crate::events::{campaign_created, campaign_updated, created};
use crate::harness::proxy::{Proxy, Weather};
use crate::harness::{Outgoing, Process, World, eventually};
use crate::tool::tool;

/// What somebody has sent to do harm stands in nobody's way.
#[tokio::test]
async fn a_letter_that_is_nested_without_end_stops_nobody_from_being_forgotten() {
    const LEVELS: usize = 20_000;
    let world = World::new().await;
    let _worker = world.worker().await;
    let deep = |value: &str| format!("{}{value}{}", "[".repeat(LEVELS), "]".repeat(LEVELS));
    let number: Value = json!(0);
    let others = created("e2", "d2").donor("eve").with("note", number);
    let others = others.body().replace(
        "\"note\":0",
        &format!("\"note\":{}", deep(&format!("\"{DONOR}\""))),
    );
    world.publish([of_ada("e1", "d1")]).await;
    world.publish([Outgoing::new("donation.created", others)]).await;
    let letter = Outgoing::new("donation.created", format!("{{\"x\":{}}}", deep("7")));
    world.publish([letter]).await;
    world.expect_settled(2).await;
    world.expect_queued(&world.broker.dead_letter_queue, 1).await;
    forget(&world, 0, &["--donor", DONOR]).await;
    for text in PERSONAL {
        expect_nowhere(&world, text).await;
    }
    verify(&world).await;
}

/// The letters come last: what the database has of the donor is gone by then, but for the random id that tells of the run.
#[tokio::test]
async fn a_run_that_is_killed_among_the_letters_is_completed_by_the_next_one() {
    const LETTERS: usize = 600;
    let world = World::new().await;
    let worker = world.worker().await;
    let negative = |number: usize| of_ada(&format!("b{number}"), &format!("d{number}")).amount_text("-1");
    world.publish([of_ada("e", "d")]).await;
    world.publish((0..LETTERS).map(negative)).await;
    let queue = world.broker.dead_letter_queue.as_str();
    world.expect_queued(queue, LETTERS).await;
    let failed = async || {
        let rows = doc! { "status": "FAILED", "parkedIn": { "$exists": true } };
        let log = world.database.collection("event_log");
        usize::try_from(log.count_documents(rows).await.unwrap()).unwrap()
    };
    eventually(failed, |rows| *rows == LETTERS).await;

    worker.kill().await;
    world.database.profile().await;
    // Each batch of letters takes some answers of the database.
    let (network, url) = Proxy::before(&world.database).await;
    network.set(Weather::Slow(Duration::from_millis(50)));
    let mut command = world.worker_command();
    command
        .args(["forget", "--yes", "--donor", DONOR])
        .env("DATABASE_URL", url);
    let run = Process::spawn(command);
    // After each batch of copies, the run asks which contents of the queue they are among.
    let batches = async || {
        let asked = world.database.profiled("dead_letter_queues", "findAndModify");
        asked.await.len()
    };
    eventually(batches, |batches| *batches > 0).await;
    run.kill().await;
    eventually(
        async || world.broker.count(queue).await,
        |count| *count >= LETTERS,
    )
    .await;
    let left = letters(&world).await;
    let whole = left.iter().filter(|letter| letter.contains(DONOR)).count();
    // A letter goes after its copy is safe, so some may be there twice.
    assert!(
        (1..left.len()).contains(&whole),
        "the kill came midway: {whole} of {}",
        left.len()
    );

    forget(&world, 0, &["--donor", DONOR]).await;
    for text in PERSONAL {
        expect_nowhere(&world, text).await;
    }
    verify(&world).await;
}

/// Letters of campaigns and of other donors, in which the id is a word that means something else.
#[tokio::test]
async fn what_is_others_stays_however_often_it_is_run() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let goal = json!({ "title": "Help for mary", "goalAmount": "abc" });
    let letters_of_others: Vec<Outgoing> = vec![
        campaign_updated("k1", goal.clone()).into(),
        campaign_created("k2")
            .with("title", json!("mary"))
            .with("goalAmount", json!("abc"))
            .into(),
        campaign_updated("k3", goal)
            .with("changedBy", json!("mary"))
            .into(),
        created("b1", "mary")
            .donor("bob")
            .with("note", json!("a friend of mary"))
            .amount_text("-1"),
        Outgoing::new("donation.created", "two words of rosemary"),
    ];
    let count = letters_of_others.len();
    world.publish(letters_of_others).await;
    let queue = world.broker.dead_letter_queue.as_str();
    world.expect_queued(queue, count).await;
    let before = letters(&world).await;

    for blank in [" ", "\t \n"] {
        for option in ["--donor", "--donation"] {
            let said = tool(&world, &["forget", "--yes", option, blank]).await;
            assert_eq!(said.code, Some(2), "{said:?}");
            assert!(said.stderr.contains("more than white space"), "{said:?}");
        }
    }
    for id in [".*", "-", "null", "words-of"] {
        forget(&world, 1, &[&format!("--donor={id}")]).await;
    }
    assert_eq!(letters(&world).await.len(), before.len());
    let done = forget(&world, 0, &["--donor", "mary"]).await;
    assert_eq!(
        (
            &done["failures"],
            &done["deadLetters"],
            &done["unreadableLetters"]
        ),
        (&json!(1), &json!(1), &json!(0)),
        "{done}"
    );
    let bodies = |letters: Vec<String>| {
        let mut bodies: Vec<String> = letters
            .iter()
            .map(|letter| letter.lines().next().unwrap().to_owned())
            .collect();
        bodies.sort();
        bodies
    };
    let left = bodies(letters(&world).await);
    let changed: Vec<&String> = left.iter().filter(|body| body.contains("forgotten_")).collect();
    assert!(changed.len() == 1 && changed[0].contains("changedBy") && changed[0].contains("Help for mary"));
    let same = bodies(before);
    assert_eq!(
        left.iter().filter(|body| same.contains(body)).count(),
        count - 1,
        "{left:?}"
    );

    forget(&world, 1, &["--donor", "mary"]).await;
    assert_eq!(bodies(letters(&world).await), left);
}
