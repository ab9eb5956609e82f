//! The handle of the database, and what everything that uses it shares.
//!
//! The driver's futures must not be dropped midway: a dropped read leaves its connection unusable, and enough of
//! them leave the process without any. Whoever awaits a method of [`Store`] may itself be dropped at any moment (a
//! client hangs up and axum drops the handler), so whoever may be runs them in a task of their own and awaits, or gives up
//! on, only the handle: the API with all its reads, this module with the tools' ([`detached`]). The one transaction is
//! awaited by the worker's lanes, which are never dropped.

mod health;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mongodb::bson::{Bson, Document};
use mongodb::options::{ClientOptions, ReadPreference, SelectionCriteria};
use mongodb::{Client, Collection, Database};

pub use health::Unhealthy;

use crate::domain::Currency;
use crate::runtime::backoff::Backoff;
use crate::runtime::config;
use crate::store::error::{Decision, StoreError};
use crate::store::read::foreign::LeftOut;
use crate::store::schema::document::{CAMPAIGN_TOTALS, DONATIONS, EVENT_LOG};
use crate::store::schema::indexes::Structure;
use crate::store::write::insert_mode::InsertModes;

/// The database's name where `DATABASE_URL` has none.
const DEFAULT_DATABASE: &str = "totals-service";

/// How long the driver looks for a usable server before an operation fails, where the URL does not say.
const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection may take to establish, where the URL does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The service's database. Cheap to clone; all clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(in crate::store) client: Client,
    pub(in crate::store) database: Database,
    /// As the client was opened with, for diagnosing a deployment that the client cannot use.
    pub(in crate::store) options: Arc<ClientOptions>,
    pub(in crate::store) insert_modes: Arc<InsertModes>,
    pub(in crate::store) structure: Arc<Structure>,
    /// What amounts are counted in, for whoever writes; see [`Store::counting_in`].
    pub(in crate::store) currency: Option<Currency>,
    /// Set once the database was found to be in another currency.
    pub(in crate::store) refused: Arc<AtomicBool>,
    /// The documents that were left out of a read and told to the log.
    pub(in crate::store) left_out: Arc<LeftOut>,
}

impl Store {
    /// Opens the database without connecting yet: operations connect as they need to, and again after failures.
    ///
    /// # Errors
    /// To be rejected if the URL's options contradict each other; to be retried ([`Store::open_or_wait`]) if its
    /// `mongodb+srv://` name does not resolve.
    pub async fn open(config: &config::Database, app_name: &str) -> Result<Self, StoreError> {
        let mut options = ClientOptions::parse(config.url.expose())
            .await
            .map_err(StoreError::opening)?;
        // Each read says for itself what it has to see; one from the URL would go before that of a snapshot session.
        options.read_concern = None;
        options.app_name.get_or_insert_with(|| app_name.to_owned());
        options
            .server_selection_timeout
            .get_or_insert(SERVER_SELECTION_TIMEOUT);
        options.connect_timeout.get_or_insert(CONNECT_TIMEOUT);
        let name = options
            .default_database
            .clone()
            .unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let client = Client::with_options(options.clone()).map_err(StoreError::opening)?;
        Ok(Self {
            database: client.database(&name),
            client,
            options: Arc::new(options),
            insert_modes: Arc::default(),
            structure: Arc::default(),
            currency: None,
            refused: Arc::default(),
            left_out: Arc::default(),
        })
    }

    /// Opens the database as soon as its name resolves, however long that takes. The future that is returned is ready at
    /// once unless the URL is a `mongodb+srv://` name that does not resolve yet.
    ///
    /// # Errors
    /// If the URL's options contradict each other: that does not pass by waiting.
    pub async fn open_or_wait(
        config: &config::Database,
        app_name: &'static str,
    ) -> Result<impl Future<Output = Self> + Send + use<>, StoreError> {
        let mut opened = match Self::open(config, app_name).await {
            Err(error) if error.decision() == Decision::Reject => return Err(error),
            opened => opened,
        };
        let config = config.clone();
        Ok(async move {
            let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
            loop {
                match opened {
                    Ok(store) => return store,
                    Err(error) => tracing::error!(
                        %error, database.url = %config.url, "DATABASE_URL cannot be used yet: check its host name"
                    ),
                }
                tokio::time::sleep(backoff.next_delay()).await;
                opened = Self::open(&config, app_name).await;
            }
        })
    }

    pub(in crate::store) fn event_log<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection(EVENT_LOG)
    }

    pub(in crate::store) fn donations<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection(DONATIONS)
    }

    pub(in crate::store) fn campaign_totals<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection(CAMPAIGN_TOTALS)
    }
}

/// The member that decides: another one may be behind.
pub(in crate::store) fn primary() -> SelectionCriteria {
    SelectionCriteria::ReadPreference(ReadPreference::Primary)
}

/// Runs database work to its end in a task of its own, whatever becomes of the caller.
pub(in crate::store) async fn detached<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(work)
        .await
        .map_err(|error| StoreError::defect(format!("a database task died: {error}")))
}

/// The outcome of a command that reports failed statements, and writes that a majority may never have, within a
/// successful answer.
pub(in crate::store) fn check_statements(answer: &Document) -> Result<(), StoreError> {
    check_concern(answer)?;
    failed_statements(answer)
        .next()
        .map_or(Ok(()), |(_, error)| Err(error))
}

/// Writes that were made, and that a majority may never have.
pub(in crate::store) fn check_concern(answer: &Document) -> Result<(), StoreError> {
    match answer.get_document("writeConcernError") {
        Ok(concern) => Err(StoreError::unconfirmed(
            concern.get_i32("code").unwrap_or_default(),
        )),
        Err(_) => Ok(()),
    }
}

/// The statements of a command that were refused, each by its place in the command.
pub(in crate::store) fn failed_statements(answer: &Document) -> impl Iterator<Item = (usize, StoreError)> {
    let errors = answer.get_array("writeErrors").map_or(&[][..], Vec::as_slice);
    errors.iter().filter_map(Bson::as_document).map(|error| {
        let index = error.get_i32("index").unwrap_or_default();
        let code = error.get_i32("code").unwrap_or_default();
        (
            usize::try_from(index).unwrap_or_default(),
            StoreError::statement(code),
        )
    })
}
