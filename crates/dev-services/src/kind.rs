//! The two kinds of servers.

use std::fmt;

/// The two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The database.
    MongoDb,
    /// The message broker.
    RabbitMq,
}

impl Kind {
    /// The environment variable that names a server of this kind.
    pub fn variable(self) -> &'static str {
        match self {
            Self::MongoDb => "DATABASE_URL",
            Self::RabbitMq => "RABBITMQ_URL",
        }
    }

    /// What makes a package unnecessary that a server of this kind needs.
    pub(crate) fn instead(self) -> &'static str {
        match self {
            Self::MongoDb => "start Docker, or set DATABASE_URL to a server you have",
            Self::RabbitMq => "start Docker, or set RABBITMQ_URL to a server you have",
        }
    }

    pub(crate) fn usual_port(self) -> u16 {
        match self {
            Self::MongoDb => 27017,
            Self::RabbitMq => 5672,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MongoDb => "MongoDB",
            Self::RabbitMq => "RabbitMQ",
        })
    }
}
