//! The exchange, the queues and the bindings.
//!
//! RabbitMQ 3.10 and 4.x both accept these declarations. Where something of the same name exists with other properties, the
//! broker closes the channel (406). The worker then reports that with its remedy and uses what exists, because a worker in
//! a crash loop helps nobody.
//!
//! The events queue has a single active consumer: of several workers one consumes, and the others stand by. Workers that
//! compete have the same campaigns in hand, so their transactions conflict, and two are slower than one. The argument cannot be
//! changed afterwards, so a queue that exists without it stays as it is. The dead-letter queue never has it: the tools fetch
//! letters one by one, which such a queue refuses.

use crate::config::Broker;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};
use totals_core::domain::EventType;

use crate::broker::call::{BrokerError, call};
use crate::broker::connection::open_channel;

/// How often a message may be delivered before the broker gives it up. From 4.0 on the broker's own limit is 20, which
/// a few crashes reach for messages that did nothing wrong. "No limit" cannot be said in a way that 3.10 also
/// understands. Poison never comes near the limit, because it is dead-lettered at its first delivery.
const DELIVERY_LIMIT: i64 = 1_000_000_000;

/// What a queue is for.
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// It holds the events that the worker consumes.
    Events,
    /// It holds the messages that can never be applied.
    DeadLetters,
}

/// How a queue is, compared with what the worker asks for.
#[derive(Debug)]
pub enum Found {
    /// As designed. Of an events queue: with a single active consumer.
    AsDesigned,
    /// An events queue as designed, but without a single active consumer: workers compete for it.
    Competing,
    /// With other arguments, for this reason of the broker's. Nobody can tell which.
    Otherwise(BrokerError),
}

impl Found {
    /// Tells the operator what could be better about the queue of this name.
    pub fn tell(&self, name: &str) {
        match self {
            Self::AsDesigned => {}
            Self::Competing => tracing::info!(
                queue = name,
                "the queue has no single active consumer and is used as it is; several workers on it compete, which is slower \
                 than one alone. docs/operations.md has the way to a queue on which a second worker stands by"
            ),
            Self::Otherwise(error) => tracing::warn!(
                queue = name,
                remedy = policy(&pattern(name)),
                %error,
                "the queue exists with other arguments and is used as it is; to have it as designed (a durable \
                 quorum queue), let it run empty, delete it and restart the worker. If it has no `x-delivery-limit`, \
                 RabbitMQ 4 and later drop what was delivered more than 20 times: the remedy sets the worker's own limit"
            ),
        }
    }
}

/// Declares everything the worker needs. Returns how the events queue is, for the caller to [tell](Found::tell).
///
/// # Errors
/// [`BrokerError`] if the broker is away or refuses.
pub async fn declare(connection: &Connection, config: &Broker) -> Result<Found, BrokerError> {
    declare_exchange(connection, &config.exchange).await?;
    let dead_letters = config.dead_letter_queue();
    let found = declare_queue(connection, &dead_letters, Role::DeadLetters).await?;
    found.tell(&dead_letters);
    let found = declare_queue(connection, &config.queue, Role::Events).await?;
    bind(connection, config).await?;
    Ok(found)
}

async fn bind(connection: &Connection, config: &Broker) -> Result<(), BrokerError> {
    let channel = open_channel(connection).await?;
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
    close(&channel).await
}

async fn close(channel: &Channel) -> Result<(), BrokerError> {
    let closed = channel.close(200, ShortString::from("declared"));
    call("closing a channel", closed).await
}

/// Puts back the parts that are missing, each with a warning. A binding is declared again in any case, because the broker
/// tells no client whether it was there. A missing events queue is left to the consumer, which ends with it.
///
/// # Errors
/// [`BrokerError`] if the broker is away or refuses.
pub async fn restore(connection: &Connection, config: &Broker) -> Result<(), BrokerError> {
    if is_missing(exchange(connection, &config.exchange, Asking::Find).await)? {
        tracing::warn!(
            exchange = config.exchange,
            "the exchange was missing and is declared again, bound to the worker's queue; producers could not publish \
             meanwhile, and bindings of other consumers have to be made again by them"
        );
        declare_exchange(connection, &config.exchange).await?;
    }
    let dead_letters = config.dead_letter_queue();
    if is_missing(queue(connection, &dead_letters, Asking::Find, FieldTable::default()).await)? {
        tracing::warn!(
            queue = dead_letters,
            "the dead-letter queue was missing and is declared again; the letters in it are gone, and each is parked \
             again when its message comes again"
        );
        declare_queue(connection, &dead_letters, Role::DeadLetters).await?;
    }
    if is_missing(queue(connection, &config.queue, Asking::Find, FieldTable::default()).await)? {
        return Ok(());
    }
    bind(connection, config).await
}

