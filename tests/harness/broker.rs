//! A test's own exchange and queues, from a producer's and an operator's side.

use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueDeclareOptions,
    QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Confirmation, Connection, Consumer, ExchangeKind};

use crate::{DeadLetter, Outgoing};

/// One test's part of the broker.
#[derive(Clone)]
pub struct Broker {
    /// The server, or the nodes of a cluster with commas between.
    pub url: String,
    /// Where producers publish.
    pub exchange: String,
    /// Where the worker consumes.
    pub queue: String,
    /// Where it parks what it cannot apply.
    pub dead_letter_queue: String,
}

impl Broker {
    /// The part of this name, on this server.
    pub fn new(url: &str, name: &str) -> Self {
        Self {
            url: url.to_owned(),
            exchange: format!("{name}.exchange"),
            queue: format!("{name}.events"),
            dead_letter_queue: format!("{name}.dead-letters"),
        }
    }

    /// A part of this one's events: `x.exchange` and `x.events` have the parts `x.exchange.name` and `x.name.events`.
    pub fn part(&self, name: &str) -> Self {
        let prefix = self.queue.strip_suffix(".events").unwrap();
        Self {
            exchange: format!("{}.{name}", self.exchange),
            ..Self::new(&self.url, &format!("{prefix}.{name}"))
        }
    }

    /// A connection and a channel of the caller's own.
    pub async fn connect(&self) -> (Connection, Channel) {
        self.try_connect().await.unwrap()
    }

    /// Works on a connection and a channel that are closed afterwards.
    pub async fn on_channel<T>(&self, work: impl AsyncFnOnce(&Channel) -> T) -> T {
        let (connection, channel) = self.connect().await;
        let done = work(&channel).await;
        connection.close(200, "done".into()).await.unwrap();
        done
    }

    /// As [`connect`](Self::connect), to the first node that answers.
    async fn try_connect(&self) -> lapin::Result<(Connection, Channel)> {
        let connection = dev_services::connect_to_broker(&self.url).await?;
        let channel = connection.create_channel().await?;
        Ok((connection, channel))
    }

    /// Publishes in order, and returns when the broker has confirmed and routed all.
    pub async fn publish(&self, messages: impl IntoIterator<Item = Outgoing>) {
        self.try_publish(messages).await.unwrap();
    }

    /// As [`publish`](Self::publish).
    ///
    /// # Errors
    /// When a node is lost on the way: the broker may have any part of it.
    pub async fn try_publish(
        &self,
        messages: impl IntoIterator<Item = Outgoing>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let (connection, channel) = self.try_connect().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let mut confirmations = Vec::new();
        for Outgoing {
            routing_key,
            body,
            properties,
        } in messages
        {
            let options = BasicPublishOptions {
                mandatory: true,
                ..BasicPublishOptions::default()
            };
            let (exchange, key) = (self.exchange.as_str().into(), routing_key.into());
            confirmations.push(
                channel
                    .basic_publish(exchange, key, options, &body, properties)
                    .await?,
            );
        }
        for confirmation in confirmations {
            let answer = confirmation.await?;
            if answer != Confirmation::Ack(None) {
                return Err(format!("not confirmed and routed: {answer:?}").into());
            }
        }
        Ok(connection.close(200, "done".into()).await?)
    }

    /// Puts a dead letter back into the queue as it is, as the management page does.
    pub async fn move_back(&self, letter: DeadLetter) {
        self.put(&self.queue, letter).await;
    }

    /// Puts a letter at the end of the dead-letter queue as it is.
    pub async fn park(&self, letter: DeadLetter) {
        self.put(&self.dead_letter_queue, letter).await;
    }

    async fn put(&self, queue: &str, letter: DeadLetter) {
        let DeadLetter { body, properties } = letter;
        let options = BasicPublishOptions::default();
        self.on_channel(async |channel| {
            let confirm = channel.confirm_select(ConfirmSelectOptions::default());
            confirm.await.unwrap();
            let publish = channel.basic_publish("".into(), queue.into(), options, &body, properties);
            assert_eq!(publish.await.unwrap().await.unwrap(), Confirmation::Ack(None));
        })
        .await;
    }

    /// How many messages are ready in a queue; none if there is no such queue.
    pub async fn count(&self, queue: &str) -> usize {
        let (connection, channel) = self.connect().await;
        let declared = channel
            .queue_declare(
                queue.into(),
                QueueDeclareOptions::default().passive(),
                FieldTable::default(),
            )
            .await;
        let _ = connection.close(200, "done".into()).await;
        declared.map_or(0, |queue| usize::try_from(queue.message_count()).unwrap())
    }

