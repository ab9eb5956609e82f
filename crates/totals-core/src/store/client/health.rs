//! Checks that the database can do what the service needs. If it cannot, the error says what its operator should do.

use std::time::Duration;

use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};

use crate::store::client::{Driver, Store};
use crate::store::error::{StoreError, server_code};

/// How long a health check may take.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// How long the second look at a server that is not selected may take, within [`HEALTH_TIMEOUT`].
const DIAGNOSIS_TIMEOUT: Duration = Duration::from_millis(500);

/// Server code `AuthenticationFailed`.
const AUTHENTICATION_FAILED: i32 = 18;

/// Server code `Unauthorized`.
const UNAUTHORIZED: i32 = 13;

/// What is wrong with the database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unhealthy {
    /// A standalone mongod.
    #[error(
        "MongoDB runs as a standalone server and has no transactions: start mongod with --replSet rs0 and run \
         rs.initiate() once (one node is enough)"
    )]
    Standalone,
    /// A replica set without a configuration.
    #[error("MongoDB's replica set was never initiated: run rs.initiate() once in mongosh")]
    NotInitiated,
    /// Wrong user, password or rights.
    #[error("MongoDB refused the credentials: check user, password and authSource in DATABASE_URL")]
    Credentials,
    /// No answer in time.
    #[error("MongoDB did not answer within {} s: check that MongoDB runs, and DATABASE_URL", HEALTH_TIMEOUT.as_secs())]
    Silent,
    /// Anything else.
    #[error("{0}: check that MongoDB runs, and DATABASE_URL")]
    Failed(String),
}

impl Store {
    /// Checks that the database answers and has transactions.
    ///
    /// # Errors
    /// [`Unhealthy`], whose text says what to do.
    pub async fn check(&self) -> Result<(), Unhealthy> {
        let check = self.detached(|driver| async move { Ok(driver.check_deployment().await) });
        match tokio::time::timeout(HEALTH_TIMEOUT, check).await {
            Err(_elapsed) => Err(Unhealthy::Silent),
            Ok(Err(error)) => Err(Unhealthy::Failed(error.to_string())),
            Ok(Ok(health)) => health,
        }
    }
}

impl Driver {
    async fn check_deployment(&self) -> Result<(), Unhealthy> {
        match hello(&self.client).await {
            Ok(answer) => deployment(&answer),
            Err(error) if matches!(*error.kind, ErrorKind::ServerSelection { .. }) => {
                // A member of a replica set that was never initiated is up and yet never selected: ask it directly.
                match self.hello_directly().await {
                    Ok(answer) if deployment(&answer) == Err(Unhealthy::NotInitiated) => {
                        Err(Unhealthy::NotInitiated)
                    }
                    _ => Err(unhealthy(error)),
                }
            }
            Err(error) => Err(unhealthy(error)),
        }
    }

    async fn hello_directly(&self) -> Result<Document, Error> {
        let mut options = self.options.clone();
        options.direct_connection = Some(true);
        options.repl_set_name = None;
        options.hosts.truncate(1);
        options.server_selection_timeout = Some(DIAGNOSIS_TIMEOUT);
        options.connect_timeout = Some(DIAGNOSIS_TIMEOUT);
        hello(&Client::with_options(options)?).await
    }
}

async fn hello(client: &Client) -> Result<Document, Error> {
    client.database("admin").run_command(doc! { "hello": 1 }).await
}

/// Checks the kind of deployment, by its answer to `hello`.
fn deployment(hello: &Document) -> Result<(), Unhealthy> {
    let is_router = hello.get_str("msg").is_ok_and(|kind| kind == "isdbgrid");
    if hello.contains_key("setName") || is_router {
        Ok(())
    } else if hello.get_bool("isreplicaset").unwrap_or(false) {
        Err(Unhealthy::NotInitiated)
    } else {
        Err(Unhealthy::Standalone)
    }
}

fn unhealthy(error: Error) -> Unhealthy {
    let refused = matches!(*error.kind, ErrorKind::Authentication { .. })
        || matches!(server_code(&error), Some(AUTHENTICATION_FAILED | UNAUTHORIZED));
    if refused {
        Unhealthy::Credentials
    } else {
        Unhealthy::Failed(StoreError::from(error).to_string())
    }
}
