//! What a caller wants of both services.

use crate::kind::Kind;
use crate::port::Port;

/// Which services to provide, and how. Start from [`persistent`](Self::persistent) or
/// [`ephemeral`](Self::ephemeral).
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) name: String,
    pub(crate) lifetime: Lifetime,
    database_url: Option<String>,
    rabbitmq_url: Option<String>,
}

/// What becomes of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Ephemeral,
    Persistent { fresh: bool },
}

impl Settings {
    /// Services for a developer: on the usual ports if they are free, with data that stay in
    /// `target/dev-services/<name>` for the next time; `fresh` wipes them first.
    pub fn persistent(name: &str, fresh: bool) -> Self {
        Self::new(name, Lifetime::Persistent { fresh })
    }

    /// Services for a test run: on free ports, empty, and gone with their data afterwards.
    pub fn ephemeral(name: &str) -> Self {
        Self::new(name, Lifetime::Ephemeral)
    }

    fn new(name: &str, lifetime: Lifetime) -> Self {
        Self {
            name: name.to_owned(),
            lifetime,
            database_url: None,
            rabbitmq_url: None,
        }
    }

    /// Takes the URLs of servers that are there already from the variables `DATABASE_URL` and `RABBITMQ_URL`, where
    /// `variable` has them.
    #[must_use]
    pub fn urls(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let url = |kind: Kind| variable(kind.variable()).filter(|url| !url.is_empty());
        self.database_url = url(Kind::MongoDb);
        self.rabbitmq_url = url(Kind::RabbitMq);
        self
    }

    /// As [`urls`](Self::urls), from the process environment.
    #[must_use]
    pub fn urls_from_env(self) -> Self {
        self.urls(|variable| std::env::var(variable).ok())
    }

    /// The URL of a server that is there already.
    pub(crate) fn url(&self, kind: Kind) -> Option<&str> {
        match kind {
            Kind::MongoDb => self.database_url.as_deref(),
            Kind::RabbitMq => self.rabbitmq_url.as_deref(),
        }
    }

    pub(crate) fn port(&self, kind: Kind) -> Port {
        match self.lifetime {
            Lifetime::Ephemeral => Port::Free,
            Lifetime::Persistent { .. } => Port::Preferred(kind.usual_port()),
        }
    }
}
