//! What a campaign costs in the memory of the API once it has been read.
//!
//! Compared with what cannot be saved: the bytes of the campaigns' ids and of the answers that are kept ready for them.

use serde_json::json;

use crate::effort::Effort;
use crate::measure::Spread;
use crate::report::{Cell, Part, Table};
use crate::stage::Stage;
use crate::warm::read_once;
use crate::{seed, usage};

const COLUMNS: &[&str] = &[
    "campaigns",
    "MiB before",
    "MiB after",
    "bytes per campaign",
    "ids and answers alone, bytes per campaign",
    "times those",
];

const MIB: f64 = 1_048_576.0;

/// Runs the part, on an API of its own in each round.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    let campaigns = effort.campaigns;
    println!("  {campaigns} campaigns, each read once");
    stage.database.collection("campaign_totals").drop().await.unwrap();
    seed::campaigns(&stage.database, campaigns).await;
    let ids = (0..campaigns).map(seed::campaign_id);
    let id_bytes = ids.clone().map(|id| id.len() as u64).sum::<u64>();
    let paths: Vec<String> = ids.map(|id| format!("/api/totals/campaigns/{id}")).collect();
    let (mut before, mut after, mut plain) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        let api = stage.api().await;
        before.push(usage::resident_bytes(&api));
        plain.push(usage::exact(id_bytes + read_once(&api.url, &paths).await));
        after.push(usage::resident_bytes(&api));
    }

    let mut part = Part::new("memory");
    let mut table = Table::new("Memory of totals-api with campaigns that were read", COLUMNS);
    let grown: Vec<f64> = after
        .iter()
        .zip(&before)
        .map(|(after, before)| after - before)
        .collect();
    let spread = |rounds: &[f64], unit: f64| Cell::from(Spread::of(rounds.iter().map(|bytes| bytes / unit)));
    table.rows.push(vec![
        campaigns.into(),
        spread(&before, MIB),
        spread(&after, MIB),
        spread(&grown, campaigns.into()),
        spread(&plain, campaigns.into()),
        Spread::of_ratios(&grown, &plain).into(),
    ]);
    part.tables.push(table);
    part.rounds.push(json!({
        "campaigns": campaigns, "bytesBefore": before, "bytesAfter": after, "bytesOfIdsAndAnswers": plain,
    }));
    part
}
