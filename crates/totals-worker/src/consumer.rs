//! One consuming epoch after another, for ever.
//!
//! An epoch is a connection and everything that belongs to it: channel, consumer, lanes, dead letters, settlement.
//! When the connection is lost all of it is dropped and built anew; the tags of an old epoch die with its
//! settlement, so nothing is ever acknowledged on a channel other than the one that delivered it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, Consumer};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use totals_core::domain::decode;
use totals_core::runtime::backoff::Backoff;
use totals_core::runtime::config;
use totals_core::runtime::lifecycle::Shutdown;
use totals_core::store::Store;

use crate::commit::Committer;
use crate::connection::{Address, BrokerError, call, close};
use crate::dead_letter::{DeadLetters, Parked};
use crate::lane::{Item, Lane};
use crate::message::{Message, Reason};
use crate::metrics::Metrics;
use crate::settle::{self, Settle};
use crate::topology;

const CONSUMER_TAG: &str = "totals-worker";

/// An epoch that lasted this long was a success: the next failure starts the backoff anew.
const STABLE: Duration = Duration::from_secs(10);

/// Whether the worker consumes, for `/health`.
#[derive(Debug, Clone)]
pub enum BrokerState {
    /// It does.
    Consuming,
    /// It does not, for this reason.
    NotConsuming(String),
}

/// Everything a worker needs to consume.
pub struct Worker {
    /// Its configuration.
    pub config: config::Worker,
    /// The broker.
    pub address: Address,
    /// The database.
    pub store: Store,
    /// What it counts.
    pub metrics: Arc<Metrics>,
    /// Where it says whether it consumes.
    pub state: watch::Sender<BrokerState>,
}

/// How an epoch ended, if not by an error.
enum End {
    Lost,
    Stopped,
}

/// The tasks of one epoch, and the ways into them.
struct Epoch {
    /// Cancelled when the epoch is over, by whoever notices first.
    token: CancellationToken,
    tasks: TaskTracker,
    lanes: Vec<mpsc::Sender<Item>>,
    park: mpsc::UnboundedSender<Parked>,
}

