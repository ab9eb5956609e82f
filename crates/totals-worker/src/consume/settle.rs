//! The one place that acknowledges deliveries, and only of the epoch whose channel it holds.
//!
//! Lanes finish out of order, and to acknowledge message by message costs the broker a command each. So the settlement
//! collects the finished tags, and acknowledges those without a gap before them at once, with `multiple`. One delivery that
//! has to wait (a dead letter that its queue refuses) does not hold up the others: when many have finished behind it, or
//! no more finish for a while, they are acknowledged one by one. A count alone would not do: deliveries that wait
//! take up the prefetch too, so with half of it waiting no more than the other half can ever finish.
//!
//! There is another reason to acknowledge one by one only as an exception: of more than some thirty acknowledgements that a
//! quorum queue has not applied, RabbitMQ keeps the rest back, and forgets them if the channel is closed just then. It then
//! delivers those messages again, and the worker finds them to be duplicates.

use std::collections::BTreeSet;
use std::time::Duration;

use lapin::Channel;
use lapin::options::BasicAckOptions;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::broker::call::call;
use crate::stall::Task;

/// How long finished deliveries wait for an earlier one while no other finishes.
const QUIET: Duration = Duration::from_secs(1);

/// What an operator can do about acknowledgements that stall.
pub const REMEDY: &str = "events are counted and come again as duplicates until RabbitMQ takes acknowledgements: check that \
                          it is well, and the network to it";

/// Tells the settlement of one epoch that deliveries are done with: committed, or safe in the dead-letter queue.
#[derive(Debug, Clone)]
pub struct Settle(mpsc::UnboundedSender<Vec<u64>>);

impl Settle {
    /// Opens the settlement of one epoch's channel; [`run`] performs it.
    pub fn open() -> (Self, mpsc::UnboundedReceiver<Vec<u64>>) {
        // Unbounded, and yet no larger than the prefetch: each delivery is settled once.
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Has these deliveries acknowledged soon. In an epoch that is over this does nothing: the broker delivers them again,
    /// and the worker finds them to be duplicates.
    pub fn done(&self, tags: Vec<u64>) {
        if !tags.is_empty() {
            let _ = self.0.send(tags);
        }
    }
}

/// Acknowledges until every [`Settle`] of the epoch is gone. Ends the epoch if that fails: the broker would soon send it
/// nothing more.
pub async fn run(
    channel: Channel,
    mut finished: mpsc::UnboundedReceiver<Vec<u64>>,
    prefetch: usize,
    progress: Task,
    epoch: CancellationToken,
) {
    let mut window = AckWindow {
        patience: prefetch / 2,
        ..AckWindow::default()
    };
    while let Some(due) = window.due(&mut finished).await {
        if !due.is_empty() {
            progress.begin();
        }
        for (tag, multiple) in due {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is the one place that acknowledges"
            )]
            let ack = channel.basic_ack(tag, BasicAckOptions { multiple });
            if let Err(error) = call("acknowledging", ack).await {
                tracing::debug!(%error, "this epoch can acknowledge no more");
                progress.fail(&error);
                epoch.cancel();
                return;
            }
            progress.advance();
        }
        progress.rest();
    }
}

/// Which of an epoch's deliveries are finished. Tags count up from 1.
#[derive(Debug, Default)]
struct AckWindow {
    /// How many finished deliveries may wait for an earlier one.
    patience: usize,
    /// All deliveries up to this tag are acknowledged, except those left behind.
    reached: u64,
    /// Deliveries still in hand, though the window has moved past them. No more than the prefetch.
    behind: BTreeSet<u64>,
    /// Deliveries that are finished and not acknowledged.
    finished: BTreeSet<u64>,
}

impl AckWindow {
    /// Waits until a delivery finishes, or until none has for a while. Returns the tags to acknowledge then, each with true
    /// if all before it are too; none when no delivery can finish any more.
    async fn due(&mut self, finished: &mut mpsc::UnboundedReceiver<Vec<u64>>) -> Option<Vec<(u64, bool)>> {
        let Ok(Some(tags)) = timeout(QUIET, finished.recv()).await else {
            let over = finished.is_closed() && finished.is_empty();
            let alone: Vec<_> = self.leave_behind().collect();
            return (!(over && alone.is_empty())).then_some(alone);
        };
        self.finish(tags);
        while let Ok(tags) = finished.try_recv() {
            self.finish(tags);
        }
        Some(self.advance())
    }

    fn finish(&mut self, tags: Vec<u64>) {
        self.finished.extend(tags);
    }

