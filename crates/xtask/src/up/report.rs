//! The table that `up` prints once everything answers.

use dev_services::url::SecretUrl;
use dev_services::{Origin, Provided, Services};

use crate::running::Running;

/// Every URL, and what to do next.
pub fn text(record: &Running, metrics_port: u16, services: &Services) -> String {
    let Running {
        api_url, worker_url, ..
    } = record;
    let rows = [
        ("Page", format!("{api_url}/")),
        ("API", format!("{api_url}/api/totals/campaigns?limit=5")),
        ("API docs", format!("{api_url}/docs")),
        ("OpenAPI", format!("{api_url}/openapi")),
        ("API health", format!("{api_url}/health")),
        ("API metrics", format!("http://localhost:{metrics_port}/metrics")),
        ("Worker health", format!("{worker_url}/health")),
        ("Worker metrics", format!("{worker_url}/metrics")),
        ("MongoDB", service(&services.mongodb)),
        ("RabbitMQ", service(&services.rabbitmq)),
    ];
    let rows: Vec<String> = rows
        .iter()
        .map(|(name, value)| format!("  {name:<16}{value}"))
        .collect();
    format!(
        "\nEverything is up.\n\n{}\n\n  Play an evening of donations, from another terminal:  cargo xtask demo\n  \
         Publish events of your own:  cargo xtask publish FILE.ndjson\n  \
         Ctrl-C stops everything; the data stay for the next `cargo xtask up`.\n",
        rows.join("\n")
    )
}

/// A URL to copy, and where its server came from. Only what we started ourselves has no secret.
fn service(Provided { url, origin, .. }: &Provided) -> String {
    match origin {
        Origin::Environment(_) => format!("{}  ({origin})", SecretUrl::from(url.as_str())),
        Origin::Docker | Origin::Native(_) => format!("{url}  ({origin})"),
    }
}
