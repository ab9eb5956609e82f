//! Publishing straight to a queue, confirmed and on a connection of its own: dead letters as the operator will read them,
//! and fresh copies of messages that were delivered too often.

use crate::config::Broker;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Connection};
use tokio::time::Instant;

use crate::broker::call::{BrokerError, call};
use crate::broker::confirm::{self, Confirmed, confirmed, publish};
use crate::broker::connection::{Address, close};
use crate::broker::occupancy::{Occupancy, PATIENCE, count};
use crate::broker::topology::{self, Role};

/// What is published to a queue.
pub trait Publish {
    /// The message's content.
    fn body(&self) -> &[u8];
    /// Its properties and headers.
    fn properties(&self) -> BasicProperties;
}

/// Publishes to one queue. It opens its connection when the first message needs it.
pub struct Publisher {
    address: Address,
    /// The connection's name in the broker's management.
    name: &'static str,
    queue: String,
    role: Role,
    connection: Option<Connection>,
    channel: Option<Channel>,
    /// Since when each count has found no ready message while somebody may hold some.
    in_doubt: Option<Instant>,
}

impl Publisher {
    /// Publishes dead letters. Connects later.
    pub fn new(address: Address, config: &Broker) -> Self {
        Self::to(
            address,
            "totals-worker dead letters",
            config.dead_letter_queue(),
            Role::DeadLetters,
        )
    }

    /// Publishes fresh copies of messages to the queue they came from. Connects later.
    pub fn of_copies(address: Address, config: &Broker) -> Self {
        Self::to(
            address,
            "totals-worker fresh copies",
            config.queue.clone(),
            Role::Events,
        )
    }

    fn to(address: Address, name: &'static str, queue: String, role: Role) -> Self {
        Self {
            address,
            name,
            queue,
            role,
            connection: None,
            channel: None,
            in_doubt: None,
        }
    }

    /// Lets go of the connection; the next message opens another.
    pub async fn disconnect(&mut self) {
        self.channel = None;
        if let Some(connection) = self.connection.take() {
            close(connection).await;
        }
    }

    /// Finds out whether the queue is empty.
    ///
    /// # Errors
    /// [`BrokerError`]; then disconnect, and ask again: the queue is declared if it is missing.
    pub async fn occupancy(&mut self) -> Result<Occupancy, BrokerError> {
        let queue = self.queue.clone();
        let counts = count(self.channel().await?, &queue).await?;
        if counts.is_in_doubt() {
            let since = *self.in_doubt.get_or_insert_with(Instant::now);
            return Ok(if since.elapsed() < PATIENCE {
                Occupancy::Unknown
            } else {
                Occupancy::Occupied
            });
        }
        self.in_doubt = None;
        Ok(if counts.ready == 0 {
            Occupancy::Empty
        } else {
            Occupancy::Occupied
        })
    }

    /// Publishes all, and takes out of `batch` what the broker has confirmed. It is an error if that is not all.
    ///
    /// # Errors
    /// [`BrokerError`]; if it [is a refusal](BrokerError::is_refusal), what is left in `batch` was refused, else
    /// disconnect, and publish it again.
    pub async fn publish<T: Publish>(&mut self, batch: &mut Vec<&T>) -> Result<(), BrokerError> {
        if batch.is_empty() {
            return Ok(());
        }
        let queue = self.queue.clone();
        let channel = self.channel().await?;
        let mut published = Vec::with_capacity(batch.len());
        for message in batch.iter() {
            let confirm = publish(channel, &queue, message.body(), message.properties()).await?;
            published.push((*message, confirm));
        }
        let Confirmed { left, outcome, .. } = confirmed(published, &queue).await;
        *batch = left;
        match &outcome {
            // The next one declares the queue.
            Err(BrokerError::Unroutable { .. }) => self.disconnect().await,
            Err(BrokerError::Refused { .. }) => self.leave_channel().await,
            _ => {}
        }
        outcome
    }

    /// Lets go of a channel that was refused something. A quorum queue goes on refusing a channel after its limit is
    /// lifted, and accepts a new one at once.
    async fn leave_channel(&mut self) {
        if let Some(channel) = self.channel.take() {
            let closed = channel.close(200, ShortString::from("refused"));
            if let Err(error) = call("closing a channel", closed).await {
                tracing::debug!(%error, "a channel was not closed in order");
                self.disconnect().await;
            }
        }
    }

    async fn channel(&mut self) -> Result<&Channel, BrokerError> {
        let channel = match self.channel.take() {
            Some(channel) => channel,
            None => self.open().await?,
        };
        Ok(self.channel.insert(channel))
    }

    async fn open(&mut self) -> Result<Channel, BrokerError> {
        let connection = if let Some(connection) = self.connection.take() {
            connection
        } else {
            let connection = self.address.connect(self.name).await?;
            let found = topology::declare_queue(&connection, &self.queue, self.role).await?;
            match self.role {
                Role::DeadLetters => found.tell(&self.queue),
                // The consumer has told it.
                Role::Events => {}
            }
            connection
        };
        confirm::open(self.connection.insert(connection)).await
    }
}