impl Worker {
    /// Consumes until `shutdown`; failures of the broker or the database only make it wait.
    pub async fn run(&self, shutdown: &Shutdown) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        while !shutdown.soft.is_cancelled() {
            let problem = match self.epoch(shutdown, &mut backoff).await {
                Ok(End::Stopped) => return,
                Ok(End::Lost) => "RabbitMQ: the connection or the consumer was lost".to_owned(),
                Err(problem) => problem,
            };
            self.metrics.released();
            let delay = backoff.next_delay();
            if backoff.is_worth_a_line() {
                tracing::error!(
                    attempt = backoff.failures(),
                    problem,
                    "not consuming; will try again"
                );
            }
            self.say(BrokerState::NotConsuming(problem));
            tokio::select! {
                () = shutdown.soft.cancelled() => return,
                () = tokio::time::sleep(delay) => {}
            }
        }
    }

    /// To `/metrics` and `/health` at once, so that they agree.
    fn say(&self, state: BrokerState) {
        match state {
            BrokerState::Consuming => self.metrics.connected(),
            BrokerState::NotConsuming(_) => self.metrics.disconnected(),
        }
        self.state.send_replace(state);
    }

    async fn epoch(&self, shutdown: &Shutdown, backoff: &mut Backoff) -> Result<End, String> {
        let (connection, channel, mut consumer) = tokio::select! {
            connected = self.connect() => connected?,
            () = shutdown.soft.cancelled() => return Ok(End::Stopped),
        };
        tracing::info!(queue = self.config.broker.queue, broker = %self.address, "consuming");
        self.say(BrokerState::Consuming);
        let started = tokio::time::Instant::now();

        let epoch = self.start(&channel, shutdown);
        let end = self.dispatch(&epoch, &mut consumer, shutdown).await;
        if started.elapsed() > STABLE {
            backoff.reset();
        }
        let token = epoch.token.clone();
        tokio::select! {
            () = self.finish(epoch, &end, &channel) => close(connection).await,
            () = shutdown.hard.cancelled() => token.cancel(),
        }
        Ok(end)
    }

    /// Lets an epoch's tasks end: with what they have in hand if the worker stops, at once if the connection is lost.
    async fn finish(&self, epoch: Epoch, end: &End, channel: &Channel) {
        match end {
            End::Lost => {
                self.say(BrokerState::NotConsuming(
                    "RabbitMQ: the connection was lost".to_owned(),
                ));
                epoch.token.cancel();
            }
            End::Stopped => {
                self.say(BrokerState::NotConsuming("stopping".to_owned()));
                let cancel = channel.basic_cancel(CONSUMER_TAG.into(), BasicCancelOptions::default());
                if let Err(error) = call("cancelling the consumer", cancel).await {
                    tracing::debug!(%error, "the consumer was not cancelled in order");
                }
            }
        }
        drop((epoch.lanes, epoch.park));
        epoch.tasks.wait().await;
    }

    async fn connect(&self) -> Result<(Connection, Channel, Consumer), String> {
        self.store.check().await.map_err(|error| error.to_string())?;
        self.store.prepare().await.map_err(|error| error.to_string())?;
        self.consume().await.map_err(|error| error.to_string())
    }

    async fn consume(&self) -> Result<(Connection, Channel, Consumer), BrokerError> {
        let broker = &self.config.broker;
        let connection = self.address.connect("totals-worker").await?;
        topology::declare(&connection, broker).await?;
        let channel = call("opening a channel", connection.create_channel()).await?;
        // Before the consumer: without a limit the broker would send the whole queue.
        call(
            "setting the prefetch",
            channel.basic_qos(broker.prefetch, BasicQosOptions::default()),
        )
        .await?;
        let (queue, tag) = (broker.queue.as_str().into(), CONSUMER_TAG.into());
        let consume =
            channel.basic_consume(queue, tag, BasicConsumeOptions::default(), FieldTable::default());
        let consumer = call("starting to consume", consume).await?;
        Ok((connection, channel, consumer))
    }

    fn start(&self, channel: &Channel, shutdown: &Shutdown) -> Epoch {
        let (token, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (settle, finished) = Settle::open();
        tasks.spawn(settle::run(channel.clone(), finished, token.clone()));
        // Unbounded, and yet no larger than the prefetch.
        let (park, parked) = mpsc::unbounded_channel();
        let dead_letters = DeadLetters {
            address: self.address.clone(),
            config: self.config.broker.clone(),
            store: self.store.clone(),
            metrics: self.metrics.clone(),
            settle: settle.clone(),
            epoch: token.clone(),
            stopping: shutdown.soft.clone(),
        };
        tasks.spawn(dead_letters.run(parked));
        let lane = |number| {
            let (sender, arriving) = mpsc::channel(usize::from(self.config.broker.prefetch));
            let lane = Lane {
                batch_size: self.config.batching.batch_size,
                committer: Committer {
                    lane: number,
                    store: self.store.clone(),
                    metrics: self.metrics.clone(),
                    give_up: vec![token.clone(), shutdown.soft.clone()],
                },
                settle: settle.clone(),
                park: park.clone(),
                epoch: token.clone(),
            };
            tasks.spawn(lane.run(arriving));
            sender
        };
        let lanes = (0..self.config.batching.lanes).map(lane).collect();
        tasks.close();
        Epoch {
            token,
            tasks,
            lanes,
            park,
        }
    }

    /// Hands each delivery to its lane, or to the dead letters, until the epoch ends.
    async fn dispatch(&self, epoch: &Epoch, consumer: &mut Consumer, shutdown: &Shutdown) -> End {
        loop {
            let delivery = tokio::select! {
                () = shutdown.soft.cancelled() => return End::Stopped,
                () = epoch.token.cancelled() => return End::Lost,
                delivery = consumer.next() => delivery,
            };
            let message = match delivery {
                Some(Ok(delivery)) => Message::from(delivery),
                Some(Err(error)) => {
                    tracing::warn!(%error, "the consumer failed");
                    return End::Lost;
                }
                None => return End::Lost,
            };
            self.metrics.delivered();
            let message_id = message
                .properties
                .message_id()
                .as_ref()
                .map(lapin::types::ShortString::as_str);
            let handed = match decode(
                &message.body,
                &message.routing_key,
                message_id,
                self.config.currency,
            ) {
                Ok(event) => {
                    let lane = lane_of(event.routing_text(), epoch.lanes.len());
                    // A lane can hold the whole prefetch, so this never waits.
                    epoch.lanes[lane].send((event, message)).await.is_ok()
                }
                Err(invalid) => epoch
                    .park
                    .send(Parked {
                        message,
                        reason: Reason::from(invalid),
                    })
                    .is_ok(),
            };
            if !handed {
                tracing::error!("a task of this epoch ended early");
                return End::Lost;
            }
        }
    }
}

/// The lane of a campaign: always the same one, so that lanes never contend for a campaign.
pub fn lane_of(routing_text: &str, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    routing_text.hash(&mut hasher);
    // The remainder is below `lanes`, which is a usize.
    usize::try_from(hasher.finish() % lanes as u64).unwrap_or_default()
}
