//! Workers that lose MongoDB: one of them gives the queue up, and all of them do so once.

use harness::Servers;
use harness::proxy::{Proxy, Weather};

use super::*;

/// The worker waits 5 s, and the standby counts; the rest is a busy machine's.
const CUT_OFF: Duration = Duration::from_secs(10);

/// Longer than several times the 5 s after which a worker gives up.
const OUTAGE: Duration = Duration::from_secs(20);

/// The most messages that a worker has in hand.
const PREFETCH: usize = 6000;

/// A worker, and the network between it and MongoDB.
async fn behind_a_network(world: &World) -> (Process, Proxy) {
    let url = &world.database.url;
    let mut parts = url.split("://").nth(1).unwrap().split(['/', '?']);
    let (address, name) = (parts.next().unwrap(), parts.next().unwrap());
    let (_, port) = address.rsplit_once(':').unwrap();
    let network = Proxy::start(port.parse().unwrap()).await.unwrap();
    // Not by what the member calls itself, which leads past the network.
    let url = format!(
        "mongodb://127.0.0.1:{}/{name}?directConnection=true",
        network.port
    );
    (world.worker_with(&[("DATABASE_URL", &url)]).await, network)
}

async fn cut_off_by(weather: Weather) {
    let world = World::new().await;
    let (active, network) = behind_a_network(&world).await;
    let standby = standby(&world).await;
    let load = Load::new(&world);
    let took = load
        .during(async {
            eventually(|| settled(&active), |count| *count > 0).await;
            let cut = Instant::now();
            network.set(weather);
            let took = takes_over(&standby, cut).await;
            let health = active.degraded().await;
            let said = health["consumer"]["message"].as_str().unwrap();
            assert!(said.contains("MongoDB"), "{health}");
            network.set(Weather::Clear);
            stands_by(&active).await;
            took
        })
        .await;
    println!("{weather:?}: {took:?}");
    assert!(took < CUT_OFF, "{took:?}");
    consumes(&standby).await;
    let told = active.log().matches("has given the queue up").count();
    assert_eq!(told, 1, "{}", active.log());
}

#[tokio::test]
async fn a_worker_that_mongodb_refuses_gives_the_queue_to_one_that_reaches_it() {
    cut_off_by(Weather::Cut).await;
}

#[tokio::test]
async fn a_worker_that_does_not_hear_from_mongodb_gives_the_queue_to_one_that_does() {
    cut_off_by(Weather::Stalled).await;
}

#[tokio::test]
async fn an_idle_worker_without_mongodb_leaves_its_place_before_an_event_comes() {
    let world = World::new().await;
    let (active, network) = behind_a_network(&world).await;
    let standby = standby(&world).await;
    network.set(Weather::Cut);
    active.logged("has given the queue up").await;
    let published = Instant::now();
    world.publish(numbered(0..1)).await;
    let took = takes_over(&standby, published).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(settled(&active).await, 0);
}

#[tokio::test]
async fn while_mongodb_is_away_for_all_nothing_is_delivered_again_and_again() {
    let mut servers = Servers::start("standby").await;
    let world = servers.world().await;
    let active = world.worker().await;
    let standby = standby(&world).await;
    let load = Load::new(&world);
    load.during(async {
        eventually(|| settled(&active), |count| *count > 0).await;
        servers.mongodb.kill().await.unwrap();
        sleep(OUTAGE).await;
        for worker in [&active, &standby] {
            assert_eq!(worker.metric("broker_connected").await, 0);
            assert_eq!(
                worker.metric("broker_connections_total").await,
                1,
                "it gave up once"
            );
            assert_eq!(worker.metric("deliveries_in_hand").await, 0);
            let lines = worker.log().matches("not consuming; will try again").count();
            assert!(lines <= 5, "{}", worker.log());
        }
        servers.mongodb.start_again().await.unwrap();
        active.healthy().await;
        standby.healthy().await;
    })
    .await;
    for worker in [&active, &standby] {
        assert_eq!(worker.metric("broker_connections_total").await, 2);
    }
    // What the first to give up returned, the second may have had in hand before it gave up as well. That is once for each.
    let renewed = [&active, &standby].map(|worker| worker.metric("deliveries_renewed_total"));
    let renewed: usize = futures::future::join_all(renewed).await.iter().sum();
    assert!(renewed <= PREFETCH, "{renewed} messages came a third time");
}
