//! Shutdown in three steps: announced (go on, but ask for nothing new), soft (take nothing new, finish what is in hand), then
//! hard (stop now).
//!
//! SIGTERM or Ctrl-C announces the end. After a delay, which is none unless the operator wants one, or at the next signal,
//! the soft step begins. A load balancer needs the delay: it goes on sending requests until it has seen that the process is
//! not ready any more. One more signal, or the end of the grace period, starts the hard step. A hard stop loses nothing: a
//! message that was not committed was not acknowledged either.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long finishing what is in hand may take before the process stops all the same. Container runtimes kill
/// after 10 seconds by default.
pub const GRACE: Duration = Duration::from_secs(8);

/// The steps, as tokens that any task can wait for.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// The end is near: tell those who ask, and go on.
    pub announced: CancellationToken,
    /// Take nothing new and finish what is in hand.
    pub soft: CancellationToken,
    /// Stop now.
    pub hard: CancellationToken,
}

impl Shutdown {
    /// A shutdown that this process's SIGTERM and SIGINT start: announced for `delay`, then soft for `grace` at most.
    ///
    /// # Errors
    /// If the signal handlers cannot be installed.
    pub fn on_signals(delay: Duration, grace: Duration) -> std::io::Result<Self> {
        Ok(Self::on(Signals::listen()?, delay, grace))
    }

    /// The same, for signals that the process listens to already.
    pub fn on(signals: Signals, delay: Duration, grace: Duration) -> Self {
        let shutdown = Self::default();
        tokio::spawn(shutdown.clone().follow(signals, delay, grace));
        shutdown
    }

    async fn follow(self, mut signals: Signals, delay: Duration, grace: Duration) {
        let signal = signals.next().await;
        self.announced.cancel();
        if !delay.is_zero() {
            tracing::info!(
                signal,
                delay_seconds = delay.as_secs(),
                "not ready any more, and going on until the delay is over; a second signal ends it"
            );
            tokio::select! {
                _ = signals.next() => {}
                () = tokio::time::sleep(delay) => {}
            }
        }
        tracing::info!(
            signal,
            "stopping: finishing what is in hand; one more signal stops at once"
        );
        self.soft.cancel();
        tokio::select! {
            _ = signals.next() => {}
            () = tokio::time::sleep(grace) => tracing::warn!(grace_seconds = grace.as_secs(), "still busy"),
        }
        tracing::warn!("stopping now; unfinished messages stay in the queue");
        self.hard.cancel();
    }
}

/// The signals that end the process. One that comes before anybody asks for it is kept.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on the signals do not end the process by themselves.
    ///
    /// # Errors
    /// If the signal handlers cannot be installed.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
