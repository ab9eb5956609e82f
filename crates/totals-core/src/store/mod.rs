//! The domain kept in MongoDB: the event log, the donations' states, and the totals.
//!
//! The driver's futures must not be dropped midway: a dropped read leaves its connection unusable, and enough of
//! them leave the process without any. Whoever awaits a method of [`Store`] may itself be dropped at any moment (a
//! client hangs up and axum drops the handler), so whoever may be runs them in a task of their own and awaits, or gives up
//! on, only the handle: the API with all its reads, this module with the tools' ([`detached`]). [`apply`] is awaited by
//! the worker's lanes, which are never dropped.

mod abandoned;
mod apply;
mod audit;
mod changes;
mod cluster_time;
mod contents;
mod document;
mod error;
mod explain;
mod failure;
mod follow;
mod foreign;
mod health;
mod indexes;
mod list;
mod listed;
mod read;
mod rebuild;
mod reset;
mod scan;
mod settings;
mod snapshot;
mod upgrade;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mongodb::bson::{Bson, Document};
use mongodb::options::{ClientOptions, ReadPreference, SelectionCriteria};
use mongodb::{Client, Collection, Database};

pub use apply::{Applied, Left, Sight};
pub use audit::{
    Audit, CampaignAudit, Damage, DonationDifference, PaymentAudit, Scope, StoredTotals, Unreadable,
};
pub use changes::{Change, ChangeKind, Moved};
pub use cluster_time::ClusterTime;
pub use contents::Contents;
pub use error::{Decision, StoreError};
pub use explain::{Explanation, FailedEvent, LoggedEvent, Part, Sort};
pub use failure::Failure;
pub use follow::Follower;
pub use health::Unhealthy;
pub use list::{Listing, Page, Position, SortBy, SortOrder, Start};
pub use listed::Listed;
pub use read::{At, CampaignTotals, READ_TIMEOUT};
pub use rebuild::Rebuild;
pub use reset::Reset;
pub use scan::{Scan, Scanned};
pub use settings::CurrencyAgreement;

use crate::domain::Currency;
use crate::runtime::backoff::Backoff;
use crate::runtime::config;

/// The database's name where `DATABASE_URL` has none.
const DEFAULT_DATABASE: &str = "totals-service";

/// How long the driver looks for a usable server before an operation fails, where the URL does not say.
const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection may take to establish, where the URL does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The service's database. Cheap to clone; all clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    database: Database,
    /// As the client was opened with, for diagnosing a deployment that the client cannot use.
    options: Arc<ClientOptions>,
    caution: Arc<apply::Caution>,
    structure: Arc<indexes::Structure>,
    /// What amounts are counted in, for whoever writes; see [`Store::counting_in`].
    currency: Option<Currency>,
    /// Set once the database was found to be in another currency.
    refused: Arc<AtomicBool>,
    /// The documents that were left out of a read and told to the log.
    left_out: Arc<foreign::LeftOut>,
}

impl Store {
    /// Opens the database without connecting yet: operations connect as they need to, and again after failures.
    ///
    /// # Errors
    /// To be rejected if the URL's options contradict each other; to be retried ([`Store::open_later`]) if its
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
            caution: Arc::default(),
            structure: Arc::default(),
            currency: None,
            refused: Arc::default(),
            left_out: Arc::default(),
        })
    }

    /// Opens the database when its name resolves, however long that takes; `error` is why it could not be opened yet.
    pub async fn open_later(config: &config::Database, app_name: &str, mut error: StoreError) -> Self {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));
        loop {
            tracing::error!(%error, database.url = %config.url, "DATABASE_URL cannot be used yet: check its host name");
            tokio::time::sleep(backoff.next_delay()).await;
            match Self::open(config, app_name).await {
                Ok(store) => return store,
                Err(next) => error = next,
            }
        }
    }

    /// Creates the collections (inside a transaction they could not be) and their indexes, where missing, and names in the
    /// log what a database that was prepared before had lost. Takes over what an earlier version has left, and drops what
    /// no version needs any more. Where nothing is missing it costs three short reads, so it may be called at any time.
    /// Writes down the currency of a store that is [`counting_in`](Store::counting_in) one.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be reached or refuses, or if its amounts are in another currency.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let store = self.clone();
        detached(async move {
            if let Some(currency) = store.currency {
                let agreed = settings::agree_on(&store.database, currency, &store.refused).await;
                if agreed.as_ref().is_err_and(|error| !error.is_other_currency()) {
                    indexes::list_collections(&store.database).await?;
                }
                agreed?;
            }
            store.structure.prepare(&store.database).await
        })
        .await?
    }

    /// About how many rows the log has, for showing progress.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn log_length(&self) -> Result<u64, StoreError> {
        let log = self.event_log::<Document>();
        Ok(detached(async move { log.estimated_document_count().await }).await??)
    }

    fn event_log<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection(document::EVENT_LOG)
    }

    fn donations<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection(document::DONATIONS)
    }

    fn campaign_totals<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection(document::CAMPAIGN_TOTALS)
    }
}

/// The member that decides: another one may be behind.
fn primary() -> SelectionCriteria {
    SelectionCriteria::ReadPreference(ReadPreference::Primary)
}

/// Runs database work to its end in a task of its own, whatever becomes of the caller.
async fn detached<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::spawn(work)
        .await
        .map_err(|error| StoreError::defect(format!("a database task died: {error}")))
}

/// The outcome of a command that reports failed statements, and writes that a majority may never have, within a
/// successful answer.
fn check_statements(answer: &Document) -> Result<(), StoreError> {
    check_concern(answer)?;
    failed_statements(answer)
        .next()
        .map_or(Ok(()), |(_, error)| Err(error))
}

/// Writes that were made, and that a majority may never have.
fn check_concern(answer: &Document) -> Result<(), StoreError> {
    match answer.get_document("writeConcernError") {
        Ok(concern) => Err(StoreError::unconfirmed(
            concern.get_i32("code").unwrap_or_default(),
        )),
        Err(_) => Ok(()),
    }
}

/// The statements of a command that were refused, each by its place in the command.
fn failed_statements(answer: &Document) -> impl Iterator<Item = (usize, StoreError)> {
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
