//! What a caller wants of its services.

use crate::port::Port;
use crate::server::Source;

/// MongoDB's usual port.
const MONGODB_PORT: u16 = 27017;

/// RabbitMQ's usual port.
const RABBITMQ_PORT: u16 = 5672;

/// Which services to provide, and how. Start from [`persistent`](Self::persistent) or
/// [`ephemeral`](Self::ephemeral).
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) name: String,
    pub(crate) lifetime: Lifetime,
    pub(crate) mongodb_port: Port,
    pub(crate) rabbitmq_port: Port,
    pub(crate) database_url: Option<String>,
    pub(crate) rabbitmq_url: Option<String>,
    pub(crate) source: Option<Source>,
}

/// What becomes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Ephemeral,
    Persistent { fresh: bool },
}

impl Settings {
    /// Services for a developer: on the usual ports if they are free, with data that stay in
    /// `target/dev-services/<name>` for the next time.
    pub fn persistent(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            lifetime: Lifetime::Persistent { fresh: false },
            mongodb_port: Port::Preferred(MONGODB_PORT),
            rabbitmq_port: Port::Preferred(RABBITMQ_PORT),
            database_url: None,
            rabbitmq_url: None,
            source: None,
        }
    }

    /// Services for a test run: on free ports, empty, and gone with their data afterwards.
    pub fn ephemeral(name: impl Into<String>) -> Self {
        Self {
            lifetime: Lifetime::Ephemeral,
            mongodb_port: Port::Free,
            rabbitmq_port: Port::Free,
            ..Self::persistent(name)
        }
    }

    /// Wipes persistent data first.
    #[must_use]
    pub fn fresh(mut self, fresh: bool) -> Self {
        if let Lifetime::Persistent { fresh: old } = &mut self.lifetime {
            *old = fresh;
        }
        self
    }

    /// Uses the MongoDB at this URL (`DATABASE_URL`) instead of starting one.
    #[must_use]
    pub fn database_url(mut self, url: Option<String>) -> Self {
        self.database_url = url.filter(|url| !url.is_empty());
        self
    }

    /// Uses the broker at this URL (`RABBITMQ_URL`) instead of starting one.
    #[must_use]
    pub fn rabbitmq_url(mut self, url: Option<String>) -> Self {
        self.rabbitmq_url = url.filter(|url| !url.is_empty());
        self
    }

    /// Takes both URLs from the process environment, where they are set.
    #[must_use]
    pub fn urls_from_env(self) -> Self {
        self.database_url(std::env::var("DATABASE_URL").ok())
            .rabbitmq_url(std::env::var("RABBITMQ_URL").ok())
    }

    /// Allows only this source for what has no URL.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }
}
