//! The worker's own sections of the configuration: the broker, and how events are grouped.

use std::time::Duration;

use totals_core::contract::dead_letter;
use totals_core::domain::AmountRules;
use totals_core::runtime::config::{
    BATCH_SIZE, ConfigError, DatabaseConfig, HttpConfig, LANES, RABBITMQ_EXCHANGE, RABBITMQ_PREFETCH,
    RABBITMQ_QUEUE, RABBITMQ_URL, RABBITMQ_URL_FILE, SecretUrl, Source, TelemetryConfig, UPKEEP_SECONDS,
    WORKER_PORT,
};

use crate::broker::connection::Address;

/// The configuration of `totals-worker`.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Where its /health and /metrics listen: `HOST` and `WORKER_PORT`.
    pub http: HttpConfig,
    /// Where it writes.
    pub database: DatabaseConfig,
    /// Where it consumes.
    pub broker: Broker,
    /// How it batches.
    pub batching: Batching,
    /// `UPKEEP_SECONDS`.
    pub upkeep: Duration,
    /// `CURRENCY` and `AMOUNT_PRECISION`.
    pub amounts: AmountRules,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
}

/// RabbitMQ.
#[derive(Debug, Clone)]
pub struct Broker {
    /// `RABBITMQ_URL`, or what `RABBITMQ_URL_FILE` holds: one node or more.
    pub urls: Vec<SecretUrl>,
    /// `RABBITMQ_EXCHANGE`.
    pub exchange: String,
    /// `RABBITMQ_QUEUE`.
    pub queue: String,
    /// `RABBITMQ_PREFETCH`.
    pub prefetch: u16,
}

/// How events are grouped into transactions.
#[derive(Debug, Clone, Copy)]
pub struct Batching {
    /// `BATCH_SIZE`.
    pub batch_size: usize,
    /// `LANES`.
    pub lanes: usize,
}

impl WorkerConfig {
    /// Reads all sections.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable whose value is not allowed.
    pub fn read(source: &Source) -> Result<Self, ConfigError> {
        Ok(Self {
            http: source.http(&WORKER_PORT)?,
            database: source.database()?,
            broker: Broker::read(source)?,
            batching: Batching::read(source)?,
            upkeep: Duration::from_secs(source.number(&UPKEEP_SECONDS, 1, 3600)?),
            amounts: source.amounts()?,
            telemetry: source.telemetry()?,
        })
    }
}

impl Broker {
    /// Reads where the broker is.
    ///
    /// # Errors
    /// [`ConfigError`] for the first of its variables (or of the batching's, which the prefetch follows) whose value is
    /// not allowed.
    pub fn read(source: &Source) -> Result<Self, ConfigError> {
        let name =
            |longest: usize| move |name: &str| (1..=longest).contains(&name.len()).then(|| name.to_owned());
        let batching = Batching::read(source)?;
        let in_lanes = batching.lanes.saturating_mul(batching.batch_size);
        // Elsewhere a URL that is no address is refused with what of it is no secret; of a file nothing is shown.
        let secret = source.is_set(&RABBITMQ_URL_FILE);
        let urls = |list: &str| amqp_urls(list).filter(|urls| !secret || Address::parse(urls).is_ok());
        Ok(Self {
            urls: source.secret(&RABBITMQ_URL, &RABBITMQ_URL_FILE, urls)?,
            exchange: source.checked(&RABBITMQ_EXCHANGE, name(255))?,
            queue: source.checked(&RABBITMQ_QUEUE, name(240))?,
            prefetch: match source.text(&RABBITMQ_PREFETCH) {
                Some(_) => source.number(&RABBITMQ_PREFETCH, 1, u16::MAX)?,
                None => u16::try_from(in_lanes.saturating_mul(2)).unwrap_or(u16::MAX),
            },
        })
    }

    /// The queue of the messages that can never be applied.
    pub fn dead_letter_queue(&self) -> String {
        dead_letter::queue(&self.queue)
    }
}

impl Batching {
    /// Reads how events are grouped.
    ///
    /// # Errors
    /// [`ConfigError`] if `BATCH_SIZE` or `LANES` is not allowed.
    pub fn read(source: &Source) -> Result<Self, ConfigError> {
        Ok(Self {
            batch_size: source.number(&BATCH_SIZE, 1, 10_000)?,
            lanes: source.number(&LANES, 1, 64)?,
        })
    }
}

