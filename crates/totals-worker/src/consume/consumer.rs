//! One consuming epoch after another, for ever.
//!
//! An epoch is a connection and everything that belongs to it: channel, consumer, lanes, dead letters, settlement.
//! When the connection is lost all of it is dropped and built anew; the tags of an old epoch die with its
//! settlement, so nothing is ever acknowledged on a channel other than the one that delivered it.

use std::time::Duration;

use lapin::{Channel, Connection};
use tokio::sync::watch;
use totals_core::domain::decode;
use totals_core::runtime::backoff::Backoff;
use totals_core::runtime::lifecycle::Shutdown;
use totals_core::store::StoreError;

use crate::broker::byte_budget::ByteBudget;
use crate::broker::connection::{BrokerError, call, close};
use crate::broker::message::Message;
use crate::broker::topology;
use crate::consume::context::{BrokerState, Context};
use crate::consume::deliveries::Deliveries;
use crate::consume::epoch::Epoch;
use crate::consume::renew;
use crate::slow::{PREPARING, told_if_slow};

/// An epoch that lasted this long was a success: the next failure starts the backoff anew.
const STABLE: Duration = Duration::from_secs(10);

/// Consumes one epoch after another.
pub struct Worker {
    /// What it works with.
    pub context: Context,
    /// Where it says whether it consumes.
    pub state: watch::Sender<BrokerState>,
}

/// How an epoch ended, if not by an error.
enum End {
    Lost,
    Stopped,
}

/// A connection that consumes, and what belongs to it.
struct Connected {
    connection: Connection,
    channel: Channel,
    deliveries: Deliveries,
    budget: ByteBudget,
}

impl Worker {
    /// Consumes until `shutdown`; failures of the broker or the database only make it wait.
    pub async fn run(&self, shutdown: &Shutdown) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let broker = &self.context.config.broker;
        tracing::info!(
            remedy = topology::limit_policy(broker),
            "a policy may set a smaller delivery limit than the worker asks for, and no client can see that; messages and \
             dead letters are renewed before a limit of 3 or more is reached, and the remedy lifts a smaller one"
        );
        while !shutdown.soft.is_cancelled() {
            let problem = match self.epoch(shutdown, &mut backoff).await {
                Ok(End::Stopped) => return,
                Ok(End::Lost) => "RabbitMQ: the connection or the consumer was lost".to_owned(),
                Err(problem) => problem,
            };
            self.context.metrics.released();
            self.context.address.turn_to_next();
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
            BrokerState::Consuming => self.context.metrics.connected(),
            BrokerState::NotConsuming(_) => self.context.metrics.disconnected(),
        }
        self.state.send_replace(state);
    }

    async fn epoch(&self, shutdown: &Shutdown, backoff: &mut Backoff) -> Result<End, String> {
        let mut connected = tokio::select! {
            connected = self.connect() => connected?,
            () = shutdown.soft.cancelled() => return Ok(End::Stopped),
        };
        tracing::info!(queue = self.context.config.broker.queue, broker = %self.context.address, "consuming");
        self.say(BrokerState::Consuming);
        let started = tokio::time::Instant::now();

        let mut epoch = Epoch::start(&self.context, &connected.channel, shutdown);
        let end = self.dispatch(&mut epoch, &mut connected, shutdown).await;
        if started.elapsed() > STABLE {
            backoff.reset();
        }
        let token = epoch.token.clone();
        connected.budget.lift();
        let stopped = matches!(end, End::Stopped);
        tokio::select! {
            () = self.finish(epoch, &end, &connected.channel) => {
                let closing = tokio::spawn(close(connected.connection));
                // A lost one may never answer, and the next is not to wait for it.
                if stopped {
                    let _ = closing.await;
                }
            }
            // What still comes is not ours any more, and with the brake lifted it could be more than is good.
            never = connected.deliveries.discard() => match never {},
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
                Deliveries::cancel(channel).await;
            }
        }
        epoch.end().await;
    }

    async fn connect(&self) -> Result<Connected, String> {
        self.context
            .store
            .check()
            .await
            .map_err(|error| error.to_string())?;
        self.prepare().await.map_err(|error| error.to_string())?;
        self.consume().await.map_err(|error| error.to_string())
    }

    /// Makes the database ready, however long that takes.
    async fn prepare(&self) -> Result<(), StoreError> {
        let mut told = false;
        let tell = || {
            told = true;
            tracing::warn!(problem = PREPARING, "not consuming yet");
            self.say(BrokerState::NotConsuming(format!("starting: {PREPARING}")));
        };
        told_if_slow(self.context.store.prepare(), tell).await?;
        if told {
            self.say(BrokerState::NotConsuming("connecting to RabbitMQ".to_owned()));
        }
        Ok(())
    }

    async fn consume(&self) -> Result<Connected, BrokerError> {
        let broker = &self.context.config.broker;
        let budget = ByteBudget::default();
        let connecting = self
            .context
            .address
            .connect_to_consume("totals-worker", budget.clone());
        let connection = connecting.await?;
        topology::declare(&connection, broker).await?;
        let channel = call("opening a channel", connection.create_channel()).await?;
        let deliveries = Deliveries::start(channel.clone(), broker).await?;
        Ok(Connected {
            connection,
            channel,
            deliveries,
            budget,
        })
    }

    /// Hands each delivery to its lane, or to the dead letters, until the epoch ends.
    async fn dispatch(&self, epoch: &mut Epoch, connected: &mut Connected, shutdown: &Shutdown) -> End {
        let token = epoch.token.clone();
        loop {
            let delivery = tokio::select! {
                // A stop comes first: the tasks heed it too, and one that ends must not look like a failure.
                biased;
                () = shutdown.soft.cancelled() => return End::Stopped,
                () = token.cancelled() => return End::Lost,
                Some(message) = epoch.as_it_is() => {
                    if !self.hand(epoch, message).await {
                        return ended(shutdown);
                    }
                    continue;
                }
                delivery = connected.deliveries.next() => delivery,
            };
            let message = match delivery {
                Some(Ok(delivery)) => Message::from(delivery).held(connected.budget.take()),
                Some(Err(error)) => {
                    tracing::warn!(%error, "the consumer failed");
                    return End::Lost;
                }
                None => return End::Lost,
            };
            self.context.metrics.delivered();
            let handed = if renew::is_due(&message) {
                connected.deliveries.stay_narrow();
                epoch.renew(message)
            } else {
                self.hand(epoch, message).await
            };
            if !handed {
                return ended(shutdown);
            }
        }
    }

    /// Hands a message to its lane, or to the dead letters; false if that task is gone.
    async fn hand(&self, epoch: &Epoch, message: Message) -> bool {
        let message_id = message
            .properties
            .message_id()
            .as_ref()
            .map(lapin::types::ShortString::as_str);
        let decoded = decode(
            &message.body,
            &message.routing_key,
            message_id,
            self.context.config.currency,
        );
        epoch.hand(message, decoded).await
    }
}

/// Why a task of the epoch takes nothing more.
fn ended(shutdown: &Shutdown) -> End {
    if shutdown.soft.is_cancelled() {
        return End::Stopped;
    }
    tracing::error!("a task of this epoch ended early");
    End::Lost
}
