//! Connections to the broker, and its failures in words that name the remedy.
//!
//! lapin's own recovery is not used: after it, an old delivery tag can acknowledge a message that was never
//! processed. A lost connection is dropped with all that belongs to it and everything is built anew. A peer that
//! accepts and stays silent would hang a call for ever, so each one is bounded in time.
//!
//! Of a cluster's nodes any will do: each passes on what is for another. So the nodes are tried in turn, from the one that
//! served last. After a loss the next comes first, since a node may accept connections and yet be of no use (cut off from
//! the others, say).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lapin::types::ShortString;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, ErrorKind};
use totals_core::runtime::config::{self, ConfigError};

use crate::broker::byte_budget::ByteBudget;
use crate::broker::transport;

/// How long the broker may take to answer one call.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// What is asked of the broker while there is no connection yet.
const CONNECTING: &str = "connecting";

/// Where the URL does not say: a silent peer is noticed after two missed heartbeats.
const HEARTBEAT_SECONDS: u16 = 10;

/// AMQP's limit for a short string.
const MAX_VHOST_BYTES: usize = 255;

/// AMQP reply code: there is no such queue or exchange.
const NOT_FOUND: u16 = 404;
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

    /// Returns true if there is no such queue or exchange.
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Failed {
                code: Some(NOT_FOUND),
                ..
            }
        )
    }

    /// Returns true if the broker was asked and said no, and will say so again until somebody changes its rights or what it
    /// has.
    pub fn is_denied(&self) -> bool {
        const DENIED: [u16; 4] = [ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED, NOT_ALLOWED];
        matches!(self, Self::Failed { code: Some(code), .. } if DENIED.contains(code))
    }

    /// Returns true if there was no connection to ask over.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Failed { code, .. } => code.is_none(),
            Self::Silent { doing } => *doing == CONNECTING,
            Self::Unroutable { .. } | Self::Refused { .. } => false,
        }
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

/// Awaits one call to the broker for as long as the connection lasts: the answer may be behind deliveries that this worker
/// does not read, because it has too much in hand. Heartbeats tell whether the broker is there.
pub async fn call_behind_deliveries<T>(
    doing: &'static str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    answer.await.map_err(|error| BrokerError::new(doing, &error))
}

/// The addresses of the broker's nodes, checked. All clones turn to the same one.
#[derive(Clone)]
pub struct Address {
    /// One or more.
    nodes: Arc<[AMQPUri]>,
    /// Whose turn it is, counted on and on.
    turn: Arc<AtomicUsize>,
}

impl Address {
    /// Reads the URLs of `RABBITMQ_URL`, of which there is one at least.
    ///
    /// # Errors
    /// [`ConfigError`] for the first that is no AMQP URL.
    pub fn parse(urls: &[config::SecretUrl]) -> Result<Self, ConfigError> {
        Ok(Self {
            nodes: urls.iter().map(node).collect::<Result<_, _>>()?,
            turn: Arc::default(),
        })
    }

    /// From now on the next node comes first.
    pub fn turn_to_next(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    fn current(&self) -> &AMQPUri {
        &self.nodes[self.turn.load(Ordering::Relaxed) % self.nodes.len()]
    }

    /// Opens a connection, shown as `name` in the broker's management.
    ///
    /// # Errors
    /// [`BrokerError`] with the remedy.
    pub async fn connect(&self, name: &str) -> Result<Connection, BrokerError> {
        self.open(name, None).await
    }

    /// Opens a connection that consumes and does nothing else; the broker has to wait while the
    /// `budget` is spent.
    ///
    /// # Errors
    /// [`BrokerError`] with the remedy.
    pub async fn connect_to_consume(
        &self,
        name: &str,
        budget: ByteBudget,
    ) -> Result<Connection, BrokerError> {
        self.open(name, Some(budget)).await
    }

    async fn open(&self, name: &str, budget: Option<ByteBudget>) -> Result<Connection, BrokerError> {
        let mut others = self.nodes.len() - 1;
        loop {
            let properties = ConnectionProperties::default().with_connection_name(name.into());
            let connecting = transport::connect(self.current().clone(), properties, budget.clone());
            match call(CONNECTING, connecting).await {
                Err(error) if others > 0 => {
                    tracing::debug!(broker = %self, %error, "trying the next node");
                    self.turn_to_next();
                    others -= 1;
                }
                outcome => return outcome,
            }
        }
    }
}

fn node(url: &config::SecretUrl) -> Result<AMQPUri, ConfigError> {
    let fits = |uri: &AMQPUri| uri.vhost.len() <= MAX_VHOST_BYTES && !uri.authority.host.contains(',');
    let parsed = url.expose().parse().ok();
    let mut uri: AMQPUri = parsed
        .filter(|uri| fits(uri) && !url.is_ambiguous())
        .ok_or_else(|| ConfigError::invalid(&config::RABBITMQ_URL, url.expose()))?;
    if uri.vhost.is_empty() {
        // `amqp://host/` means the default virtual host to everyone but the specification.
        "/".clone_into(&mut uri.vhost);
    }
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    Ok(uri)
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let AMQPUri {
            scheme, authority, ..
        } = self.current();
        let scheme = match scheme {
            AMQPScheme::AMQP => "amqp",
            AMQPScheme::AMQPS => "amqps",
        };
        write!(f, "{scheme}://{}:{}", authority.host, authority.port)
    }
}

