//! Payments beside donations, as `verify` compares them.

use mongodb::bson::doc;
use serde_json::{Value, json};

use crate::events::{created, paid, payment_refunded, refunded};
use crate::harness::World;
use crate::tool::{json, tool};

#[tokio::test]
async fn a_platform_that_publishes_no_payments_hears_nothing_of_them() {
    let world = World::new().await;
    let _worker = world.worker().await;
    world.publish([created("e1", "d1"), refunded("e2", "d1")]).await;
    world.expect_settled(2).await;
    for arguments in [["verify"].as_slice(), &["verify", "--campaign", "c"]] {
        assert_eq!(json(&world, 0, arguments).await["payments"], Value::Null);
        let said = tool(&world, arguments).await;
        assert_eq!(said.text().lines().count(), 1, "{said:?}");
    }
}

#[tokio::test]
async fn the_payments_of_a_donation_add_up_to_its_amount_or_are_reported() {
    let world = World::new().await;
    let worker = world.worker().await;
    let payment =
        |id: &str, donation: &str, payment: &str| paid(id, donation).with("paymentId", json!(payment));
    let donations = ["right", "less", "parts", "twice", "again", "refunded", "damaged"];
    let events = donations.map(|donation| created(donation, donation));
    let payments = [
        paid("p1", "right"),
        paid("p2", "less").amount(9.99),
        payment("p3", "parts", "one").amount(4.0),
        payment("p4", "parts", "two").amount(6.0),
        payment("p5", "twice", "one"),
        payment("p6", "twice", "two"),
        // The same payment under another event id.
        payment("p7", "again", "one"),
        payment("p8", "again", "one"),
        paid("p9", "refunded"),
        payment_refunded("p10", "refunded"),
        paid("p11", "damaged"),
    ];
    let count = events.len() + payments.len();
    world.publish(events.into_iter().chain(payments)).await;
    world.expect_settled(count).await;
    worker.terminate().await;
    let unreadable = doc! { "$set": { "payload": "{}" } };
    world.database.change("event_log", "p11", unreadable).await;

    let expected = json!({ "count": 2, "shown": [
        { "donationId": "less", "amount": 10, "paid": 9.99 },
        { "donationId": "twice", "amount": 10, "paid": 20 },
    ] });
    for arguments in [["verify"].as_slice(), &["verify", "--campaign", "c"]] {
        let payments = &json(&world, 0, arguments).await["payments"];
        assert_eq!(payments["otherAmount"], expected, "{payments}");
        assert_eq!(
            (&payments["donations"], &payments["paid"]),
            (&json!(7), &json!(7))
        );
        let said = tool(&world, arguments).await;
        said.expect_text("paid with another amount: 2 (less: 9.99 of 10, twice: 20 of 10)\n");
    }
}
