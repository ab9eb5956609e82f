//! One consuming epoch after another, for ever.
//!
//! An epoch is a connection and everything that belongs to it: channel, consumer, lanes, dead letters, settlement.
//! When the connection is lost, the worker drops all of it and builds it anew. The tags of an old epoch die with its
//! settlement, so the worker acknowledges a delivery only on the channel that delivered it.

use std::pin::pin;
use std::sync::Once;
use std::time::Duration;

use lapin::{Channel, Connection};
use tokio::sync::watch;
use totals_core::domain::decode;
use totals_core::runtime::backoff::Backoff;
use totals_core::runtime::lifecycle::Shutdown;
use totals_core::store::{StoreError, Unhealthy};

use crate::broker::byte_budget::ByteBudget;
use crate::broker::call::BrokerError;
use crate::broker::connection::{close, open_channel};
use crate::broker::message::Message;
use crate::broker::occupancy::count;
use crate::broker::topology::{self, Found};
use crate::consume::context::{BrokerState, Context};
use crate::consume::deliveries::Deliveries;
use crate::consume::epoch::Epoch;
use crate::consume::{reach, renew};
use crate::slow::{PREPARING, told_if_slow};

/// After an epoch that lasted this long, the next failure starts the backoff anew.
const STABLE: Duration = Duration::from_secs(10);

/// Consumes one epoch after another, for as long as the process runs.
pub struct Worker {
    /// The services that it works with, and its configuration.
    pub context: Context,
    /// Where it says whether it consumes.
    pub state: watch::Sender<BrokerState>,
    /// Done once the operator has been told how the queue is: once, however often the worker connects.
    pub told: Once,
}

/// How an epoch ended, if not by an error.
enum EpochEnd {
    /// The connection, the consumer or a task was lost.
    Lost,
    /// MongoDB was lost, so the worker gives up its consumer.
    WithoutDatabase(Unhealthy),
    /// The process stops.
    Stopped,
}

/// A connection that consumes, with its channel, its deliveries and their bytes.
struct Connected {
    connection: Connection,
    channel: Channel,
    deliveries: Deliveries,
    budget: ByteBudget,
    /// True while another worker has the queue, until a message shows that this one has it.
    standing_by: bool,
}

impl Worker {
    /// Consumes until `shutdown`. Failures of the broker or the database only make it wait.
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
                Ok(EpochEnd::Stopped) => return,
                Ok(EpochEnd::Lost) => "RabbitMQ: the connection or the consumer was lost".to_owned(),
                Ok(EpochEnd::WithoutDatabase(problem)) => gave_up(&problem),
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

    /// Tells `/metrics` and `/health` at the same moment, so that they agree.
    fn say(&self, state: BrokerState) {
        match state {
            BrokerState::Consuming | BrokerState::StandingBy => self.context.metrics.connected(),
            BrokerState::NotConsuming(_) => self.context.metrics.disconnected(),
        }
        self.state.send_replace(state);
    }

    async fn epoch(&self, shutdown: &Shutdown, backoff: &mut Backoff) -> Result<EpochEnd, String> {
        let mut connected = tokio::select! {
            connected = self.connect() => connected?,
            () = shutdown.soft.cancelled() => return Ok(EpochEnd::Stopped),
        };
        let standing_by = connected.standing_by;
        tracing::info!(
            queue = self.context.config.broker.queue,
            broker = %self.context.address,
            standing_by,
            "consuming"
        );
        self.say(if standing_by {
            BrokerState::StandingBy
        } else {
            BrokerState::Consuming
        });
        let started = tokio::time::Instant::now();

        let mut epoch = Epoch::start(&self.context, &connected.channel, shutdown);
        let end = self.dispatch(&mut epoch, &mut connected, shutdown).await;
        if started.elapsed() > STABLE {
            backoff.reset();
        }
        let token = epoch.token.clone();
        connected.budget.lift();
        let Connected {
            connection,
            channel,
            deliveries,
            ..
        } = connected;
        let finishing = async {
            match &end {
                EpochEnd::Stopped => {
                    self.say(BrokerState::NotConsuming("stopping".to_owned()));
                    Deliveries::cancel(&channel).await;
                    epoch.end().await;
                    close(connection).await;
                }
                EpochEnd::Lost => {
                    let problem = "RabbitMQ: the connection was lost";
                    self.drop_all(epoch, connection, problem).await;
                }
                EpochEnd::WithoutDatabase(problem) => {
                    self.drop_all(epoch, connection, &gave_up(problem)).await;
                }
            }
        };
        tokio::select! {
            () = finishing => {}
            // These deliveries are not ours any more, and without the budget they could fill the memory.
            never = deliveries.discard() => match never {},
            () = shutdown.hard.cancelled() => token.cancel(),
        }
        Ok(end)
    }

