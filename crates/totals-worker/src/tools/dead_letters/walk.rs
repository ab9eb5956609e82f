//! Through the dead-letter queue from its first letter to the one that was last when the walk began, and no further.
//!
//! The letters are taken without acknowledging them. Each is settled one by one, or given back at the end; a walk that
//! is killed gives all back, because the broker does. A consumer that may hold everything would be sent the whole
//! queue at once, bodies and all, so the walk goes window by window: each on a channel of its own, which keeps the window's
//! unsettled letters until the end, while the walk itself keeps none.
//!
//! Every look counts as a delivery, and a queue's delivery limit would drop a letter that was looked at too often: after 21
//! looks by default on RabbitMQ 4. So a letter that comes with a count is [renewed](super::renew) once the walk is past
//! it, at the end of the queue, behind what the walk still looks at. One look can leave a count of 2: this walk's own
//! consumer may be sent a copy, and a flush may fetch it after that.
//!
//! The broker answers no acknowledgement, and a busy queue's client within it puts some off: those were lost if the
//! channel closed at once (of 1,500 letters settled, 18 were there again). So before closing, each channel is
//! [flushed](flush).

use std::time::Duration;

use crate::config::Broker;
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use totals_core::domain::Currency;
use totals_core::runtime::terminal::complain;

use super::letter::Letter;
use super::queue::{flush, lost, ready};
use super::renew::{Renewals, is_due};
use crate::broker::connection::{Address, BrokerError, call, close};
use crate::broker::look::look_alone;
use crate::broker::message::Message;
use crate::tools::error::ToolError;
use crate::tools::setup::Setup;

/// Letters that a channel is sent before the walk goes on with another. Brokers commonly allow 2047 channels.
const WINDOW: u16 = 1000;

/// No letter for so long: look whether there are any left.
const QUIET: Duration = Duration::from_millis(500);

/// How long the broker may leave the walk without a letter while it says that there are some.
const SILENCE: Duration = Duration::from_secs(10);

/// How long to wait until letters that were given back are in the queue again, for whoever looks next.
const RETURN: Duration = Duration::from_secs(5);

/// Said where letters may be missing from an answer although they are there.
const OTHERS: &str = "others may hold dead letters (a command that runs, a consumer, the management page), and those cannot \
                      be seen: run this again when they have finished";

/// AMQP reply code: no such queue.
const NOT_FOUND: u16 = 404;

/// A walk under way.
pub struct Walk {
    connection: Connection,
    /// For questions and for publishing.
    pub channel: Channel,
    /// Queue names.
    pub config: Broker,
    currency: Currency,
    stop: CancellationToken,
    /// Letters there were at the start that nobody held.
    pub length: u32,
    /// Returns true if others may hold letters, which this walk does not see.
    pub others_may_hold: bool,
    left: u32,
    window: Option<Window>,
    windows: Vec<Channel>,
    held: u32,
    settled: bool,
    renewals: Renewals,
    /// From the first letter on that was delivered before.
    renewing: bool,
}

/// The letters of one channel.
struct Window {
    channel: Channel,
    consumer: Consumer,
    taken: u16,
}

/// Walks through the queue with `visit`, and gives back what is not settled, however that ends.
pub async fn walk<T>(
    setup: &Setup,
    visit: impl AsyncFnOnce(&mut Walk) -> Result<T, ToolError>,
) -> Result<T, ToolError> {
    let mut walk = Walk::start(setup).await?;
    let outcome = visit(&mut walk).await;
    if outcome.is_ok() && walk.others_may_hold {
        complain("totals-worker", OTHERS);
    }
    let given_back = walk.give_back().await;
    let answer = outcome?;
    given_back?;
    Ok(answer)
}

impl Walk {
    async fn start(setup: &Setup) -> Result<Self, ToolError> {
        let config = Broker::read(&setup.source)?;
        let currency = setup.source.currency()?;
        let address = Address::parse(&config.urls)?;
        let connection = address.connect("totals-worker dead-letters").await?;
        let channel = call("opening a channel", connection.create_channel()).await?;
        let queue = config.dead_letter_queue();
        // Another look may have begun a moment ago, and will soon be over.
        let seen = async {
            look_alone(&channel, &queue).await.map_err(|error| match error {
                BrokerError::Failed {
                    code: Some(NOT_FOUND),
                    ..
                } => ToolError::NoQueue(queue),
                other => other.into(),
            })
        };
        let seen = setup.unless_stopped(seen).await?;
        Ok(Self {
            connection,
            channel,
            config,
            currency,
            stop: setup.stop.clone(),
            length: seen.ready,
            others_may_hold: seen.consumers > 0,
            left: seen.ready,
            window: None,
            windows: Vec::new(),
            held: 0,
            settled: false,
            renewals: Renewals::default(),
            renewing: false,
        })
    }

    /// The next letter; none if those are through that were there at the start, or if others have taken the rest.
    ///
    /// # Errors
    /// [`ToolError`] if the broker is lost or the tool is to stop.
    pub async fn next(&mut self) -> Result<Option<Letter>, ToolError> {
        let mut silent = Duration::ZERO;
        while self.left > 0 {
            if self.stop.is_cancelled() {
                return Err(ToolError::Interrupted);
            }
            if self.window.is_none() {
                self.window = Some(self.open().await?);
            }
            let Some(window) = &mut self.window else { continue };
            match timeout(QUIET, window.consumer.next()).await {
                Ok(Some(Ok(delivery))) => return self.take(delivery).await.map(Some),
                Ok(None) if window.taken >= WINDOW => self.window = None,
                Ok(None) => return Err(lost("the consumer was cancelled".to_owned()).into()),
                Ok(Some(Err(error))) => return Err(lost(error.to_string()).into()),
                Err(_elapsed) => {
                    silent += QUIET;
                    if ready(&self.channel, &self.config.dead_letter_queue()).await? == 0 {
                        self.others_may_hold = true;
                        break;
                    }
                    if silent >= SILENCE {
                        let doing = "delivering a dead letter";
                        return Err(BrokerError::Silent { doing }.into());
                    }
                }
            }
        }
        Ok(None)
    }

