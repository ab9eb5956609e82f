//! What is RabbitMQ's own about a server: its container, its connection string, connecting to it.

use std::time::Duration;

use lapin::{Connection, ConnectionProperties};
use tokio::time::timeout;

use crate::docker::Plan;
use crate::error::Cause;
use crate::kind::Kind;
use crate::native::rabbitmq::PLUGIN;
use crate::url::nodes;

/// One whole AMQP handshake. lapin itself waits for ever for a peer that accepts and stays silent.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Connection string, default virtual host.
pub(crate) fn url(port: u16) -> String {
    format!("amqp://guest:guest@127.0.0.1:{port}")
}

/// A connection to the broker at this URL, to the first node that answers where several are listed.
///
/// # Errors
/// Why the last node could not be connected to.
pub async fn connect_to_broker(urls: &str) -> lapin::Result<Connection> {
    let mut nodes = nodes(urls).into_iter().peekable();
    loop {
        let node = nodes.next().unwrap_or_default();
        match Connection::connect(&node, ConnectionProperties::default()).await {
            Err(_) if nodes.peek().is_some() => {}
            outcome => return outcome,
        }
    }
}

/// Connects to a broker and leaves again.
pub(crate) async fn handshake(url: &str) -> Result<(), Cause> {
    let connection = timeout(HANDSHAKE_TIMEOUT, connect_to_broker(url)).await??;
    // The answer was the handshake; how the farewell ends does not matter.
    let _ = timeout(HANDSHAKE_TIMEOUT, connection.close(200, "probe".into())).await;
    Ok(())
}

pub(crate) fn container(port: u16) -> Plan {
    // The image has no variable for plugins; its entry point prepares the server only when it is named.
    let script =
        format!("rabbitmq-plugins enable --offline {PLUGIN} && exec docker-entrypoint.sh rabbitmq-server");
    Plan {
        kind: Kind::RabbitMq,
        port,
        inner_port: 5672,
        command: vec!["sh".to_owned(), "-c".to_owned(), script],
        // As for the private node: a nearly full disk must not block publishers without a word.
        env: vec![(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-rabbit disk_free_limit 50000000",
        )],
        data: "/var/lib/rabbitmq",
    }
}
