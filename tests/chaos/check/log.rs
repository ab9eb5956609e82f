//! The event log: every event once, and nothing else.

use std::collections::{HashMap, HashSet};

use futures::TryStreamExt;
use harness::Database;
use mongodb::bson::{Bson, doc};
use serde::Deserialize;

use super::Findings;
use crate::oracle::{Oracle, Totals};
use crate::spelling::donation_id;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// An event's id, or a document where a failure stands beside it.
    #[serde(rename = "_id")]
    id: Bson,
    status: String,
    #[serde(rename = "type")]
    event_type: Option<String>,
    payload: Option<String>,
    donation_id: Option<String>,
    campaign_id: Option<String>,
    effect: Option<Effect>,
    event_id: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Effect {
    amount_minor: i64,
    pledges: i64,
    donors: i64,
}

/// What the generator left in each payload.
#[derive(Deserialize)]
struct Payload {
    reference: usize,
}

/// The log, as far as the other checks need it.
pub struct Log {
    /// By the fact's number.
    pub processed: Vec<bool>,
    /// Ids of processed events.
    pub ids: HashSet<String>,
    /// Event ids and reason codes of failures.
    pub failed: HashSet<(String, String)>,
    /// The sum of the effects on each campaign.
    pub effects: HashMap<String, Totals>,
}

/// Reads the log and checks each row by itself.
pub async fn read(database: &Database, oracle: &Oracle, findings: &mut Findings) -> Log {
    let mut log = Log {
        processed: vec![false; oracle.facts.len()],
        ids: HashSet::new(),
        failed: HashSet::new(),
        effects: HashMap::new(),
    };
    let rows = database.collection("event_log").clone_with_type::<Row>();
    let mut rows = rows.find(doc! {}).await.unwrap();
    while let Some(row) = rows.try_next().await.unwrap() {
        match row.status.as_str() {
            "PROCESSED" => log.take_processed(row, oracle, findings),
            "FAILED" => match (row.event_id, row.code, row.error) {
                (Some(id), Some(code), Some(error)) if !error.is_empty() => {
                    log.failed.insert((id, code));
                }
                incomplete => findings.add(format!("log row {} lacks its reason: {incomplete:?}", row.id)),
            },
            other => findings.add(format!("log row {} has status {other}", row.id)),
        }
    }
    log
}

impl Log {
    fn take_processed(&mut self, row: Row, oracle: &Oracle, findings: &mut Findings) {
        let payload: Option<Payload> = row.payload.and_then(|text| serde_json::from_str(&text).ok());
        let number = payload
            .map(|payload| payload.reference)
            .filter(|number| *number < oracle.facts.len());
        let Some(number) = number else {
            findings.add(format!("log row {} is of no event that was published", row.id));
            return;
        };
        let Bson::String(id) = row.id else {
            findings.add(format!("log row {} has no event's id", row.id));
            return;
        };
        let fact = oracle.facts[number];
        let derived = format!("{}_", fact.what.name());
        let is_its_id = oracle
            .id_of(number)
            .map_or(id.starts_with(&derived), |expected| expected == id);
        if !is_its_id || row.event_type.as_deref() != Some(fact.what.name()) {
            findings.add(format!("log row {id} should be that of {fact:?}"));
        }
        let donation = fact.what.told_of().is_none().then(|| donation_id(fact.donation));
        if row.donation_id != donation {
            findings.add(format!(
                "log row {id} names {:?}, not the donation of {fact:?}",
                row.donation_id
            ));
        }
        if std::mem::replace(&mut self.processed[number], true) {
            findings.add(format!("processed twice, the second time as {id}: {fact:?}"));
        }
        if let Some(effect) = row.effect {
            let sum = self
                .effects
                .entry(row.campaign_id.unwrap_or_default())
                .or_default();
            sum.0 += effect.amount_minor;
            sum.1 += effect.pledges;
            sum.2 += effect.donors;
        }
        self.ids.insert(id);
    }

    /// None is missing: each event is processed, and of two rivals one.
    pub fn check_against(&self, oracle: &Oracle, findings: &mut Findings) {
        for (number, fact) in oracle.facts.iter().enumerate() {
            let processed = self.processed[number];
            let rival = oracle
                .rivals
                .get(&number)
                .map(|(rival, _)| self.processed[*rival]);
            match (processed, rival) {
                (true, None | Some(false)) | (false, Some(true)) => {}
                (false, _) => findings.add(format!("lost: {:?} {fact:?}", oracle.id_of(number))),
                (true, Some(true)) => findings.add(format!("both of two rivals were processed: {fact:?}")),
            }
        }
    }
}