/// Returns true if the answer says that there is no such exchange or queue.
fn is_missing(answer: Result<(), BrokerError>) -> Result<bool, BrokerError> {
    match answer {
        Ok(()) => Ok(false),
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(error),
    }
}

async fn declare_exchange(connection: &Connection, name: &str) -> Result<(), BrokerError> {
    match exchange(connection, name, Asking::Declare).await {
        Err(error) if error.is_precondition_failed() => {
            tracing::warn!(
                exchange = name,
                %error,
                "the exchange exists with other properties and is used as it is; to have it as designed (topic, \
                 durable), stop the producers, delete it and restart the worker"
            );
            exchange(connection, name, Asking::Find).await
        }
        other => other,
    }
}

/// Declares a durable quorum queue, or finds it as it is.
///
/// # Errors
/// [`BrokerError`] if the broker is away or refuses.
pub async fn declare_queue(connection: &Connection, name: &str, role: Role) -> Result<Found, BrokerError> {
    if let Role::Events = role {
        match queue(
            connection,
            name,
            Asking::Declare,
            single_active(queue_arguments()),
        )
        .await
        {
            Err(error) if error.is_precondition_failed() => {}
            other => return other.map(|()| Found::AsDesigned),
        }
    }
    match queue(connection, name, Asking::Declare, queue_arguments()).await {
        Err(error) if error.is_precondition_failed() => {
            queue(connection, name, Asking::Find, FieldTable::default()).await?;
            Ok(Found::Otherwise(error))
        }
        other => other.map(|()| match role {
            Role::Events => Found::Competing,
            Role::DeadLetters => Found::AsDesigned,
        }),
    }
}

/// What is asked of the broker about an exchange or a queue.
#[derive(Clone, Copy)]
enum Asking {
    /// To make it if it is missing.
    Declare,
    /// To say whether it is there, with whatever properties.
    Find,
}

/// On a channel of its own: a refused declaration closes its channel.
async fn exchange(connection: &Connection, name: &str, asking: Asking) -> Result<(), BrokerError> {
    let (passive, doing) = match asking {
        Asking::Declare => (false, "declaring the exchange"),
        Asking::Find => (true, "looking for the exchange"),
    };
    let options = ExchangeDeclareOptions {
        durable: true,
        passive,
        ..ExchangeDeclareOptions::default()
    };
    let channel = open_channel(connection).await?;
    let declared = channel.exchange_declare(name.into(), ExchangeKind::Topic, options, FieldTable::default());
    call(doing, declared).await?;
    close(&channel).await
}

/// As [`exchange`].
async fn queue(
    connection: &Connection,
    name: &str,
    asking: Asking,
    arguments: FieldTable,
) -> Result<(), BrokerError> {
    let (passive, doing) = match asking {
        Asking::Declare => (false, "declaring a queue"),
        Asking::Find => (true, "looking for a queue"),
    };
    let options = QueueDeclareOptions {
        durable: true,
        passive,
        ..QueueDeclareOptions::default()
    };
    let channel = open_channel(connection).await?;
    call(doing, channel.queue_declare(name.into(), options, arguments)).await?;
    close(&channel).await
}

/// The command that sets the worker's delivery limit on both queues. Where an argument has set a smaller one, that holds.
pub fn limit_policy(config: &Broker) -> String {
    let names = [&config.queue, &config.dead_letter_queue()].map(|name| pattern(name));
    policy(&format!("({})", names.join("|")))
}

fn policy(pattern: &str) -> String {
    format!(
        "rabbitmqctl set_policy --apply-to queues --priority 100 totals-delivery-limit '^{pattern}$' \
         '{{\"delivery-limit\":{DELIVERY_LIMIT}}}'"
    )
}

/// A queue's name as a regular expression.
fn pattern(name: &str) -> String {
    let escaped = name.chars().map(|character| match character {
        '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' | '|' | '\\' => {
            format!("\\{character}")
        }
        other => other.to_string(),
    });
    escaped.collect()
}

fn queue_arguments() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
    arguments
}

fn single_active(mut arguments: FieldTable) -> FieldTable {
    arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    arguments
}
