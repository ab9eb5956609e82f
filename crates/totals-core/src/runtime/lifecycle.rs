//! Shutdown in two steps: soft (take nothing new, finish what is in hand), then hard (stop now).
//!
//! SIGTERM or Ctrl-C starts the soft step. A second signal, or the end of the grace period, starts the hard one. A hard
//! stop loses nothing: a message that was not committed was not acknowledged either.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long finishing what is in hand may take before the process stops all the same. Container runtimes kill
/// after 10 seconds by default.
pub const GRACE: Duration = Duration::from_secs(8);

/// The two steps, as tokens that any task can wait for.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// Take nothing new and finish what is in hand.
    pub soft: CancellationToken,
    /// Stop now.
    pub hard: CancellationToken,
}

impl Shutdown {
    /// A shutdown that this process's SIGTERM and SIGINT start.
    ///
    /// # Errors
    /// If the signal handlers cannot be installed.
    pub fn on_signals(grace: Duration) -> std::io::Result<Self> {
        let shutdown = Self::default();
        let tokens = shutdown.clone();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(
                signal = name,
                "stopping: finishing what is in hand; a second signal stops at once"
            );
            tokens.soft.cancel();
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = tokio::time::sleep(grace) => tracing::warn!(grace_seconds = grace.as_secs(), "still busy"),
            }
            tracing::warn!("stopping now; unfinished messages stay in the queue");
            tokens.hard.cancel();
        });
        Ok(shutdown)
    }
}
