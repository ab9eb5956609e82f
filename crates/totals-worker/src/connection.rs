//! Connections to the broker, and its failures in words that name the remedy.
//!
//! lapin's own recovery is not used: after it, an old delivery tag can acknowledge a message that was never
//! processed. A lost connection is dropped with all that belongs to it and everything is built anew. A peer that
//! accepts and stays silent would hang a call for ever, so each one is bounded in time.

use std::time::Duration;

use lapin::types::ShortString;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, ErrorKind};
use totals_core::runtime::config::{self, ConfigError};

use crate::in_hand::InHand;
use crate::wire;

/// How long the broker may take to answer one call.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the URL does not say: a silent peer is noticed after two missed heartbeats.
const HEARTBEAT_SECONDS: u16 = 10;

/// AMQP's limit for a short string.
const MAX_VHOST_BYTES: usize = 255;

/// AMQP reply code: a declaration contradicts what exists.
pub const PRECONDITION_FAILED: u16 = 406;
/// AMQP reply code: wrong credentials or rights.
const ACCESS_REFUSED: u16 = 403;
/// AMQP reply code: no such virtual host, or no access to it.
const NOT_ALLOWED: u16 = 530;

/// A call to the broker that failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BrokerError {
    /// No answer in time.
    #[error("RabbitMQ did not answer {doing} within {} s", CALL_TIMEOUT.as_secs())]
    Silent {
        /// What was asked of it.
        doing: &'static str,
    },
    /// An answer that means no, or no connection.
    #[error("RabbitMQ: {doing} failed: {problem}{advice}")]
    Failed {
        /// What was asked of it.
        doing: &'static str,
        /// The AMQP reply code, if it answered.
        code: Option<u16>,
        /// The broker's or the system's own words.
        problem: String,
        /// What the operator can do about it.
        advice: &'static str,
    },
    /// The broker could not route a message to the queue that it has just declared.
    #[error("RabbitMQ returned a message for queue {queue}: the queue is missing, and is declared again")]
    Unroutable {
        /// The queue.
        queue: String,
    },
    /// The broker has the queue, and does not take a message for it.
    #[error(
        "RabbitMQ refuses messages for queue {queue}: take messages out of it, or lift its limits (max-length, \
         max-length-bytes)"
    )]
    Refused {
        /// The queue.
        queue: String,
    },
}

impl BrokerError {
    /// Whether something exists with other properties than were declared.
    pub fn is_precondition_failed(&self) -> bool {
        matches!(
            self,
            Self::Failed {
                code: Some(PRECONDITION_FAILED),
                ..
            }
        )
    }

    /// Whether the broker is there, and does not take the message.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Unroutable { .. } | Self::Refused { .. })
    }

    fn new(doing: &'static str, error: &lapin::Error) -> Self {
        let (code, problem) = match error.kind() {
            ErrorKind::ProtocolError(answer) => (Some(answer.get_id()), answer.get_message().to_string()),
            ErrorKind::IOError(error) => (None, error.to_string()),
            _ => (None, error.to_string()),
        };
        let advice = match (code, error.kind()) {
            (Some(ACCESS_REFUSED), _) => "; check user, password and rights in RABBITMQ_URL",
            (Some(NOT_ALLOWED), _) => "; check the virtual host in RABBITMQ_URL",
            (Some(PRECONDITION_FAILED), _) if problem.contains("larger than") => {
                "; raise its max_message_size"
            }
            (None, ErrorKind::IOError(_)) => "; check that RabbitMQ runs, and RABBITMQ_URL",
            _ => "",
        };
        Self::Failed {
            doing,
            code,
            problem,
            advice,
        }
    }
}

/// Awaits one call to the broker, but not for ever.
pub async fn call<T>(
    doing: &'static str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match tokio::time::timeout(CALL_TIMEOUT, answer).await {
        Err(_elapsed) => Err(BrokerError::Silent { doing }),
        Ok(answer) => answer.map_err(|error| BrokerError::new(doing, &error)),
    }
}

/// The address of the broker, checked.
#[derive(Debug, Clone)]
pub struct Address(AMQPUri);

impl Address {
    /// Reads `RABBITMQ_URL`.
    ///
    /// # Errors
    /// [`ConfigError`] if it is no AMQP URL.
    pub fn parse(url: &config::SecretUrl) -> Result<Self, ConfigError> {
        let mut uri: AMQPUri = url
            .expose()
            .parse()
            .ok()
            .filter(|uri: &AMQPUri| uri.vhost.len() <= MAX_VHOST_BYTES)
            .ok_or_else(|| ConfigError::invalid(&config::RABBITMQ_URL, url.expose()))?;
        if uri.vhost.is_empty() {
            // `amqp://host/` means the default virtual host to everyone but the specification.
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(Self(uri))
    }

    /// Opens a connection, shown as `name` in the broker's management.
    ///
    /// # Errors
    /// [`BrokerError`] with the remedy.
    pub async fn connect(&self, name: &str) -> Result<Connection, BrokerError> {
        self.open(name, None).await
    }

    /// Opens a connection that consumes and does nothing else; the broker has to wait while too much is `in_hand`.
    ///
    /// # Errors
    /// [`BrokerError`] with the remedy.
    pub async fn connect_to_consume(&self, name: &str, in_hand: InHand) -> Result<Connection, BrokerError> {
        self.open(name, Some(in_hand)).await
    }

    async fn open(&self, name: &str, in_hand: Option<InHand>) -> Result<Connection, BrokerError> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        call("connecting", wire::connect(self.0.clone(), properties, in_hand)).await
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.0.scheme {
            AMQPScheme::AMQP => "amqp",
            AMQPScheme::AMQPS => "amqps",
        };
        write!(
            f,
            "{scheme}://{}:{}",
            self.0.authority.host, self.0.authority.port
        )
    }
}

/// Closes a connection politely, and lets go of it if the broker is not there to listen.
pub async fn close(connection: Connection) {
    if let Err(error) = call("closing", connection.close(200, ShortString::from("stopping"))).await {
        tracing::debug!(%error, "the connection was not closed in order");
    }
}
