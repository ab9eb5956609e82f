//! A replica set of three MongoDB servers: it survives the loss of any one of them.

use std::path::Path;

use mongodb::bson::{Bson, doc};

use crate::choice::Provider;
use crate::error::{Cause, Error};
use crate::kind::Kind;
use crate::mongo::{DATABASE, REPLICA_SET, admin, initiation};
use crate::options::{Deployment, Options};
use crate::server::Server;

/// Three is the least that has a majority without any one.
const SIZE: usize = 3;

/// State of a member that takes writes.
const PRIMARY: i32 = 1;

/// State of a member that follows the primary and could take its place.
const SECONDARY: i32 = 2;

/// A replica set of processes: members in containers would not meet at the addresses that their clients use.
#[derive(Debug)]
pub struct ReplicaSet {
    /// Its members, each to be stopped, killed, frozen and started again. Their own connection strings bypass the set.
    pub members: Vec<Server>,
}

impl ReplicaSet {
    /// Starts the members, with their files in `dir`, and waits until there is a primary and all others follow it.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start(dir: &Path, fail_points: bool) -> Result<Self, Error> {
        let options = Options {
            deployment: Deployment::Uninitiated,
            source: Some(Provider::Native),
            fail_points,
            ..Options::default()
        };
        let mut members = Vec::with_capacity(SIZE);
        for number in 1..=SIZE {
            let dir = dir.join(number.to_string());
            members.push(Server::start(Kind::MongoDb, &dir, options.clone()).await?);
        }
        let ports: Vec<u16> = members.iter().map(Server::port).collect();
        let mut initiated = false;
        let probe = async || {
            if !initiated {
                admin(ports[0]).await?.run_command(initiation(&ports)).await?;
                initiated = true;
            }
            complete(ports[0]).await
        };
        members[0].ready(probe).await?;
        Ok(Self { members })
    }

    /// Connection string of the application's default database, with all members.
    pub fn url(&self) -> String {
        let hosts = self
            .members
            .iter()
            .map(|member| format!("127.0.0.1:{}", member.port()));
        let hosts = hosts.collect::<Vec<_>>().join(",");
        format!("mongodb://{hosts}/{DATABASE}?replicaSet={REPLICA_SET}")
    }

    /// The place among the members of the one that takes writes; none while there is none.
    pub async fn primary(&self) -> Option<usize> {
        for (place, member) in self.members.iter().enumerate() {
            if member.pid().is_some() && is_primary(member.port()).await.unwrap_or(false) {
                return Some(place);
            }
        }
        None
    }
}

async fn is_primary(port: u16) -> Result<bool, Cause> {
    let hello = admin(port).await?.run_command(doc! { "hello": 1 }).await?;
    Ok(hello.get_bool("isWritablePrimary")?)
}

/// Succeeds if all members have taken their places, as the one on this port sees it.
async fn complete(port: u16) -> Result<(), Cause> {
    let answer = admin(port)
        .await?
        .run_command(doc! { "replSetGetStatus": 1 })
        .await?;
    let state = |member: &Bson| member.as_document()?.get_i32("state").ok();
    let mut states: Vec<Option<i32>> = answer.get_array("members")?.iter().map(state).collect();
    states.sort_unstable();
    if states == [Some(PRIMARY), Some(SECONDARY), Some(SECONDARY)] {
        return Ok(());
    }
    Err(format!("the members of the replica set are in the states {states:?}").into())
}
