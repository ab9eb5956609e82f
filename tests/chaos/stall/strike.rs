//! How each fault is struck, and how what can be given back is given back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use harness::proxy::Weather;
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

/// How long it must have had nothing in hand.
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
            assert_eq!(locked.get_i64("lockCount").ok(), Some(1), "{locked}");
        }
        Fault::QueueDeleted => {
            come_to_rest(stage, load).await?;
            stage.broker.delete_queue(&stage.broker.queue).await;
            load.progress.paused.store(false, Ordering::Relaxed);
        }
        Fault::DeadLettersDeleted => {
            come_to_rest(stage, load).await?;
            let broker = &stage.broker;
            stage.taken.extend(broker.take_dead_letters().await);
            broker.delete_queue(&broker.dead_letter_queue).await;
            load.progress.paused.store(false, Ordering::Relaxed);
        }
        Fault::Unbound(key) => stage.broker.unbind(key).await,
        Fault::ExchangeDeleted => stage.broker.delete_exchange().await,
        Fault::LettersRefused => {
            let pattern = format!("^{}$", stage.broker.dead_letter_queue);
            let limit = r#"{"max-length":1,"overflow":"reject-publish"}"#;
            let policy = ["set_policy", POLICY, &pattern, limit];
            stage.servers.control(&policy).await;
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

/// Pauses the producer until all that was published is settled, so that no message is in what is deleted then.
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
