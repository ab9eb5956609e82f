//! `cargo xtask bench`: how soon a lone event is visible.
//!
//! Release builds on services of their own, one event at a time on an otherwise idle machine: from the broker's
//! confirm to the first answer of the API that shows it.

use std::time::Duration;

use dev_services::{Services, Settings, port};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::environment::Environment;
use crate::error::Error;
use crate::publish::{DEFAULT_EXCHANGE, Event, Sender};
use crate::running::Running;
use crate::up::{App, Ports};
use crate::{cargo, http};

const CAMPAIGN: &str = "bench";

/// Between two looks at the API, and so the error of a measurement.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// The machine comes to rest between two events.
const PAUSE: Duration = Duration::from_millis(50);

/// Longer than this and the event is given up.
const VISIBLE_WITHIN: Duration = Duration::from_secs(10);

/// Measure how soon a lone event is visible through the API
///
/// Starts MongoDB, RabbitMQ and release builds of the worker and the API for itself, publishes one donation after
/// another, and prints the time from the broker's confirm to the first answer that shows it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
    cargo xtask bench
    cargo xtask bench --events 1000")]
pub struct Args {
    /// How many events to measure
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    events: u32,
}

pub async fn run(args: &Args) -> Result<(), Error> {
    cargo::build_app(true).await?;
    let services = Services::acquire(&Settings::ephemeral("bench")).await?;
    let environment = Environment::load()?;
    let exchange = environment.get("RABBITMQ_EXCHANGE").unwrap_or(DEFAULT_EXCHANGE);
    let ports = Ports {
        api: port::free(),
        worker: port::free(),
    };
    let record = Running::new(&services, ports.api, ports.worker);
    let mut app = App::start(&record, ports, &[("LOG_LEVEL", "warn")], true).await?;
    let measured = async {
        app.until_healthy().await?;
        let sender = Sender::connect(services.rabbitmq_url(), exchange).await?;
        measure(args.events, ports.api, sender).await
    };
    let measured = measured.await;
    app.stop().await;
    services.stop().await?;
    println!("{}", report(measured?));
    Ok(())
}

/// Publishes lone donations and returns how soon each was visible.
async fn measure(events: u32, api: u16, sender: Sender) -> Result<Vec<Duration>, Error> {
    let path = format!("/api/totals/campaigns/{CAMPAIGN}");
    let mut delays = Vec::new();
    for number in 1..=events {
        let body = donation(number);
        let event = Event {
            routing_key: "donation.created".to_owned(),
            message_id: None,
            body: body.as_bytes(),
        };
        sleep(PAUSE).await;
        sender.publish(&[&event], None, |_| {}).await?;
        let confirmed = Instant::now();
        let shown = format!("\"totalPledges\":{number},");
        while !http::get(api, &path)
            .await
            .is_ok_and(|(_, body)| body.contains(&shown))
        {
            if confirmed.elapsed() > VISIBLE_WITHIN {
                return Err(Error::NotVisible(VISIBLE_WITHIN));
            }
            sleep(POLL_INTERVAL).await;
        }
        delays.push(confirmed.elapsed());
    }
    sender.close().await;
    Ok(delays)
}

fn donation(number: u32) -> String {
    let timestamp = "2025-11-21T10:00:00.000Z";
    json!({
        "eventId": format!("bench-{number}"), "eventType": "donation.created", "timestamp": timestamp, "version": "1.0",
        "payload": {
            "donationId": format!("bench-{number}"), "campaignId": CAMPAIGN, "amount": 10,
            "donorId": format!("donor-{number}"), "timestamp": timestamp,
        },
    })
    .to_string()
}

fn report(mut delays: Vec<Duration>) -> String {
    delays.sort_unstable();
    let at = |percent: usize| delays[(delays.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    format!(
        "\nFrom confirm to visible, {} lone events, in ms:\n  min {:.1}   median {:.1}   p90 {:.1}   p99 {:.1}   max {:.1}",
        delays.len(),
        at(0),
        at(50),
        at(90),
        at(99),
        at(100)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_the_quantiles_of_the_delays() {
        let delays = (1..=101).rev().map(Duration::from_millis).collect();
        let text = report(delays);
        assert!(text.contains("101 lone events"), "{text}");
        assert!(
            text.contains("min 1.0   median 51.0   p90 91.0   p99 100.0   max 101.0"),
            "{text}"
        );
    }
}