/// The AMQP URLs of a list. A comma that no scheme follows does not end a URL: a password may hold it.
fn amqp_urls(list: &str) -> Option<Vec<SecretUrl>> {
    let is_amqp = |url: &str| url.starts_with("amqp://") || url.starts_with("amqps://");
    let mut urls: Vec<String> = Vec::new();
    for part in list.split(',') {
        match urls.last_mut() {
            Some(url) if !is_amqp(part.trim()) => *url = format!("{url},{part}"),
            _ => urls.push(part.trim().to_owned()),
        }
    }
    // Two schemes in one are a list with a slip in it, whose rest would pass for a virtual host, password and all.
    let checked = urls
        .iter()
        .map(|url| (is_amqp(url) && url.matches("://").count() == 1).then(|| url.as_str().into()));
    checked.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn source(environment: &[(&str, &str)]) -> Source {
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Source::from_layers(HashMap::new(), environment.collect()).unwrap()
    }

    #[test]
    fn the_defaults_are_a_working_configuration() {
        let worker = WorkerConfig::read(&source(&[])).unwrap();
        assert_eq!(
            (worker.http.host.to_string().as_str(), worker.http.port),
            ("0.0.0.0", 3006)
        );
        assert_eq!(worker.broker.queue, "totals-service.events");
        assert_eq!(worker.broker.dead_letter_queue(), "totals-service.dead-letters");
        assert_eq!(worker.broker.prefetch, 6000);
        assert_eq!(worker.amounts.currency.code(), "USD");
        assert!(worker.telemetry.traces.is_none());
    }

    #[test]
    fn a_bad_value_is_one_line_with_the_variable_and_the_value() {
        for (name, value) in [
            ("LANES", "0"),
            ("BATCH_SIZE", "-1"),
            ("RABBITMQ_PREFETCH", "70000"),
            ("RABBITMQ_URL", "x"),
            ("RABBITMQ_URL", "amqp://a/v,ampq://b"),
            ("LOG_LEVEL", "inof"),
        ] {
            let line = WorkerConfig::read(&source(&[(name, value)]))
                .unwrap_err()
                .to_string();
            assert!(
                line.starts_with(&format!("{name} must be ")) && line.ends_with(&format!("got `{value}`")),
                "{line}"
            );
        }
    }

    #[test]
    fn a_cluster_is_a_list_of_urls_and_a_comma_in_a_password_is_none() {
        for (list, urls) in [
            ("amqp://a", vec!["amqp://a"]),
            (
                "amqp://u:p@a:1/v?x=1, amqps://u:p@b",
                vec!["amqp://u:p@a:1/v?x=1", "amqps://u:p@b"],
            ),
            ("amqp://u:p,w@a,amqp://b", vec!["amqp://u:p,w@a", "amqp://b"]),
        ] {
            let broker = Broker::read(&source(&[("RABBITMQ_URL", list)])).unwrap();
            let read: Vec<_> = broker.urls.iter().map(SecretUrl::expose).collect();
            assert_eq!(read, urls);
        }
    }

    #[test]
    fn of_a_file_with_urls_nothing_is_shown() {
        let path = std::env::temp_dir().join(format!("totals-urls-{}", std::process::id()));
        let path = path.to_str().unwrap();
        for (content, right) in [
            ("amqp://u:s3cret@a,amqp://b\n", true),
            ("amqp://u:s3cret@a:port\n", false),
            ("u:s3cret@a", false),
        ] {
            std::fs::write(path, content).unwrap();
            let read = Broker::read(&source(&[("RABBITMQ_URL_FILE", path)]));
            std::fs::remove_file(path).unwrap();
            match read {
                Ok(broker) => assert!(right && broker.urls.len() == 2, "{content}"),
                Err(error) => {
                    let line = error.to_string();
                    assert!(
                        !right && line.contains(path) && !line.contains("s3cret"),
                        "{line}"
                    );
                    assert!(!line.contains("@a"), "{line}");
                }
            }
        }
    }

    #[test]
    fn a_tool_reads_the_sections_that_it_needs() {
        let source = source(&[("WORKER_PORT", "none"), ("RABBITMQ_URL", "none")]);
        assert!(source.database().is_ok() && source.amounts().is_ok() && source.command_telemetry().is_ok());
        assert!(WorkerConfig::read(&source).is_err());
    }
}
