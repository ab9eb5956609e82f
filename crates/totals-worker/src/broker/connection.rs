//! Connections to the nodes of the broker.
//!
//! lapin's own recovery is not used: after it, an old delivery tag can acknowledge a message that was never
//! processed. The worker drops a lost connection with all that belongs to it, and builds everything anew.
//!
//! Any node of a cluster will do, because each passes on what is for another. The worker tries the nodes in turn, from the
//! one that served last. After a loss it begins with the next one: a node may accept connections and still be of no use,
//! for example when it is cut off from the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lapin::types::ShortString;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties};
use totals_core::runtime::config::{self, ConfigError};

use crate::broker::byte_budget::ByteBudget;
use crate::broker::call::{BrokerError, CONNECTING, call};
use crate::broker::transport;

/// The heartbeat where the URL names none. A silent peer is noticed after two missed heartbeats. RabbitMQ notices a silent
/// worker in the same way, and only then does a standby take over, so it is short.
const HEARTBEAT_SECONDS: u16 = 5;

/// AMQP's limit for a short string.
const MAX_VHOST_BYTES: usize = 255;

/// The addresses of the broker's nodes, checked. All clones agree on whose turn it is.
#[derive(Clone)]
pub struct Address {
    /// One or more.
    nodes: Arc<[AMQPUri]>,
    /// Whose turn it is: an index of `nodes`, modulo their number.
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

    /// Opens a connection that consumes and does nothing else. The broker has to wait while the `budget` is spent.
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

/// Opens a channel.
///
/// # Errors
/// [`BrokerError`] if the broker is away or refuses.
pub async fn open_channel(connection: &Connection) -> Result<Channel, BrokerError> {
    call("opening a channel", connection.create_channel()).await
}

/// Closes a connection in order, or drops it if the broker does not answer.
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