/// Without the password, as it is shown.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Closes a connection politely, and lets go of it if the broker is not there to listen.
pub async fn close(connection: Connection) {
    if let Err(error) = call("closing", connection.close(200, ShortString::from("stopping"))).await {
        tracing::debug!(%error, "the connection was not closed in order");
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn address(urls: &[String]) -> Result<Address, ConfigError> {
        let urls: Vec<config::SecretUrl> = urls.iter().map(|url| url.as_str().into()).collect();
        Address::parse(&urls)
    }

    /// A port with a listener, and one without.
    fn ports() -> (tokio::net::TcpListener, u16, u16) {
        let bound = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (open, closed) = (bound(), bound().local_addr().unwrap().port());
        open.set_nonblocking(true).unwrap();
        let port = open.local_addr().unwrap().port();
        (tokio::net::TcpListener::from_std(open).unwrap(), port, closed)
    }

    #[tokio::test]
    async fn a_node_that_is_away_is_passed_over_and_the_next_is_served_first() {
        let (listener, open, closed) = ports();
        let urls = [closed, open, closed].map(|port| format!("amqp://u:p@127.0.0.1:{port}"));
        let address = address(&urls).unwrap();
        tokio::select! {
            accepted = listener.accept() => assert!(accepted.is_ok()),
            outcome = address.connect("test") => panic!("{:?}", outcome.map(|_| ())),
        }
        assert_eq!(address.to_string(), format!("amqp://127.0.0.1:{open}"));
        let clone = address.clone();
        clone.turn_to_next();
        assert_eq!(address.to_string(), format!("amqp://127.0.0.1:{closed}"));
    }

    #[tokio::test]
    async fn where_no_node_answers_each_is_tried_once() {
        let (_listener, _open, closed) = ports();
        let urls = ["a", "b"].map(|host| format!("amqp://{host}@127.0.0.1:{closed}"));
        let error = address(&urls).unwrap().connect("test").await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("check that RabbitMQ runs, and RABBITMQ_URL"),
            "{error}"
        );
    }

    #[test]
    fn of_several_urls_the_bad_one_is_named() {
        let urls = ["amqp://u:secret@a:5672", "amqp://u:secret@b:port"].map(str::to_owned);
        let line = address(&urls).unwrap_err().to_string();
        assert!(line.ends_with("got `amqp://***@b:port`"), "{line}");
    }

    #[test]
    fn a_password_that_was_not_escaped_is_never_taken_for_a_host() {
        for url in [
            "amqp://user:12/ss@host",
            "amqp://user:12?ss@host",
            "amqp://u:p@12/ss@host",
        ] {
            let shown = match address(&[url.to_owned()]) {
                Ok(address) => format!("{address} {address:?}"),
                Err(error) => error.to_string(),
            };
            let got = shown.split("got").last().unwrap_or_default();
            assert!(!got.contains("user") && !got.contains("12"), "{shown}");
        }
        let shown = format!("{:?}", address(&["amqp://ada:s3cret@host".to_owned()]));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
