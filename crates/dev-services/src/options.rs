//! What a caller wants of one server.

use crate::Port;
use crate::choice::Provider;
use crate::docker::Volume;

/// How to start a [`Server`](crate::Server). The default has a free port, and a MongoDB is a replica set.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Its port.
    pub port: Port,
    /// Container or process; `None` takes Docker if an engine answers, else a process.
    pub source: Option<Provider>,
    /// In a container: keeps the data in this volume; without one they go with the server.
    pub volume: Option<Volume>,
    /// How a MongoDB is set up. RabbitMQ has no such choice.
    pub deployment: Deployment,
    /// True if a MongoDB can be told to fail (`configureFailPoint`). RabbitMQ cannot.
    pub fail_points: bool,
}

/// How a MongoDB is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deployment {
    /// A replica set of one, initiated: what the application needs.
    #[default]
    ReplicaSet,
    /// Started with `--replSet`, and nobody has initiated it.
    Uninitiated,
    /// No replica set, so no transactions.
    Standalone,
}
