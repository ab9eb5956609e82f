//! Configuration: the environment over `.env` over defaults, read once at the start.
//!
//! A value that cannot be used stops the start with one line naming the variable, the value and what is allowed.

mod log_filter;
mod variable;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use config::{Config, Environment};

use crate::domain::Currency;

pub use secret_url::SecretUrl;
pub use variable::*;

/// A variable whose value cannot be used, as one line for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The value is not what the variable allows.
    #[error("{variable} must be {allowed}, got `{value}`")]
    Invalid {
        /// The variable's name.
        variable: &'static str,
        /// Its value, without secrets.
        value: String,
        /// What it accepts.
        allowed: String,
    },
    /// The `.env` file is there but cannot be read.
    #[error(".env cannot be read: {0}")]
    DotEnv(String),
}

impl ConfigError {
    /// A value that `variable` does not allow. Credentials in it are not repeated.
    pub fn invalid(variable: &Variable, value: &str) -> Self {
        let value = SecretUrl::from(value);
        let mut allowed = variable.allowed.to_owned();
        if value.is_ambiguous() {
            allowed
                .push_str(", with %40 for @, %2F for /, %3F for ? and %23 for # within a user or a password");
        }
        Self::Invalid {
            variable: variable.name,
            value: value.to_string(),
            allowed,
        }
    }
}

/// The configuration of `totals-api`.
#[derive(Debug, Clone)]
pub struct Api {
    /// Where it listens: `HOST` and `PORT`.
    pub http: Http,
    /// Where it reads.
    pub database: Database,
    /// `CURRENCY`.
    pub currency: Currency,
    /// What it may use.
    pub bounds: Bounds,
    /// Logs and traces.
    pub telemetry: Telemetry,
}

/// The configuration of `totals-worker`.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Where its /health and /metrics listen: `HOST` and `WORKER_PORT`.
    pub http: Http,
    /// Where it writes.
    pub database: Database,
    /// Where it consumes.
    pub broker: Broker,
    /// How it batches.
    pub batching: Batching,
    /// `UPKEEP_SECONDS`.
    pub upkeep: Duration,
    /// `CURRENCY`.
    pub currency: Currency,
    /// Logs and traces.
    pub telemetry: Telemetry,
}

/// An HTTP listener.
#[derive(Debug, Clone)]
pub struct Http {
    /// `HOST`.
    pub host: std::net::IpAddr,
    /// `PORT` or `WORKER_PORT`; 0 takes any free one.
    pub port: u16,
    /// The name of the variable that set the port.
    pub port_variable: &'static str,
}

/// MongoDB.
#[derive(Debug, Clone)]
pub struct Database {
    /// `DATABASE_URL`.
    pub url: SecretUrl,
}

/// What the API may use of memory and of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// `MAX_STREAMS`.
    pub streams: usize,
    /// `DATABASE_READS`.
    pub database_reads: usize,
}

/// RabbitMQ.
#[derive(Debug, Clone)]
pub struct Broker {
    /// `RABBITMQ_URL`: one node or more.
    pub urls: Vec<SecretUrl>,
    /// `RABBITMQ_EXCHANGE`.
    pub exchange: String,
    /// `RABBITMQ_QUEUE`.
    pub queue: String,
    /// `RABBITMQ_PREFETCH`.
    pub prefetch: u16,
}

impl Broker {
    /// Where messages go that can never be applied: `totals-service.dead-letters` beside `totals-service.events`, and
    /// likewise beside a queue of another name.
    pub fn dead_letter_queue(&self) -> String {
        format!(
            "{}.dead-letters",
            self.queue.strip_suffix(".events").unwrap_or(&self.queue)
        )
    }
}

/// How events are grouped into transactions.
#[derive(Debug, Clone, Copy)]
pub struct Batching {
    /// `BATCH_SIZE`.
    pub batch_size: usize,
    /// `LANES`.
    pub lanes: usize,
}

/// Logs and traces.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// `LOG_LEVEL`, as directives for `EnvFilter`.
    pub level: String,
    /// `LOG_FORMAT`.
    pub format: LogFormat,
    /// Where log lines go.
    pub stream: LogStream,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub otlp_endpoint: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Where log lines go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output: all that a service has to say.
    Stdout,
    /// Standard error, beside a command's answer.
    Stderr,
}

/// The values of all variables, before they are checked.
pub struct Source(Config);

