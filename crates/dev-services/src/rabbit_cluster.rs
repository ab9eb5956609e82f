//! A cluster of three RabbitMQ nodes: its quorum queues survive the loss of any one of them.

use std::path::Path;

use crate::native::rabbitmq::{self, Identity};
use crate::server::Server;
use crate::{Error, port};

/// The nodes' names. Three is the least that has a majority without any one.
const NAMES: [&str; 3] = ["rabbit1@localhost", "rabbit2@localhost", "rabbit3@localhost"];

/// A cluster of processes, as [`ReplicaSet`](crate::ReplicaSet) is and for the same reason.
#[derive(Debug)]
pub struct RabbitCluster {
    /// Its nodes, each to be stopped, killed, frozen and started again.
    pub members: Vec<Server>,
}

impl RabbitCluster {
    /// Starts the nodes one after the other, with their files in `dir`.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start(dir: &Path) -> Result<Self, Error> {
        let script = rabbitmq::locate().await?;
        let epmd = rabbitmq::start_epmd(dir).await?;
        let mut members = Vec::with_capacity(NAMES.len());
        for name in NAMES {
            let identity = Identity {
                name,
                amqp_port: port::free(),
                epmd: &epmd,
                home: &dir.join("home"),
                joins: (name != NAMES[0]).then_some(NAMES[0]),
            };
            let node = rabbitmq::node(&script, &dir.join(name), &identity)?;
            members.push(Server::start_node(node, identity.amqp_port).await?);
        }
        Ok(Self { members })
    }

    /// The nodes' connection strings, with commas between.
    pub fn url(&self) -> String {
        let urls: Vec<String> = self.members.iter().map(Server::url).collect();
        urls.join(",")
    }

    /// The place among the members of the one that leads a quorum queue; none while it has no leader, or nobody knows.
    ///
    /// # Errors
    /// [`Error::Spawn`] if `rabbitmqctl` cannot be started.
    pub async fn leader(&self, queue: &str) -> Result<Option<usize>, Error> {
        let running = self.members.iter().find(|node| node.pid().is_some());
        let Some(node) = running else { return Ok(None) };
        let said = node.control(&["list_queues", "name", "leader"]).await?;
        let said = said.unwrap_or_default();
        let mut queues = said.lines().filter_map(|line| line.split_once('\t'));
        let leader = queues.find_map(|(name, leader)| (name == queue).then_some(leader));
        Ok(leader.and_then(|leader| NAMES.iter().position(|name| *name == leader)))
    }
}
