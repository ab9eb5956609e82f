//! The least that a durable service has to do between a broker's confirm and a reader's sight: each event becomes a
//! document, written with majority and journal, and is acknowledged then; a reader follows the documents.
//!
//! It writes everything that has arrived by one insert, as the worker does: nothing demands a journal write for each event, and
//! at thousands of events a second that would be no floor. It has no dedupe, no totals, no transaction and no HTTP. It is this
//! very program, started again with `floor`.

use futures::StreamExt;
use harness::{Broker, Database, Process, consume, eventually};
use lapin::options::{BasicAckOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::WriteConcern;
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::stage::Stage;

const COLLECTION: &str = "floor";

/// Documents in one insert, and messages in hand for that.
const AT_ONCE: u16 = 500;
const PREFETCH: u16 = 4_000;

/// Where the consumer works.
#[derive(clap::Args)]
pub struct Floor {
    database_url: String,
    rabbitmq_url: String,
}

/// The documents' ids, with the moment when each came along the change stream.
pub type Sights = mpsc::UnboundedReceiver<(String, Instant)>;

impl Floor {
    /// Its own exchange and queue.
    pub fn broker(rabbitmq_url: &str) -> Broker {
        Broker::new(rabbitmq_url, COLLECTION)
    }

    /// Starts the consumer in a process of its own.
    pub async fn start(stage: &Stage) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["floor", &stage.database.url, &stage.broker.url]);
        let process = Process::spawn(command);
        eventually(async || process.log(), |log| log.contains("consuming")).await;
        process
    }

    /// Consumes until it is killed.
    #[expect(
        clippy::disallowed_methods,
        reason = "the consumer of a bench, not the service's"
    )]
    pub async fn consume(self) {
        let client = Client::with_uri_str(&self.database_url).await.unwrap();
        let mut concern = WriteConcern::majority();
        concern.journal = Some(true);
        let documents = client
            .default_database()
            .unwrap()
            .collection::<Document>(COLLECTION);
        let broker = Self::broker(&self.rabbitmq_url);
        broker.declare_exchange(ExchangeKind::Topic).await;
        let (_connection, channel) = broker.connect().await;
        declare(&channel, &broker).await;
        let consumer = consume(&channel, &broker.queue, PREFETCH).await;
        println!("consuming");
        let mut arrived = consumer.ready_chunks(usize::from(AT_ONCE));
        while let Some(deliveries) = arrived.next().await {
            let mut last = None;
            let rows = deliveries.into_iter().map(|delivery| {
                let delivery = delivery.unwrap();
                let event: Value = serde_json::from_slice(&delivery.data).unwrap();
                last = Some(delivery.delivery_tag);
                doc! { "_id": event["eventId"].as_str(), "payload": event["payload"].to_string() }
            });
            let insert = documents.insert_many(rows.collect::<Vec<_>>());
            insert.write_concern(concern.clone()).await.unwrap();
            let all = BasicAckOptions { multiple: true };
            channel.basic_ack(last.unwrap(), all).await.unwrap();
        }
    }

    /// Follows the documents from now on.
    pub async fn follow(database: &Database) -> Sights {
        let (sender, sights) = mpsc::unbounded_channel();
        let mut changes = database.collection(COLLECTION).watch().await.unwrap();
        tokio::spawn(async move {
            // It ends with the server, after all that is waited for.
            while let Some(Ok(change)) = changes.next().await {
                let key = change.document_key.unwrap();
                let sight = (key.get_str("_id").unwrap().to_owned(), Instant::now());
                if sender.send(sight).is_err() {
                    return;
                }
            }
        });
        sights
    }
}

/// The queue, durable as the service's, behind an exchange that is there already.
async fn declare(channel: &Channel, broker: &Broker) {
    let queue = broker.queue.as_str();
    let mut quorum = FieldTable::default();
    quorum.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let declare = channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), quorum);
    declare.await.unwrap();
    let bind = channel.queue_bind(
        queue.into(),
        broker.exchange.as_str().into(),
        "#".into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bind.await.unwrap();
}
