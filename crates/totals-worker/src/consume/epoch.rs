//! The tasks of one epoch: lanes, dead letters, renewals, settlement, upkeep; and the ways into them.
//!
//! They stand or fall together. A task that panics ends the epoch at once, also on an idle queue, because its share of the
//! messages would otherwise wait for ever. The broker delivers the messages in hand again, to the next epoch.

use lapin::Channel;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use totals_core::domain::{Event, Invalid};
use totals_core::runtime::lifecycle::Shutdown;

use crate::broker::message::{Message, Reason};
use crate::broker::publisher::Publisher;
use crate::commit::Committer;
use crate::consume::context::Context;
use crate::consume::dead_letter::refused::Refused;
use crate::consume::dead_letter::{self, DeadLetters};
use crate::consume::deliveries::NARROW_PREFETCH;
use crate::consume::lane::{self, DecodedMessage, Lane, lane_of};
use crate::consume::parked::Parked;
use crate::consume::renew::Renewer;
use crate::consume::settle::{self, Settle};
use crate::consume::upkeep::{self, Upkeep};

/// One epoch's tasks.
pub struct Epoch {
    /// Cancelled when the epoch is over, by whoever notices first.
    pub token: CancellationToken,
    tasks: TaskTracker,
    lanes: Vec<mpsc::Sender<DecodedMessage>>,
    park: mpsc::UnboundedSender<Parked>,
    renew: mpsc::UnboundedSender<Message>,
    as_they_are: mpsc::UnboundedReceiver<Message>,
}

impl Epoch {
    /// Starts the tasks of the epoch whose deliveries come from `channel`.
    pub fn start(context: &Context, channel: &Channel, shutdown: &Shutdown) -> Self {
        let (token, tasks) = (CancellationToken::new(), TaskTracker::new());
        let prefetch = usize::from(context.config.broker.prefetch);
        let (settle, finished) = Settle::open();
        let acknowledging = context.stalls.task("acknowledging", settle::REMEDY);
        let settling = settle::run(channel.clone(), finished, prefetch, acknowledging, token.clone());
        tasks.spawn(ending(token.clone(), while_it_lasts(token.clone(), settling)));
        // These channels are unbounded, and yet hold no more than the prefetch.
        let (park, parked) = mpsc::unbounded_channel();
        let parking = dead_letters(context, &settle, shutdown).run(parked);
        tasks.spawn(ending(token.clone(), while_it_lasts(token.clone(), parking)));
        let (renew, renewing) = mpsc::unbounded_channel();
        let (unrenewed, as_they_are) = mpsc::unbounded_channel();
        let renewals = Renewer {
            publisher: Publisher::of_copies(context.address.clone(), &context.config.broker),
            metrics: context.metrics.clone(),
            settle: settle.clone(),
            as_they_are: unrenewed,
        };
        let renewals = renewals.run(renewing);
        tasks.spawn(ending(token.clone(), while_it_lasts(token.clone(), renewals)));
        let upkeep = while_it_lasts(shutdown.soft.clone(), upkeep(context, &token).run());
        tasks.spawn(ending(token.clone(), while_it_lasts(token.clone(), upkeep)));
        let lanes = (0..context.config.batching.lanes).map(|number| {
            // Room for all that can be in hand, so that one lane that waits never holds up another.
            let (sender, arriving) = mpsc::channel(prefetch + usize::from(NARROW_PREFETCH));
            let lane = Lane {
                batch_size: context.config.batching.batch_size,
                committer: committer(context, number, &token, shutdown),
                settle: settle.clone(),
                park: park.clone(),
                epoch: token.clone(),
            };
            tasks.spawn(ending(token.clone(), lane.run(arriving)));
            sender
        });
        let lanes = lanes.collect();
        tasks.close();
        Self {
            token,
            tasks,
            lanes,
            park,
            renew,
            as_they_are,
        }
    }

    /// Has a fresh copy take the message's place in its queue. Returns false if that task is gone.
    pub fn renew(&self, message: Message) -> bool {
        self.renew.send(message).is_ok()
    }

