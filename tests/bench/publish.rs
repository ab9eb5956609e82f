//! A producer that notes when the broker confirmed.

use harness::{Broker, Outgoing};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A channel in confirm mode.
pub struct Publisher {
    _connection: Connection,
    channel: Channel,
    exchange: String,
}

impl Publisher {
    /// Connects.
    pub async fn connect(broker: &Broker) -> Self {
        let (connection, channel) = broker.connect().await;
        let confirms = channel.confirm_select(ConfirmSelectOptions::default());
        confirms.await.unwrap();
        Self {
            _connection: connection,
            channel,
            exchange: broker.exchange.clone(),
        }
    }

    /// Publishes a persistent message; the task ends with the moment of its confirmation.
    pub async fn publish(&self, message: Outgoing) -> JoinHandle<Instant> {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let (exchange, key) = (self.exchange.as_str().into(), message.routing_key.into());
        let publish = self
            .channel
            .basic_publish(exchange, key, options, &message.body, message.properties);
        let confirmation = publish.await.unwrap();
        tokio::spawn(async move {
            let verdict = confirmation.await.unwrap();
            let confirmed = Instant::now();
            assert_eq!(verdict, Confirmation::Ack(None), "confirmed and routed");
            confirmed
        })
    }
}
