//! The exchange, the queues and the bindings.
//!
//! Declared so that RabbitMQ 3.10 and 4.x accept it alike. Where something of the same name exists with other
//! properties, the broker closes the channel (406): that is reported with its remedy, and what exists is used as it
//! is, because a worker in a crash loop helps nobody.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};
use totals_core::domain::EventType;
use totals_core::runtime::config::Broker;

use crate::connection::{BrokerError, call};

/// How often a message may be delivered before the broker gives it up. From 4.0 the broker's own limit is 20, which
/// a few crashes reach for messages that did nothing wrong; none at all cannot be said in a way that 3.10 also
/// understands. Poison never comes near it: it is dead-lettered at its first delivery.
const DELIVERY_LIMIT: i64 = 1_000_000_000;

/// Declares everything the worker needs.
///
/// # Errors
/// [`BrokerError`] if the broker is away or refuses.
pub async fn declare(connection: &Connection, config: &Broker) -> Result<(), BrokerError> {
    declare_exchange(connection, &config.exchange).await?;
    declare_queue(connection, &config.dead_letter_queue()).await?;
    declare_queue(connection, &config.queue).await?;
    let channel = open(connection).await?;
    for event_type in EventType::ALL {
        let bind = channel.queue_bind(
            config.queue.as_str().into(),
            config.exchange.as_str().into(),
            event_type.as_str().into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        call("binding the queue", bind).await?;
    }
    call(
        "closing a channel",
        channel.close(200, ShortString::from("declared")),
    )
    .await
}

async fn declare_exchange(connection: &Connection, name: &str) -> Result<(), BrokerError> {
    let declare = async |passive| {
        let options = ExchangeDeclareOptions {
            durable: true,
            passive,
            ..ExchangeDeclareOptions::default()
        };
        let channel = open(connection).await?;
        let declared =
            channel.exchange_declare(name.into(), ExchangeKind::Topic, options, FieldTable::default());
        call("declaring the exchange", declared).await
    };
    match declare(false).await {
        Err(error) if error.is_precondition_failed() => {
            tracing::warn!(
                exchange = name,
                %error,
                "the exchange exists with other properties and is used as it is; to have it as designed (topic, \
                 durable), stop the producers, delete it and restart the worker"
            );
            declare(true).await
        }
        other => other,
    }
}

/// Declares a durable quorum queue.
///
/// # Errors
/// [`BrokerError`] if the broker is away or refuses.
pub async fn declare_queue(connection: &Connection, name: &str) -> Result<(), BrokerError> {
    let declare = async |passive| {
        let options = QueueDeclareOptions {
            durable: true,
            passive,
            ..QueueDeclareOptions::default()
        };
        let channel = open(connection).await?;
        call(
            "declaring a queue",
            channel.queue_declare(name.into(), options, queue_arguments()),
        )
        .await
    };
    match declare(false).await {
        Err(error) if error.is_precondition_failed() => {
            tracing::warn!(
                queue = name,
                %error,
                "the queue exists with other arguments and is used as it is; to have it as designed (a durable \
                 quorum queue), let it run empty, delete it and restart the worker"
            );
            declare(true).await.map(|_| ())
        }
        other => other.map(|_| ()),
    }
}

fn queue_arguments() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
    arguments
}

/// A channel of its own for each declaration: a refused one closes its channel.
async fn open(connection: &Connection) -> Result<Channel, BrokerError> {
    call("opening a channel", connection.create_channel()).await
}
