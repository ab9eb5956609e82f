//! Publishing straight to a queue, confirmed and on a connection of its own: dead letters as the operator will read them,
//! and fresh copies of messages that were delivered too often.

use crate::config::Broker;
use futures::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::time::Instant;

use crate::broker::connection::{Address, BrokerError, call, close};
use crate::broker::look::{PATIENCE, look};
use crate::broker::topology;

/// What is published to a queue.
pub trait Publish {
    /// The message's content.
    fn body(&self) -> &[u8];
    /// Its properties and headers.
    fn properties(&self) -> BasicProperties;
}

/// What a queue holds, as far as it can be found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing at all.
    Nothing,
    /// Messages, or somebody who has held what there may be for longer than a look takes.
    Messages,
    /// Nothing that can be seen, since a moment ago, while somebody may hold messages: look again.
    Unknown,
}

/// A connection that is opened when the first message needs it.
pub struct Publisher {
    address: Address,
    /// The connection's name in the broker's management.
    name: &'static str,
    queue: String,
    connection: Option<Connection>,
    channel: Option<Channel>,
    /// Since when each look has found nothing that can be seen while somebody may hold messages.
    in_doubt: Option<Instant>,
}

impl Publisher {
    /// Publishes dead letters. Connects later.
    pub fn new(address: Address, config: &Broker) -> Self {
        Self::to(address, "totals-worker dead letters", config.dead_letter_queue())
    }

    /// Publishes fresh copies of messages to the queue they came from. Connects later.
    pub fn of_copies(address: Address, config: &Broker) -> Self {
        Self::to(address, "totals-worker fresh copies", config.queue.clone())
    }

    fn to(address: Address, name: &'static str, queue: String) -> Self {
        Self {
            address,
            name,
            queue,
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

    /// Looks at what the queue holds.
    ///
    /// # Errors
    /// [`BrokerError`]; then disconnect, and ask again: the queue is declared if it is missing.
    pub async fn look(&mut self) -> Result<Found, BrokerError> {
        let queue = self.queue.clone();
        let seen = look(self.channel().await?, &queue).await?;
        if seen.is_in_doubt() {
            let since = *self.in_doubt.get_or_insert_with(Instant::now);
            return Ok(if since.elapsed() < PATIENCE {
                Found::Unknown
            } else {
                Found::Messages
            });
        }
        self.in_doubt = None;
        Ok(if seen.ready == 0 {
            Found::Nothing
        } else {
            Found::Messages
        })
    }

    /// Publishes all, and takes out of `batch` what the broker has confirmed: all of it, or it is an error.
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
        let mut confirmations = Vec::with_capacity(batch.len());
        for message in batch.iter() {
            let options = BasicPublishOptions {
                mandatory: true,
                ..BasicPublishOptions::default()
            };
            let (body, properties) = (message.body(), message.properties());
            let publish = channel.basic_publish("".into(), queue.as_str().into(), options, body, properties);
            confirmations.push(call("publishing to a queue", publish).await?);
        }
        // All of them, together, even if one fails: see `judge`.
        let confirming = confirmations
            .into_iter()
            .map(|confirmation| call("confirming a message", confirmation));
        let judged = judge(batch, join_all(confirming).await, &queue);
        match &judged {
            // The next one declares the queue.
            Err(BrokerError::Unroutable { .. }) => self.disconnect().await,
            Err(BrokerError::Refused { .. }) => self.leave_channel().await,
            _ => {}
        }
        judged
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
            topology::declare_queue(&connection, &self.queue).await?;
            connection
        };
        let connection = self.connection.insert(connection);
        let channel = call("opening a channel", connection.create_channel()).await?;
        let confirm = channel.confirm_select(ConfirmSelectOptions::default());
        call("asking for publisher confirms", confirm).await?;
        Ok(channel)
    }
}

/// Takes out of `batch` what is confirmed, each by its answer of `answers`.
///
/// lapin hands a returned message to whichever confirmation completes next, and that can be its neighbour's. So if any
/// was returned, none counts as confirmed; a copy is harmless, a loss is not.
fn judge<T>(
    batch: &mut Vec<T>,
    answers: Vec<Result<Confirmation, BrokerError>>,
    queue: &str,
) -> Result<(), BrokerError> {
    let returned = |answer: &Result<_, _>| {
        matches!(
            answer,
            Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) | Confirmation::NotRequested)
        )
    };
    let any_returned = answers.iter().any(returned);
    if !any_returned {
        let mut confirmed = answers
            .iter()
            .map(|answer| matches!(answer, Ok(Confirmation::Ack(_))));
        batch.retain(|_| !confirmed.next().unwrap_or(false));
    }
    let queue = queue.to_owned();
    let mut refused = false;
    for answer in answers {
        refused |= matches!(answer?, Confirmation::Nack(_));
    }
    match (any_returned, refused) {
        (true, _) => Err(BrokerError::Unroutable { queue }),
        (false, true) => Err(BrokerError::Refused { queue }),
        (false, false) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use lapin::message::{BasicReturnMessage, Delivery};

    use super::*;

    fn returned() -> BasicReturnMessage {
        BasicReturnMessage {
            delivery: Delivery::mock(0, "".into(), "dlq".into(), false, Vec::new()),
            reply_code: 312,
            reply_text: "NO_ROUTE".into(),
        }
    }

    /// What is left of the messages 0, 1 and 2, and the error.
    fn left(answers: [Result<Confirmation, BrokerError>; 3]) -> (Vec<u8>, Option<BrokerError>) {
        let mut batch = vec![0, 1, 2];
        let judged = judge(&mut batch, answers.into(), "dlq");
        (batch, judged.err())
    }

    #[test]
    fn the_broker_takes_what_it_confirms() {
        let ack = || Ok(Confirmation::Ack(None));
        assert!(matches!(left([ack(), ack(), ack()]), (left, None) if left.is_empty()));
        let (left, error) = left([ack(), Ok(Confirmation::Nack(None)), ack()]);
        assert_eq!(left, [1]);
        assert!(matches!(error, Some(BrokerError::Refused { .. })));
    }

    #[test]
    fn a_failure_leaves_what_is_not_confirmed() {
        let silent = Err(BrokerError::Silent { doing: "confirming" });
        let (left, error) = left([Ok(Confirmation::Nack(None)), silent, Ok(Confirmation::Ack(None))]);
        assert_eq!(left, [0, 1]);
        assert!(matches!(error, Some(BrokerError::Silent { .. })));
    }

    #[test]
    fn none_is_confirmed_beside_one_that_came_back() {
        for carrier in [Confirmation::Ack, Confirmation::Nack] {
            let answers = [
                Ok(Confirmation::Ack(None)),
                Ok(carrier(Some(returned()))),
                Ok(Confirmation::Ack(None)),
            ];
            let (left, error) = left(answers);
            assert_eq!(left, [0, 1, 2]);
            assert!(matches!(error, Some(BrokerError::Unroutable { .. })));
        }
    }
}
