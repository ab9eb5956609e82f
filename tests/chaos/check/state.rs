//! Donations, donors, totals, and what the API shows of them, against the oracle's fold.

use std::collections::{BTreeMap, HashMap};

use futures::TryStreamExt;
use harness::Database;
use mongodb::bson::doc;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Findings;
use super::log::Log;
use crate::history::CAMPAIGNS;
use crate::oracle::{Known, Outcome, Totals};
use crate::reader::{Reader, Shown};
use crate::spelling::{campaign_id, decimal, donation_id, donor_id};
use crate::sum::Sum;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredDonation {
    #[serde(rename = "_id")]
    id: String,
    campaign_id: Option<String>,
    donor_id: Option<String>,
    amount_minor: Option<i64>,
    refunded_minor: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredDonor {
    campaign_id: Option<String>,
    live_donor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredTotals {
    #[serde(rename = "_id")]
    id: String,
    total_amount_minor: i64,
    total_pledges: i64,
    total_donors: i64,
    revision: i64,
    #[serde(default)]
    facts: StoredFacts,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StoredFacts {
    title: Said<String>,
    goal: Said<i64>,
    status: Said<String>,
}

#[derive(Deserialize)]
struct Said<T> {
    value: Option<T>,
}

impl<T> Default for Said<T> {
    fn default() -> Self {
        Self { value: None }
    }
}

/// Each donation is stored as the oracle has it.
pub async fn check_donations(database: &Database, outcome: &Outcome, findings: &mut Findings) {
    let stored = all::<StoredDonation>(database, "donations").await.into_iter();
    let stored = stored.map(|row| {
        (
            row.id,
            (
                row.campaign_id,
                row.donor_id,
                row.amount_minor,
                row.refunded_minor,
            ),
        )
    });
    let expected = outcome.donations.iter().map(|(id, donation)| {
        let (campaign, donor, amount) = donation
            .created
            .map(|(campaign, donor, amount)| (campaign_id(campaign), donor.map(donor_id), amount))
            .map_or((None, None, None), |(campaign, donor, amount)| {
                (Some(campaign), donor, Some(amount))
            });
        (donation_id(*id), (campaign, donor, amount, donation.refunded))
    });
    compare_all(expected, stored, findings);
}

/// Each donor's live pledges are as many as the oracle has.
pub async fn check_donors(database: &Database, outcome: &Outcome, findings: &mut Findings) {
    let rows = all::<StoredDonor>(database, "donations").await;
    let mut stored = BTreeMap::new();
    for (campaign, donor) in rows
        .into_iter()
        .filter_map(|row| row.campaign_id.zip(row.live_donor))
    {
        *stored.entry(format!("{donor} of {campaign}")).or_insert(0) += 1;
    }
    let donors = outcome.donors.iter();
    let expected = donors.map(|((campaign, donor), live)| {
        (
            format!("{} of {}", donor_id(*donor), campaign_id(*campaign)),
            *live,
        )
    });
    compare_all(expected, stored.into_iter(), findings);
}

/// Each campaign's totals are the oracle's, and the sum of the effects in the log (if there is one to compare with), and
/// what the API shows. Returns the sum of the revisions.
pub async fn check_totals(
    database: &Database,
    outcome: &Outcome,
    log: Option<&Log>,
    reader: &Reader,
    findings: &mut Findings,
) -> i64 {
    findings.about("totals");
    let stored = all::<StoredTotals>(database, "campaign_totals").await;
    let totals = |row: &StoredTotals| (row.total_amount_minor, row.total_pledges, row.total_donors);
    let named = || {
        outcome
            .campaigns
            .iter()
            .map(|(campaign, totals)| (campaign_id(*campaign), *totals))
    };
    compare_all(
        named(),
        stored.iter().map(|row| (row.id.clone(), totals(row))),
        findings,
    );
    findings.about("facts");
    let known = stored.iter().map(|row| {
        let StoredFacts { title, goal, status } = &row.facts;
        (
            row.id.clone(),
            (title.value.clone(), goal.value, status.value.clone()),
        )
    });
    let none = Known::default();
    compare_all(
        outcome
            .known
            .iter()
            .map(|(campaign, known)| (campaign_id(*campaign), known.clone()))
            .filter(|(_, known)| *known != none),
        known.filter(|(_, known)| *known != none),
        findings,
    );
    findings.about("sum of the effects in the log");
    if let Some(log) = log {
        let effects = log.effects.iter();
        let effects = effects.map(|(campaign, effect)| (campaign.clone(), *effect));
        // A campaign of which nothing was ever left has totals, and no effects.
        compare_all(
            named().filter(|(_, totals)| *totals != Totals::default()),
            effects.filter(|(_, sum)| *sum != Totals::default()),
            findings,
        );
    }
    findings.about("totals");
    for row in &stored {
        let (amount, pledges, donors) = totals(row);
        if amount < 0 || pledges < 0 || donors < 0 || row.revision < 1 {
            findings.add(format!(
                "{}: negative: {:?}, revision {}",
                row.id,
                totals(row),
                row.revision
            ));
        }
    }
    findings.about("API");
    let by_id: HashMap<&str, &StoredTotals> = stored.iter().map(|row| (row.id.as_str(), row)).collect();
    for campaign in (0..CAMPAIGNS).map(campaign_id) {
        check_shown(&campaign, by_id.get(campaign.as_str()).copied(), reader, findings).await;
    }
    let sum = Sum {
        campaigns: stored.len() as u64,
        pledges: stored.iter().map(|row| i128::from(row.total_pledges)).sum(),
        amount_minor: stored.iter().map(|row| i128::from(row.total_amount_minor)).sum(),
    };
    let sum = (StatusCode::OK, Some(sum));
    findings.compare(
        "the sum of all",
        &format!("{sum:?}"),
        &format!("{:?}", reader.sum().await.unwrap()),
    );
    stored.iter().map(|row| row.revision).sum()
}

async fn check_shown(
    campaign: &str,
    stored: Option<&StoredTotals>,
    reader: &Reader,
    findings: &mut Findings,
) {
    let (expected, found) = match (stored, reader.read(campaign).await) {
        (None, Ok((StatusCode::NOT_FOUND, None))) => return,
        (Some(row), Ok((StatusCode::OK, Some(shown)))) => {
            let amount = decimal(row.total_amount_minor);
            let Shown {
                total_amount,
                total_pledges,
                total_donors,
                revision,
                title,
                goal,
            } = shown;
            let stored_goal = row.facts.goal.value.map(decimal);
            let goal = goal.map(|goal| goal.amount.to_string());
            (
                format!(
                    "{amount} {} {} {} {:?} {stored_goal:?}",
                    row.total_pledges, row.total_donors, row.revision, row.facts.title.value
                ),
                format!("{total_amount} {total_pledges} {total_donors} {revision} {title:?} {goal:?}"),
            )
        }
        (None, answer) => ("404".to_owned(), format!("{answer:?}")),
        (Some(_), answer) => ("200".to_owned(), format!("{answer:?}")),
    };
    findings.compare(format!("{campaign}, through the API"), &expected, &found);
}

fn compare_all<V: PartialEq + std::fmt::Debug>(
    expected: impl Iterator<Item = (String, V)>,
    found: impl Iterator<Item = (String, V)>,
    findings: &mut Findings,
) {
    let mut found: BTreeMap<String, V> = found.collect();
    for (id, expected) in expected {
        let found = found.remove(&id);
        if found.as_ref() != Some(&expected) {
            findings.add(format!("{id}: expected {expected:?}, found {found:?}"));
        }
    }
    for (id, found) in found {
        findings.add(format!("{id}: expected nothing, found {found:?}"));
    }
}

async fn all<T: DeserializeOwned + Send + Sync>(database: &Database, collection: &str) -> Vec<T> {
    let rows = database
        .collection(collection)
        .clone_with_type::<T>()
        .find(doc! {})
        .await;
    rows.unwrap().try_collect().await.unwrap()
}
