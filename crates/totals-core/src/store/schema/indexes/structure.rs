//! Finds which collections and indexes a database has, and puts back what it lacks.
//!
//! An administrator may drop any of them under a running worker. The log names what is put back, because its content is
//! lost: a collection that was dropped begins anew, and only an audit tells what that means for the totals.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt;
use mongodb::bson::{Binary, Document, doc};
use mongodb::options::IndexOptions;
use mongodb::results::{CollectionSpecification, CollectionType};
use mongodb::{Database, IndexModel};
use parking_lot::RwLock;
use tokio::sync::{Mutex, MutexGuard};

use super::{DONATIONS_BY_CAMPAIGN, Index, name, wanted};
use crate::store::error::{StoreError, server_code};
use crate::store::schema::document::settings::SETTINGS;
use crate::store::schema::document::{
    CAMPAIGN_HISTORY, CAMPAIGN_TOTALS, DEAD_LETTER_QUEUES, DONATIONS, EVENT_LOG, PLATFORM_HISTORY,
};
use crate::store::schema::upgrade;

const COLLECTIONS: [&str; 5] = [
    EVENT_LOG,
    DONATIONS,
    CAMPAIGN_TOTALS,
    CAMPAIGN_HISTORY,
    PLATFORM_HISTORY,
];

/// Those of the history.
const HISTORY: [&str; 2] = [CAMPAIGN_HISTORY, PLATFORM_HISTORY];

/// Collections that MongoDB makes when something is first written to them.
const ON_DEMAND: [&str; 2] = [SETTINGS, DEAD_LETTER_QUEUES];

/// Server code `NamespaceExists`.
const COLLECTION_EXISTS: i32 = 48;

/// Server codes `IndexOptionsConflict` and `IndexKeySpecsConflict`: another index stands in the way.
const INDEX_IN_THE_WAY: [i32; 2] = [85, 86];

/// Server code `NamespaceNotFound`.
const COLLECTION_MISSING: i32 = 26;

/// MongoDB's own id of each collection: one that was dropped and made again has another.
pub(in crate::store) type CollectionIds = HashMap<&'static str, Binary>;

/// What is known of a database's collections and indexes.
#[derive(Debug)]
pub(in crate::store) struct Structure {
    /// Locked while one task prepares: several tasks that miss the same index make it once.
    prepared: Mutex<Prepared>,
    /// The index that serves as [`DONATIONS_BY_CAMPAIGN`], if there is one.
    donors: RwLock<Option<String>>,
}

#[derive(Debug, Default)]
struct Prepared {
    ids: CollectionIds,
    /// Indexes of other names that the log has named.
    told: HashSet<String>,
}

impl Default for Structure {
    fn default() -> Self {
        Self {
            prepared: Mutex::default(),
            donors: RwLock::new(Some(DONATIONS_BY_CAMPAIGN.to_owned())),
        }
    }
}

impl Structure {
    /// The index to look donors up in; `None` if MongoDB has to choose one itself.
    pub fn donors_index(&self) -> Option<String> {
        self.donors.read().clone()
    }

    /// Lists the collections, while no other task prepares: what one task has listed, no other has made meanwhile.
    pub async fn begin(&self, database: &Database) -> Result<Preparing<'_>, StoreError> {
        let prepared = self.prepared.lock().await;
        Ok(Preparing {
            structure: self,
            prepared,
            listed: list_collections(database).await?,
        })
    }
}

/// A database that one task prepares.
pub(in crate::store) struct Preparing<'a> {
    structure: &'a Structure,
    prepared: MutexGuard<'a, Prepared>,
    /// The ids of the collections that are there.
    pub listed: CollectionIds,
}

impl Preparing<'_> {
    /// Returns true if others of our collections are there, and one of the history's is not.
    pub fn lacks_history(&self) -> bool {
        !self.listed.is_empty() && HISTORY.iter().any(|name| !self.listed.contains_key(name))
    }

    /// Creates what is not there, and takes over what an earlier version has left. Returns true if a collection of the history
    /// was dropped since this process has prepared the database.
    pub async fn complete(self, database: &Database) -> Result<bool, StoreError> {
        let mut prepared = self.prepared;
        let prepared_before = !self.listed.is_empty() || !prepared.ids.is_empty();
        let ids = collections(database, self.listed).await?;
        for index in wanted() {
            let serving = serve(database, &index, prepared_before, &mut prepared.told).await?;
            if index.name == DONATIONS_BY_CAMPAIGN {
                *self.structure.donors.write() = serving;
            }
        }
        let mut history_dropped = false;
        if prepared.ids != ids {
            for name in COLLECTIONS {
                let before = prepared.ids.get(name);
                if before.is_some() && before != ids.get(name) {
                    history_dropped |= HISTORY.contains(&name);
                    tracing::warn!(
                        collection.name = name,
                        "a collection was dropped and begins anew: totals may differ from the log; run `totals-worker verify`"
                    );
                }
            }
            upgrade::take_over(database).await?;
            prepared.ids = ids;
        }
        Ok(history_dropped)
    }
}

