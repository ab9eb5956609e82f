//! The active worker is killed, stopped, frozen, or cut off from RabbitMQ.

use futures::future::join_all;
use harness::proxy::{Proxy, Weather};

use super::*;

/// How soon a standby counts after the active worker was killed.
const PROMISED: Duration = Duration::from_secs(2);

/// How often it is killed.
const KILLS: usize = 20;

/// RabbitMQ looks every 5 s, one heartbeat, and gives a worker up when two looks in a row have found it silent: 10 to 15 s after it
/// fell silent. The rest is a busy machine's.
const SILENT: Duration = Duration::from_secs(17);

#[tokio::test]
async fn of_two_workers_one_consumes_and_the_other_says_that_it_stands_by() {
    let world = World::new().await;
    let active = world.worker().await;
    let standby = standby(&world).await;
    let load = Load::new(&world);
    load.during(eventually(|| settled(&active), |count| *count > 200))
        .await;
    consumes(&active).await;
    stands_by(&standby).await;
    assert_eq!(settled(&standby).await, 0, "all events came to one worker");
    let retries = r#"totals_worker_retries_total{operation="commit"}"#;
    assert_eq!(active.counted(retries).await, 0, "nobody was in its way");
}

#[tokio::test]
async fn of_four_workers_that_start_at_once_on_a_full_queue_one_drains_it() {
    let world = World::new().await;
    assert_eq!(world.worker().await.terminate().await, Some(0));
    let events = 10_000;
    world.publish(numbered(0..events)).await;
    // Many small batches: long after the first worker has its whole prefetch.
    let start = || world.starting_worker(&[("BATCH_SIZE", "20")]);
    let workers = join_all([start(), start(), start(), start()]).await;
    world.expect_settled(events).await;
    let shares = join_all(workers.iter().map(settled)).await;
    assert_eq!(shares.iter().filter(|share| **share > 0).count(), 1, "{shares:?}");
}

#[tokio::test]
async fn a_killed_worker_is_replaced_within_two_seconds() {
    let world = World::new().await;
    let mut active = world.worker().await;
    let load = Load::new(&world);
    let (mut took, _last) = load
        .during(async {
            let mut took = Vec::new();
            for _ in 0..KILLS {
                let next = standby(&world).await;
                eventually(|| settled(&active), |count| *count > 0).await;
                let killed = Instant::now();
                active.kill().await;
                took.push(takes_over(&next, killed).await);
                consumes(&next).await;
                active = next;
            }
            (took, active)
        })
        .await;
    took.sort();
    let (median, slowest) = (took[KILLS / 2], took[KILLS - 1]);
    println!("{KILLS} takeovers: median {median:?}, slowest {slowest:?}");
    assert!(slowest < PROMISED, "{took:?}");
}

#[tokio::test]
async fn a_worker_that_is_stopped_in_order_is_replaced_at_once() {
    let world = World::new().await;
    let active = world.worker().await;
    let standby = standby(&world).await;
    let load = Load::new(&world);
    let took = load
        .during(async {
            eventually(|| settled(&active), |count| *count > 0).await;
            let stopped = Instant::now();
            assert_eq!(active.terminate().await, Some(0));
            takes_over(&standby, stopped).await
        })
        .await;
    println!("after SIGTERM: {took:?}");
    assert!(took < PROMISED, "{took:?}");
    let renewed = standby.metric("deliveries_renewed_total").await;
    assert_eq!(renewed, 0, "what was in hand was finished");
}

#[tokio::test]
async fn a_frozen_worker_is_replaced_and_does_no_harm_when_it_thaws() {
    let world = World::new().await;
    let active = world.worker().await;
    let standby = standby(&world).await;
    let load = Load::new(&world);
    let took = load
        .during(async {
            eventually(|| settled(&active), |count| *count > 0).await;
            let frozen = Instant::now();
            active.signal("STOP").await;
            let took = takes_over(&standby, frozen).await;
            active.signal("CONT").await;
            stands_by(&active).await;
            took
        })
        .await;
    println!("after SIGSTOP: {took:?}");
    assert!(took < SILENT, "{took:?}");
    consumes(&standby).await;
}

#[tokio::test]
async fn a_worker_that_rabbitmq_no_longer_hears_is_replaced_and_comes_back_as_a_standby() {
    let world = World::new().await;
    let (_, port) = world.broker.url.rsplit_once(':').unwrap();
    let network = Proxy::start(port.parse().unwrap()).await.unwrap();
    let url = format!("amqp://guest:guest@127.0.0.1:{}", network.port);
    let active = world.worker_with(&[("RABBITMQ_URL", &url)]).await;
    let standby = standby(&world).await;
    let load = Load::new(&world);
    let took = load
        .during(async {
            eventually(|| settled(&active), |count| *count > 0).await;
            let cut = Instant::now();
            network.set(Weather::Stalled);
            let took = takes_over(&standby, cut).await;
            active.degraded().await;
            network.set(Weather::Clear);
            stands_by(&active).await;
            took
        })
        .await;
    println!("after the network to RabbitMQ fell silent: {took:?}");
    assert!(took < SILENT, "{took:?}");
}
