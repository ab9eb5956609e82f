//! A look, every minute, at whether everything the worker needs is still there: exchange, queues and bindings in the
//! broker, collections and indexes in the database. What somebody has deleted under a running worker is put back at once,
//! where otherwise producers would lose events until the worker connects anew.
//!
//! It has a connection of its own: the consuming one is not read from while too much is in hand, and a binding may keep
//! RabbitMQ busy for seconds. Its failures are logged and change nothing else, but for a database that is in another
//! currency now: that ends the epoch.

use std::sync::Arc;
use std::time::Duration;

use lapin::Connection;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use totals_core::runtime::config::Broker;
use totals_core::store::Store;

use crate::connection::{Address, BrokerError, close};
use crate::metrics::Metrics;
use crate::topology;

/// What the look needs.
pub struct Upkeep {
    /// The broker.
    pub address: Address,
    /// Names of exchange and queues.
    pub config: Broker,
    /// The database.
    pub store: Store,
    /// Where looks are counted.
    pub metrics: Arc<Metrics>,
    /// From one look to the next.
    pub period: Duration,
    /// Ended if the database was put in another currency: whoever connects anew looks at that first.
    pub epoch: CancellationToken,
}

impl Upkeep {
    /// Looks again and again, for ever. May be dropped at any moment.
    pub async fn run(self) {
        let mut connection = None;
        let mut ticks = interval_at(Instant::now() + self.period, self.period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.topology(&mut connection).await {
                self.metrics.retried("check_topology");
                tracing::warn!(%error, "cannot see whether exchange, queues and bindings are all there");
                if let Some(connection) = connection.take() {
                    close(connection).await;
                }
            }
            if let Err(error) = self.store.prepare().await {
                self.metrics.retried("check_collections");
                tracing::warn!(%error, "cannot see whether collections and indexes are all there");
                if error.is_other_currency() {
                    self.epoch.cancel();
                }
            }
            self.metrics.looked_after();
        }
    }

    async fn topology(&self, open: &mut Option<Connection>) -> Result<(), BrokerError> {
        let connection = match open {
            Some(connection) => connection,
            closed => closed.insert(self.address.connect("totals-worker upkeep").await?),
        };
        topology::restore(connection, &self.config).await
    }
}
