//! Letters in an operator's terminal, and bodies from an operator's files: text that is not what it seems.

use super::{expect_letters, list, park};
use crate::events::created;
use crate::harness::{Outgoing, World};
use crate::tool::{Said, tool};

#[tokio::test]
async fn a_body_of_another_event_is_refused_and_the_letter_stays() {
    let world = World::new().await;
    // A bare payload's id follows from its content. The first counts, the second is in conflict with it.
    park(&world, vec![created("e1", "d1").amount_text("0")]).await;
    world.publish(vec![created("", "d5").bare()]).await;
    let worker = world.worker().await;
    world.expect_settled(1).await;
    let others = vec![
        created("", "d5").amount(20.0).bare(),
        Outgoing::new("donation.created", "no json"),
    ];
    world.publish(others).await;
    expect_letters(&world, 3).await;
    assert_eq!(worker.terminate().await, Some(0));
    let letters = list(&world, &[]).await;
    let id = |reason: &str| {
        let letters = letters["letters"].as_array().unwrap();
        let letter = letters.iter().find(|letter| letter["reasonCode"] == reason);
        letter.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (unreadable, derived) = (id("INVALID_JSON"), id("DONATION_REDEFINED"));
    let bare = |donation: &str| String::from_utf8(created("", donation).bare().body).unwrap();
    for (id, body, line) in [
        (
            "e1",
            created("e2", "d1").body(),
            "event e2, and the letter is event e1",
        ),
        ("e1", "no json".to_owned(), "no event id can be read in it"),
        ("e1", bare("d1"), "and the letter is event e1"),
        (&unreadable, "{}".to_owned(), "no event id can be read in it"),
        (
            &derived,
            bare("d6"),
            "about donation d6, and the letter about donation d5",
        ),
    ] {
        let said = replay_from_stdin(&world, id, &body).await;
        said.expect_refusal(line);
        said.expect_refusal("the letter stays");
    }
    expect_letters(&world, 3).await;
    let sent = world.broker.count(&world.broker.queue).await;
    assert_eq!(sent, 0);

    for (id, body) in [
        ("e1", created("e1", "d1").body()),
        (unreadable.as_str(), created("e3", "d3").body()),
        (derived.as_str(), bare("d5")),
    ] {
        let said = replay_from_stdin(&world, id, &body).await;
        assert_eq!(said.code, Some(0), "{id}: {said:?}");
    }
    expect_letters(&world, 0).await;
    let _worker = world.worker().await;
    world.expect_totals("c", 3000, 3, 0).await;
}

/// As in a container whose files cannot be written.
async fn replay_from_stdin(world: &World, id: &str, body: &str) -> Said {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), body).unwrap();
    let mut command = world.worker_command();
    command
        .args(["dead-letters", "replay", "--id", id, "--body", "-"])
        .stdin(std::fs::File::open(file.path()).unwrap());
    command.output().await.unwrap().into()
}

#[tokio::test]
async fn what_a_producer_wrote_is_shown_by_a_terminal_and_never_obeyed() {
    let obeyed = |text: &str| {
        text.contains(|character: char| {
            (character.is_control() && character != '\n') || "\u{202e}\u{2066}\u{200f}".contains(character)
        })
    };
    let world = World::new().await;
    let id = "e\u{202e}1\u{9b}31m";
    let worker = world.worker().await;
    let letter = created(id, "d\u{2066}").campaign("c\u{200f}").amount_text("0");
    world
        .publish(vec![letter.header("x\u{1b}[2J\u{202e}", "\u{202e}\u{1b}[1m")])
        .await;
    expect_letters(&world, 1).await;
    worker.logged("dead-lettered").await;
    assert!(!obeyed(&worker.log()), "{:?}", worker.log());
    assert_eq!(worker.terminate().await, Some(0));

    for arguments in [
        &["dead-letters", "list"][..],
        &["dead-letters", "show", id],
        &["dead-letters", "list", "--json"],
        &["dead-letters", "show", id, "--json"],
        &["explain", "c\u{200f}"],
        &["explain", "c\u{200f}", "--json"],
    ] {
        let said = tool(&world, arguments).await;
        assert!(
            said.code == Some(0) && !obeyed(said.text()),
            "{arguments:?}: {:?}",
            said.text()
        );
        assert!(said.text().contains("202e"), "{arguments:?}: {:?}", said.text());
    }
    assert_eq!(list(&world, &[]).await["letters"][0]["id"], id, "the true text");
}