    /// The next message that could not be renewed; the caller hands it on as it is.
    pub async fn as_it_is(&mut self) -> Option<Message> {
        self.as_they_are.recv().await
    }

    /// Hands a message to its lane, or to the dead letters. Returns false if that task is gone.
    pub async fn hand(&self, message: Message, decoded: Result<Event, Invalid>) -> bool {
        match decoded {
            Ok(event) => {
                let lane = lane_of(event.routing_text(), self.lanes.len());
                // A lane has room for everything in hand, so this never waits.
                self.lanes[lane].send((event, message)).await.is_ok()
            }
            Err(invalid) => {
                let reason = Reason::from(invalid);
                self.park.send(Parked { message, reason }).is_ok()
            }
        }
    }

    /// Lets the tasks finish what they have, and waits for that.
    pub async fn end(self) {
        drop((self.lanes, self.park, self.renew));
        self.tasks.wait().await;
    }
}

fn dead_letters(context: &Context, settle: &Settle, shutdown: &Shutdown) -> DeadLetters {
    let refusals = context.stalls.task("refused dead letters", dead_letter::REMEDY);
    DeadLetters {
        address: context.address.clone(),
        config: context.config.broker.clone(),
        store: context.store.clone(),
        metrics: context.metrics.clone(),
        settle: settle.clone(),
        parking: context.stalls.task("dead letters", dead_letter::REMEDY),
        refused: Refused::new(context.metrics.clone(), refusals),
        stopping: shutdown.soft.clone(),
    }
}

fn upkeep(context: &Context, epoch: &CancellationToken) -> Upkeep {
    Upkeep {
        address: context.address.clone(),
        config: context.config.broker.clone(),
        store: context.store.clone(),
        metrics: context.metrics.clone(),
        period: context.config.upkeep,
        progress: context.stalls.task("upkeep", upkeep::REMEDY),
        epoch: epoch.clone(),
    }
}

fn committer(context: &Context, lane: usize, epoch: &CancellationToken, shutdown: &Shutdown) -> Committer {
    // Workers of several queues have lanes of the same numbers.
    let lane_of_queue = format!("{}/{lane}", context.config.broker.queue);
    Committer {
        lane,
        store: context.store.clone().booking_in(lane_of_queue),
        metrics: context.metrics.clone(),
        progress: context.stalls.task(format!("lane {lane}"), lane::REMEDY),
        give_up: vec![epoch.clone(), shutdown.soft.clone()],
    }
}

/// Drops a task when the epoch is over, because it may be waiting for an answer of the broker that never comes. Its work on
/// the database goes on in tasks of its own.
async fn while_it_lasts(epoch: CancellationToken, task: impl Future<Output = ()>) {
    tokio::select! {
        () = epoch.cancelled() => {}
        () = task => {}
    }
}

/// Runs a task of an epoch, and ends the epoch if it panics.
async fn ending(epoch: CancellationToken, task: impl Future<Output = ()>) {
    struct OnPanic(CancellationToken);
    impl Drop for OnPanic {
        fn drop(&mut self) {
            if std::thread::panicking() {
                tracing::error!("a task panicked; what is in hand will be delivered again");
                self.0.cancel();
            }
        }
    }
    let _on_panic = OnPanic(epoch);
    task.await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_ends_the_epoch_at_once_and_one_that_finishes_does_not() {
        let epoch = CancellationToken::new();
        let finished = tokio::spawn(ending(epoch.clone(), async {})).await;
        assert!(finished.is_ok() && !epoch.is_cancelled());
        let panicked = tokio::spawn(ending(epoch.clone(), async {
            tokio::task::yield_now().await;
            panic!("planted");
        }));
        let noticed = tokio::time::timeout(Duration::from_secs(10), epoch.cancelled()).await;
        assert!(noticed.is_ok(), "the epoch goes on without the task");
        assert!(panicked.await.is_err());
    }
}
