//! The handle of the database, and the rule that each of the driver's futures is driven to its end.
//!
//! A read that is dropped midway leaves its connection unusable, and enough of them leave the process without any. But
//! the caller of a method of [`Store`] may be dropped at any moment: axum drops a handler when its client hangs up. So
//! a `Store` cannot reach the driver itself. It lends the [`Driver`] to work that runs in a task of its own
//! ([`Store::detached`]), and its caller waits for that task, or gives up waiting.

pub(in crate::store) mod app_name;
mod health;

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use mongodb::bson::{Bson, Document};
use mongodb::options::{ClientOptions, ReadPreference, SelectionCriteria};
use mongodb::{Client, Collection, Database};
use tokio::task::JoinHandle;

pub use health::Unhealthy;

use crate::domain::AmountRules;
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
///
/// Every method runs its database work to the end in a task of its own: a caller may stop waiting at any time.
#[derive(Debug, Clone)]
pub struct Store {
    driver: Arc<Driver>,
    /// What each task holds until it ends; see [`Store::holding`].
    held: Option<Arc<dyn Any + Send + Sync>>,
    /// How a process that writes reads amounts; see [`Store::counting_by`].
    pub(in crate::store) amounts: Option<AmountRules>,
    /// See [`Store::booking_in`].
    pub(in crate::store) lane: Arc<str>,
    /// The documents that were left out of a read and told to the log.
    pub(in crate::store) left_out: Arc<LeftOut>,
}

/// The MongoDB driver's handles, and what all users of one [`Store`] share.
#[derive(Debug)]
pub(in crate::store) struct Driver {
    pub client: Client,
    pub database: Database,
    /// As the client was opened with, for diagnosing a deployment that the client cannot use.
    pub options: ClientOptions,
    pub insert_modes: InsertModes,
    pub structure: Structure,
    /// Set once the database was found to have other settings.
    pub refused: AtomicBool,
    /// Set once the log has said that the history is not complete.
    pub told_incomplete: AtomicBool,
}

impl Store {
    /// Opens the database without connecting yet: operations connect as they need to, and again after failures.
    ///
    /// # Errors
    /// [`Decision::Reject`] if the URL's options contradict each other; `Retry` ([`Store::open_or_wait`]) if its
    /// `mongodb+srv://` name does not resolve.
    pub async fn open(config: &config::DatabaseConfig, app_name: &str) -> Result<Self, StoreError> {
        let options = Self::options(config, app_name).await?;
        Self::with_options(options)
    }

    /// The same for a tool whose transactions are about so many documents that workers have to wait for them.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_for_long_transactions(
        config: &config::DatabaseConfig,
        app_name: &str,
    ) -> Result<Self, StoreError> {
        let mut options = Self::options(config, app_name).await?;
        let [_, long] = app_name::both(options.app_name.as_deref().unwrap_or(app_name));
        options.app_name = Some(long);
        Self::with_options(options)
    }

    async fn options(config: &config::DatabaseConfig, app_name: &str) -> Result<ClientOptions, StoreError> {
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
        Ok(options)
    }

    fn with_options(options: ClientOptions) -> Result<Self, StoreError> {
        let name = options
            .default_database
            .clone()
            .unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
        let client = Client::with_options(options.clone()).map_err(StoreError::opening)?;
        let driver = Driver {
            database: client.database(&name),
            client,
            options,
            insert_modes: InsertModes::default(),
            structure: Structure::default(),
            refused: AtomicBool::default(),
            told_incomplete: AtomicBool::default(),
        };
        Ok(Self {
            driver: Arc::new(driver),
            held: None,
            amounts: None,
            lane: Arc::from(""),
            left_out: Arc::default(),
        })
    }

    /// Opens the database as soon as its name resolves, however long that takes. The future that is returned is ready at
    /// once unless the URL is a `mongodb+srv://` name that does not resolve yet.
    ///
    /// # Errors
    /// If the URL's options contradict each other: that does not pass by waiting.
    pub async fn open_or_wait(
        config: &config::DatabaseConfig,
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

    /// The same store, for a process that counts by these rules: [`Store::prepare`] writes them down where none are
    /// written down yet, and fails where others are.
    #[must_use]
    pub fn counting_by(self, amounts: AmountRules) -> Self {
        Self {
            amounts: Some(amounts),
            ..self
        }
    }

    /// The same store, which books what it applies in the platform's history in documents of this lane. Two that apply at the
    /// same time in the same lane wait for each other.
    #[must_use]
    pub fn booking_in(self, lane: impl Into<Arc<str>>) -> Self {
        let lane = lane.into();
        Self { lane, ..self }
    }

    /// The same store; whatever it begins holds `guard` until it has ended, however long that is after the caller has
    /// given up waiting.
    #[must_use]
    pub fn holding(self, guard: impl Send + Sync + 'static) -> Self {
        Self {
            held: Some(Arc::new((guard, self.held))),
            ..self
        }
    }

    /// Runs work with the driver to its end in a task of its own, and waits for it.
    pub(in crate::store) async fn detached<T, R>(
        &self,
        work: impl FnOnce(Arc<Driver>) -> R,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        R: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.spawn(work)
            .await
            .map_err(|error| StoreError::defect(format!("a database task died: {error}")))?
    }

    /// Begins work with the driver in a task of its own.
    pub(in crate::store) fn spawn<R>(&self, work: impl FnOnce(Arc<Driver>) -> R) -> JoinHandle<R::Output>
    where
        R: Future<Output: Send> + Send + 'static,
    {
        let (work, held) = (work(self.driver.clone()), self.held.clone());
        tokio::spawn(async move {
            let _until_it_ends = held;
            work.await
        })
    }
}

impl Driver {
    pub fn event_log<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection(EVENT_LOG)
    }

    pub fn donations<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection(DONATIONS)
    }

    pub fn campaign_totals<T: Send + Sync>(&self) -> Collection<T> {
        self.database.collection(CAMPAIGN_TOTALS)
    }
}

/// Reads from the primary: another member may be behind.
pub(in crate::store) fn primary() -> SelectionCriteria {
    SelectionCriteria::ReadPreference(ReadPreference::Primary)
}

/// Checks a command that reports failed statements, and writes that a majority may never have, within a successful
/// answer.
pub(in crate::store) fn check_statements(answer: &Document) -> Result<(), StoreError> {
    check_concern(answer)?;
    failed_statements(answer)
        .next()
        .map_or(Ok(()), |(_, error)| Err(error))
}

/// Fails if the writes were made and a majority may never have them.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::poll;
    use tokio::sync::oneshot;

    use super::*;
    use crate::runtime::config::Source;

    #[tokio::test]
    async fn an_operation_goes_on_when_its_caller_leaves() {
        let nowhere = (
            "DATABASE_URL".to_owned(),
            "mongodb://127.0.0.1:9/nowhere".to_owned(),
        );
        let source = Source::from_layers([].into(), [nowhere].into()).unwrap();
        let store = Store::open(&source.database().unwrap(), "tests").await.unwrap();
        let (go_on, told) = oneshot::channel::<()>();
        let (ended, end) = oneshot::channel();
        let operation = store.detached(|_| async move {
            told.await.unwrap();
            ended.send(()).unwrap();
            Ok(())
        });
        {
            let mut operation = Box::pin(operation);
            assert!(poll!(&mut operation).is_pending());
        }
        go_on.send(()).expect("the operation was dropped with its caller");
        let end = tokio::time::timeout(Duration::from_secs(10), end).await;
        end.expect("the operation does not go on").unwrap();
    }
}
