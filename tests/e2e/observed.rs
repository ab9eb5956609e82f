//! A real Prometheus on the real binaries under load finds every series that the alerts and the dashboard ask for.

use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use tokio::process::Command;
use tokio::time::{MissedTickBehavior, interval};
use totals_core::domain::Timestamp;

use crate::events::{Event, TIME, created, paid, refunded};
use crate::harness::{EventStream, Outgoing, Process, World};

const CAMPAIGNS: usize = 20;

/// How often producers publish, and readers read.
const PERIOD: Duration = Duration::from_millis(200);

fn campaign(number: usize) -> String {
    format!("c{}", number % CAMPAIGNS)
}

/// The event as it is published now.
fn now(event: Event) -> Outgoing {
    let body = event.body().replace(TIME, &Timestamp::now().to_string());
    Outgoing {
        body: body.into(),
        ..Outgoing::from(event)
    }
}

/// What producers publish in one period, in waves: donations, some of them refunded, paid or published twice, and now and then
/// a message that is no event.
fn batch(period: usize) -> Vec<Outgoing> {
    let wave = 20 + 15 * (period / 50 % 4);
    let donations = (0..wave).map(|number| format!("d{period}-{number}"));
    let mut batch = Vec::new();
    for (number, donation) in donations.enumerate() {
        let to = campaign(number * number + period);
        let donor = format!("donor {}", number % 7);
        batch.push(now(created(&donation, &donation).campaign(&to).donor(&donor)));
        match number % 10 {
            0 => batch.push(now(
                refunded(&format!("refund of {donation}"), &donation).campaign(&to)
            )),
            1 | 2 => batch.push(now(paid(&format!("payment of {donation}"), &donation))),
            3 => batch.extend(batch.last().cloned()),
            _ => {}
        }
    }
    if period.is_multiple_of(30) {
        batch.push(Outgoing::new("donation.created", format!("no event {period}")));
    }
    batch
}

async fn produce(world: &World) {
    let mut periods = interval(PERIOD);
    periods.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for period in 0.. {
        periods.tick().await;
        world.publish(batch(period)).await;
    }
}

async fn read(api: &Process) {
    let mut periods = interval(PERIOD);
    periods.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for period in 0.. {
        periods.tick().await;
        for number in 0..10 + period / 40 % 3 * 10 {
            api.get(&format!("/api/totals/campaigns/{}", campaign(number)))
                .await;
        }
        api.get("/api/totals/campaigns?limit=10").await;
        api.get("/api/totals/campaigns/unknown").await;
    }
}

/// Watches for ever.
async fn watch(api: &Process, number: usize) {
    let url = format!("{}/api/totals/campaigns/{}/stream", api.url, campaign(number));
    loop {
        let mut stream = EventStream::open(&url, None).await;
        while stream.next().await.is_some() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "unpacks Prometheus into target/: .ci/run runs it"]
async fn a_real_prometheus_finds_all_that_alerts_and_dashboard_ask_for() {
    let world = World::new().await;
    let worker = world.worker().await;
    world.publish(batch(0)).await;
    let api = world.live_api(&[]).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/observe.sh");
    let mut observe = Command::new(script);
    observe
        .args([api.metrics_url(), worker.url.clone()])
        .kill_on_drop(true);
    let observed = tokio::select! {
        observed = observe.output() => observed.unwrap(),
        () = produce(&world) => unreachable!(),
        () = read(&api) => unreachable!(),
        _ = join_all((0..CAMPAIGNS).map(|number| watch(&api, number))) => unreachable!(),
    };
    let said = String::from_utf8_lossy(&observed.stdout);
    let wrong = String::from_utf8_lossy(&observed.stderr);
    println!("{said}");
    assert!(observed.status.success(), "{said}{wrong}");
}