impl Source {
    /// Reads the process's environment, and `.env` in the working directory if there is one.
    ///
    /// # Errors
    /// [`ConfigError`] if `.env` is malformed or a value is not UTF-8.
    pub fn load() -> Result<Self, ConfigError> {
        let mut environment = HashMap::new();
        for variable in VARIABLES {
            if let Some(value) = std::env::var_os(variable.name) {
                let value = value
                    .into_string()
                    .map_err(|value| ConfigError::invalid(variable, &value.to_string_lossy()))?;
                environment.insert(variable.name.to_owned(), value);
            }
        }
        for name in FORMER {
            if let Ok(value) = std::env::var(name) {
                environment.insert((*name).to_owned(), value);
            }
        }
        Self::from_layers(dot_env(Path::new(".env"))?, environment)
    }

    /// Lays `environment` over `dot_env`; where neither has a value, the default counts. An empty value counts as unset.
    ///
    /// # Errors
    /// None in practice: layers of plain text always merge.
    pub fn from_layers(
        dot_env: HashMap<String, String>,
        environment: HashMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let layer = |values| Environment::default().ignore_empty(true).source(Some(values));
        Config::builder()
            .add_source(layer(dot_env))
            .add_source(layer(environment))
            .build()
            .map(Self)
            .map_err(|error| ConfigError::DotEnv(error.to_string()))
    }

