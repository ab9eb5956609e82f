//! Thousands of watchers of one campaign, and the moment at which the last of them has a change.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::sse;

/// Longer than this and somebody was forgotten.
const PATIENCE: Duration = Duration::from_secs(30);

/// Watchers of one stream.
pub struct Crowd {
    size: u32,
    board: Arc<Board>,
    complete: mpsc::UnboundedReceiver<Instant>,
    _watchers: JoinSet<()>,
}

/// What all of them look out for.
struct Board {
    revision: AtomicI64,
    /// So many do not know it yet.
    missing: AtomicU32,
    complete: mpsc::UnboundedSender<Instant>,
}

impl Board {
    fn knows(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Nobody listens any more where the crowd has gone.
            let _ = self.complete.send(Instant::now());
        }
    }
}

impl Crowd {
    /// Connects `size` watchers, and returns when each knows `revision`, which is the present one.
    pub async fn gather(url: &str, path: &str, size: u32, revision: i64) -> Self {
        let (sender, complete) = mpsc::unbounded_channel();
        let board = Arc::new(Board {
            revision: AtomicI64::new(revision),
            missing: AtomicU32::new(size),
            complete: sender,
        });
        let mut watchers = JoinSet::new();
        for _ in 0..size {
            let (url, path, board) = (url.to_owned(), path.to_owned(), board.clone());
            watchers.spawn(async move {
                let mut known = -1;
                let see = |line: &str| {
                    let Some(seen) = line.strip_prefix("id:").and_then(|id| id.trim().parse().ok()) else {
                        return;
                    };
                    let wanted = board.revision.load(Ordering::Acquire);
                    if known < wanted && wanted <= seen {
                        board.knows();
                    }
                    known = seen;
                };
                sse::watch(&url, &path, see).await;
            });
        }
        let mut crowd = Self {
            size,
            board,
            complete,
            _watchers: watchers,
        };
        crowd.informed().await;
        crowd
    }

    /// How many they are.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Before a change: from now on everyone looks out for this revision.
    pub fn expect(&self, revision: i64) {
        self.board.missing.store(self.size, Ordering::Release);
        self.board.revision.store(revision, Ordering::Release);
    }

    /// When the last one came to know it.
    pub async fn informed(&mut self) -> Instant {
        let informed = timeout(PATIENCE, self.complete.recv()).await.ok().flatten();
        informed.unwrap_or_else(|| {
            let missing = self.board.missing.load(Ordering::Acquire);
            panic!(
                "{missing} of {} watchers were not told within {PATIENCE:?}",
                self.size
            )
        })
    }
}
