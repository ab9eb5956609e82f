//! A producer that never gives up: what the broker has not confirmed is published again, on a new connection.
//!
//! It tells the history at its rate, in small bursts, and stays only so far ahead of the worker that the queue never
//! runs dry for long and never grows without bound.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use harness::Broker;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use tokio::time::{Instant, sleep, timeout};

use crate::event::Message;
use crate::history::History;
use crate::oracle::Oracle;

/// The time between bursts.
const TICK: Duration = Duration::from_millis(200);

/// The producer makes up for at most this much of an outage.
const LONGEST_DEBT: Duration = Duration::from_secs(2);

/// The producer pauses while the queue holds more than it publishes in so many seconds.
const AHEAD_SECONDS: u32 = 10;

/// lapin waits for ever for a silent broker.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How far the producer is; read by everyone else.
#[derive(Debug, Default)]
pub struct Progress {
    /// Messages handed to the broker, those handed to it again not counted.
    pub published: AtomicU64,
    /// Messages the broker has confirmed.
    pub confirmed: AtomicU64,
    /// Messages published again because no confirmation came.
    pub republished: AtomicU64,
    /// True while nothing new is to be published.
    pub paused: AtomicBool,
    /// True once the history is to end.
    pub ending: AtomicBool,
}

/// The broker is away, or fails.
struct Lost;

impl From<lapin::Error> for Lost {
    fn from(_: lapin::Error) -> Self {
        Self
    }
}

impl From<tokio::time::error::Elapsed> for Lost {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self
    }
}

/// Publishes a history.
pub struct Producer {
    pub broker: Broker,
    pub history: History,
    pub oracle: Oracle,
    /// Messages a second.
    pub rate: u32,
    pub progress: Arc<Progress>,
    /// Told, and not yet confirmed.
    unconfirmed: VecDeque<Message>,
    /// When the last burst was due.
    last_burst: Instant,
    /// The end of the history has been told.
    told: bool,
}

impl Producer {
    /// A producer with a history before it.
    pub fn new(broker: Broker, history: History, rate: u32, progress: Arc<Progress>) -> Self {
        Self {
            broker,
            history,
            oracle: Oracle::default(),
            rate,
            progress,
            unconfirmed: VecDeque::new(),
            last_burst: Instant::now(),
            told: false,
        }
    }

    /// Publishes until the history was asked to end and all of it is confirmed.
    pub async fn run(mut self) -> (History, Oracle) {
        while self.publish().await.is_err() {
            sleep(TICK).await;
        }
        (self.history, self.oracle)
    }

    /// Publishes on one connection, for as long as it lasts.
    async fn publish(&mut self) -> Result<(), Lost> {
        let connecting = Connection::connect(&self.broker.url, ConnectionProperties::default());
        let connection = timeout(CALL_TIMEOUT, connecting).await??;
        let channel = timeout(CALL_TIMEOUT, connection.create_channel()).await??;
        timeout(
            CALL_TIMEOUT,
            channel.confirm_select(ConfirmSelectOptions::default()),
        )
        .await??;
        let again = self.unconfirmed.len();
        self.progress
            .republished
            .fetch_add(again as u64, Ordering::Relaxed);
        self.confirm(&channel, again).await?;
        while !self.told {
            let burst = self.next_burst(&channel).await?;
            self.tell(burst);
            self.confirm(&channel, self.unconfirmed.len()).await?;
        }
        Ok(())
    }

    /// Waits for the time of the next burst, and while the queue is full, and says how many messages are due by then.
    async fn next_burst(&mut self, channel: &Channel) -> Result<u32, Lost> {
        loop {
            sleep(TICK).await;
            if self.progress.paused.load(Ordering::Relaxed) {
                continue;
            }
            let passive = QueueDeclareOptions::default().passive();
            let queue = self.broker.queue.as_str().into();
            let declare = channel.queue_declare(queue, passive, FieldTable::default());
            let ready = timeout(CALL_TIMEOUT, declare).await??.message_count();
            if ready < self.rate * AHEAD_SECONDS || self.progress.ending.load(Ordering::Relaxed) {
                break;
            }
        }
        // What an outage has held up is made up for in part, or the worker would be flooded after each.
        let since = self.last_burst.elapsed().min(LONGEST_DEBT);
        self.last_burst = Instant::now();
        let due = u128::from(self.rate) * since.as_millis() / 1000;
        Ok(u32::try_from(due).unwrap_or(self.rate))
    }

    fn tell(&mut self, burst: u32) {
        let before = self.unconfirmed.len();
        if self.progress.ending.load(Ordering::Relaxed) {
            self.unconfirmed.extend(self.history.end());
            self.told = true;
        } else {
            for _ in 0..burst {
                let message = self.history.next(&mut self.oracle);
                self.unconfirmed.push_back(message);
            }
        }
        let told = self.unconfirmed.len() - before;
        self.progress.published.fetch_add(told as u64, Ordering::Relaxed);
    }

    /// Publishes the first `count` unconfirmed messages, and takes out those that are confirmed.
    async fn confirm(&mut self, channel: &Channel, count: usize) -> Result<(), Lost> {
        let mut confirmations = VecDeque::with_capacity(count);
        for message in self.unconfirmed.iter().take(count) {
            let options = BasicPublishOptions {
                mandatory: true,
                ..BasicPublishOptions::default()
            };
            let mut properties = BasicProperties::default().with_delivery_mode(2);
            if let Some(id) = &message.id {
                properties = properties.with_message_id(id.as_str().into());
            }
            let (exchange, key) = (self.broker.exchange.as_str().into(), message.routing_key.into());
            let publish = channel.basic_publish(exchange, key, options, &message.body, properties);
            confirmations.push_back(timeout(CALL_TIMEOUT, publish).await??);
        }
        for confirmation in confirmations {
            match timeout(CALL_TIMEOUT, confirmation).await?? {
                Confirmation::Ack(None) => self.unconfirmed.pop_front(),
                // Not routed, or not taken: as good as not published.
                Confirmation::Ack(Some(_)) | Confirmation::Nack(_) | Confirmation::NotRequested => {
                    return Err(Lost);
                }
            };
            self.progress.confirmed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
