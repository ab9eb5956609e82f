//! The database as the API uses it. The API starts without it, and no state of the database makes the process exit.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SetOnce};
use tokio::time::timeout;
#[cfg(test)]
use totals_core::runtime::config::Source;
use totals_core::store::{
    At, CampaignHistory, CampaignTotals, LatestDonations, Listing, READ_TIMEOUT, RaisedOverTime, Store,
    StoreError, Sum,
};

use crate::config::ApiConfig;
use crate::currency::CurrencyCheck;
use crate::error::ApiError;
use crate::metrics::{Metrics, ReadOutcome};
use crate::single_flight::SingleFlight;

/// How long a read may wait for other reads to end before it is refused: at thousands of reads a second, a longer queue
/// would only grow.
pub const READ_QUEUE_TIMEOUT: Duration = Duration::from_millis(500);

/// What a read of the database brings.
pub trait ReadResult {
    /// Returns true if it found what was asked for.
    fn is_found(&self) -> bool {
        true
    }
}

impl ReadResult for At<Option<CampaignTotals>> {
    fn is_found(&self) -> bool {
        self.found.is_some()
    }
}

/// A sum is found, however few campaigns it is of.
impl ReadResult for At<Sum> {}

/// Several campaigns are found, however many of them have totals.
impl ReadResult for At<Vec<Result<Option<CampaignTotals>, StoreError>>> {}

impl ReadResult for At<Option<CampaignHistory>> {
    fn is_found(&self) -> bool {
        self.found.is_some()
    }
}

/// The history of all campaigns is found, even if it is not complete.
impl ReadResult for At<Option<RaisedOverTime>> {}

/// A page is found, however many campaigns are on it.
impl ReadResult for At<Listing> {}

/// A page is found, however many donations are on it.
impl ReadResult for At<LatestDonations> {}

/// The store, once it is open. Opening connects to nothing, so only a `mongodb+srv://` name in `DATABASE_URL` that does not
/// resolve yet can delay it.
#[derive(Clone)]
pub struct Database {
    store: Arc<SetOnce<Store>>,
    /// Permits of reads: as many may be under way at once.
    reads: Arc<Semaphore>,
    checks: SingleFlight<(), Result<(), String>>,
    /// Where reads are counted.
    pub metrics: Arc<Metrics>,
    /// Tells whether the amounts are in this process's currency.
    pub currency: CurrencyCheck,
}

impl Database {
    /// Opens the store, in the background if its name does not resolve yet, and logs once if the database cannot serve, with
    /// what to do about it.
    ///
    /// # Errors
    /// If the options of `DATABASE_URL` contradict each other, which waiting does not mend.
    pub async fn open(config: &ApiConfig, metrics: Arc<Metrics>) -> Result<Self, StoreError> {
        let database = Self {
            store: Arc::default(),
            reads: Arc::new(Semaphore::new(config.bounds.database_reads)),
            checks: SingleFlight::default(),
            metrics,
            currency: CurrencyCheck::new(config.currency),
        };
        let opening = Store::open_or_wait(&config.database, "totals-api").await?;
        let (slot, config) = (database.clone(), config.database.clone());
        tokio::spawn(async move {
            // Cannot fail: this task alone sets it.
            let _ = slot.store.set(opening.await);
            let store = slot.store.wait().await;
            tokio::spawn(slot.currency.clone().check_forever(store.clone()));
            match store.check().await {
                Ok(()) => tracing::info!(database.url = %config.url, "the database answers"),
                Err(problem) => tracing::error!(
                    database.url = %config.url,
                    "the database needs attention: {problem}"
                ),
            }
        });
        Ok(database)
    }

    /// The store.
    ///
    /// # Errors
    /// [`ApiError::NotOpen`] if it is not open yet.
    pub fn store(&self) -> Result<&Store, ApiError> {
        self.store.get().ok_or(ApiError::NotOpen)
    }

    /// The store, as soon as it is open.
    pub async fn wait_until_open(&self) -> &Store {
        self.store.wait().await
    }

    /// Runs a read when a permit is free. The read holds its permit until it has ended in the database, which may be long
    /// after the caller has given up.
    ///
    /// # Errors
    /// [`ApiError::Overloaded`] if no permit is free soon, [`ApiError::ReadTimedOut`] if the read takes too long, else the
    /// failure of the read.
    pub async fn read<T: ReadResult, R>(&self, work: impl FnOnce(Store) -> R) -> Result<T, ApiError>
    where
        R: Future<Output = Result<T, StoreError>>,
    {
        let read = self.read_uncounted(work).await;
        self.metrics.read(match &read {
            Ok(read) if read.is_found() => ReadOutcome::Found,
            Ok(_) => ReadOutcome::Absent,
            Err(error) => error.into(),
        });
        read
    }

    async fn read_uncounted<T, R>(&self, work: impl FnOnce(Store) -> R) -> Result<T, ApiError>
    where
        R: Future<Output = Result<T, StoreError>>,
    {
        let store = self.store()?.clone();
        let permit = timeout(READ_QUEUE_TIMEOUT, self.reads.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(ApiError::Overloaded);
        };
        let store = store.holding(permit);
        let read = async {
            let read = work(store.clone()).await?;
            self.currency.confirm(&store).await?;
            Ok(read)
        };
        timeout(READ_TIMEOUT, read)
            .await
            .unwrap_or(Err(ApiError::ReadTimedOut(READ_TIMEOUT)))
    }

    /// Checks that reads can be answered. All who ask at once share one question to the database.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn check(&self) -> Result<(), String> {
        let database = self.clone();
        self.checks.join((), || database.check_now()).await
    }

    async fn check_now(self) -> Result<(), String> {
        match self.store.get() {
            Some(store) => {
                store.check().await.map_err(|problem| problem.to_string())?;
                self.currency.problem().map_or(Ok(()), Err)
            }
            None => Err("DATABASE_URL cannot be used yet; the log says why".to_owned()),
        }
    }
}

/// A configuration with a database that nobody answers for.
#[cfg(test)]
pub fn unanswered() -> ApiConfig {
    let url = "mongodb://127.0.0.1:9/totals?serverSelectionTimeoutMS=50";
    let environment = [("DATABASE_URL".to_owned(), url.to_owned())];
    let source = Source::from_layers([].into(), environment.into());
    ApiConfig::read(&source.unwrap()).unwrap()
}
