//! Letters are shown oldest first, wherever they stand in the queue: a fresh copy goes to its end, and a broker may give
//! letters back in another order than it delivered them.

use lapin::BasicProperties;
use serde_json::Value;

use super::{expect_letters, list, park};
use crate::events::created;
use crate::harness::{DeadLetter, World};
use crate::tool::json;

fn ids(listed: &Value) -> Vec<&str> {
    let letters = listed["letters"].as_array().unwrap();
    letters
        .iter()
        .map(|letter| letter["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn looking_again_and_again_keeps_the_order() {
    let world = World::new().await;
    let broken = |id: &str| created(id, "d").amount_text("0");
    park(&world, ["e1", "e2", "e3"].map(broken).to_vec()).await;
    for _ in 0..6 {
        assert_eq!(ids(&list(&world, &[]).await), ["e1", "e2", "e3"]);
    }
    let worker = world.worker().await;
    world.publish([broken("e4")]).await;
    expect_letters(&world, 4).await;
    assert_eq!(worker.terminate().await, Some(0));
    for _ in 0..6 {
        assert_eq!(ids(&list(&world, &[]).await), ["e1", "e2", "e3", "e4"]);
    }
}

#[tokio::test]
async fn letters_that_changed_places_are_shown_oldest_first() {
    let world = World::new().await;
    let broken = |id: &str, amount: &str| created(id, "d").amount_text(amount);
    let letters = [("e1", "0"), ("e2", "0"), ("e3", "0"), ("e1", "-1"), ("e1", "-2")];
    park(&world, letters.map(|(id, amount)| broken(id, amount)).to_vec()).await;
    let unsaid = DeadLetter {
        body: broken("unsaid", "0").body,
        properties: BasicProperties::default(),
    };
    let taken = world.broker.take_dead_letters().await;
    for letter in [unsaid].into_iter().chain(taken.into_iter().rev()) {
        world.broker.park(letter).await;
    }
    let all = ["e1", "e2", "e3", "e1", "e1", "unsaid"];
    assert_eq!(ids(&list(&world, &[]).await), all);
    assert_eq!(ids(&list(&world, &["--limit", "2"]).await), all[..2]);
    let shown = json(&world, 0, &["dead-letters", "show", "e1"]).await;
    let letters = shown["letters"].as_array().unwrap();
    let reasons: Vec<_> = letters
        .iter()
        .map(|letter| letter["reason"].as_str().unwrap())
        .collect();
    let reason = |amount| format!("amount must be greater than 0, got {amount}");
    assert_eq!(reasons, [reason(0), reason(-1), reason(-2)]);
}