    /// The tags to acknowledge, each with true if all before it are too.
    fn advance(&mut self) -> Vec<(u64, bool)> {
        let newer = self.finished.split_off(&(self.reached + 1));
        let mut due = std::mem::replace(&mut self.finished, newer);
        self.behind.retain(|tag| !due.contains(tag));
        while self.finished.first() == Some(&(self.reached + 1)) {
            self.finished.pop_first();
            self.reached += 1;
            due.insert(self.reached);
        }
        let alone = self
            .behind
            .first()
            .map_or_else(BTreeSet::new, |in_hand| due.split_off(in_hand));
        let together = due.last().map(|last| (*last, true));
        let mut acks: Vec<_> = together.into_iter().collect();
        acks.extend(alone.into_iter().map(|tag| (tag, false)));
        if self.finished.len() > self.patience {
            acks.extend(self.leave_behind());
        }
        acks
    }

    /// Moves past the deliveries that have been in hand for too long. Returns one acknowledgement for each finished one.
    fn leave_behind(&mut self) -> impl Iterator<Item = (u64, bool)> + use<> {
        let finished = std::mem::take(&mut self.finished);
        let last = finished.last().copied().unwrap_or(self.reached);
        self.behind
            .extend((self.reached + 1..=last).filter(|tag| !finished.contains(tag)));
        self.reached = last;
        finished.into_iter().map(|tag| (tag, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_finished_without_a_gap_is_acknowledged_and_only_once() {
        let mut window = AckWindow {
            patience: 10,
            ..AckWindow::default()
        };
        assert_eq!(window.advance(), []);
        window.finish(vec![2, 3, 5]);
        assert_eq!(window.advance(), [], "1 is still in hand");
        window.finish(vec![1]);
        assert_eq!(window.advance(), [(3, true)]);
        assert_eq!(window.advance(), []);
        window.finish(vec![4, 6]);
        assert_eq!(window.advance(), [(6, true)]);
        assert!(window.finished.is_empty());
    }

    #[test]
    fn one_that_never_finishes_does_not_hold_up_the_others() {
        let mut window = AckWindow {
            patience: 2,
            ..AckWindow::default()
        };
        window.finish(vec![2, 3]);
        assert_eq!(window.advance(), []);
        window.finish(vec![5]);
        assert_eq!(window.advance(), [(2, false), (3, false), (5, false)]);
        // All before 6 would be too many while 1 is in hand.
        window.finish(vec![4, 6, 7]);
        assert_eq!(window.advance(), [(4, false), (6, false), (7, false)]);
        window.finish(vec![1, 8]);
        assert_eq!(window.advance(), [(8, true)]);
        assert!(window.behind.is_empty() && window.finished.is_empty());
    }

    #[test]
    fn what_is_left_behind_is_acknowledged_together_up_to_what_is_in_hand_still() {
        let mut window = AckWindow {
            patience: 1,
            ..AckWindow::default()
        };
        window.finish(vec![5, 6]);
        assert_eq!(window.advance(), [(5, false), (6, false)]);
        window.finish(vec![1, 2, 4]);
        assert_eq!(window.advance(), [(2, true), (4, false)], "3 is in hand");
        window.finish(vec![3]);
        assert_eq!(window.advance(), [(3, true)]);
        window.finish(vec![7]);
        assert_eq!(window.advance(), [(7, true)]);
    }

    #[tokio::test]
    async fn half_the_prefetch_and_more_in_hand_does_not_hold_up_the_others() {
        for (prefetch, waiting) in [(2, 1), (6, 3), (6, 5)] {
            let (settle, mut finished) = Settle::open();
            let mut window = AckWindow {
                patience: prefetch / 2,
                ..AckWindow::default()
            };
            let mut next = waiting + 1;
            // The broker sends no more than the prefetch, so this is all that can finish.
            let rest: Vec<u64> = (next..=prefetch as u64).collect();
            next += rest.len() as u64;
            let singly: Vec<_> = rest.iter().map(|tag| (*tag, false)).collect();
            settle.done(rest);
            assert_eq!(window.due(&mut finished).await, Some(vec![]));
            settle.done(vec![]);
            assert_eq!(window.due(&mut finished).await, Some(singly));
            assert_eq!(window.due(&mut finished).await, Some(vec![]), "none twice");
            // What comes now need not wait.
            settle.done(vec![next]);
            assert_eq!(window.due(&mut finished).await, Some(vec![(next, false)]));
            settle.done((1..=waiting).chain([next + 1]).collect());
            let all = window.due(&mut finished).await;
            assert_eq!(all, Some(vec![(next + 1, true)]));
            // At the end nothing waits any more.
            settle.done(vec![next + 3]);
            drop(settle);
            assert_eq!(window.due(&mut finished).await, Some(vec![]));
            assert_eq!(window.due(&mut finished).await, Some(vec![(next + 3, false)]));
            assert_eq!(window.due(&mut finished).await, None);
        }
    }
}
