//! A look, every minute, at whether everything that the worker needs is still there: exchange, queues and bindings in the
//! broker, collections and indexes in the database. The worker puts back at once what somebody has deleted under it, because
//! otherwise producers would lose events until the worker connects anew.
//!
//! The look has a connection of its own: the worker does not read from the consuming one while too much is in hand, and a
//! binding may keep RabbitMQ busy for seconds. If the database has other settings now, the look ends the epoch. It logs
//! every other failure. A failure that lasts makes `/health` say 503 until a look succeeds: something is missing, and the
//! worker cannot put it back. A failure lasts if broker or database refuse, if two looks in a row get no good answer, or if
//! the database takes long over one. Other parts of the worker tell of a broker or a database that is away.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Broker;
use lapin::Connection;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use totals_core::store::{Store, StoreError};

use crate::broker::call::BrokerError;
use crate::broker::connection::{Address, close};
use crate::broker::topology;
use crate::metrics::{Metrics, Operation};
use crate::slow::{PREPARING, told_if_slow};
use crate::stall::Task;

/// What to do about looks that fail.
pub const REMEDY: &str = "exchange, queues, bindings, collections or indexes may be missing, and the worker cannot put \
                          them back: give its users the rights to do so, and remove what stands in their place";

/// What the look needs.
pub struct Upkeep {
    /// The broker.
    pub address: Address,
    /// The names of exchange and queues.
    pub config: Broker,
    /// The database.
    pub store: Store,
    /// Where looks are counted.
    pub metrics: Arc<Metrics>,
    /// The time from one look to the next.
    pub period: Duration,
    /// Cancelled if the database has other settings now. The next epoch checks that before it connects.
    pub epoch: CancellationToken,
    /// Has work in hand while looks fail.
    pub progress: Task,
}

/// How much a failed look says about something missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doubt {
    /// Nothing: the broker or the database was not there to be asked.
    Away,
    /// Little: it may have been the moment.
    Unclear,
    /// All: the next look gets the same answer.
    Refused,
}

/// The failed looks since the last one that succeeded.
#[derive(Debug, Default)]
struct Failing {
    unclear: bool,
}

impl Failing {
    /// Takes in a failed look. Returns true if the failure lasts.
    fn lasts(&mut self, doubt: Doubt) -> bool {
        match doubt {
            Doubt::Away => false,
            Doubt::Unclear => std::mem::replace(&mut self.unclear, true),
            Doubt::Refused => true,
        }
    }
}

impl From<&BrokerError> for Doubt {
    fn from(error: &BrokerError) -> Self {
        if error.is_denied() {
            Self::Refused
        } else if error.is_away() {
            Self::Away
        } else {
            Self::Unclear
        }
    }
}

impl From<&StoreError> for Doubt {
    fn from(error: &StoreError) -> Self {
        if error.is_lost_structure() {
            Self::Refused
        } else if error.is_an_answer() {
            Self::Unclear
        } else {
            Self::Away
        }
    }
}

impl Upkeep {
    /// Looks again and again, for ever. May be dropped at any moment.
    pub async fn run(self) {
        let (mut connection, mut failing) = (None, Failing::default());
        let mut ticks = interval_at(Instant::now() + self.period, self.period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let mut failures = Vec::new();
            if let Err(error) = self.topology(&mut connection).await {
                failures.push((Doubt::from(&error), error.to_string()));
                self.metrics.retried(Operation::CheckTopology);
                tracing::warn!(%error, "cannot see whether exchange, queues and bindings are all there");
                if let Some(connection) = connection.take() {
                    close(connection).await;
                }
            }
            if let Err(error) = told_if_slow(self.store.prepare(), || self.tell_slow()).await {
                failures.push((Doubt::from(&error), error.to_string()));
                self.metrics.retried(Operation::CheckCollections);
                tracing::warn!(%error, "cannot see whether collections and indexes are all there");
                if error.is_other_settings() {
                    self.epoch.cancel();
                }
            }
            self.conclude(&mut failing, &failures);
        }
    }

    /// From here on the look counts as failing, until one succeeds.
    fn tell_slow(&self) {
        self.progress.begin();
        self.progress.fail(PREPARING);
        tracing::warn!(
            problem = PREPARING,
            "cannot see yet whether collections and indexes are all there"
        );
    }

    fn conclude(&self, failing: &mut Failing, failures: &[(Doubt, String)]) {
        let Some(doubt) = failures.iter().map(|(doubt, _)| *doubt).max() else {
            *failing = Failing::default();
            self.progress.advance();
            self.progress.rest();
            self.metrics.upkeep_done();
            return;
        };
        if failing.lasts(doubt) {
            self.progress.begin();
        }
        let texts: Vec<_> = failures.iter().map(|(_, text)| text.as_str()).collect();
        self.progress.fail(&texts.join("; "));
    }

    async fn topology(&self, open: &mut Option<Connection>) -> Result<(), BrokerError> {
        let connection = match open {
            Some(connection) => connection,
            closed => closed.insert(self.address.connect("totals-worker upkeep").await?),
        };
        topology::restore(connection, &self.config).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(code: Option<u16>) -> BrokerError {
        BrokerError::Failed {
            doing: "declaring a queue",
            code,
            problem: String::new(),
            advice: "",
        }
    }

    #[test]
    fn a_look_that_is_refused_lasts_at_once_and_one_without_an_answer_the_second_time() {
        for code in [403, 404, 406, 530] {
            assert!(Failing::default().lasts((&failed(Some(code))).into()), "{code}");
        }
        let silent = |doing| Doubt::from(&BrokerError::Silent { doing });
        let mut failing = Failing::default();
        assert!(!failing.lasts(silent("declaring a queue")));
        for _ in 0..3 {
            assert!(!failing.lasts((&failed(None)).into()), "the broker is away");
            assert!(!failing.lasts(silent("connecting")), "the broker is away");
        }
        assert!(failing.lasts(silent("declaring a queue")));
    }
}
