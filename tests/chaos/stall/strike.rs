//! How each fault is struck, and how what can be given back is given back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use harness::proxy::Weather;
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use mongodb::bson::doc;
use rand::rngs::StdRng;
use tokio::time::{Instant, sleep};

use super::damage::{Damage, damage, mend};
use super::fault::Fault;
use crate::load::Load;
use crate::stage::Stage;

/// The policy that keeps dead letters out.
const POLICY: &str = "stall";

/// How long the service may take to have nothing in hand while nothing is published.
const IDLE_WITHIN: Duration = Duration::from_secs(30);

/// Long enough that every connection is cut.
const CUT_FOR: Duration = Duration::from_millis(300);

/// So long it must have had nothing in hand.
const IDLE_FOR: Duration = Duration::from_millis(500);

/// Strikes.
///
/// # Errors
/// If the service did not come to rest where that is needed first, or what is to be taken away is not there.
pub async fn strike(
    fault: Fault,
    stage: &mut Stage,
    load: &Load,
    damages: &mut Vec<Damage>,
    random: &mut StdRng,
) -> Result<(), String> {
    match fault {
        Fault::IndexDropped(collection, name) => {
            let dropped = stage.database.collection(collection).drop_index(name).await;
            dropped.map_err(|_| "the index was not there, long after it was lost".to_owned())?;
        }
        Fault::CollectionDropped(collection) => {
            mend(&stage.database, damages).await;
            stage.donations_lost |= collection == "donations";
            load.reader.truth_is_away.store(true, Ordering::Relaxed);
            stage.database.collection(collection).drop().await.unwrap();
        }
        Fault::Damaged(collection) => damages.extend(damage(&stage.database, collection, random).await),
        Fault::WritesLocked => {
            let locked = stage.database.run_admin(doc! { "fsync": 1, "lock": true }).await;
            assert!(
                locked.get_i64("lockCount").is_ok_and(|count| count == 1),
                "{locked}"
            );
        }
        Fault::QueueDeleted => {
            let queue = stage.broker.queue.clone();
            come_to_rest(stage, load).await?;
            delete_queue(stage, &queue).await;
            load.progress.paused.store(false, Ordering::Relaxed);
        }
        Fault::DeadLettersDeleted => {
            let queue = stage.broker.dead_letter_queue.clone();
            come_to_rest(stage, load).await?;
            let letters = stage.broker.take_dead_letters().await;
            stage.taken.extend(letters);
            delete_queue(stage, &queue).await;
            load.progress.paused.store(false, Ordering::Relaxed);
        }
        Fault::Unbound(key) => {
            let (connection, channel) = stage.broker.connect().await;
            let (queue, exchange) = (stage.broker.queue.as_str(), stage.broker.exchange.as_str());
            let unbind =
                channel.queue_unbind(queue.into(), exchange.into(), key.into(), FieldTable::default());
            unbind.await.unwrap();
            connection.close(200, "done".into()).await.unwrap();
        }
        Fault::ExchangeDeleted => {
            let (connection, channel) = stage.broker.connect().await;
            let exchange = stage.broker.exchange.as_str().into();
            let deleted = channel.exchange_delete(exchange, ExchangeDeleteOptions::default());
            deleted.await.unwrap();
            connection.close(200, "done".into()).await.unwrap();
        }
        Fault::LettersRefused => {
            let pattern = format!("^{}$", stage.broker.dead_letter_queue);
            let limit = r#"{"max-length":1,"overflow":"reject-publish"}"#;
            stage
                .servers
                .control(&["set_policy", POLICY, &pattern, limit])
                .await;
        }
        Fault::RightsTaken => {
            stage.set_rights("^$").await;
            // RabbitMQ asks for rights when a consumer begins, and does not ask again.
            stage.rabbitmq_proxy.set(Weather::Cut);
            sleep(CUT_FOR).await;
            stage.rabbitmq_proxy.set(Weather::Clear);
        }
    }
    Ok(())
}

/// Gives back what only an operator can give back.
pub async fn give_back(fault: Fault, stage: &Stage) {
    match fault {
        Fault::WritesLocked => {
            stage.database.run_admin(doc! { "fsyncUnlock": 1 }).await;
        }
        Fault::LettersRefused => stage.servers.control(&["clear_policy", POLICY]).await,
        Fault::RightsTaken => stage.set_rights(".*").await,
        Fault::IndexDropped(..)
        | Fault::CollectionDropped(_)
        | Fault::Damaged(_)
        | Fault::QueueDeleted
        | Fault::DeadLettersDeleted
        | Fault::Unbound(_)
        | Fault::ExchangeDeleted => {}
    }
}

/// Pauses the producer until all that was published is settled: what an operator deletes then, no message is in.
async fn come_to_rest(stage: &Stage, load: &Load) -> Result<(), String> {
    let progress = &load.progress;
    progress.paused.store(true, Ordering::Relaxed);
    let (deadline, mut busy) = (Instant::now() + IDLE_WITHIN, Instant::now());
    while busy.elapsed() < IDLE_FOR {
        let read = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
        let unconfirmed = read(&progress.published) - read(&progress.confirmed);
        let queued = stage.broker.count(&stage.broker.queue).await;
        let in_hand = stage.workers[0].counted("totals_worker_deliveries_in_hand").await;
        if unconfirmed > 0 || queued > 0 || in_hand > 0 {
            busy = Instant::now();
        }
        if Instant::now() > deadline {
            progress.paused.store(false, Ordering::Relaxed);
            return Err(format!(
                "without new messages the service did not come to rest: {unconfirmed} unconfirmed, {queued} in the \
                 queue, {in_hand} in hand"
            ));
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn delete_queue(stage: &Stage, queue: &str) {
    let (connection, channel) = stage.broker.connect().await;
    let deleted = channel.queue_delete(queue.into(), QueueDeleteOptions::default());
    deleted.await.unwrap();
    connection.close(200, "done".into()).await.unwrap();
}