/// Creates the collections that are missing among these. Returns the ids of all.
async fn collections(database: &Database, listed: CollectionIds) -> Result<CollectionIds, StoreError> {
    let missing: Vec<_> = COLLECTIONS
        .into_iter()
        .filter(|name| !listed.contains_key(name))
        .collect();
    for name in &missing {
        if !listed.is_empty() {
            tracing::warn!(collection.name = name, "a collection is missing and is made anew");
        }
        match database.create_collection(*name).await {
            Err(error) if server_code(&error) != Some(COLLECTION_EXISTS) => return Err(error.into()),
            _ => {}
        }
    }
    if missing.is_empty() {
        Ok(listed)
    } else {
        list_collections(database).await
    }
}

/// The ids of the collections that are there. Fails if the service cannot work with one of them.
pub(in crate::store) async fn list_collections(database: &Database) -> Result<CollectionIds, StoreError> {
    let names = [&COLLECTIONS[..], &ON_DEMAND].concat();
    let filter = doc! { "name": { "$in": names } };
    let mut found = database.list_collections().filter(filter).await?;
    let mut ids = CollectionIds::new();
    while let Some(collection) = found.try_next().await? {
        check(&collection)?;
        let name = COLLECTIONS.into_iter().find(|name| *name == collection.name);
        if let (Some(name), Some(id)) = (name, collection.info.uuid) {
            ids.insert(name, id);
        }
    }
    Ok(ids)
}

/// Refuses a collection that has one of our names and that the service cannot work with.
fn check(collection: &CollectionSpecification) -> Result<(), StoreError> {
    let name = &collection.name;
    match collection.collection_type {
        CollectionType::Collection => {}
        CollectionType::View => return Err(StoreError::not_a_collection(name, "view")),
        _ => return Err(StoreError::not_a_collection(name, "time series")),
    }
    if collection.options.capped == Some(true) {
        return Err(StoreError::unusable_collection(
            name,
            "is capped, so that MongoDB removes its oldest documents and refuses changes",
        ));
    }
    let collation = collection.options.collation.as_ref();
    if collation.is_some_and(|collation| collation.locale != "simple") {
        return Err(StoreError::unusable_collection(
            name,
            "has a collation, so that ids that differ may count as one",
        ));
    }
    Ok(())
}

/// The index that serves as this one, made if there is none; `None` if another index stands in its way.
async fn serve(
    database: &Database,
    wanted: &Index,
    prepared_before: bool,
    told: &mut HashSet<String>,
) -> Result<Option<String>, StoreError> {
    let there = list(database, wanted.collection).await?;
    let (collection, index) = (wanted.collection, wanted.name);
    if let Some(serving) = wanted.served_by(&there) {
        if serving != index && told.insert(format!("{collection}.{serving}")) {
            tracing::info!(
                collection.name = collection,
                index.name = index,
                serving,
                "an index of another name has the same keys, and serves instead"
            );
        }
        return Ok(Some(serving.to_owned()));
    }
    if let Some(hidden) = hidden(wanted, &there) {
        tracing::warn!(
            collection.name = collection,
            index.name = hidden,
            "an index is hidden and is shown again"
        );
        let show = doc! { "collMod": collection, "index": { "name": hidden, "hidden": false } };
        database.run_command(show).await?;
        return Ok(Some(hidden.to_owned()));
    }
    let mut name_of_it = index.to_owned();
    if there.iter().any(|other| name(other) == index) {
        name_of_it.push_str("_of_totals_service");
        tracing::warn!(
            collection.name = collection,
            index.name = index,
            made.name = name_of_it,
            "an index of this name has other keys or options and is left alone; drop it if nothing else needs it"
        );
    }
    if prepared_before {
        tracing::warn!(
            collection.name = collection,
            index.name = name_of_it,
            "an index is missing and is made anew; on a large collection this takes minutes"
        );
    }
    make(database, wanted, &name_of_it).await
}

async fn make(database: &Database, wanted: &Index, index: &str) -> Result<Option<String>, StoreError> {
    let options = IndexOptions::builder()
        .name(index.to_owned())
        .partial_filter_expression(wanted.filter.clone())
        .build();
    let model = IndexModel::builder()
        .keys(wanted.keys.clone())
        .options(options)
        .build();
    match database
        .collection::<Document>(wanted.collection)
        .create_index(model)
        .await
    {
        Ok(_) => Ok(Some(index.to_owned())),
        Err(error) if server_code(&error).is_some_and(|code| INDEX_IN_THE_WAY.contains(&code)) => {
            tracing::error!(
                collection.name = wanted.collection, index.name = index, keys = %wanted.keys,
                "another index of the same keys has other options and is in the way: drop it, and this one is made \
                 within a minute"
            );
            Ok(None)
        }
        Err(error) => Err(StoreError::from(error).within(wanted.collection)),
    }
}

fn hidden<'a>(wanted: &Index, there: &'a [IndexModel]) -> Option<&'a str> {
    let shown = |index: &IndexModel| {
        let mut index = index.clone();
        if let Some(options) = &mut index.options {
            options.hidden = None;
        }
        index
    };
    there
        .iter()
        .find(|index| wanted.is_served_by(&shown(index)))
        .map(name)
}

/// The indexes of a collection; none if it is missing.
pub(super) async fn list(
    database: &Database,
    collection: &str,
) -> Result<Vec<IndexModel>, mongodb::error::Error> {
    match database.collection::<Document>(collection).list_indexes().await {
        Ok(indexes) => indexes.try_collect().await,
        Err(error) if server_code(&error) == Some(COLLECTION_MISSING) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