    /// Takes every message out of the dead-letter queue.
    pub async fn take_dead_letters(&self) -> Vec<DeadLetter> {
        let queue = self.dead_letter_queue.as_str();
        self.on_channel(async |channel| {
            let mut taken = Vec::new();
            let get = async || channel.basic_get(queue.into(), BasicGetOptions::default()).await;
            while let Some(message) = get().await.unwrap() {
                let Delivery {
                    data: body,
                    properties,
                    acker,
                    ..
                } = message.delivery;
                #[expect(clippy::disallowed_methods, reason = "a test in the operator's place")]
                acker.ack(BasicAckOptions::default()).await.unwrap();
                taken.push(DeadLetter { body, properties });
            }
            taken
        })
        .await
    }

    /// Declares the exchange, as producers do that start before the worker.
    pub async fn declare_exchange(&self, kind: ExchangeKind) {
        let options = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        let exchange = self.exchange.as_str().into();
        self.on_channel(async |channel| {
            let declared = channel.exchange_declare(exchange, kind, options, FieldTable::default());
            declared.await.unwrap();
        })
        .await;
    }

    /// Deletes the exchange, as an operator does.
    pub async fn delete_exchange(&self) {
        let exchange = self.exchange.as_str().into();
        self.on_channel(async |channel| {
            let deleted = channel.exchange_delete(exchange, ExchangeDeleteOptions::default());
            deleted.await.unwrap();
        })
        .await;
    }

    /// Removes the binding of the queue by this key, as an operator does.
    pub async fn unbind(&self, key: &str) {
        let (queue, exchange) = (self.queue.as_str().into(), self.exchange.as_str().into());
        self.on_channel(async |channel| {
            let unbound = channel.queue_unbind(queue, exchange, key.into(), FieldTable::default());
            unbound.await.unwrap();
        })
        .await;
    }

    /// Declares a quorum queue as somebody else did before the worker, with one more argument. It refuses what it has no
    /// room for.
    pub async fn declare_queue(&self, queue: &str, argument: Option<(&str, i32)>) {
        let mut arguments = FieldTable::default();
        for (name, value) in [("x-queue-type", "quorum"), ("x-overflow", "reject-publish")] {
            arguments.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        if let Some((name, value)) = argument {
            arguments.insert(name.into(), AMQPValue::LongInt(value));
        }
        let options = QueueDeclareOptions::durable();
        self.on_channel(async |channel| {
            let declared = channel.queue_declare(queue.into(), options, arguments);
            declared.await.unwrap();
        })
        .await;
    }

    /// Declares the worker's queue as earlier versions did: without a single active consumer, so that workers compete.
    pub async fn declare_competing_queue(&self) {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(1_000_000_000));
        let queue = self.queue.as_str().into();
        self.on_channel(async |channel| {
            let declared = channel.queue_declare(queue, QueueDeclareOptions::durable(), arguments);
            declared.await.unwrap();
        })
        .await;
    }

    /// Deletes a queue, as an operator does.
    pub async fn delete_queue(&self, queue: &str) {
        self.on_channel(async |channel| {
            let deleted = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
            deleted.await.unwrap();
        })
        .await;
    }

    /// Empties a queue, as an operator does, and returns how many messages were ready in it.
    pub async fn purge(&self, queue: &str) -> u32 {
        self.on_channel(async |channel| {
            let purged = channel.queue_purge(queue.into(), QueuePurgeOptions::default());
            purged.await.unwrap()
        })
        .await
    }

    /// Declares a dead-letter queue with room for one letter.
    pub async fn limit_dead_letters(&self) {
        let room = ("x-max-length", 1);
        self.declare_queue(&self.dead_letter_queue, Some(room)).await;
    }

    /// Removes the exchange and the queues.
    pub async fn remove(&self) {
        let (connection, channel) = self.connect().await;
        for queue in [&self.queue, &self.dead_letter_queue] {
            let _ = channel
                .queue_delete(queue.as_str().into(), QueueDeleteOptions::default())
                .await;
        }
        let _ = channel
            .exchange_delete(self.exchange.as_str().into(), ExchangeDeleteOptions::default())
            .await;
        let _ = connection.close(200, "done".into()).await;
    }
}

/// A consumer of a queue, with at most so many messages in hand.
pub async fn consume(channel: &Channel, queue: &str, prefetch: u16) -> Consumer {
    let bound = channel.basic_qos(prefetch, BasicQosOptions::default());
    bound.await.unwrap();
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let consume = channel.basic_consume(queue.into(), "".into(), options, none);
    consume.await.unwrap()
}
