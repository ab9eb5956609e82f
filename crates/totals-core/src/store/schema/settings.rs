//! The settings that every process on a database must agree on: the currency, and the precision of amounts.
//!
//! Amounts are stored as counts of minor units, without a currency. Read in another currency, 5000 yen are 50 dollars,
//! and a log is full of payloads that do not match their fingerprints. Nor can the log be read by a worker that refuses
//! the amounts that another has rounded. So the first worker writes its settings down, once, and a process that is set
//! otherwise refuses.
//!
//! A database of an earlier version has no precision written down and counts as `reject`. An operator may go from there
//! to `half-even`, since every amount that `reject` has counted means the same there. Back, there is no safe way.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{ReadConcern, WriteConcern};
use mongodb::{Collection, Database};

use crate::domain::{AmountRules, Currency, Precision};
use crate::store::client::{Store, primary};
use crate::store::error::{DUPLICATE_KEY, StoreError, server_code};
use crate::store::schema::document::EVENT_LOG;
use crate::store::schema::document::settings::{CURRENCY, MEMBERS, PRECISION, SERVICE, SETTINGS};
use crate::store::schema::indexes::list_collections;
use crate::store::schema::ownership::refuse_another_service;

/// How the settings of a database and those of a process compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agreement {
    /// They are the same.
    Same,
    /// No worker has written any down yet.
    Unwritten,
    /// They differ; the sentence names both and the remedy.
    Other(String),
}

impl Store {
    /// Compares the database's settings with those of a process that reads events.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn agrees_on(&self, amounts: AmountRules) -> Result<Agreement, StoreError> {
        self.compared(move |stored| compare(stored, amounts)).await
    }

    /// Compares the database's currency with that of a process that reads totals alone: how an event's amount is read
    /// makes no difference to these.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer.
    pub async fn agrees_on_currency(&self, currency: Currency) -> Result<Agreement, StoreError> {
        self.compared(move |stored| compare_currency(stored, currency))
            .await
    }

    /// Writes the settings down if none are.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot answer, or if others are written down.
    pub(in crate::store) async fn agree_on(&self, amounts: AmountRules) -> Result<(), StoreError> {
        self.detached(move |driver| async move {
            agree_on(&driver.database, amounts, &AtomicBool::default()).await
        })
        .await
    }

    async fn compared(
        &self,
        compare: impl FnOnce(&Document) -> Agreement + Send + 'static,
    ) -> Result<Agreement, StoreError> {
        self.detached(|driver| async move {
            let Some(stored) = find(&driver.database).await? else {
                return Ok(Agreement::Unwritten);
            };
            if !MEMBERS.iter().any(|member| stored.contains_key(member)) {
                // Damaged, or of another service, whose settings nobody is told to change.
                let listed = list_collections(&driver.database).await?;
                refuse_another_service(&driver.database, &listed).await?;
            }
            Ok(compare(&stored))
        })
        .await
    }
}

/// Writes the settings down if none are. The first process decides: the document is inserted, and of what is in it
/// nothing is changed. If it is lost, a process that was `refused` before does not write it again while the log has
/// events: their settings were others.
pub(in crate::store) async fn agree_on(
    database: &Database,
    amounts: AmountRules,
    refused: &AtomicBool,
) -> Result<(), StoreError> {
    if find(database).await?.is_none() {
        if refused.load(Relaxed) && has_events(database).await? {
            let AmountRules { currency, precision } = amounts;
            return Err(StoreError::other_settings(format!(
                "the settings of this database are not written down any more, and they were not {currency} with \
                 {precision}: start a worker of the right CURRENCY and AMOUNT_PRECISION"
            )));
        }
        write_down(database, amounts).await?;
    }
    let Some(stored) = find(database).await? else {
        // Deleted this moment: the next call finds that out.
        return Ok(());
    };
    match compare(&stored, amounts) {
        Agreement::Other(problem) => {
            refused.store(true, Relaxed);
            return Err(StoreError::other_settings(problem));
        }
        Agreement::Same | Agreement::Unwritten => {}
    }
    if !stored.contains_key(PRECISION) {
        complete(database, amounts.precision).await?;
    }
    Ok(())
}

