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
    /// It does.
    Consuming,
    /// It does not, for this reason.
    NotConsuming(String),
}

/// What every part of the consuming half works with.
pub struct Context {
    /// Its configuration.
    pub config: WorkerConfig,
    /// The broker.
    pub address: Address,
    /// The database.
    pub store: Store,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where tasks say whether they get on.
    pub stalls: StallWatch,
}
