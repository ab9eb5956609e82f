//! Through the dead-letter queue, from its first letter to the one that was last when the scan began, and no further.
//!
//! The scan takes the letters without acknowledging them. The visitor settles some, one by one, and the scan gives the
//! others back at its end. If the tool is killed, the broker gives all of them back. A consumer that may hold everything
//! would be sent the whole queue at once, bodies and all, so the scan goes window by window. Each [window](window) is on a
//! channel of its own, which keeps the window's unsettled letters until the end, while the scan itself keeps none.
//!
//! Every look counts as a delivery, and a queue's delivery limit would drop a letter that was looked at too often: after 21
//! looks by default on RabbitMQ 4. So a letter that comes with a count is [renewed](renew) once the scan is past
//! it, at the end of the queue, behind the letters that the scan still looks at. One look can leave a count of 2: the scan's
//! own consumer may be sent a copy, and a flush may fetch it after that.
//!
//! The broker does not answer acknowledgements, and puts some off while the queue is busy. Those are lost if the channel is
//! closed at once (of 1,500 letters settled, 18 were there again). So the scan [flushes](flush) each channel before it
//! closes it.

mod renew;
mod window;

use std::time::Duration;

use lapin::options::BasicAckOptions;
use lapin::types::ShortString;
use lapin::{Channel, Connection};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use totals_core::domain::AmountRules;

use totals_core::runtime::terminal::complain;

use super::dead_letter::DeadLetter;
use crate::broker::call::{BrokerError, call};
use crate::broker::confirm;
use crate::broker::connection::{Address, close};
use crate::broker::message::Message;
use crate::broker::occupancy::{count, count_alone};
use crate::config::Broker;
use crate::tools::error::ToolError;
use crate::tools::setup::Setup;
use renew::{Renewals, is_due};
use window::{QUIET, SILENCE, ScanStep, ScanWindow, flush};

/// The most letters handled together: replayed, discarded or renewed.
pub const BATCH: usize = 100;

/// A batch is cut short when its bodies have more bytes than this.
pub const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// How long the scan waits until the letters that it gave back are in the queue again, for the next look.
const RETURN: Duration = Duration::from_secs(5);

/// What the tool says if letters may be in the queue and missing from the answer.
const OTHERS: &str = "others may hold dead letters (a command that runs, a consumer, the management page), and those cannot \
                      be seen: run this again when they have finished";

/// A scan under way.
pub struct QueueScan {
    connection: Connection,
    /// For questions, and for publishing with confirms.
    pub channel: Channel,
    /// Queue names.
    pub config: Broker,
    amounts: AmountRules,
    stop: CancellationToken,
    /// The letters that were there at the start and that nobody held.
    pub length: u32,
    /// True if others may hold letters, which the scan does not see.
    pub others_may_hold: bool,
    /// The letters of `length` that the scan has not come to.
    left: u32,
    window: Option<ScanWindow>,
    /// The channels of all windows so far.
    channels: Vec<Channel>,
    /// The letters that were taken and not settled.
    held: u32,
    /// True if any letter was settled.
    settled: bool,
    renewals: Renewals,
    /// True from the first letter on that was delivered before.
    renewing: bool,
}

/// Scans the queue with `visit`, and gives back the letters that are not settled, however that ends.
///
/// # Errors
/// [`ToolError`] if the queue cannot be read, or as `visit`.
pub async fn scan<T>(
    setup: &Setup,
    visit: impl AsyncFnOnce(&mut QueueScan) -> Result<T, ToolError>,
) -> Result<T, ToolError> {
    let mut scan = QueueScan::start(setup).await?;
    let outcome = visit(&mut scan).await;
    if outcome.is_ok() && scan.others_may_hold {
        complain("totals-worker", OTHERS);
    }
    let given_back = scan.give_back().await;
    let answer = outcome?;
    given_back?;
    Ok(answer)
}

impl QueueScan {
    async fn start(setup: &Setup) -> Result<Self, ToolError> {
        let config = Broker::read(&setup.source)?;
        let amounts = setup.source.amounts()?;
        let address = Address::parse(&config.urls)?;
        let connection = address.connect("totals-worker dead-letters").await?;
        let channel = confirm::open(&connection).await?;
        let queue = config.dead_letter_queue();
        // Another look may have begun a moment ago, and will soon be over.
        let counting = async {
            count_alone(&channel, &queue).await.map_err(|error| {
                if error.is_not_found() {
                    ToolError::NoQueue(queue.clone())
                } else {
                    error.into()
                }
            })
        };
        let counts = setup.unless_stopped(counting).await?;
        Ok(Self {
            connection,
            channel,
            config,
            amounts,
            stop: setup.stop.clone(),
            length: counts.ready,
            others_may_hold: counts.consumers > 0,
            left: counts.ready,
            window: None,
            channels: Vec::new(),
            held: 0,
            settled: false,
            renewals: Renewals::new(queue),
            renewing: false,
        })
    }

