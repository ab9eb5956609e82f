//! Fresh copies of letters that were looked at before, so that no look ever reaches a delivery limit.
//!
//! A copy goes to the end of the dead-letter queue, and the old letter is acknowledged after the confirm. A tool that is
//! killed in between leaves both, which is harmless. A queue that takes no copy (it is full, say) keeps the old letter;
//! the tool goes on, and says so at its end.

use lapin::{Channel, Connection, PublisherConfirm};

use super::{BATCH, BATCH_BYTES};
use crate::broker::call::BrokerError;
use crate::broker::confirm::{self, Confirmed, confirmed, publish};
use crate::broker::copy::copied;
use crate::broker::message::Message;

/// A letter, by the channel that delivered it and its tag there.
pub type LetterTag = (Channel, u64);

/// The renewals of one scan.
pub struct Renewals {
    queue: String,
    /// A channel of their own: a copy that the broker refuses may close it.
    channel: Option<Channel>,
    /// The letters whose copies are under way.
    pending: Vec<(LetterTag, PublisherConfirm)>,
    /// The bytes of these copies' bodies.
    bytes: usize,
    renewed: usize,
    /// How many letters stayed as they are, and why the last one did.
    failed: Option<(usize, String)>,
}

/// Returns true if the letter was delivered before.
pub fn is_due(message: &Message) -> bool {
    message.deliveries_before() > 0
}

impl Renewals {
    /// Renewals of letters of this queue.
    pub fn new(queue: String) -> Self {
        Self {
            queue,
            channel: None,
            pending: Vec::new(),
            bytes: 0,
            renewed: 0,
            failed: None,
        }
    }

    /// Publishes a copy of a letter that `channel` has delivered. Returns true if it is time to await the confirms.
    pub async fn add(&mut self, connection: &Connection, message: &Message, channel: &Channel) -> bool {
        match self.publish(connection, message).await {
            Ok(confirm) => {
                self.bytes += message.body.len();
                self.pending.push(((channel.clone(), message.tag), confirm));
            }
            Err(problem) => self.failed(1, problem),
        }
        self.pending.len() >= BATCH || self.bytes > BATCH_BYTES
    }

    /// The letters whose copies are safe, to be acknowledged.
    pub async fn confirmed(&mut self) -> Vec<LetterTag> {
        self.bytes = 0;
        let pending = std::mem::take(&mut self.pending);
        let Confirmed { safe, left, outcome } = confirmed(pending, &self.queue).await;
        if let Err(error) = outcome {
            self.failed(left.len(), error.to_string());
        }
        self.renewed += safe.len();
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

    fn failed(&mut self, count: usize, problem: String) {
        let before = self.failed.take().map_or(0, |(before, _)| before);
        self.failed = Some((before + count, problem));
    }

    async fn publish(
        &mut self,
        connection: &Connection,
        message: &Message,
    ) -> Result<PublisherConfirm, String> {
        let properties = copied(message).ok_or("its headers leave no room for more")?;
        let queue = self.queue.clone();
        let published = async {
            let channel = self.channel(connection).await?;
            publish(channel, &queue, &message.body, properties).await
        };
        published.await.map_err(|error| error.to_string())
    }

    async fn channel(&mut self, connection: &Connection) -> Result<&Channel, BrokerError> {
        let channel = match self.channel.take() {
            Some(channel) if channel.status().connected() => channel,
            _ => confirm::open(connection).await?,
        };
        Ok(self.channel.insert(channel))
    }
}
