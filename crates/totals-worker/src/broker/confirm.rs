//! Publishing to a queue with publisher confirms: which messages are safe, and which are not.
//!
//! Messages are published as `mandatory`, so the broker returns what it can route to no queue. lapin hands a returned
//! message to whichever confirmation completes next, and that can be its neighbour's. So if one message of a batch was
//! returned, none of the batch counts as safe: a copy is harmless, a loss is not.

use futures::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, Connection, PublisherConfirm};

use crate::broker::call::{BrokerError, call};
use crate::broker::connection::open_channel;

/// What became of a batch.
pub struct Confirmed<T> {
    /// What the broker has confirmed.
    pub safe: Vec<T>,
    /// What it has not.
    pub left: Vec<T>,
    /// An error if anything is left. If it [is a refusal](BrokerError::is_refusal), what is left was refused; after any
    /// other error nobody knows what became of it.
    pub outcome: Result<(), BrokerError>,
}

/// Opens a channel whose messages are confirmed.
///
/// # Errors
/// [`BrokerError`] if the broker is away or refuses.
pub async fn open(connection: &Connection) -> Result<Channel, BrokerError> {
    let channel = open_channel(connection).await?;
    let confirm = channel.confirm_select(ConfirmSelectOptions::default());
    call("asking for publisher confirms", confirm).await?;
    Ok(channel)
}

/// Publishes a message to a queue over a channel of [`open`].
///
/// # Errors
/// [`BrokerError`] if it could not be sent.
pub async fn publish(
    channel: &Channel,
    queue: &str,
    body: &[u8],
    properties: BasicProperties,
) -> Result<PublisherConfirm, BrokerError> {
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let publish = channel.basic_publish("".into(), queue.into(), options, body, properties);
    call("publishing to a queue", publish).await
}

/// Awaits the confirmations of a batch that was published to `queue`.
pub async fn confirmed<T>(batch: Vec<(T, PublisherConfirm)>, queue: &str) -> Confirmed<T> {
    let (batch, confirmations): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    // All of them, together, even if one fails: see `judge`.
    let confirming = confirmations
        .into_iter()
        .map(|confirmation| call("confirming a message", confirmation));
    judge(batch, join_all(confirming).await, queue)
}

/// Parts what is confirmed from what is not, each by its answer of `answers`.
fn judge<T>(batch: Vec<T>, answers: Vec<Result<Confirmation, BrokerError>>, queue: &str) -> Confirmed<T> {
    let returned = |answer: &Result<_, _>| {
        matches!(
            answer,
            Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) | Confirmation::NotRequested)
        )
    };
    let any_returned = answers.iter().any(returned);
    let (mut safe, mut left, mut failure) = (Vec::with_capacity(batch.len()), Vec::new(), None);
    for (message, answer) in batch.into_iter().zip(answers) {
        match answer {
            Ok(Confirmation::Ack(_)) if !any_returned => safe.push(message),
            Ok(_) => left.push(message),
            Err(error) => {
                left.push(message);
                failure.get_or_insert(error);
            }
        }
    }
    let queue = queue.to_owned();
    let outcome = match failure {
        Some(error) => Err(error),
        None if any_returned => Err(BrokerError::Unroutable { queue }),
        None if !left.is_empty() => Err(BrokerError::Refused { queue }),
        None => Ok(()),
    };
    Confirmed { safe, left, outcome }
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
        let Confirmed {
            mut safe,
            left,
            outcome,
        } = judge(vec![0, 1, 2], answers.into(), "dlq");
        safe.extend(&left);
        safe.sort_unstable();
        assert_eq!(safe, [0, 1, 2], "each is safe or left");
        (left, outcome.err())
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