    /// The [`FORMER`] variables that have a value.
    pub fn former(&self) -> impl Iterator<Item = &'static str> {
        let is_set = |name: &&str| self.0.get_string(&name.to_ascii_lowercase()).is_ok();
        FORMER.iter().copied().filter(is_set)
    }

    /// The configuration of `totals-api`.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable whose value is not allowed.
    pub fn api(&self) -> Result<Api, ConfigError> {
        Ok(Api {
            http: self.http(&PORT)?,
            database: self.database()?,
            currency: self.currency()?,
            bounds: Bounds {
                streams: self.number(&MAX_STREAMS, 1, 1_000_000)?,
                database_reads: self.number(&DATABASE_READS, 1, 1000)?,
            },
            telemetry: self.telemetry()?,
        })
    }

    /// The configuration of `totals-worker`.
    ///
    /// # Errors
    /// [`ConfigError`] for the first variable whose value is not allowed.
    pub fn worker(&self) -> Result<Worker, ConfigError> {
        Ok(Worker {
            http: self.http(&WORKER_PORT)?,
            database: self.database()?,
            broker: self.broker()?,
            batching: self.batching()?,
            upkeep: Duration::from_secs(self.number(&UPKEEP_SECONDS, 1, 3600)?),
            currency: self.currency()?,
            telemetry: self.telemetry()?,
        })
    }

    /// The logs of a command that runs beside the services: for people, on standard error, and warnings only, unless
    /// `LOG_LEVEL` and `LOG_FORMAT` are set. No traces are exported.
    ///
    /// # Errors
    /// [`ConfigError`] if the value of one of them is not allowed.
    pub fn command_telemetry(&self) -> Result<Telemetry, ConfigError> {
        let Telemetry { level, format, .. } = self.telemetry()?;
        let warnings = || log_filter::directives("warn").unwrap_or_default();
        Ok(Telemetry {
            level: self.set(&LOG_LEVEL).map_or_else(warnings, |_| level),
            format: self.set(&LOG_FORMAT).map_or(LogFormat::Pretty, |_| format),
            stream: LogStream::Stderr,
            otlp_endpoint: None,
        })
    }

    fn http(&self, port: &Variable) -> Result<Http, ConfigError> {
        Ok(Http {
            host: self.parsed(&HOST)?,
            port: self.parsed(port)?,
            port_variable: port.name,
        })
    }

    /// Where the database is.
    ///
    /// # Errors
    /// [`ConfigError`] if `DATABASE_URL` is none.
    pub fn database(&self) -> Result<Database, ConfigError> {
        self.checked(&DATABASE_URL, |url| {
            let parsed = mongodb::options::ConnectionString::parse(url).ok();
            let url = parsed.map(|_| SecretUrl::from(url));
            url.filter(|url| !url.is_ambiguous()).map(|url| Database { url })
        })
    }

    /// How events are grouped.
    ///
    /// # Errors
    /// [`ConfigError`] if `BATCH_SIZE` or `LANES` is not allowed.
    pub fn batching(&self) -> Result<Batching, ConfigError> {
        Ok(Batching {
            batch_size: self.number(&BATCH_SIZE, 1, 10_000)?,
            lanes: self.number(&LANES, 1, 64)?,
        })
    }

    /// The one currency.
    ///
    /// # Errors
    /// [`ConfigError`] if `CURRENCY` is none.
    pub fn currency(&self) -> Result<Currency, ConfigError> {
        self.parsed(&CURRENCY)
    }

    /// Where the broker is.
    ///
    /// # Errors
    /// [`ConfigError`] for the first of its variables (or of the batching's, which the prefetch follows) whose value
    /// is not allowed.
    pub fn broker(&self) -> Result<Broker, ConfigError> {
        let name =
            |longest: usize| move |name: &str| (1..=longest).contains(&name.len()).then(|| name.to_owned());
        let batching = self.batching()?;
        let in_lanes = batching.lanes.saturating_mul(batching.batch_size);
        Ok(Broker {
            urls: self.checked(&RABBITMQ_URL, amqp_urls)?,
            exchange: self.checked(&RABBITMQ_EXCHANGE, name(255))?,
            queue: self.checked(&RABBITMQ_QUEUE, name(240))?,
            prefetch: match self.text(&RABBITMQ_PREFETCH) {
                Some(_) => self.number(&RABBITMQ_PREFETCH, 1, u16::MAX)?,
                None => u16::try_from(in_lanes.saturating_mul(2)).unwrap_or(u16::MAX),
            },
        })
    }

    fn telemetry(&self) -> Result<Telemetry, ConfigError> {
        Ok(Telemetry {
            level: self.checked(&LOG_LEVEL, log_filter::directives)?,
            format: self.checked(&LOG_FORMAT, |format| {
                match format.trim().to_ascii_lowercase().as_str() {
                    "json" => Some(LogFormat::Json),
                    "pretty" => Some(LogFormat::Pretty),
                    _ => None,
                }
            })?,
            stream: LogStream::Stdout,
            otlp_endpoint: match self.text(&OTEL_EXPORTER_OTLP_ENDPOINT) {
                None => None,
                Some(_) => Some(self.checked(&OTEL_EXPORTER_OTLP_ENDPOINT, |url| {
                    let address = url
                        .strip_prefix("http://")
                        .or_else(|| url.strip_prefix("https://"))?;
                    (!address.is_empty()).then(|| url.trim_end_matches('/').to_owned())
                })?),
            },
        })
    }

    fn text(&self, variable: &Variable) -> Option<String> {
        self.set(variable).or_else(|| variable.default.map(str::to_owned))
    }

    /// The value that the environment or `.env` gives.
    fn set(&self, variable: &Variable) -> Option<String> {
        // The crate lower-cases the names of environment variables.
        self.0.get_string(&variable.name.to_ascii_lowercase()).ok()
    }

    fn checked<T>(
        &self,
        variable: &Variable,
        check: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let text = self.text(variable).unwrap_or_default();
        check(&text).ok_or_else(|| ConfigError::invalid(variable, &text))
    }

    fn parsed<T: std::str::FromStr>(&self, variable: &Variable) -> Result<T, ConfigError> {
        self.checked(variable, |text| text.parse().ok())
    }

    fn number<T: std::str::FromStr + PartialOrd>(
        &self,
        variable: &Variable,
        least: T,
        most: T,
    ) -> Result<T, ConfigError> {
        self.checked(variable, |text| {
            text.parse().ok().filter(|number| (least..=most).contains(number))
        })
    }
}

/// The AMQP URLs of a list. A comma that no scheme follows does not end one: a password may hold it.
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

/// The pairs of a `.env` file; none if there is no such file.
fn dot_env(path: &Path) -> Result<HashMap<String, String>, ConfigError> {
    match std::fs::read(path) {
        Ok(file) => pairs(&file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(HashMap::new()),
        Err(error) => Err(ConfigError::DotEnv(error.to_string())),
    }
}

fn pairs(file: &[u8]) -> Result<HashMap<String, String>, ConfigError> {
    // Editors on Windows put a byte order mark before the first name.
    let text = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    let pairs = dotenvy::from_read_iter(text).collect::<Result<_, _>>();
    pairs.map_err(dot_env_error)
}

fn dot_env_error(error: dotenvy::Error) -> ConfigError {
    ConfigError::DotEnv(match error {
        // Its own message would print the line, and with it perhaps a password.
        dotenvy::Error::LineParse(..) => "a line is not of the form NAME=value".to_owned(),
        dotenvy::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            "it is not UTF-8; save it in that encoding".to_owned()
        }
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests;
