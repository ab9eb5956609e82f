//! Where values come from: the environment over `.env` over the defaults.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use config::{Config, Environment};

use super::log_filter;
use super::variable::{
    AMOUNT_PRECISION, CURRENCY, DATABASE_URL, DATABASE_URL_FILE, FORMER, HOST, LOG_FORMAT, LOG_LEVEL,
    SHUTDOWN_DELAY, VARIABLES, Variable,
};
use super::{ConfigError, DatabaseConfig, HttpConfig, LogFormat, LogStream, SecretUrl, TelemetryConfig};
use crate::domain::{AmountRules, Currency};

/// The most bytes that a secret's file may have. A device in its place would otherwise fill the memory.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

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

    /// The logs of a command that runs beside the services: for people, on standard error, and warnings only, unless
    /// `LOG_LEVEL` and `LOG_FORMAT` are set. No traces are exported.
    ///
    /// # Errors
    /// [`ConfigError`] if the value of one of them is not allowed.
    pub fn command_telemetry(&self) -> Result<TelemetryConfig, ConfigError> {
        let TelemetryConfig {
            level,
            format,
            service_name,
            ..
        } = self.telemetry()?;
        let warnings = || log_filter::directives("warn").unwrap_or_default();
        Ok(TelemetryConfig {
            level: self.set(&LOG_LEVEL).map_or_else(warnings, |_| level),
            format: self.set(&LOG_FORMAT).map_or(LogFormat::Pretty, |_| format),
            stream: LogStream::Stderr,
            service_name,
            traces: None,
        })
    }

    /// Where the process listens; `port` is the variable of its port.
    ///
    /// # Errors
    /// [`ConfigError`] if `HOST`, the port or `SHUTDOWN_DELAY` is not allowed.
    pub fn http(&self, port: &Variable) -> Result<HttpConfig, ConfigError> {
        Ok(HttpConfig {
            host: self.parsed(&HOST)?,
            port: self.parsed(port)?,
            port_variable: port.name,
            shutdown_delay: Duration::from_secs(self.number(&SHUTDOWN_DELAY, 0, 600)?),
        })
    }

    /// Where the database is.
    ///
    /// # Errors
    /// [`ConfigError`] if what `DATABASE_URL` has, or the file of `DATABASE_URL_FILE`, is not a connection string.
    pub fn database(&self) -> Result<DatabaseConfig, ConfigError> {
        self.secret(&DATABASE_URL, &DATABASE_URL_FILE, |url| {
            let parsed = mongodb::options::ConnectionString::parse(url).ok();
            let url = parsed.map(|_| SecretUrl::from(url));
            url.filter(|url| !url.is_ambiguous())
                .map(|url| DatabaseConfig { url })
        })
    }

    /// The one currency.
    ///
    /// # Errors
    /// [`ConfigError`] if `CURRENCY` is not the code of a currency.
    pub fn currency(&self) -> Result<Currency, ConfigError> {
        self.parsed(&CURRENCY)
    }

    /// How amounts are read.
    ///
    /// # Errors
    /// [`ConfigError`] if `CURRENCY` is not the code of a currency, or `AMOUNT_PRECISION` not allowed.
    pub fn amounts(&self) -> Result<AmountRules, ConfigError> {
        Ok(AmountRules {
            currency: self.currency()?,
            precision: self.parsed(&AMOUNT_PRECISION)?,
        })
    }

    /// The logs and traces of a service.
    ///
    /// # Errors
    /// [`ConfigError`] if the value of one of their variables is not allowed.
    pub fn telemetry(&self) -> Result<TelemetryConfig, ConfigError> {
        Ok(TelemetryConfig {
            level: self.checked(&LOG_LEVEL, log_filter::directives)?,
            format: self.checked(&LOG_FORMAT, |format| {
                match format.trim().to_ascii_lowercase().as_str() {
                    "json" => Some(LogFormat::Json),
                    "pretty" => Some(LogFormat::Pretty),
                    _ => None,
                }
            })?,
            stream: LogStream::Stdout,
            service_name: self.service_name()?,
            traces: self.traces()?,
        })
    }

    /// What `check` makes of the variable's value, or of what is in the file that the variable `file` names, without its last
    /// line break.
    ///
    /// # Errors
    /// [`ConfigError`] if `check` returns `None`, if the file cannot be read, or if both variables are set.
    pub fn secret<T>(
        &self,
        variable: &Variable,
        file: &Variable,
        check: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let Some(path) = self.set(file) else {
            return self.checked(variable, check);
        };
        if self.set(variable).is_some() {
            return Err(ConfigError::SetTwice(variable.name, file.name));
        }
        let text = secret_text(&path).map_err(|problem| ConfigError::in_file(file, &path, problem))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let value = line.strip_suffix('\r').unwrap_or(line);
        if value.contains(char::is_control) {
            let problem = "must hold one line, and has more of them or another control character";
            return Err(ConfigError::in_file(file, &path, problem.to_owned()));
        }
        let problem = || format!("does not hold {}", ConfigError::allowed(variable, value));
        check(value).ok_or_else(|| ConfigError::in_file(file, &path, problem()))
    }

    /// Returns true if the environment or `.env` gives the variable a value.
    pub fn is_set(&self, variable: &Variable) -> bool {
        self.set(variable).is_some()
    }

    /// The variable's value, or its default; `None` if it has neither.
    pub fn text(&self, variable: &Variable) -> Option<String> {
        self.set(variable).or_else(|| variable.default.map(str::to_owned))
    }

    /// The value that the environment or `.env` gives.
    fn set(&self, variable: &Variable) -> Option<String> {
        // The crate lower-cases the names of environment variables.
        self.0.get_string(&variable.name.to_ascii_lowercase()).ok()
    }

    /// What `check` makes of the variable's value.
    ///
    /// # Errors
    /// [`ConfigError`] if `check` returns `None`.
    pub fn checked<T>(
        &self,
        variable: &Variable,
        check: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let text = self.text(variable).unwrap_or_default();
        check(&text).ok_or_else(|| ConfigError::invalid(variable, &text))
    }

    /// What `check` makes of the variable's value; `None` if it has none.
    ///
    /// # Errors
    /// [`ConfigError`] if `check` returns `None`.
    pub(super) fn optional<T>(
        &self,
        variable: &Variable,
        check: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.text(variable)
            .map(|text| check(&text).ok_or_else(|| ConfigError::invalid(variable, &text)))
            .transpose()
    }

    fn parsed<T: std::str::FromStr>(&self, variable: &Variable) -> Result<T, ConfigError> {
        self.checked(variable, |text| text.parse().ok())
    }

    /// A number from `least` to `most`.
    ///
    /// # Errors
    /// [`ConfigError`] if the variable's value is not one.
    pub fn number<T: std::str::FromStr + PartialOrd>(
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

/// The text of a secret's file, or what is wrong with the file.
fn secret_text(path: &str) -> Result<String, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("cannot be read: {error}");
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_SECRET_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MAX_SECRET_BYTES {
        return Err(format!(
            "has more than the {MAX_SECRET_BYTES} bytes that are read of it"
        ));
    }
    String::from_utf8(bytes).map_err(|error| unreadable(&error.utf8_error()))
}

/// The pairs of a `.env` file; none if there is no such file.
fn dot_env(path: &Path) -> Result<HashMap<String, String>, ConfigError> {
    match std::fs::read(path) {
        Ok(file) => pairs(&file),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(HashMap::new()),
        Err(error) => Err(ConfigError::DotEnv(error.to_string())),
    }
}

/// The pairs of the text of a `.env` file.
pub(super) fn pairs(file: &[u8]) -> Result<HashMap<String, String>, ConfigError> {
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
