//! Fresh copies of letters that were looked at before, so that no delivery limit is ever reached by looking.
//!
//! A copy goes to the end of the dead-letter queue, and the old letter is acknowledged after the confirm. A tool that is
//! killed in between leaves both, which is harmless. A queue that takes no copy (it is full, say) keeps the old letter;
//! the tool goes on, and says so at its end.

use futures::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection, PublisherConfirm};

use crate::broker::connection::{BrokerError, call};
use crate::broker::copy::copied;
use crate::broker::message::Message;

/// Copies published before their confirms are awaited.
const BATCH: usize = 100;

/// The batch is cut short when its bodies have so many bytes.
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// The renewals of one walk.
#[derive(Default)]
pub struct Renewals {
    /// A channel of their own: a copy that the broker refuses may close it.
    channel: Option<Channel>,
    pending: Vec<Pending>,
    bytes: usize,
    renewed: u64,
    /// Letters that stayed as they are, and why the last one did.
    failed: Option<(u64, String)>,
}

/// A copy under way, and the letter that it replaces.
struct Pending {
    confirmation: PublisherConfirm,
    channel: Channel,
    tag: u64,
}

/// Returns true if the letter was delivered before.
pub fn is_due(message: &Message) -> bool {
    message.deliveries_before() > 0
}

impl Renewals {
    /// Publishes a copy of a letter that `channel` has delivered. Returns true if it is time to await the confirms.
    pub async fn add(
        &mut self,
        connection: &Connection,
        queue: &str,
        message: &Message,
        channel: &Channel,
    ) -> bool {
        match self.publish(connection, queue, message).await {
            Ok(confirmation) => {
                self.bytes += message.body.len();
                self.pending.push(Pending {
                    confirmation,
                    channel: channel.clone(),
                    tag: message.tag,
                });
            }
            Err(problem) => self.failed(problem),
        }
        self.pending.len() >= BATCH || self.bytes > BATCH_BYTES
    }

    /// The letters whose copies are safe: each with its channel and tag, to be acknowledged.
    pub async fn confirmed(&mut self) -> Vec<(Channel, u64)> {
        self.bytes = 0;
        let pending = std::mem::take(&mut self.pending);
        let (letters, confirmations): (Vec<_>, Vec<_>) = pending
            .into_iter()
            .map(|pending| ((pending.channel, pending.tag), pending.confirmation))
            .unzip();
        let confirmations = confirmations.into_iter();
        let answers = join_all(confirmations.map(|answer| call("confirming a fresh copy", answer))).await;
        // A returned message may come with its neighbour's confirmation, so one puts all in doubt.
        let returned = |answer: &Result<_, _>| {
            matches!(
                answer,
                Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) | Confirmation::NotRequested)
            )
        };
        let any_returned = answers.iter().any(returned);
        let mut safe = Vec::with_capacity(letters.len());
        for (letter, answer) in letters.into_iter().zip(answers) {
            match answer {
                Ok(Confirmation::Ack(_)) if !any_returned => safe.push(letter),
                Ok(_) if any_returned => self.failed("the queue is missing".to_owned()),
                Ok(_) => self.failed("it refuses messages: is it full?".to_owned()),
                Err(error) => self.failed(error.to_string()),
            }
        }
        self.renewed += safe.len() as u64;
        safe
    }

    /// Returns true if any letter was renewed.
    pub fn any(&self) -> bool {
        self.renewed > 0
    }

    /// Warns if letters stayed as they are.
    pub fn say_what_was_not_renewed(&self) {
        if let Some((count, problem)) = &self.failed {
            tracing::warn!(
                count,
                problem,
                "the dead-letter queue does not take a fresh copy of letters that were looked at before, so this look counts \
                 as one more delivery of them; beyond the queue's delivery limit (20 by default on RabbitMQ 4) RabbitMQ drops \
                 a letter: make room, or raise the limit by a policy, before looking again and again"
            );
        }
    }

    fn failed(&mut self, problem: String) {
        let before = self.failed.take().map_or(0, |(count, _)| count);
        self.failed = Some((before + 1, problem));
    }

    async fn publish(
        &mut self,
        connection: &Connection,
        queue: &str,
        message: &Message,
    ) -> Result<PublisherConfirm, String> {
        let properties = copied(message).ok_or("its headers leave no room for more")?;
        let channel = self
            .channel(connection)
            .await
            .map_err(|error| error.to_string())?;
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let publish = channel.basic_publish("".into(), queue.into(), options, &message.body, properties);
        let published = call("publishing a fresh copy", publish).await;
        published.map_err(|error| error.to_string())
    }

    async fn channel(&mut self, connection: &Connection) -> Result<&Channel, BrokerError> {
        let channel = match self.channel.take() {
            Some(channel) if channel.status().connected() => channel,
            _ => {
                let channel = call("opening a channel", connection.create_channel()).await?;
                let confirm = channel.confirm_select(ConfirmSelectOptions::default());
                call("asking for publisher confirms", confirm).await?;
                channel
            }
        };
        Ok(self.channel.insert(channel))
    }
}