    /// Ends an epoch that can finish nothing. The connection is closed first, so that another worker gets what was in hand: a lane
    /// may have to wait for an answer of the database that never comes.
    async fn drop_all(&self, epoch: Epoch, connection: Connection, problem: &str) {
        self.say(BrokerState::NotConsuming(problem.to_owned()));
        epoch.token.cancel();
        // A lost connection may never answer, and the next epoch must not wait for it.
        tokio::spawn(close(connection));
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

    /// Makes collections and indexes ready, however long that takes.
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
        let found = topology::declare(&connection, broker).await?;
        self.told.call_once(|| found.tell(&broker.queue));
        let single_active = matches!(found, Found::AsDesigned);
        let channel = open_channel(&connection).await?;
        let standing_by = single_active && count(&channel, &broker.queue).await?.consumers > 0;
        let deliveries = Deliveries::start(channel.clone(), broker, single_active).await?;
        Ok(Connected {
            connection,
            channel,
            deliveries,
            budget,
            standing_by,
        })
    }

    /// Hands each delivery to its lane, to the dead letters or to the renewals, until the epoch ends.
    async fn dispatch(&self, epoch: &mut Epoch, connected: &mut Connected, shutdown: &Shutdown) -> EpochEnd {
        let token = epoch.token.clone();
        let mut without_database = pin!(reach::lost(&self.context.store));
        loop {
            let delivery = tokio::select! {
                // A stop is looked at first: the tasks end on it too, and that must not look like a failure.
                biased;
                () = shutdown.soft.cancelled() => return EpochEnd::Stopped,
                () = token.cancelled() => return EpochEnd::Lost,
                problem = &mut without_database => return EpochEnd::WithoutDatabase(problem),
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
                    return EpochEnd::Lost;
                }
                None => return EpochEnd::Lost,
            };
            self.context.metrics.delivered();
            if std::mem::take(&mut connected.standing_by) {
                tracing::info!("the first message has come: this worker has taken over");
                self.state.send_replace(BrokerState::Consuming);
            }
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

    /// Hands a message to its lane, or to the dead letters. Returns false if that task is gone.
    async fn hand(&self, epoch: &Epoch, message: Message) -> bool {
        let decoded = decode(&message.received(), self.context.config.amounts);
        epoch.hand(message, decoded).await
    }
}

/// Why the worker does not consume, after MongoDB was lost.
fn gave_up(problem: &Unhealthy) -> String {
    let seconds = reach::PATIENCE.as_secs();
    format!(
        "{problem}. MongoDB was of no use for {seconds} s, so this worker has given the queue up, with all that it had in hand, \
         for one that reaches MongoDB; it goes on when MongoDB answers"
    )
}

/// How the epoch ended, when one of its tasks takes nothing more.
fn ended(shutdown: &Shutdown) -> EpochEnd {
    if shutdown.soft.is_cancelled() {
        return EpochEnd::Stopped;
    }
    tracing::error!("a task of this epoch ended early");
    EpochEnd::Lost
}
