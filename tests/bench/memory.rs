//! What a campaign costs in the memory of the API once it has been read.

use serde_json::json;

use crate::effort::Effort;
use crate::report::{Cell, Part, Table, mebibytes};
use crate::stage::Stage;
use crate::warm::read_once;
use crate::{seed, usage};

/// Runs the part, on an API of its own.
pub async fn run(stage: &Stage, effort: &Effort) -> Part {
    let campaigns = effort.campaigns;
    println!("  {campaigns} campaigns, each read once");
    stage.database.collection("campaign_totals").drop().await.unwrap();
    seed::campaigns(&stage.database, campaigns).await;
    let api = stage.api().await;
    let before = usage::resident_bytes(api.id());
    let paths = (0..campaigns).map(|number| format!("/api/totals/campaigns/{}", seed::campaign_id(number)));
    read_once(&api.url, &paths.collect::<Vec<_>>()).await;
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
