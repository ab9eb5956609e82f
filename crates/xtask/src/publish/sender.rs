//! Confirmed publishing with a bounded number of messages in flight.
//!
//! Every AMQP call has a time limit: lapin itself waits for ever for a broker that accepts and stays silent.

use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ExchangeKind};
use tokio::time::{Instant, sleep_until, timeout};

use super::event::SampleEvent;
use crate::error::Error;

/// Messages published and not yet confirmed.
const WINDOW: usize = 1_000;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

const PERSISTENT: u8 = 2;

/// A channel in confirm mode and the exchange it publishes to.
pub struct Sender {
    connection: Connection,
    channel: Channel,
    exchange: String,
}

impl Sender {
    /// Connects and makes sure that the exchange exists.
    pub async fn connect(url: &str, exchange: &str) -> Result<Self, Error> {
        let no_broker = |source| Error::NoBroker {
            url: dev_services::url::SecretUrl::from(url).to_string(),
            source,
        };
        let connecting = async {
            let connection = dev_services::connect_to_broker(url).await?;
            let channel = open(&connection).await?;
            Ok::<_, lapin::Error>((connection, channel))
        };
        let (connection, channel) = timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|elapsed| no_broker(elapsed.into()))?
            .map_err(|error| no_broker(error.into()))?;
        let channel = declare(&connection, channel, exchange)
            .await
            .map_err(|source| Error::Exchange {
                exchange: exchange.to_owned(),
                source,
            })?;
        Ok(Self {
            connection,
            channel,
            exchange: exchange.to_owned(),
        })
    }

    /// Publishes all, at most `rate` a second, and returns how many were confirmed: all, or it is an error.
    pub async fn publish(
        &self,
        messages: &[&SampleEvent<'_>],
        rate: Option<u32>,
        progress: impl Fn(usize),
    ) -> Result<usize, Error> {
        let (total, started) = (messages.len(), Instant::now());
        let mut flight = FuturesUnordered::new();
        let mut confirmed = 0;
        for (sent, &message) in (0u32..).zip(messages) {
            let due = rate.map_or(started, |rate| started + Duration::from_secs(1) * sent / rate);
            // Confirmations are taken while waiting for a place or for the message's time.
            loop {
                let full = flight.len() >= WINDOW;
                tokio::select! {
                    biased;
                    Some(verdict) = flight.next() => {
                        confirmed = self.settle(verdict, confirmed, total)?;
                        progress(confirmed);
                    }
                    () = sleep_until(due), if !full => break,
                    () = sleep_until(Instant::now() + CALL_TIMEOUT), if full => {
                        return Err(Error::NoConfirms { confirmed, total, waited: CALL_TIMEOUT });
                    }
                }
            }
            let confirm = self.send(message, confirmed, total).await?;
            flight.push(async move { (message, confirm.await) });
        }
        while !flight.is_empty() {
            let silence = |_| Error::NoConfirms {
                confirmed,
                total,
                waited: CALL_TIMEOUT,
            };
            let Some(verdict) = timeout(CALL_TIMEOUT, flight.next()).await.map_err(silence)? else {
                break;
            };
            confirmed = self.settle(verdict, confirmed, total)?;
            progress(confirmed);
        }
        Ok(confirmed)
    }

    /// Says goodbye; by now nothing depends on it.
    pub async fn close(self) {
        let _ = timeout(CLOSE_TIMEOUT, self.connection.close(200, "done".into())).await;
    }

    async fn send(
        &self,
        message: &SampleEvent<'_>,
        confirmed: usize,
        total: usize,
    ) -> Result<lapin::PublisherConfirm, Error> {
        let mut properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT);
        if let Some(id) = &message.message_id {
            properties = properties.with_message_id(id.as_str().into());
        }
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let key = message.routing_key.as_str();
        let publishing = self.channel.basic_publish(
            self.exchange.as_str().into(),
            key.into(),
            options,
            message.body,
            properties,
        );
        timeout(CALL_TIMEOUT, publishing)
            .await
            .map_err(|_| Error::NoConfirms {
                confirmed,
                total,
                waited: CALL_TIMEOUT,
            })?
            .map_err(|source| Error::ConnectionLost {
                confirmed,
                total,
                source,
            })
    }

    /// The number confirmed after this verdict, unless it is none.
    fn settle(
        &self,
        (message, verdict): (&SampleEvent<'_>, lapin::Result<Confirmation>),
        confirmed: usize,
        total: usize,
    ) -> Result<usize, Error> {
        let key = || message.routing_key.clone();
        match verdict {
            Ok(Confirmation::Ack(None)) => Ok(confirmed + 1),
            Ok(Confirmation::Ack(Some(_))) => Err(Error::Unroutable {
                exchange: self.exchange.clone(),
                key: key(),
                confirmed,
            }),
            Ok(Confirmation::Nack(_) | Confirmation::NotRequested) => Err(Error::Refused {
                key: key(),
                confirmed,
            }),
            Err(source) => Err(Error::ConnectionLost {
                confirmed,
                total,
                source,
            }),
        }
    }
}

async fn open(connection: &Connection) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    Ok(channel)
}

/// Declares the exchange as the worker does. One that exists with other properties is used as it is; the
/// refusal has closed the channel, so a new one is returned.
async fn declare(connection: &Connection, channel: Channel, exchange: &str) -> lapin::Result<Channel> {
    let declare = async |channel: &Channel, passive| {
        let options = ExchangeDeclareOptions {
            durable: true,
            passive,
            ..ExchangeDeclareOptions::default()
        };
        let declaring = channel.exchange_declare(
            exchange.into(),
            ExchangeKind::Topic,
            options,
            FieldTable::default(),
        );
        let elapsed = |_| lapin::Error::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        timeout(CALL_TIMEOUT, declaring).await.map_err(elapsed)?
    };
    if declare(&channel, false).await.is_ok() {
        return Ok(channel);
    }
    let channel = open(connection).await?;
    declare(&channel, true).await?;
    Ok(channel)
}
