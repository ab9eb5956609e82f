//! Queues that were there before workers stood by, and the way from such a queue to a new one.

use super::*;
use crate::harness::Broker;
use harness::{Servers, worker_command_on};
use totals_core::domain::EventType;

const COMPETING: &str = "the queue has no single active consumer";

#[tokio::test]
async fn a_queue_that_workers_compete_for_is_used_as_it_is_and_told_of_once() {
    let mut servers = Servers::start("standby").await;
    let world = servers.world().await;
    world.broker.declare_competing_queue().await;
    let workers = [world.worker().await, world.worker().await];
    let load = Load::new(&world);
    load.during(async {
        for worker in &workers {
            eventually(|| settled(worker), |count| *count > 0).await;
            consumes(worker).await;
        }
    })
    .await;
    // Each of them connects anew and says nothing more about it.
    servers.rabbitmq.stop().await.unwrap();
    for worker in &workers {
        worker.degraded().await;
    }
    servers.rabbitmq.start_again().await.unwrap();
    for worker in &workers {
        let connections = async || worker.metric("broker_connections_total").await;
        eventually(connections, |count| *count >= 2).await;
        let log = worker.log();
        assert_eq!(log.matches(COMPETING).count(), 1, "{log}");
        assert!(!log.contains("the queue exists with other arguments"), "{log}");
    }
}

/// How many messages of a queue nobody has settled, as `rabbitmqctl` tells it.
async fn messages(servers: &Servers, queue: &str) -> Option<usize> {
    let arguments = ["--quiet", "list_queues", "name", "messages"];
    let listed = servers.rabbitmq.control(&arguments).await.unwrap()?;
    let line = listed.lines().find_map(|line| line.strip_prefix(queue));
    line?.trim().parse().ok()
}

/// As docs/operations.md has it, under "A queue that workers compete for".
#[tokio::test]
async fn a_queue_is_replaced_by_one_with_a_single_active_consumer_under_load() {
    let servers = Servers::start("standby").await;
    let world = servers.world().await;
    world.broker.declare_competing_queue().await;
    let before = [world.worker().await, world.worker().await];
    let new = Broker {
        exchange: world.broker.exchange.clone(),
        ..world.broker.part("2")
    };
    let load = Load::new(&world);
    let after = load
        .during(async {
            eventually(|| settled(&before[0]), |count| *count > 100).await;
            // 1. New workers on a new queue, beside the old ones.
            let mut after = Vec::new();
            for _ in 0..2 {
                let worker = Process::start(worker_command_on(&world.database, &new)).await;
                worker.healthy().await;
                after.push(worker);
            }
            // 2. The old queue has been empty once since.
            sleep(Duration::from_secs(10)).await;
            let left = async || messages(&servers, &world.broker.queue).await;
            eventually(left, |left| *left == Some(0)).await;
            // 3. The old workers stop, and their queue is unbound and deleted, with copies in it.
            for worker in before {
                assert_eq!(worker.terminate().await, Some(0));
            }
            let queued = async || world.broker.count(&world.broker.queue).await;
            eventually(queued, |copies| *copies > 0).await;
            for event_type in EventType::ALL {
                world.broker.unbind(event_type.as_str()).await;
            }
            servers.control(&["delete_queue", &world.broker.queue]).await;
            let counted = settled(&after[0]).await;
            eventually(|| settled(&after[0]), |count| *count > counted + 100).await;
            after
        })
        .await;
    stands_by(&after[1]).await;
    assert_eq!(world.broker.count(&new.queue).await, 0);
}
