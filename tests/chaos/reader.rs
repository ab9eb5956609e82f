//! A client that reads from the API throughout: an answer may be late, and is never wrong.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rand::RngExt;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep};

use crate::history::CAMPAIGNS;
use crate::spelling::campaign_id;
use crate::sum::Sum;

/// The time between two reads.
const PAUSE: Duration = Duration::from_millis(50);

/// For this long after a fault a 503 is allowed.
const FORGIVEN: Duration = Duration::from_secs(5);

/// The API gives up on the database after 3 seconds.
const PATIENCE: Duration = Duration::from_secs(6);

#[derive(Deserialize)]
struct Body {
    data: Shown,
}

/// What the API shows of a campaign.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// As text, to the digit.
    pub total_amount: Box<RawValue>,
    pub total_pledges: i64,
    pub total_donors: i64,
    pub revision: i64,
    pub title: Option<String>,
    pub goal: Option<Goal>,
}

/// What a campaign wants to raise.
#[derive(Debug, Clone, Deserialize)]
pub struct Goal {
    /// As text, to the digit.
    pub amount: Box<RawValue>,
}

#[derive(Deserialize)]
struct SumBody {
    data: ShownSum,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShownSum {
    total_amount_minor: i128,
    total_pledges: i128,
    campaigns: u64,
}

/// Reads from an API.
pub struct Reader {
    client: reqwest::Client,
    url: String,
    /// Since when there has been no fault; `None` while there is one.
    calm_since: Mutex<Option<Instant>>,
    /// True while the stored totals are wrong on purpose: what is shown then is not compared.
    pub truth_is_away: AtomicBool,
    /// Reads that were answered with totals.
    pub answered: AtomicU64,
    /// Reads that were answered with 503.
    pub unavailable: AtomicU64,
    /// What should not have been shown.
    pub wrong: Mutex<Vec<String>>,
}

impl Reader {
    /// A reader of the API at this address.
    pub fn new(url: &str) -> Self {
        Self {
            client: reqwest::Client::builder().timeout(PATIENCE).build().unwrap(),
            url: url.to_owned(),
            calm_since: Mutex::new(Some(Instant::now())),
            truth_is_away: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            unavailable: AtomicU64::new(0),
            wrong: Mutex::default(),
        }
    }

    /// A fault begins.
    pub fn fault_begins(&self) {
        *self.calm_since.lock().unwrap() = None;
    }

    /// The fault is over.
    pub fn fault_ended(&self) {
        *self.calm_since.lock().unwrap() = Some(Instant::now());
    }

    /// Returns true if at this moment no fault explains a 503.
    pub fn is_calm(&self, moment: Instant) -> bool {
        let since = *self.calm_since.lock().unwrap();
        since.is_some_and(|since| moment - since > FORGIVEN)
    }

    /// Reads the hot campaign and others in turn, for ever.
    pub async fn run(&self) {
        let mut last: HashMap<u16, Shown> = HashMap::new();
        loop {
            let campaign = if rand::random_bool(0.5) {
                0
            } else {
                rand::rng().random_range(1..CAMPAIGNS.min(5))
            };
            if self.truth_is_away.load(Ordering::Relaxed) {
                last.clear();
            }
            let calm = self.is_calm(Instant::now());
            match (self.read(&campaign_id(campaign)).await, last.get(&campaign)) {
                (Ok((StatusCode::OK, Some(shown))), before) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    if let Some(problem) = before.and_then(|before| contradiction(before, &shown)) {
                        self.complain(format!("{}: {problem}", campaign_id(campaign)));
                    }
                    last.insert(campaign, shown);
                }
                (Ok((StatusCode::NOT_FOUND, _)), None) => {}
                (Ok((StatusCode::SERVICE_UNAVAILABLE, _)), _) if !calm => {
                    self.unavailable.fetch_add(1, Ordering::Relaxed);
                }
                (Ok((status, _)), before) => {
                    let campaign = campaign_id(campaign);
                    self.complain(format!(
                        "{campaign}: the API answered {status}, after {before:?}, calm: {calm}"
                    ));
                }
                (Err(error), _) => self.complain(format!("the API did not answer: {error}")),
            }
            sleep(PAUSE).await;
        }
    }

    /// The status, and the totals if it is 200.
    pub async fn read(&self, campaign: &str) -> reqwest::Result<(StatusCode, Option<Shown>)> {
        let request = self
            .client
            .get(format!("{}/api/totals/campaigns/{campaign}", self.url));
        let answer = request.send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        let shown = serde_json::from_str(&body).ok().map(|Body { data }| data);
        Ok((status, shown))
    }

    /// The status, and the sum of all campaigns if it is 200.
    pub async fn sum(&self) -> reqwest::Result<(StatusCode, Option<Sum>)> {
        let answer = self.client.get(format!("{}/api/totals", self.url)).send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        let shown = serde_json::from_str(&body).ok();
        let sum = shown.map(|SumBody { data }| Sum {
            campaigns: data.campaigns,
            pledges: data.total_pledges,
            amount_minor: data.total_amount_minor,
        });
        Ok((status, sum))
    }

    fn complain(&self, problem: String) {
        self.wrong.lock().unwrap().push(problem);
    }
}

/// What is wrong with an answer about a campaign, given the answer before it.
fn contradiction(before: &Shown, after: &Shown) -> Option<String> {
    let numbers = |shown: &Shown| {
        (
            shown.total_amount.get().to_owned(),
            shown.total_pledges,
            shown.total_donors,
            shown.title.clone(),
            shown.goal.as_ref().map(|goal| goal.amount.to_string()),
        )
    };
    let same = after.revision == before.revision && numbers(after) != numbers(before);
    (after.revision < before.revision || same).then(|| format!("showed {before:?}, then {after:?}"))
}
