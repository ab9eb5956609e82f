//! The one place that acknowledges deliveries, and only of the epoch whose channel it holds.
//!
//! Lanes finish out of order, and acknowledging message by message costs the broker a command each. So the finished
//! tags are collected, and whatever is finished without a gap is acknowledged at once with `multiple`.

use std::collections::BTreeSet;

use lapin::Channel;
use lapin::options::BasicAckOptions;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::connection::call;

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

    /// Acknowledges these deliveries, in time. On an epoch that is over this does nothing: the broker delivers them
    /// again, and they are found to be duplicates.
    pub fn done(&self, tags: Vec<u64>) {
        let _ = self.0.send(tags);
    }
}

/// Acknowledges until every [`Settle`] of the epoch is gone. An epoch that cannot acknowledge is over: the broker would
/// soon send it nothing more.
pub async fn run(
    channel: Channel,
    mut finished: mpsc::UnboundedReceiver<Vec<u64>>,
    epoch: CancellationToken,
) {
    let mut window = Window::default();
    while let Some(tags) = finished.recv().await {
        window.finish(tags);
        while let Ok(tags) = finished.try_recv() {
            window.finish(tags);
        }
        let Some(tag) = window.advance() else { continue };
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that acknowledges"
        )]
        let ack = channel.basic_ack(tag, BasicAckOptions { multiple: true });
        if let Err(error) = call("acknowledging", ack).await {
            tracing::debug!(%error, "this epoch can acknowledge no more");
            epoch.cancel();
            return;
        }
    }
}

/// Which of an epoch's deliveries are finished. Tags count up from 1.
#[derive(Debug, Default)]
struct Window {
    acknowledged: u64,
    finished: BTreeSet<u64>,
}

impl Window {
    fn finish(&mut self, tags: Vec<u64>) {
        self.finished.extend(tags);
    }

    /// The last tag of those finished without a gap, if there are new ones.
    fn advance(&mut self) -> Option<u64> {
        let before = self.acknowledged;
        while self.finished.first() == Some(&(self.acknowledged + 1)) {
            self.finished.pop_first();
            self.acknowledged += 1;
        }
        (self.acknowledged > before).then_some(self.acknowledged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_finished_without_a_gap_is_acknowledged_and_only_once() {
        let mut window = Window::default();
        assert_eq!(window.advance(), None);
        window.finish(vec![2, 3, 5]);
        assert_eq!(window.advance(), None, "1 is still in hand");
        window.finish(vec![1]);
        assert_eq!(window.advance(), Some(3));
        assert_eq!(window.advance(), None);
        window.finish(vec![4, 6]);
        assert_eq!(window.advance(), Some(6));
        assert!(window.finished.is_empty());
    }
}