    /// The next letter; none behind the last one that was there at the start, or if others have taken the rest.
    ///
    /// # Errors
    /// [`ToolError`] if the broker is lost or the tool is to stop.
    pub async fn next(&mut self) -> Result<Option<DeadLetter>, ToolError> {
        let queue = self.config.dead_letter_queue();
        let mut silent = Duration::ZERO;
        while self.left > 0 {
            if self.stop.is_cancelled() {
                return Err(ToolError::Interrupted);
            }
            let window = match &mut self.window {
                Some(window) => window,
                closed => {
                    let window = ScanWindow::open(&self.connection, &queue).await?;
                    self.channels.push(window.channel.clone());
                    closed.insert(window)
                }
            };
            match window.next().await? {
                ScanStep::Letter(message) => {
                    self.left -= 1;
                    self.held += 1;
                    let channel = window.channel.clone();
                    return Ok(Some(DeadLetter::read(*message, channel, self.amounts)));
                }
                ScanStep::End => self.window = None,
                ScanStep::Quiet => {
                    silent += QUIET;
                    if count(&self.channel, &queue).await?.ready == 0 {
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

    /// Leaves a letter in the queue, as a fresh copy if it, or one ahead of it, was delivered before.
    ///
    /// # Errors
    /// [`ToolError`] if the broker is lost; then the letter is still there.
    pub async fn pass(&mut self, letter: &DeadLetter) -> Result<(), ToolError> {
        self.renew(&letter.message, &letter.channel).await?;
        Ok(())
    }

    /// Renews a letter if it, or one ahead of it, was delivered before. So the letters mostly keep their order.
    async fn renew(&mut self, message: &Message, channel: &Channel) -> Result<(), BrokerError> {
        self.renewing |= is_due(message);
        if self.renewing && self.renewals.add(&self.connection, message, channel).await {
            self.acknowledge_renewed().await?;
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
    pub async fn settle(&mut self, letter: &DeadLetter) -> Result<(), ToolError> {
        acknowledge(&letter.channel, letter.message.tag).await?;
        self.held -= 1;
        self.settled = true;
        Ok(())
    }

    /// Gives back the letters that are held, and waits until they are in the queue for the next look.
    ///
    /// # Errors
    /// [`BrokerError`] if letters that were settled may be there again.
    async fn give_back(mut self) -> Result<(), BrokerError> {
        let queue = self.config.dead_letter_queue();
        if let Err(error) = self.renew_the_rest().await {
            tracing::debug!(%error, "letters that the scan has not come to were not renewed");
        }
        self.renewals.say_what_was_not_renewed();
        let outcome = self.close_channels(&queue).await;
        let deadline = Instant::now() + RETURN;
        while Instant::now() < deadline {
            match count(&self.channel, &queue).await {
                Ok(counts) if counts.ready < self.held => sleep(Duration::from_millis(20)).await,
                Ok(_) | Err(_) => break,
            }
        }
        close(self.connection).await;
        if self.settled { outcome } else { Ok(()) }
    }

    /// Completes the renewals, also of the letters that were delivered to the scan and not looked at.
    async fn renew_the_rest(&mut self) -> Result<(), BrokerError> {
        if let Some(mut window) = self.window.take() {
            window.cancel().await?;
            while let Some(message) = window.rest().await {
                // Behind those that were there at the start are newer ones, this scan's own copies among them.
                if self.left > 0 {
                    self.left -= 1;
                    self.renew(&message, &window.channel).await?;
                }
            }
        }
        self.acknowledge_renewed().await
    }

    async fn close_channels(&self, queue: &str) -> Result<(), BrokerError> {
        // All of them before any is closed: letters that one flush has fetched go back when its channel is closed, and the
        // next flush would fetch them once more.
        if self.settled || self.renewals.any() {
            for channel in &self.channels {
                flush(channel, queue).await?;
            }
        }
        for channel in &self.channels {
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
