//! Configuration: the environment over `.env` over defaults, read once at the start.
//!
//! A value that cannot be used stops the start with one line naming the variable, the value and what is allowed. Here
//! are the table of all variables and the sections that both binaries have; each binary adds its own sections.

mod log_filter;
mod source;
mod variable;

pub use secret_url::SecretUrl;
pub use source::Source;
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

/// Logs and traces.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// `LOG_LEVEL`, as directives for `EnvFilter`.
    pub level: String,
    /// `LOG_FORMAT`.
    pub format: LogFormat,
    /// Where log lines go.
    pub stream: LogStream,
    /// `SERVICE_NAME`: what traces call the process, if not by the name of its binary.
    pub service_name: Option<String>,
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

#[cfg(test)]
mod tests;
