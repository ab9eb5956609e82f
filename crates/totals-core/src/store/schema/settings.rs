//! The settings that every process on a database must agree on: so far the currency.
//!
//! Amounts are stored as counts of minor units, without a currency. Read in another currency, 5000 yen are 50 dollars,
//! and a log is full of payloads that do not match their fingerprints. So the first worker writes its currency down,
//! once, and a process that is set to another one refuses.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::options::{ReadConcern, WriteConcern};

use crate::domain::Currency;
use crate::store::client::{Store, primary};
use crate::store::error::{DUPLICATE_KEY, StoreError, server_code};
use crate::store::schema::document::EVENT_LOG;

/// One document of each kind of setting.
pub(in crate::store) const SETTINGS: &str = "settings";

/// The `_id` of the document that all processes of the service agree on.
const SERVICE: &str = "service";

/// How the currency of a database and that of a process compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CurrencyAgreement {
    /// They are the same.
    Same,
    /// No worker has written one down yet.
    Unwritten,
    /// They differ; the sentence names both and the remedy.
    Other(String),
}

impl Store {
    /// Compares the currency of the database with a process's own.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn agrees_on(&self, currency: Currency) -> Result<CurrencyAgreement, StoreError> {
        self.detached(|driver| async move { compare(&driver.database, currency).await })
            .await
    }
}

/// Writes the currency down if none is. The first process decides: the document is inserted, never changed. If it is
/// lost, a process that was `refused` before does not write it again while the log has events: their currency was
/// another.
pub(in crate::store) async fn agree_on(
    database: &Database,
    currency: Currency,
    refused: &AtomicBool,
) -> Result<(), StoreError> {
    if compare(database, currency).await? == CurrencyAgreement::Unwritten {
        if refused.load(Relaxed) && has_events(database).await? {
            return Err(StoreError::other_currency(format!(
                "the currency of this database is not written down any more, and it was not {currency}: start a worker of \
                 the right CURRENCY"
            )));
        }
        let settings = database.collection::<Document>(SETTINGS);
        let insert = settings.insert_one(doc! { "_id": SERVICE, "currency": currency.code() });
        match insert.write_concern(WriteConcern::majority()).await {
            Ok(_) => tracing::info!(
                currency = currency.code(),
                "the currency is written down in the database: it cannot be changed from here on"
            ),
            // Another process that starts just now was faster.
            Err(error) if server_code(&error) == Some(DUPLICATE_KEY) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match compare(database, currency).await? {
        CurrencyAgreement::Other(problem) => {
            refused.store(true, Relaxed);
            Err(StoreError::other_currency(problem))
        }
        CurrencyAgreement::Same | CurrencyAgreement::Unwritten => Ok(()),
    }
}

async fn has_events(database: &Database) -> Result<bool, StoreError> {
    let log = database.collection::<Document>(EVENT_LOG);
    let any = log.find_one(doc! {}).selection_criteria(primary()).await?;
    Ok(any.is_some())
}

async fn compare(database: &Database, currency: Currency) -> Result<CurrencyAgreement, StoreError> {
    let settings = database.collection::<Document>(SETTINGS);
    let find = settings
        .find_one(doc! { "_id": SERVICE })
        .read_concern(ReadConcern::majority())
        .selection_criteria(primary());
    let stored = find.await?;
    let Some(stored) = stored else {
        return Ok(CurrencyAgreement::Unwritten);
    };
    let set = currency.code();
    Ok(match stored.get_str("currency").ok() {
        Some(stored) if stored == set => CurrencyAgreement::Same,
        Some(stored) if stored.parse::<Currency>().is_ok() => CurrencyAgreement::Other(format!(
            "CURRENCY is {set}, but the amounts in this database are in {stored}: set CURRENCY={stored}, or use another \
             database"
        )),
        stored => CurrencyAgreement::Other(format!(
            "the currency in the collection `settings` is {}: set it to that of the amounts in this database, with \
             db.settings.updateOne({{_id: \"{SERVICE}\"}}, {{$set: {{currency: \"{set}\"}}}}) if that is {set}",
            stored.map_or("no text".to_owned(), |stored| format!(
                "{stored:?}, which is no currency's code"
            ))
        )),
    })
}