    /// Leaves a letter in the queue, as a fresh copy if it, or one before it, was delivered before.
    ///
    /// # Errors
    /// [`ToolError`] if the broker is lost; then the letter is still there.
    pub async fn pass(&mut self, letter: &Letter) -> Result<(), ToolError> {
        self.renew(&letter.message, &letter.channel).await?;
        Ok(())
    }

    /// Renews a letter if it, or one before it, was delivered before: so the letters mostly keep their order.
    async fn renew(&mut self, message: &Message, channel: &Channel) -> Result<(), BrokerError> {
        self.renewing |= is_due(message);
        if self.renewing {
            let queue = self.config.dead_letter_queue();
            let full = self.renewals.add(&self.connection, &queue, message, channel);
            if full.await {
                self.acknowledge_renewed().await?;
            }
        }
        Ok(())
    }

    async fn acknowledge_renewed(&mut self) -> Result<(), BrokerError> {
        for (channel, tag) in self.renewals.confirmed().await {
            acknowledge(&channel, tag).await?;
            self.held = self.held.saturating_sub(1);
        }
        Ok(())
    }

    /// Removes a letter from the queue for good.
    ///
    /// # Errors
    /// [`ToolError`] if the broker is lost; then the letter is still there.
    pub async fn settle(&mut self, letter: &Letter) -> Result<(), ToolError> {
        acknowledge(&letter.channel, letter.message.tag).await?;
        self.held -= 1;
        self.settled = true;
        Ok(())
    }

    async fn open(&mut self) -> Result<Window, BrokerError> {
        let channel = call("opening a channel", self.connection.create_channel()).await?;
        let qos = channel.basic_qos(WINDOW, BasicQosOptions::default());
        call("setting the prefetch", qos).await?;
        let queue = self.config.dead_letter_queue();
        let consume = channel.basic_consume(
            queue.into(),
            ShortString::default(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = call("starting to consume", consume).await?;
        self.windows.push(channel.clone());
        Ok(Window {
            channel,
            consumer,
            taken: 0,
        })
    }

    async fn take(&mut self, delivery: Delivery) -> Result<Letter, ToolError> {
        self.left -= 1;
        self.held += 1;
        let Some(Window {
            channel,
            consumer,
            taken,
        }) = &mut self.window
        else {
            return Err(lost("no window is open".to_owned()).into());
        };
        *taken += 1;
        if *taken == WINDOW {
            // What was settled has made room for more, which may be on its way: the consumer's end shows when it is in.
            let cancel = channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
            call("cancelling the consumer", cancel).await?;
        }
        Ok(Letter::read(
            Message::from(delivery),
            channel.clone(),
            self.currency,
        ))
    }

    /// Gives back what is held, and waits until it is in the queue for the next to look.
    ///
    /// # Errors
    /// [`BrokerError`] if letters that were settled may be there again.
    async fn give_back(mut self) -> Result<(), BrokerError> {
        let queue = self.config.dead_letter_queue();
        if let Err(error) = self.renew_the_rest().await {
            tracing::debug!(%error, "what the walk has not come to was not renewed");
        }
        self.renewals.say_what_was_not_renewed();
        let outcome = self.close_windows(&queue).await;
        let deadline = Instant::now() + RETURN;
        while Instant::now() < deadline {
            match ready(&self.channel, &queue).await {
                Ok(ready) if ready < self.held => sleep(Duration::from_millis(20)).await,
                Ok(_) | Err(_) => break,
            }
        }
        close(self.connection).await;
        if self.settled { outcome } else { Ok(()) }
    }

    /// Sees the renewals through, also of what was delivered for this walk and not looked at.
    async fn renew_the_rest(&mut self) -> Result<(), BrokerError> {
        if let Some(Window {
            channel,
            mut consumer,
            ..
        }) = self.window.take()
        {
            let cancel = channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
            call("cancelling the consumer", cancel).await?;
            while let Ok(Some(Ok(delivery))) = timeout(SILENCE, consumer.next()).await {
                // Behind those that were there at the start are newer ones, this walk's own copies among them.
                if self.left > 0 {
                    self.left -= 1;
                    self.renew(&Message::from(delivery), &channel).await?;
                }
            }
        }
        self.acknowledge_renewed().await
    }

    async fn close_windows(&self, queue: &str) -> Result<(), BrokerError> {
        // All of them before any is closed: what a flush fetches is delivered once by it, and must not be twice.
        if self.settled || self.renewals.any() {
            for channel in &self.windows {
                flush(channel, queue).await?;
            }
        }
        for channel in &self.windows {
            let closed = channel.close(200, ShortString::from("given back"));
            call("giving letters back", closed).await?;
        }
        Ok(())
    }
}

async fn acknowledge(channel: &Channel, tag: u64) -> Result<(), BrokerError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a letter is settled by the operator, not by an epoch of the worker"
    )]
    let ack = channel.basic_ack(tag, BasicAckOptions::default());
    call("acknowledging a dead letter", ack).await
}
