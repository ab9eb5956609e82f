//! How many bytes of messages the worker holds, and the brake that bounds them.
//!
//! The prefetch bounds messages by number alone, and the broker sends a whole prefetch at once, into a buffer of lapin's
//! that has no bound. Four thousand small messages are nothing; as many of the largest would be a gigabyte, and a
//! producer's mistake of 16 MB messages would end the process again and again. So while the worker holds [`MAX_BYTES`] or
//! more, it does not read the next message from the network, and TCP tells the broker to wait. While it holds less, it
//! reads one more message, however large.
//!
//! Rejected: another prefetch while consuming (RabbitMQ applies it to new consumers only), and a small one (batches
//! would be small for everyone). Also `tokio_util`'s `PollSemaphore`: it lets a message in only when all its bytes are free,
//! so one large message would wait behind refused dead letters that take up less than the budget.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

/// From so many bytes on, as they came over the network, no further message is read.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The bytes in hand of one connection's deliveries. All clones count the same ones.
#[derive(Debug, Clone, Default)]
pub struct ByteBudget(Arc<Mutex<BudgetState>>);

#[derive(Debug, Default)]
struct BudgetState {
    bytes: usize,
    /// The sizes of the messages that were read and not taken yet, in their order.
    arrived: VecDeque<usize>,
    lifted: bool,
    reader: Option<Waker>,
}

impl BudgetState {
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl ByteBudget {
    /// Returns true if the next message, of this size, may be read. Else it wakes the reader when there is room for one.
    pub fn let_in(&self, bytes: usize, reader: &Context<'_>) -> bool {
        let mut state = self.state();
        if state.bytes >= MAX_BYTES && !state.lifted {
            state.reader = Some(reader.waker().clone());
            return false;
        }
        state.bytes += bytes;
        state.arrived.push_back(bytes);
        true
    }

    /// Takes charge of the message that arrived first. Its bytes are in hand until the result is dropped.
    pub fn take(&self) -> Held {
        let bytes = self.state().arrived.pop_front().unwrap_or_default();
        Held(self.clone(), bytes)
    }

    /// Lifts the brake: the connection is about to be closed, and the broker's answer is behind what it has sent.
    pub fn lift(&self) {
        let mut state = self.state();
        state.lifted = true;
        state.wake();
    }

    fn state(&self) -> MutexGuard<'_, BudgetState> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message's share of the bytes in hand.
#[derive(Debug)]
pub struct Held(ByteBudget, usize);

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.bytes -= self.1;
        state.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn what_is_let_in_is_bounded_until_something_is_settled() {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let reader = Context::from_waker(&waker);
        let budget = ByteBudget::default();
        assert!(
            budget.let_in(5 * MAX_BYTES, &reader),
            "one is let in, however large"
        );
        assert!(!budget.let_in(1, &reader));
        let held = budget.take();
        assert!(!budget.let_in(1, &reader), "taken is not settled");
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        drop(held);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(budget.let_in(MAX_BYTES, &reader));
        assert!(!budget.let_in(1, &reader));
        budget.lift();
        assert!(budget.let_in(1, &reader));
        assert_eq!(woken.0.load(Ordering::Relaxed), 2);
    }
}
