//! Properties and headers that producers should not send: they harm neither the worker nor its dead letters.

use lapin::BasicProperties;
use lapin::types::AMQPValue;

use crate::events::created;
use crate::harness::{Outgoing, World};
use crate::wire::{self, HEADERS, MESSAGE_ID, Nest, Raw};

#[tokio::test]
async fn hostile_properties_do_not_follow_a_message_into_the_dead_letters() {
    let world = World::new().await;
    let _worker = world.worker().await;
    let mut message = Outgoing::new("donation.created", "poison").header("kept", "yes");
    let mut headers = message.properties.headers().clone().unwrap();
    let queues = vec![AMQPValue::LongString(world.broker.queue.as_str().into())];
    headers.insert("CC".into(), AMQPValue::FieldArray(queues.into()));
    message.properties = BasicProperties::default()
        .with_headers(headers)
        .with_expiration("60000".into())
        .with_user_id("guest".into())
        .with_message_id("m1".into());
    world.publish([message]).await;

    // With its CC it would come straight back to the worker, for ever.
    let dead_letters = world.expect_dead_letters(1).await;
    let properties = &dead_letters[0].properties;
    assert_eq!(dead_letters[0].header("kept"), "yes");
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "m1");
    assert!(
        properties.expiration().is_none(),
        "a dead letter stays until someone looks at it"
    );
    assert_eq!(*properties.delivery_mode(), Some(2));
    world.expect_settled(0).await;
}

#[tokio::test]
async fn properties_that_no_library_would_send_do_not_harm_the_worker() {
    let world = World::new().await;
    let worker = world.worker().await;
    let headers = |member: &[u8]| wire::long(member);
    let cc = [
        &b"A"[..],
        &headers(&[b"S", &headers(b"donation.created")[..]].concat()),
    ]
    .concat();
    let key: &[u8] = b"donation.created";
    let hostile = [
        (key, HEADERS, Nest::Tables.deep()),
        (key, HEADERS, Nest::Arrays.deep()),
        // ISO 8859-1, as careless producers send it: the name of a header, and a message id.
        (
            key,
            HEADERS,
            headers(&[&wire::short(b"caf\xe9")[..], b"V"].concat()),
        ),
        (key, MESSAGE_ID, wire::short(b"caf\xe9")),
        // A routing key that is none of ours reaches the queue by way of CC.
        (
            b"caf\xe9",
            HEADERS,
            headers(&[&wire::short("CC")[..], &cc].concat()),
        ),
    ];
    for (number, (routing_key, flags, properties)) in hostile.iter().enumerate() {
        let (event, donation) = (format!("e{number}"), format!("d{number}"));
        for body in [created(&event, &donation).body(), format!("poison {number}")] {
            let message = Raw {
                routing_key,
                flags: *flags,
                properties: properties.clone(),
                body: body.as_bytes(),
            };
            wire::publish(&world.broker, &message).await;
        }
    }
    // The properties are no part of what is counted.
    let count = hostile.len();
    let pledges = i64::try_from(count).unwrap();
    world.expect_totals("c", 1000 * pledges, pledges, 0).await;
    for letter in world.expect_dead_letters(count).await {
        assert_eq!(letter.header("x-reason-code"), "INVALID_JSON");
    }
    world.expect_settled(count).await;
    assert_eq!(worker.metric("broker_connections_total").await, 1);
    assert_eq!(worker.terminate().await, Some(0));
}
