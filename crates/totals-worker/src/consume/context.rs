//! What every part of the consuming half works with.

use std::sync::Arc;

use totals_core::store::Store;

use crate::broker::connection::Address;
use crate::config::WorkerConfig;
use crate::metrics::Metrics;
use crate::stall::StallWatch;

/// Says whether the worker consumes, for `/health`.
#[derive(Debug, Clone)]
pub enum BrokerState {
    /// The worker consumes.
    Consuming,
    /// The worker would consume, but another one does.
    StandingBy,
    /// The worker does not consume, for this reason.
    NotConsuming(String),
}

/// What every part of the consuming half works with.
pub struct Context {
    /// The worker's configuration.
    pub config: WorkerConfig,
    /// The broker's nodes.
    pub address: Address,
    /// The database.
    pub store: Store,
    /// The worker's metrics.
    pub metrics: Arc<Metrics>,
    /// Where the tasks say whether they make progress.
    pub stalls: StallWatch,
}