async fn write_down(database: &Database, amounts: AmountRules) -> Result<(), StoreError> {
    let (currency, precision) = (amounts.currency.code(), amounts.precision.name());
    let settings = settings(database);
    let insert = settings.insert_one(doc! { "_id": SERVICE, CURRENCY: currency, PRECISION: precision });
    match insert.write_concern(WriteConcern::majority()).await {
        Ok(_) => tracing::info!(
            currency,
            precision,
            "the currency and the precision of amounts are written down in the database: the currency cannot be changed \
             from here on"
        ),
        // Another process that starts just now was faster.
        Err(error) if server_code(&error) == Some(DUPLICATE_KEY) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// Writes the precision into settings of an earlier version.
async fn complete(database: &Database, precision: Precision) -> Result<(), StoreError> {
    let unwritten = doc! { "_id": SERVICE, PRECISION: { "$exists": false } };
    let set = doc! { "$set": { PRECISION: precision.name() } };
    let settings = settings(database);
    let update = settings.update_one(unwritten, set);
    update.write_concern(WriteConcern::majority()).await?;
    Ok(())
}

fn settings(database: &Database) -> Collection<Document> {
    database.collection(SETTINGS)
}

async fn has_events(database: &Database) -> Result<bool, StoreError> {
    let log = database.collection::<Document>(EVENT_LOG);
    let any = log.find_one(doc! {}).selection_criteria(primary()).await?;
    Ok(any.is_some())
}

async fn find(database: &Database) -> Result<Option<Document>, StoreError> {
    let settings = settings(database);
    let find = settings
        .find_one(doc! { "_id": SERVICE })
        .read_concern(ReadConcern::majority())
        .selection_criteria(primary());
    Ok(find.await?)
}

fn compare(stored: &Document, amounts: AmountRules) -> Agreement {
    match compare_currency(stored, amounts.currency) {
        Agreement::Same => compare_precision(stored, amounts.precision),
        other => other,
    }
}

fn compare_currency(stored: &Document, currency: Currency) -> Agreement {
    let set = currency.code();
    match stored.get_str(CURRENCY).ok() {
        Some(stored) if stored == set => Agreement::Same,
        Some(stored) if stored.parse::<Currency>().is_ok() => Agreement::Other(format!(
            "CURRENCY is {set}, but the amounts in this database are in {stored}: set CURRENCY={stored}, or use another \
             database"
        )),
        stored => Agreement::Other(format!(
            "the currency in the collection `settings` is {}: set it to that of the amounts in this database, with \
             {} if that is {set}",
            stored.map_or("no text".to_owned(), |stored| format!(
                "{stored:?}, which is no currency's code"
            )),
            command(CURRENCY, set)
        )),
    }
}

fn compare_precision(stored: &Document, set: Precision) -> Agreement {
    let written = match stored.get(PRECISION) {
        // An earlier version has counted here, which had no other.
        None => Ok(Precision::Reject),
        Some(Bson::String(name)) => name.parse().map_err(|_| format!("{name:?}")),
        Some(_) => Err("no text".to_owned()),
    };
    let allow = || command(PRECISION, Precision::HalfEven.name());
    match (written, set) {
        (Ok(written), set) if written == set => Agreement::Same,
        (Ok(_), Precision::HalfEven) => Agreement::Other(format!(
            "AMOUNT_PRECISION is half-even, but the amounts in this database are counted with reject: set \
             AMOUNT_PRECISION=reject; or allow that amounts are rounded from here on, for which there is no safe way back, \
             with {}",
            allow()
        )),
        (Ok(_), Precision::Reject) => Agreement::Other(
            "AMOUNT_PRECISION is reject, but the amounts in this database are counted with half-even: set \
             AMOUNT_PRECISION=half-even; there is no safe way back, because the events whose amounts were rounded would \
             count as damaged"
                .to_owned(),
        ),
        (Err(written), _) => Agreement::Other(format!(
            "the {PRECISION} in the collection `settings` is {written}, and must be \"reject\" or \"half-even\": if a \
             worker of AMOUNT_PRECISION=half-even may have counted anything here, set it with {}, and else likewise to \
             \"reject\"",
            allow()
        )),
    }
}

/// What an operator enters in mongosh.
fn command(member: &str, value: &str) -> String {
    format!("db.settings.updateOne({{_id: \"{SERVICE}\"}}, {{$set: {{{member}: \"{value}\"}}}})")
}
