//! What a campaign costs in the memory of the API once it has been read.

use futures::StreamExt;
use serde_json::json;

use crate::effort::Effort;
use crate::report::{Cell, Part, Table, mebibytes};
use crate::stage::Stage;
use crate::{seed, usage};

/// Reads in flight.
const AT_ONCE: usize = 32;

/// Runs the part, on an API of its own.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    let campaigns = effort.campaigns;
    println!("  {campaigns} campaigns, each read once");
    stage.database.collection("campaign_totals").drop().await.unwrap();
    seed::campaigns(&stage.database, campaigns).await;
    let api = stage.api().await;
    let before = usage::resident_bytes(api.id());
    let client = reqwest::Client::new();
    let reads = futures::stream::iter(0..campaigns).for_each_concurrent(AT_ONCE, async |number| {
        let url = format!("{}/api/totals/campaigns/{}", api.url, seed::campaign_id(number));
        let answer = client.get(url).send().await.unwrap();
        answer.error_for_status().unwrap().bytes().await.unwrap();
    });
    reads.await;
    let after = usage::resident_bytes(api.id());

    let mut part = Part::new("memory");
    let columns = &["campaigns", "MiB before", "MiB after", "bytes per campaign"];
    let mut table = Table::new("Memory of totals-api with campaigns that were read", columns);
    let each = ((after - before) / f64::from(campaigns)).round();
    table.rows.push(vec![
        campaigns.into(),
        mebibytes(before).as_str().into(),
        mebibytes(after).as_str().into(),
        Cell::Number(each),
    ]);
    part.tables.push(table);
    part.rounds
        .push(json!({ "campaigns": campaigns, "bytesBefore": before, "bytesAfter": after }));
    part
}
