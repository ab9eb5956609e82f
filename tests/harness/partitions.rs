//! A broker's events in partitions by campaign, arranged as docs/scaling.md tells operators to.
//!
//! Made through AMQP from the very definitions that an operator imports, so that what is tested and measured is what
//! the page says.

use lapin::options::{
    ExchangeBindOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use serde_json::{Value, json};

use crate::{Broker, Outgoing};

/// The header that producers have to set: what the exchange hashes.
const CAMPAIGN_HEADER: &str = "campaign-id";

/// Messages that a quorum queue may deliver again and again, as the worker declares its own.
const DELIVERY_LIMIT: i64 = 1_000_000_000;

/// The keys of events that name a campaign.
const OF_CAMPAIGNS: &[&str] = &[
    "donation.created",
    "donation.refunded",
    "campaign.created",
    "campaign.updated",
    "campaign.status_changed",
];

const PAYMENTS: &[&str] = &["payment.completed", "payment.refunded"];

/// The parts of a broker's events, each with an exchange and a queue of its own.
pub struct Partitions {
    all: Broker,
    /// Of the donations' and campaigns' events, by campaign.
    pub campaigns: Vec<Broker>,
    /// Of the payments' events, which belong to no campaign.
    pub payments: Broker,
}

impl Partitions {
    /// So many for what is published to this broker's exchange.
    pub fn of(all: &Broker, count: usize) -> Self {
        Self {
            campaigns: (1..=count)
                .map(|number| all.part(&format!("partition-{number}")))
                .collect(),
            payments: all.part("payments"),
            all: all.clone(),
        }
    }

    /// What an operator imports.
    pub fn definitions(&self) -> Value {
        let (source, hash) = (&self.all.exchange, self.hash_exchange());
        let mut exchanges = vec![
            exchange(source, "topic", &json!({})),
            exchange(
                &hash,
                "x-consistent-hash",
                &json!({ "hash-header": CAMPAIGN_HEADER }),
            ),
        ];
        let (mut queues, mut bindings) = (Vec::new(), Vec::new());
        let campaigns = self.campaigns.iter().map(|part| (part, OF_CAMPAIGNS));
        for (part, keys) in campaigns.chain([(&self.payments, PAYMENTS)]) {
            exchanges.push(exchange(&part.exchange, "topic", &json!({})));
            queues.push(queue(&part.queue, keys == OF_CAMPAIGNS));
            bindings.extend(
                keys.iter()
                    .map(|key| binding(&part.exchange, "queue", &part.queue, key)),
            );
        }
        // Last, when there is a queue behind each of them. To a hash exchange the key of a binding is a weight.
        for part in &self.campaigns {
            bindings.push(binding(&hash, "exchange", &part.exchange, "1"));
        }
        for (destination, keys) in [(&hash, OF_CAMPAIGNS), (&self.payments.exchange, PAYMENTS)] {
            bindings.extend(
                keys.iter()
                    .map(|key| binding(source, "exchange", destination, key)),
            );
        }
        json!({ "exchanges": exchanges, "queues": queues, "bindings": bindings })
    }

    /// Makes all that is in the definitions.
    pub async fn declare(&self) {
        let definitions = self.definitions();
        let list = |name: &str| definitions[name].as_array().unwrap().clone();
        let (connection, channel) = self.all.connect().await;
        for exchange in list("exchanges") {
            declare_exchange(&channel, &exchange).await;
        }
        for queue in list("queues") {
            let (name, options) = (text(&queue["name"]), QueueDeclareOptions::durable());
            let declared = channel.queue_declare(name.into(), options, arguments(&queue));
            declared.await.unwrap();
        }
        for binding in list("bindings") {
            bind(&channel, &binding).await;
        }
        connection.close(200, "done".into()).await.unwrap();
    }

    /// Removes the parts; what they were made from stays.
    pub async fn remove(&self) {
        for part in self.campaigns.iter().chain([&self.payments]) {
            part.remove().await;
        }
        let (connection, channel) = self.all.connect().await;
        let delete = channel.exchange_delete(self.hash_exchange().into(), ExchangeDeleteOptions::default());
        delete.await.unwrap();
        connection.close(200, "done".into()).await.unwrap();
    }

    fn hash_exchange(&self) -> String {
        format!("{}.by-campaign", self.all.exchange)
    }
}

/// The message as a producer sends it for partitions.
pub fn with_campaign(message: Outgoing) -> Outgoing {
    let event: Value = serde_json::from_slice(&message.body).unwrap();
    message.header(CAMPAIGN_HEADER, text(&event["payload"]["campaignId"]))
}

async fn declare_exchange(channel: &Channel, exchange: &Value) {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let (name, kind) = (
        text(&exchange["name"]),
        ExchangeKind::Custom(text(&exchange["type"]).to_owned()),
    );
    let declared = channel.exchange_declare(name.into(), kind, options, arguments(exchange));
    declared.await.expect(
        "RabbitMQ needs its plugin for this: rabbitmq-plugins enable rabbitmq_consistent_hash_exchange",
    );
}

async fn bind(channel: &Channel, binding: &Value) {
    let name = |field: &str| text(&binding[field]).into();
    let (source, destination, key) = (name("source"), name("destination"), name("routing_key"));
    let none = FieldTable::default();
    if binding["destination_type"] == "queue" {
        let options = QueueBindOptions::default();
        let bound = channel.queue_bind(destination, source, key, options, none);
        bound.await.unwrap();
    } else {
        let options = ExchangeBindOptions::default();
        let bound = channel.exchange_bind(destination, source, key, options, none);
        bound.await.unwrap();
    }
}

fn exchange(name: &str, kind: &str, arguments: &Value) -> Value {
    json!({
        "name": name, "vhost": "/", "type": kind, "durable": true, "auto_delete": false, "internal": false,
        "arguments": arguments,
    })
}

fn queue(name: &str, single_active_consumer: bool) -> Value {
    let mut arguments = json!({ "x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT });
    if single_active_consumer {
        arguments["x-single-active-consumer"] = true.into();
    }
    json!({ "name": name, "vhost": "/", "durable": true, "auto_delete": false, "arguments": arguments })
}

fn binding(source: &str, kind: &str, destination: &str, key: &str) -> Value {
    json!({
        "source": source, "vhost": "/", "destination": destination, "destination_type": kind,
        "routing_key": key, "arguments": {},
    })
}

fn arguments(definition: &Value) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in definition["arguments"].as_object().unwrap() {
        let value = match value {
            Value::Bool(value) => AMQPValue::Boolean(*value),
            Value::Number(value) => AMQPValue::LongLongInt(value.as_i64().unwrap()),
            other => AMQPValue::LongString(text(other).into()),
        };
        table.insert(name.as_str().into(), value);
    }
    table
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
